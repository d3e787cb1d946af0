"""Turn a text file that is not proved to be well formed into a Grid, record by record, with what is wrong with them."""

from __future__ import annotations

from collections import deque
from pathlib import Path

import polars as pl

from pipeline.errors import Unreadable
from pipeline.language import later, say, say_n
from pipeline.progress import Progress
from pipeline.read.grid import HEAD_ROWS, PART_ROWS, TAIL_ROWS, Grid, Row, Spool, columns, problem_frame
from pipeline.read.ragged import MOST_JUDGED, SHOWN, Odd, Problem, judge
from pipeline.read.sheeterrors import SHORTENED, TEXT_FORMULA, is_error
from pipeline.read.tolerant import LONGEST_RECORD, Endless, Record, records
from pipeline.read.wellformed import Text

REMEDY = later(
    "Open the file in a text editor and look at row {number}: where a quotation mark opens a cell and none closes it, add "
    "it; if the cell holds a file, a picture or a long document, export the list again without that column."
)
MOST_QUOTED, QUOTED = 5, 60  # comment lines shown, and characters of each


def by_hand(text: Text, name: str, scratch: Path, progress: Progress) -> Grid:
    """Read all records of the file called `name` with the tolerant reader, judge them, and spool them.

    Raises:
        Unreadable: a record is longer than any customer's.
    """
    keeper = _Keeper(text.dialect.width, name, Spool(scratch), progress, text.encoding.name)
    number = 0
    comments: list[tuple[int, str]] = []
    try:
        for number, record in enumerate(records(text.blocks(), text.dialect), 1):
            if record.comment:
                comments.append((number, record.text[:SHOWN]))
            else:
                keeper.add(number, record)
    except Endless:
        raise _too_long(name, number + 1) from None
    keeper.flush()
    keeper.judge()
    notes = []
    if comments:
        shown = [
            say("row {number} ({text!r})", number=number, text=text.strip()[:QUOTED])
            for number, text in comments[:MOST_QUOTED]
        ]
        if (more := len(comments) - MOST_QUOTED) > 0:
            shown.append(say("and {count:n} more", count=more))
        notes.append(
            say_n(
                "{n:n} comment line that begins with # was left out: {shown}",
                "{n:n} comment lines that begin with # were left out: {shown}",
                len(comments),
                shown="; ".join(shown),
            )
        )
    if keeper.padded:
        notes.append(
            say_n(
                "{n:n} row has cells without text beyond the last column; they were left out",
                "{n:n} rows have cells without text beyond the last column; they were left out",
                keeper.padded,
            )
        )
    if keeper.formulas:
        notes.append(
            say_n(
                '{n:n} cell is written as ="text", to keep its zeros; it was read as that text',
                '{n:n} cells are written as ="text", to keep their zeros; they were read as that text',
                keeper.formulas,
            )
        )
    problems = problem_frame(sorted(keeper.problems, key=lambda p: p[0]))
    return Grid(
        text.dialect.width, keeper.spool.frames, tuple(keeper.head), tuple(keeper.tail), keeper.count, problems,
        tuple(notes),
    )  # fmt: skip


def _swallowed(name: str, number: int, width: int) -> Unreadable:
    return Unreadable(
        say(
            "row {number} of {name} has a quotation mark that does not close as it should, and none of the {count:n} rows "
            "after it has the {width} cells of the table",
            number=number, name=name, count=MOST_JUDGED, width=width,
        ),
        say(REMEDY, number=number),
    )  # fmt: skip


def _too_long(name: str, number: int) -> Unreadable:
    return Unreadable(
        say(
            "row {number} of {name} has more than {most:n} characters, which no customer has",
            number=number, name=name, most=LONGEST_RECORD,
        ),
        say(REMEDY, number=number),
    )  # fmt: skip


