"""Turn the XML of one sheet, element by element, into rows of shown text and their problems."""

from __future__ import annotations

import re

from pipeline.language import say
from pipeline.read.book import RawRow, damaged, too_large
from pipeline.read.formats import Formats

LONGEST_CELL = 100_000  # characters; a spreadsheet program holds 32,767
LAST_ROW = 1 << 24  # spreadsheet programs stop at 1,048,576
ESCAPE = re.compile(
    r"_x(?:(?P<unit>(?![Dd][89A-Fa-f])[0-9A-Fa-f]{4})"
    r"|(?P<high>[Dd][89ABab][0-9A-Fa-f]{2})__x(?P<low>[Dd][C-Fc-f][0-9A-Fa-f]{2}))_"
)
REFERENCE = re.compile(r"\$?([A-Za-z]{1,3})\$?([0-9]*)")


class TextPass:
    """Collects the text of `si` or `is`: its runs, without the phonetic help."""

    def __init__(self) -> None:
        """Begin with no text."""
        self.pieces: list[str] = []
        self.text = self.phonetic = False

    def start(self, local: str) -> None:
        """An element begins."""
        if local == "rPh":
            self.phonetic = True
        elif local == "t":
            self.text = not self.phonetic

    def end(self, local: str) -> None:
        """An element ends."""
        if local == "rPh":
            self.phonetic = False
        elif local == "t":
            self.text = False

    def data(self, text: str) -> None:
        """Characters."""
        if self.text:
            self.pieces.append(text)

    def take(self) -> str:
        """The text so far; begins anew."""
        text = "".join(self.pieces)
        self.pieces.clear()
        return text


class SheetPass:
    """The handlers that turn one sheet's XML into rows."""

    def __init__(self, shared: list[str], formats: Formats, name: str, last: int = 0) -> None:
        """Begin before the first row of a sheet, or behind row number `last`."""
        self.shared, self.formats, self.name = shared, formats, name
        self.rows: list[RawRow] = []
        self.hidden = self.hidden_columns = self.merged = 0
        self.number = self.last = last
        self.column = 0
        self.row: RawRow | None = None
        self.kind, self.style, self.value, self.formula = "n", 0, None, False
        self.inline = TextPass()
        self.pieces: list[str] = []
        self.taking = False
        self.valued = False
        self.size = 0
        self.letters: dict[str, int] = {}

    def taken(self) -> list[RawRow]:
        """The rows finished since the last call."""
        rows, self.rows = self.rows, []
        return rows

    def start(self, tag: str, given: dict[str, str]) -> None:
        """An element begins."""
        local = local_name(tag)
        if local == "c":
            self._cell(given)
        elif local == "v":
            self.taking, self.valued = True, True
        elif local == "row":
            number = given.get("r", "")
            self.number = int(number) if number.isdigit() else self.number + 1
            if not self.last < self.number < LAST_ROW:
                raise damaged(
                    self.name, say("row {number} stands after row {last}", number=self.number, last=self.last)
                )
            self.last = self.number
            self.column = -1
            self.row = RawRow(self.number, {}, [])
            if given.get("hidden") in {"1", "true"}:
                self.hidden += 1
        elif local == "f":
            self.formula = True
        elif local in {"t", "rPh"}:
            self.inline.start(local)
        elif local == "col" and given.get("hidden") in {"1", "true"}:
            self.hidden_columns += 1
        elif local == "mergeCell":
            self.merged += 1

    def _cell(self, given: dict[str, str]) -> None:
        reference = given.get("r")
        if reference:
            letters = reference.rstrip("0123456789")
            column = self.letters.get(letters)
            if column is None:
                column = self.letters[letters] = _column(letters, self.name)
            self.column = column
        else:
            self.column += 1
        self.kind = given.get("t", "n")
        style = given.get("s", "0")
        self.style = int(style) if style.isdigit() else 0
        self.formula = self.valued = False
        self.pieces = []

    def data(self, text: str) -> None:
        """Characters."""
        if self.taking:
            self.pieces.append(text)
        else:
            self.inline.data(text)

    def end(self, tag: str) -> None:
        """An element ends."""
        local = local_name(tag)
        if local == "c":
            self._finish()
        elif local == "v":
            self.taking = False
        elif local in {"t", "rPh"}:
            self.inline.end(local)
        elif local == "row" and self.row is not None:
            if self.row.cells or self.row.problems:
                self.rows.append(self.row)
            self.row = None

    def _finish(self) -> None:
        value, inline = "".join(self.pieces), self.inline.take()
        row = self.row
        if row is None:
            raise damaged(self.name, say("a cell stands outside of a row"))
        text = problem = ""
        if self.kind == "s" and value:
            text = self._shared_text(value)
        elif self.kind == "inlineStr" or (inline and not value):
            text = unescape(inline or value)
        elif self.kind in {"str", "d"}:
            text = unescape(value) if self.kind == "str" else iso_date(value)
        elif not value.strip():
            pass
        elif self.kind == "b":
            text = {"1": "TRUE", "0": "FALSE", "true": "TRUE", "false": "FALSE"}.get(value.strip(), value)
        elif self.kind == "e":
            text, problem = value, "cell.spreadsheet_error"
        else:
            text, problem = self.formats.show(value, self.style)
        if self.formula and not (value or inline) and not (self.valued and self.kind == "str"):
            problem = "cell.formula_without_value"
        if text:
            row.cells[self.column] = self._bounded(text)
        if problem:
            row.problems.append((self.column, problem, text or None))

    def _shared_text(self, value: str) -> str:
        try:
            return self.shared[int(value)]
        except (IndexError, ValueError):
            raise damaged(self.name, say("cells refer to texts that are not in the file")) from None

    def _bounded(self, text: str) -> str:
        if len(text) > LONGEST_CELL:
            raise too_large(self.name, say("a cell of {count:n} characters", count=len(text)))
        return text


def unescape(text: str) -> str:
    """Undo `_x000D_` and its like (ECMA-376, 22.9.2.19); a line break is a line feed, NUL is none of a text.

    The two halves of a character beyond 16 bits make one; half a character is none, and stays as it is written.
    """
    if "_x" in text:
        text = ESCAPE.sub(_escaped, text)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.replace("\0", "") if "\0" in text else text


def _escaped(found: re.Match[str]) -> str:
    if found["unit"]:
        return chr(int(found["unit"], 16))
    return chr(0x10000 + ((int(found["high"], 16) & 0x3FF) << 10) + (int(found["low"], 16) & 0x3FF))


def iso_date(value: str) -> str:
    """A date cell that is written as ISO 8601: midnight and a fraction of zero are left away."""
    text = re.sub(r"\.0+(?=Z?$)", "", value.strip())
    day, sign, clock = text.partition("T")
    return day if sign and clock.rstrip("Z") == "00:00:00" else f"{day} {clock}" if sign else text


def local_name(tag: str) -> str:
    """An element's name without its namespace prefix."""
    return tag.rpartition(":")[2]


def _column(letters: str, name: str) -> int:
    found = REFERENCE.fullmatch(letters)
    if found is None:
        raise damaged(name, say("a cell is called {letters!r}", letters=letters[:20]))
    number = 0
    for letter in found[1].upper():
        number = number * 26 + ord(letter) - 64
    return number - 1
