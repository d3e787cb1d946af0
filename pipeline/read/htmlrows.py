"""Turn the rows and cells of one table of a web page into raw rows: where each cell stands, and what is hidden.

Source: HTML Living Standard, 4.9.12 (forming a table).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from pipeline.language import say
from pipeline.read.book import RawRow, SheetFacts, too_large
from pipeline.read.htmlcell import CAPTION, CELL, Content
from pipeline.read.htmlvalues import cell
from pipeline.read.sheetxml import LONGEST_CELL

LAST_COLUMN = 1 << 14  # spreadsheet programs stop there
WIDEST, TALLEST = 1_000, 65_534  # spans; HTML Living Standard, 4.9.11
MOST_FEET = 10_000  # rows


@dataclass
class TableState:
    """A table while it is read, and what is known of it then."""

    index: int  # its place among all tables of the page
    depth: int
    facts: SheetFacts
    content: Content
    identifier: str = ""
    caption: str = ""
    rows_seen: int = 0  # rows that are not blank
    filled: int = 0  # cells that show something
    is_list: bool = False  # two rows of two cells
    is_layout: bool = False  # it holds a list
    excess: str = ""  # what of it is more than any list has
    number: int = 0
    column: int = 0
    row: RawRow | None = None
    row_hidden: bool = False
    section: str = ""
    section_hidden: bool = False
    covered: dict[int, int] = field(default_factory=dict)  # column -> the last row that a cell above reaches
    feet: list[RawRow] = field(default_factory=list)
    wide_rows: int = 0
    finished: list[RawRow] = field(default_factory=list)  # rows that nobody has taken yet

    def begin_section(self, tag: str, *, hidden: bool) -> None:
        """A head, body or foot begins; "": the last one has ended. No cell reaches from one into another."""
        self.section, self.section_hidden, self.covered = tag, hidden, {}

    def begin_row(self, *, hidden: bool) -> None:
        """A row begins."""
        self.number += self.section != "tfoot"
        self.row, self.column = RawRow(self.number, {}, []), 0
        self.row_hidden = hidden or self.section_hidden

    def end_row(self, name: str, epoch_1904: bool) -> None:
        """The row that has begun ends, if one has; `name` is the file's, for messages."""
        self.end_cell(epoch_1904)
        row, self.row = self.row, None
        if row is None or not (row.cells or row.problems):
            return
        self.facts.hidden_rows += self.row_hidden
        if self.section != "tfoot":
            self._give(row)
        elif len(self.feet) < MOST_FEET:  # it stands below all other rows, wherever it is written
            self.feet.append(row)
        else:
            raise too_large(name, say("more than {count:n} rows in the foot of a table", count=MOST_FEET))

    def end(self, name: str, epoch_1904: bool) -> None:
        """The table ends: its foot stands below all other rows."""
        self.end_row(name, epoch_1904)
        for row in self.feet:
            self.number += 1
            self._give(RawRow(self.number, row.cells, row.problems))
        self.feet, self.covered = [], {}

    def _give(self, row: RawRow) -> None:
        self.rows_seen += 1
        self.filled += len(row.cells)
        self.wide_rows += len(row.cells) > 1
        self.is_list = self.wide_rows > 1
        self.finished.append(row)

    def begin_cell(self, given: dict[str, str], epoch_1904: bool) -> None:
        """A cell begins."""
        self.end_cell(epoch_1904)
        if self.row is None:
            self.begin_row(hidden=False)
        self.content.begin(CELL, given)

    def end_cell(self, epoch_1904: bool) -> None:
        """The cell or the caption that has begun ends, if one has; `epoch_1904`: its dates count from 1904."""
        content = self.content
        into, given, style = content.into, content.given, content.style
        if not into:
            return
        text = content.end()
        self.excess = self.excess or content.excess
        if into == CAPTION:
            self.caption = self.caption or text or ""
        elif text is not None and self.row is not None:
            self._place(self.row, text, given, style, epoch_1904)

    def _place(self, row: RawRow, text: str, given: dict[str, str], style: str, epoch_1904: bool) -> None:
        if self.covered:
            while self.covered.get(self.column, 0) >= self.number:
                self.column += 1
        at, wide = self.column, 1
        if given:
            wide, tall = _span(given, "colspan", WIDEST), _span(given, "rowspan", TALLEST)
            self.facts.merged += (wide > 1 or tall > 1) and bool(text)
            if tall > 1 and at < LAST_COLUMN:
                self.covered |= dict.fromkeys(range(at, min(at + wide, LAST_COLUMN)), self.number + tall - 1)
        self.column = at + wide
        problem = ""
        if text or given:
            text, problem = cell(text, given, style, epoch_1904)
        if not (text or problem):
            return
        if len(text) > LONGEST_CELL or at >= LAST_COLUMN:
            self.excess = self.excess or (
                say("{column:n} columns", column=at + 1) if at >= LAST_COLUMN
                else say("a cell of {count:n} characters", count=len(text))
            )  # fmt: skip
            return
        if "\ufffd" in text:
            row.problems.append((at, "cell.undecodable", text))
        row.cells[at] = text
        if problem:
            row.problems.append((at, problem, text or None))


def _span(given: dict[str, str], name: str, most: int) -> int:
    text = given.get(name, "1").strip()
    if name == "rowspan" and text == "0":
        return most
    return min(most, max(1, int(text))) if text.isascii() and text.isdigit() and len(text) < 9 else 1
