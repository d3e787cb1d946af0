"""Turn an .ods workbook into rows of shown text: every cell from the file's own XML, with the digits it shows.

A cell holds its exact value and the text that was shown when it was saved. Numbers are taken from the value, unless
the shown text adds zeros, signs or letters to the same digits, as the formats of identifiers do.

Source: OASIS OpenDocument 1.3 part 3, 9.1 (tables) and 19.385 (office:value-type).
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

from pipeline.language import say
from pipeline.read import markup
from pipeline.read.book import Book, RawRow, SheetFacts, damaged, too_large
from pipeline.read.formats import CURRENCY, LOST, Formats
from pipeline.read.sheetxml import LAST_ROW, LONGEST_CELL, iso_date

PLAIN = Formats((), epoch_1904=False)
LAST_COLUMN = 1 << 17  # programs stop at 16,384
MOST_REPEATED = 1 << 20  # cells that one element of a row stands for, blank ones apart
GROUPED = re.compile(r"[^\d]*\d{1,3}(?:[.,'\u2019 \u00a0\u202f]\d{2,3})+[^\d]*")
SCALED = re.compile(r"[0-9][.,]0+[^0-9]*$|[0-9][Ee][+-]?[0-9]")  # 5.00, 5E+00
SPAN = re.compile(r"(-?)P(?:(\d+)D)?T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:[.,](\d+))?S)?")
ERROR = re.compile(r"#(?:N/A|REF!|DIV/0!|VALUE!|NAME\?|NUM!|NULL!)|Err:\d{3}|#ERR\d+!?")
TRUTH = {"1": "TRUE", "0": "FALSE"}
HIDDEN = {"collapse", "filter"}


class OpenDocument(Book):
    """An open workbook; see `Book`."""

    def __init__(self, path: Path, name: str) -> None:
        """Read which sheets there are."""
        self.name = name
        self.zip = zipfile.ZipFile(path)
        self.sheets: list[SheetFacts] = []
        undisplayed: set[str] = set()
        style = ""
        depth = 0

        def start(tag: str, given: dict[str, str]) -> None:
            nonlocal style, depth
            if tag == "style:style":
                style = given.get("style:name", "")
            elif tag == "style:table-properties" and given.get("table:display") == "false":
                undisplayed.add(style)
            elif tag == "table:table":
                depth += 1
                if depth == 1:
                    hidden = given.get("table:style-name", "") in undisplayed
                    self.sheets.append(SheetFacts(given.get("table:name", ""), hidden))

        def end(tag: str) -> None:
            nonlocal depth
            depth -= tag == "table:table"

        for _ in self._feed(start, end):
            pass

    def facts(self) -> list[SheetFacts]:
        """The worksheets in their order."""
        return self.sheets

    def rows(self, name: str) -> Iterator[RawRow]:
        """The rows of a sheet."""
        facts = next(f for f in self.sheets if f.name == name)
        pass_ = _TablePass(facts, self.name)
        for _ in self._feed(pass_.start, pass_.end, pass_.data):
            yield from pass_.taken()
            if pass_.over:
                break
        facts.hidden_rows, facts.hidden_columns, facts.merged = pass_.hidden, pass_.hidden_columns, pass_.merged

    def _feed(self, start: markup.Start, end: markup.End, data: markup.Data | None = None) -> Iterator[None]:
        try:
            stream = self.zip.open("content.xml")
        except (zipfile.BadZipFile, OSError, KeyError, NotImplementedError, RuntimeError) as error:
            raise damaged(self.name, f"content.xml: {error}") from error
        with stream:
            yield from markup.feed(stream, markup.parser(self.name, start, end, data), self.name, "content.xml")


class _TablePass:
    """The handlers that turn one table into rows."""

    def __init__(self, facts: SheetFacts, name: str) -> None:
        """Begin before the first table of a document."""
        self.wanted, self.name = facts.name, name
        self.rows: list[tuple[RawRow, int]] = []
        self.number = self.column = self.hidden = self.hidden_columns = self.merged = 0
        self.inside = self.over = False
        self.path: list[str] = []
        self.skipped = 0  # depth inside of what is no cell of the table: comments, drawings, tracked changes
        self.row: RawRow | None = None
        self.repeat_row = 1
        self.given: dict[str, str] = {}
        self.pieces: list[str] = []
        self.paragraphs = 0

    def taken(self) -> Iterator[RawRow]:
        """The rows finished since the last call, each as often as it stands for."""
        rows, self.rows = self.rows, []
        for row, times in rows:
            for i in range(times):
                yield RawRow(row.number + i, row.cells, row.problems)

    def start(self, tag: str, given: dict[str, str]) -> None:
        """An element begins."""
        self.path.append(tag)
        if tag == "table:table" and not self.inside and not self.skipped:
            self.inside = not self.over and given.get("table:name", "") == self.wanted
            return
        if not self.inside or self.skipped or tag in SKIPPED or (tag == "table:table" and self.inside):
            self.skipped += self.skipped > 0 or tag in SKIPPED or tag == "table:table"
            return
        if tag in CELLS:
            self.given, self.pieces, self.paragraphs = given, [], 0
        elif tag == "table:table-row":
            self.row, self.column = RawRow(self.number + 1, {}, []), 0
            self.repeat_row = _count(given, "table:number-rows-repeated")
            if given.get("table:visibility") in HIDDEN:
                self.hidden += self.repeat_row
        elif tag == "table:table-column" and given.get("table:visibility") in HIDDEN:
            self.hidden_columns += _count(given, "table:number-columns-repeated")
        elif tag == "text:p":
            if self.paragraphs:
                self.pieces.append("\n")
            self.paragraphs += 1
        elif tag in MARKS:
            self.pieces.append(MARKS[tag] * _count(given, "text:c"))

    def data(self, text: str) -> None:
        """Characters."""
        if self.inside and not self.skipped and self.paragraphs and "text:p" in self.path[-6:]:
            self.pieces.append(text)

    def end(self, tag: str) -> None:
        """An element ends."""
        self.path.pop()
        if self.skipped:
            self.skipped -= 1
        elif not self.inside:
            return
        elif tag in CELLS and self.row is not None:
            self._cell(self.row, tag)
        elif tag == "table:table-row" and self.row is not None:
            self._row(self.row)
        elif tag == "table:table":
            self.inside, self.over = False, True

    def _row(self, row: RawRow) -> None:
        if row.cells or row.problems:
            if self.repeat_row > LAST_ROW or self.repeat_row * len(row.cells) > MOST_REPEATED * 16:
                raise too_large(self.name, say("a row that stands for {repeat_row:n} rows", repeat_row=self.repeat_row))
            self.rows.append((row, self.repeat_row))
        self.number += self.repeat_row
        self.row = None

    def _cell(self, row: RawRow, tag: str) -> None:
        times = _count(self.given, "table:number-columns-repeated")
        if tag == "table:table-cell":
            spans = ("table:number-columns-spanned", "table:number-rows-spanned")
            self.merged += any(_count(self.given, span) > 1 for span in spans)
        text, problem = shown(self.given, "".join(self.pieces))
        if len(text) > LONGEST_CELL:
            raise too_large(self.name, say("a cell of {count:n} characters", count=len(text)))
        if text or problem:
            if self.column + times > LAST_COLUMN:
                raise too_large(self.name, say("{column:n} columns", column=self.column + times))
            for column in range(self.column, self.column + times):
                if text:
                    row.cells[column] = text
                if problem:
                    row.problems.append((column, problem, text or None))
        self.column += times
        self.given = {}


CELLS = frozenset({"table:table-cell", "table:covered-table-cell"})
SKIPPED = frozenset(
    {"office:annotation", "table:shapes", "table:tracked-changes", "draw:frame", "draw:custom-shape", "text:note",
     "text:ruby-text", "office:forms"}
)  # fmt: skip
MARKS = {"text:s": " ", "text:tab": "\t", "text:line-break": "\n"}


def shown(given: dict[str, str], text: str) -> tuple[str, str]:
    """The text of a cell with these attributes that shows `text`, and its problem ("" if none)."""
    kind = given.get("office:value-type", "")
    error = given.get("calcext:value-type") == "error"
    if error or (given.get("table:formula") and ERROR.fullmatch(text.strip())):
        return text, "cell.spreadsheet_error"
    if kind in {"float", "currency", "percentage"}:
        return _number(given, kind, text)
    if kind == "date" and given.get("office:date-value"):
        return iso_date(given["office:date-value"]), ""
    if kind == "time" and (span := SPAN.fullmatch(given.get("office:time-value", ""))):
        days, hours, minutes, seconds = (int(part or 0) for part in span.groups()[1:5])
        return f"{span[1]}{days * 24 + hours:02}:{minutes:02}:{seconds:02}", ""
    if kind == "boolean" and "office:boolean-value" in given:
        return given["office:boolean-value"].upper(), ""
    if kind == "string" and not text:
        text = given.get("office:string-value", "")
    if given.get("table:formula") and not kind and not text:
        return "", "cell.formula_without_value"
    return text, ""


def _number(given: dict[str, str], kind: str, text: str) -> tuple[str, str]:
    value = given.get("office:value", "")
    plain, problem = PLAIN.show(value, 0)
    if plain in TRUTH and (
        text.strip().upper() == TRUTH[plain] or given.get("table:formula") == f"of:={TRUTH[plain]}()"
    ):
        return TRUTH[plain], ""
    if problem == LOST or not plain:
        return plain or text, problem
    if kind == "percentage":
        return HUNDRED.show(value, 0)
    return (text.strip() if kind == "float" and _adds(plain, text.strip()) else plain), problem


HUNDRED = Formats(("0%",), epoch_1904=False)


def _adds(plain: str, text: str) -> bool:
    """Whether a shown text has the digits of a whole number, and zeros in front or signs that belong to it."""
    digits = "".join(re.findall("[0-9]", text))
    number = plain.lstrip("-")
    if not number.isdigit() or not digits.endswith(number) or SCALED.search(text):
        return False
    if len(digits) > len(number):
        return True
    signs = text.strip("()+ \u00a0-\u2212")
    return not (signs == number or GROUPED.fullmatch(text) or CURRENCY.search(text) or plain.startswith("-"))


def _count(given: dict[str, str], name: str) -> int:
    text = given.get(name, "1")
    return max(1, int(text)) if text.isdigit() and len(text) < 9 else 1
