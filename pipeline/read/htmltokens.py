"""Turn the characters of a web page into its tags and texts, piece by piece, as browsers take it apart.

Written by hand because the parser of the standard library takes time that grows with the square of the size of a page
that was made to harm, and reads the same page differently from one Python to the next.

Source: HTML Living Standard, 13.2.5 (tokenization).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from html import unescape
from typing import Literal, NamedTuple

from pipeline.language import say
from pipeline.read.book import damaged, too_large

LONGEST = 32 << 20  # characters of one tag, text or comment; pictures within a page are that long
CACHED = 300  # characters of a tag that is looked up rather than read again
TAG = re.compile(
    r"<(?:([A-Za-z][-\w:.]*+)(?=[\s/>])((?:[^>=]++|=\s*+(?:\"[^\"]*+\"|'[^']*+'|[^\s>\"'][^\s>]*+|(?=>)))*+)>|/([A-Za-z][-\w:.]*+)(?=[\s/>])[^>]*+>)"
)
ATTRIBUTE = re.compile(r"([^\s/>=][^\s/>=]*+)(?:\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)'|([^\s>\"'][^\s>]*+)))?+")
RAW = {name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE) for name in ("script", "style", "title", "textarea")}
ENDS = {"<!--": "-->", "<![CDATA[": "]]>"}
LETTER = re.compile(r"</?[A-Za-z]")
NO_TAG = re.compile(r"</?[A-Za-z][-\w:.]*+[^-\w:.\s/>]")  # <eva@mail.example>
HUGE = re.compile(r"&#0*+[0-9]{8,};?")

ELEMENTS = frozenset(
    ["a", "abbr", "acronym", "address", "applet", "area", "article", "aside", "audio", "b", "base", "basefont", "bdi", "bdo",
     "bgsound", "big", "blink", "blockquote", "body", "br", "button", "canvas", "caption", "center", "cite", "code", "col",
     "colgroup", "data", "datalist", "dd", "del", "details", "dfn", "dialog", "dir", "div", "dl", "dt", "em", "embed",
     "fieldset", "figcaption", "figure", "font", "footer", "form", "frame", "frameset", "h1", "h2", "h3", "h4", "h5", "h6",
     "head", "header", "hgroup", "hr", "html", "i", "iframe", "img", "input", "ins", "kbd", "keygen", "label", "legend", "li",
     "link", "listing", "main", "map", "mark", "marquee", "math", "menu", "menuitem", "meta", "meter", "multicol", "nav",
     "nobr", "noembed", "noframes", "noscript", "object", "ol", "optgroup", "option", "output", "p", "param", "path",
     "picture", "plaintext", "pre", "progress", "q", "rb", "rp", "rt", "rtc", "ruby", "s", "samp", "script", "search",
     "section", "select", "slot", "small", "source", "spacer", "span", "strike", "strong", "style", "sub", "summary", "sup",
     "svg", "table", "tbody", "td", "template", "textarea", "tfoot", "th", "thead", "time", "title", "tr", "track", "tt",
     "u", "ul", "use", "var", "video", "wbr", "xml", "xmp"]
)  # fmt: skip
"""The names of elements, old ones too; those of programs have a colon or a hyphen."""


class Token(NamedTuple):
    """A start (`text`: its attributes as written), an end, a comment or a text (`text`: as written, entities and all)."""

    kind: Literal["start", "end", "comment", "text"]
    name: str
    text: str


def tokens(blocks: Iterable[str], name: str) -> Iterator[Token]:
    """The tags and texts of a page; `name` is the file's, for messages.

    A text between two tags comes whole. What is in a script, a style or a title is one text.

    Raises:
        Unreadable: the page ends within a tag, a comment or a script, or one is longer than any page has.
    """
    pieces = iter(blocks)
    buffer, at, more, raw = "", 0, True, ""
    match = TAG.match
    while True:
        if not raw and (tag := match(buffer, at)):  # nearly all there is: a tag, and the text behind it
            start, given, end = tag.groups()
            element = (start or end).lower()
            if element not in ELEMENTS and ":" not in element and "-" not in element:
                yield Token("text", "", tag[0])  # <Eva>: nobody has escaped it, and it would be lost
            elif start is None:
                yield Token("end", element, "")
            else:
                yield Token("start", element, given)
                raw = element if element in RAW else ""
            at = tag.end()
            if not raw and (begins := buffer.find("<", at)) > at:
                yield Token("text", "", buffer[at:begins])
                at = begins
            continue
        found = _next(buffer, at, raw, more)
        if found is not None:
            token, at = found
            if token is not None:
                yield token
                raw = ""
            continue
        if not more:
            return
        block = next(pieces, None)
        more = block is not None
        buffer, at = buffer[at:] + (block or ""), 0
        if len(buffer) > LONGEST + len(block or ""):
            raise too_large(name, say("a tag or text of more than {count:n} characters", count=LONGEST))
        if not more and _is_cut(buffer, raw):
            raise damaged(name, say("it ends within {what}", what=f"<{raw}>" if raw else _quoted(buffer)))


def _next(buffer: str, at: int, raw: str, more: bool) -> tuple[Token | None, int] | None:
    """The next token (None: markup that shows nothing) and where it ends; None where more text is needed."""
    if raw:
        end = RAW[raw].search(buffer, at)
        return None if end is None else (Token("text", raw, buffer[at : end.start()]), end.start())
    if buffer[at : at + 1] != "<":
        begins = buffer.find("<", at)
        if begins < 0 and (more or at == len(buffer)):
            return None
        end_ = begins if begins >= 0 else len(buffer)
        return Token("text", "", buffer[at:end_]), end_
    head = buffer[at : at + 9]
    if more and len(head) < 9:
        return None
    if LETTER.match(head):
        return (Token("text", "", "<"), at + 1) if NO_TAG.match(buffer, at) else None
    if head[1:2] not in ("!", "?", "/"):
        return Token("text", "", "<"), at + 1
    return _declaration(buffer, at, head)


def _declaration(buffer: str, at: int, head: str) -> tuple[Token | None, int] | None:
    """A comment, a text that is quoted whole (CDATA), or markup for a program."""
    opens = next((o for o in ENDS if head.startswith(o)), "")
    closes = ENDS.get(opens, ">")
    end = buffer.find(closes, at + 2)
    if end < 0:
        return None
    text = buffer[at + len(opens) : end]
    if opens == "<!--":
        return Token("comment", "", text), end + len(closes)
    if opens:
        return Token("text", "", text.replace("&", "&amp;")), end + len(closes)
    return None, end + 1


def _is_cut(rest: str, raw: str) -> bool:
    return bool(raw) or (rest.startswith("<") and _next(rest, 0, "", more=False) is None)


def _quoted(rest: str) -> str:
    return repr(rest[:20])


def attributes(given: str) -> dict[str, str]:
    """The attributes of a tag by name, as they were meant; the first of a name counts."""
    return _cached(given) if len(given) <= CACHED else _attributes(given)


def _attributes(given: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in ATTRIBUTE.finditer(given):
        name, *values = part.groups()
        found.setdefault(name.lower(), characters(next((v for v in values if v is not None), "")))
    return found


_cached = lru_cache(maxsize=1 << 13)(_attributes)


def characters(text: str) -> str:
    """A text with its entities resolved; NUL is none of a text."""
    if "&" in text:
        # A number of thousands of digits names no character, and Python refuses to read it.
        text = unescape(HUGE.sub("\ufffd", text) if "&#" in text else text)
    return text.replace("\0", "") if "\0" in text else text