class _Keeper:
    """Takes records one by one; makes rows of the table's width, and problems."""

    def __init__(self, width: int, name: str, spool: Spool, progress: Progress, encoding: str) -> None:
        self.width, self.name, self.spool, self.progress, self.encoding = width, name, spool, progress, encoding
        self.head: list[Row] = []
        self.tail: deque[Row] = deque(maxlen=TAIL_ROWS)
        self.problems: list[Problem] = []
        self.short: list[Odd] = []
        self.wide: list[Odd] = []  # only with blank cells beyond the width
        self.unended: int | None = None
        self.opened: int | None = None  # a row with an open quotation mark, as long as no row after it has all cells
        self.count = self.padded = self.full = self.ragged = self.formulas = self.lonely = 0
        self.rows: list[tuple[int | str | None, ...]] = []

    def add(self, number: int, record: Record) -> None:
        cells = record.cells
        if not any(cells):
            return
        self.count += 1
        if record.trouble:
            code = "row.quotes" if record.trouble == "quotes" else "row.quotes_repaired"
            self.problems.append((number, None, code, record.text[:SHOWN], None))
        if not record.ended:
            self.unended = number
        self._must_go_on(number, record)
        if len(cells) != self.width:
            cells = self._fit(number, cells)
        elif self.width > 1:
            self.full += 1
        if record.text or any(cell.startswith('="') for cell in cells):
            cells = self._bare(cells)
        for i, cell in enumerate(cells):
            if "E+" in cell and SHORTENED.fullmatch(cell.strip()):
                self.problems.append((number, i, "cell.precision_lost", cell[:SHOWN], None))
            if is_error(cell):
                self.problems.append((number, i, "cell.spreadsheet_error", cell[:SHOWN], None))
            if "\ufffd" in cell:
                self.problems.append((number, i, "cell.undecodable", cell[:SHOWN], self.encoding))
        row = Row(number, [cell or None for cell in cells])
        if len(self.head) < HEAD_ROWS:
            self.head.append(row)
        self.tail.append(row)
        self.rows.append((number, *row.cells))
        if len(self.rows) >= PART_ROWS:
            self.flush()

    def _must_go_on(self, number: int, record: Record) -> None:
        """Stop where all that follows an open quotation mark seems to be the text of its cell."""
        if record.trouble == "quotes":
            self.opened, self.lonely = number, 0
        elif len(record.cells) >= self.width:
            self.opened = None
        elif self.opened is not None:
            self.lonely += len(record.cells) == 1  # rows that leave out their last blank cells have more
            if number - self.opened >= MOST_JUDGED and 2 * self.lonely > MOST_JUDGED:
                raise _swallowed(self.name, self.opened, self.width)

    def _bare(self, cells: list[str]) -> list[str]:
        found = [TEXT_FORMULA.fullmatch(cell) for cell in cells]
        self.formulas += sum(one is not None for one in found)
        return [cell if one is None else one[1] for one, cell in zip(found, cells, strict=True)]

    def _fit(self, number: int, cells: list[str]) -> list[str]:
        if len(cells) > self.width:
            extra = cells[self.width :]
            if any(cell.strip() for cell in extra):
                text = " | ".join(cell for cell in extra if cell)
                self.problems.append((number, None, "row.too_many_cells", text[:SHOWN], None))
            else:
                self.padded += 1
                if self.padded <= MOST_JUDGED:
                    self.wide.append(Odd(number, tuple(cells)))
            return cells[: self.width]
        self.ragged += 1
        if self.ragged <= MOST_JUDGED or number == self.unended:
            self.short.append(Odd(number, tuple(cells)))
        return cells + [""] * (self.width - len(cells))

    def judge(self) -> None:
        """Find what is wrong with rows that have not the table's number of cells."""
        if max(self.ragged, self.padded) <= MOST_JUDGED or self.unended:
            self.problems += judge(self.width, self.head, self.full, self.short, self.wide, self.unended)

    def flush(self) -> None:
        if self.rows:
            schema = {"row": pl.UInt32} | dict.fromkeys(columns(self.width), pl.String)
            self.spool.add(pl.DataFrame(self.rows, schema=schema, orient="row"))
            self.progress.advance(len(self.rows))
            self.rows = []
