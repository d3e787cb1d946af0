"""Turn the pieces of text and the breaks in a cell of a web page into the text that a browser shows.

Source: CSS Text 3, 4.1 (white space) and HTML Living Standard, 15.3 (which elements begin a line).
"""

from __future__ import annotations

import re
from functools import lru_cache

SPACE = re.compile(r"[ \t\n\r\f]+")
BREAK, BLOCK, TAB = "\0n", "\0b", "\0t"  # NUL is none of a text
BREAKS = re.compile(r" ?(?:\0n)? ?(?:\0b ?)+| ?\0n ?")
HIDES = re.compile(r"display\s*:\s*none|mso-hide\s*:\s*all|visibility\s*:\s*collapse", re.IGNORECASE)
KEEPS = re.compile(r"white-space\s*:\s*(?:pre\b|break-spaces)", re.IGNORECASE)
SPACES = re.compile(r"mso-spacerun\s*:\s*yes", re.IGNORECASE)
FORMAT = re.compile(r"mso-number-format\s*:\s*(\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|[^;]+)", re.IGNORECASE)
CLASS = re.compile(r"(?:[A-Za-z][A-Za-z0-9]*)?\.([-\w]+)")
LONGEST_STYLE = 4 << 20  # characters
NAMED = {
    "general": "General", "short date": "yyyy-mm-dd", "medium date": "yyyy-mm-dd", "long date": "yyyy-mm-dd",
    "general date": "yyyy-mm-dd h:mm", "short time": "h:mm", "medium time": "h:mm", "long time": "h:mm:ss",
    "percent": "0.00%", "fixed": "0.00", "standard": "#,##0.00", "scientific": "0.00E+00",
}  # fmt: skip
BLOCKS = frozenset(
    ["address", "article", "aside", "blockquote", "center", "dd", "details", "dialog", "dir", "div", "dl", "dt", "fieldset",
     "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "legend", "li", "main",
     "menu", "nav", "ol", "p", "pre", "section", "summary", "ul"]
)  # fmt: skip


def kept(text: str) -> str:
    """A text whose white space is shown as it is."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.replace("\n", BREAK).replace("\t", TAB).replace(" ", "\u00a0")


def spaced(text: str) -> str:
    """A text whose spaces are shown, while its line ends are those of the file."""
    return re.sub(r"[\t\r\n\f]+ *", " ", text).replace(" ", "\u00a0")


def shown(pieces: list[str]) -> str:
    """The text of a cell: white space as one space, no-break spaces as spaces, breaks as line feeds; "" if blank."""
    text = SPACE.sub(" ", "".join(pieces))
    if "\0" in text:
        text = BREAKS.sub(lambda found: BLOCK if BLOCK in found[0] else BREAK, text).strip(" ")
        while text.startswith(BLOCK):
            text = text[2:]
        for end in (BLOCK, BREAK):  # the last break of a cell ends its last line, and begins none
            text = text.removesuffix(end)
        text = text.replace(BREAK, "\n").replace(BLOCK, "\n").replace(TAB, "\t")
    else:
        text = text.strip(" ")
    text = text.replace("\u00a0", " ")
    return text if text.strip() else ""


def hides(style: str) -> bool:
    """Whether what has this style is not shown."""
    return ":" in style and HIDES.search(style) is not None


@lru_cache(maxsize=1 << 12)
def number_format(style: str) -> str:
    r"""The number format in a style, as workbooks write it; "" if none.

    >>> number_format('mso-number-format:"dd\\/mm\\/yyyy"'), number_format("mso-number-format:Percent")
    ('dd/mm/yyyy', '0.00%')
    """
    found = FORMAT.search(style)
    if found is None:
        return ""
    code = found[1].strip().strip("\"'")
    code = re.sub(r"\\([0-9A-Fa-f]{4}) ?", lambda c: chr(int(c[1], 16)), code)
    return NAMED.get(code.strip().casefold(), re.sub(r"\\(.)", r"\1", code))


class Styles:
    """The styles that a page gives to classes: whether they hide, keep white space, or format numbers."""

    def __init__(self) -> None:
        """Begin without any."""
        self.classes: dict[str, str] = {}

    def add(self, sheet: str) -> None:
        """Take the rules of a style sheet that hold for classes, those apart that hold on some media alone."""
        text = re.sub(r"/\*.*?\*/", " ", sheet[:LONGEST_STYLE], flags=re.DOTALL)
        text = text.replace("<!--", " ").replace("-->", " ")
        for selectors, rules in _rules(text):
            if not (HIDES.search(rules) or KEEPS.search(rules) or SPACES.search(rules) or FORMAT.search(rules)):
                continue
            for selector in selectors.split(","):
                if found := CLASS.fullmatch(selector.strip()):
                    name = found[1].casefold()
                    self.classes[name] = f"{self.classes.get(name, '')};{rules}"[-1000:]

    def of(self, given: dict[str, str]) -> str:
        """The style of an element: of its classes, then its own."""
        style = given.get("style", "")
        if self.classes and (named := given.get("class")):
            style = ";".join([self.classes.get(name, "") for name in named.casefold().split()[:20]] + [style])
        if "hidden" in given:
            style += ";display:none"
        return style


def _rules(text: str) -> list[tuple[str, str]]:
    """The rules at the outermost level of a style sheet: selectors and declarations."""
    found: list[tuple[str, str]] = []
    depth, start, head = 0, 0, ""
    for mark in re.finditer(r"[{};]", text):
        if mark[0] == "{":
            depth += 1
            if depth == 1:
                head, start = text[start : mark.start()].strip(), mark.end()
        elif mark[0] == "}":
            depth = max(0, depth - 1)
            if depth == 0:
                if not head.startswith("@"):
                    found.append((head, text[start : mark.start()]))
                start = mark.end()
        elif depth == 0:
            start = mark.end()
    return found
