"""Turn columns of raw XML character data into text, whole columns at a time: the fast twin of the parser's own work.

What is written in an unusual way (a reference to no character, a control character) is not guessed at: the parser
reads it, or says why it cannot.
"""

from __future__ import annotations

import re

import polars as pl

from pipeline.read.sheetxml import unescape

LETTERS = {"&lt;": "<", "&gt;": ">", "&quot;": '"', "&apos;": "'", "&amp;": "&"}
NAMED = {name[1:-1]: letter for name, letter in LETTERS.items()}
ODD = r"[&\r\x00-\x08\x0B\x0C\x0E-\x1F\x{FFFE}\x{FFFF}]|_x[0-9A-Fa-f]{4}_"
USUAL = r"^(?:[^&\r\x00-\x08\x0B\x0C\x0E-\x1F\x{FFFE}\x{FFFF}]|&(?:lt|gt|quot|apos|amp|#[0-9]{1,7}|#x[0-9A-Fa-f]{1,6});|\r)*$"
BY_HAND = r"&#|\r|_x[0-9A-Fa-f]{4}_"
REFERENCE = re.compile(r"&(?:#x(?P<hex>[0-9A-Fa-f]+)|#(?P<number>[0-9]+)|(?P<name>[a-z]+));")
ITEM = r'^(?:\s*<t(?: xml:space="preserve")?>(?P<text>[^<]*)</t>|\s*(?P<empty><t ?/>))\s*</si>\s*(?:</sst>\s*)?$'
JOINT = "</t></si><si><t>"


def decoded(texts: pl.Series) -> pl.Series | None:
    """The text of raw character data, line breaks and `_x000D_` undone as `sheetxml.unescape` does.

    Returns:
        None where a value is not well-formed XML.
    """
    odd = texts.str.contains(ODD).fill_null(False)
    if not odd.any():
        return texts
    doubtful = texts.filter(odd)
    if not doubtful.str.contains(USUAL).all():
        return None
    by_hand = doubtful.str.contains(BY_HAND)
    distinct = doubtful.filter(by_hand).unique()
    replaced = [_one(text) for text in distinct]
    if None in replaced:
        return None
    frame = pl.DataFrame({"raw": texts, "odd": odd}).with_columns(
        pl.when("odd").then(pl.col("raw")).str.replace_many(LETTERS).alias("plain")
    )
    if distinct.len():
        made = pl.Series(replaced, dtype=pl.String)
        known = pl.col("raw").replace_strict(distinct, made, default=None, return_dtype=pl.String)
        frame = frame.with_columns(pl.coalesce(known, "plain").alias("plain"))
    return frame.select(pl.when("odd").then("plain").otherwise("raw").alias(texts.name)).to_series()


def _one(raw: str) -> str | None:
    try:
        # A parser makes one line feed of a line break before it looks at references.
        text = REFERENCE.sub(_letter, raw.replace("\r\n", "\n").replace("\r", "\n"))
    except ValueError:
        return None
    return unescape(text)


def _letter(found: re.Match[str]) -> str:
    if found["name"]:
        return NAMED[found["name"]]
    number = int(found["hex"], 16) if found["hex"] else int(found["number"])
    if not (
        number in {9, 10, 13} or 32 <= number < 0xD800 or 0xE000 <= number < 0xFFFE or 0x10000 <= number < 0x110000
    ):
        raise ValueError(number)
    return chr(number)


def shared_texts(part: bytes) -> pl.Series | None:
    """The shared texts of a workbook, or None where some are not written as usual (rich text, comments)."""
    start = part.find(b"<si>")
    if start < 0 or re.match(rb"[^>]*encoding=[\"'](?!utf-8)", part, re.IGNORECASE) or b"<!" in part[:start]:
        return None
    end = part.rfind(b"</sst>")
    if end < 0 or part[end + 6 :].strip():
        return None
    try:
        body = part[start:end].replace(b'<t xml:space="preserve">', b"<t>").decode("utf-8")
    except UnicodeDecodeError:
        return None
    return _split(body) if body.startswith("<si><t>") and body.endswith("</t></si>") else _matched(body)


def _split(body: str) -> pl.Series | None:
    """The texts of items that are all written alike; where one is not, each is looked at."""
    inner = body.replace("<si><t/></si>", "<si><t></t></si>")[len("<si><t>") : -len("</t></si>")]
    texts = pl.Series("text", [inner]).str.split(JOINT).explode(empty_as_null=True)
    return _matched(body) if texts.str.contains("<", literal=True).any() else decoded(texts)


def _matched(body: str) -> pl.Series | None:
    items = pl.Series("text", [body]).str.split("<si>").explode(empty_as_null=True)
    if items[0].strip() or not items.slice(1).str.contains(ITEM).all():
        return None
    return decoded(items.slice(1).str.extract(ITEM).fill_null("").alias("text"))
