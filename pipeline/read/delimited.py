"""Turn a delimited text file into a Grid: by polars where the file is well formed, else by the tolerant reader.

"Well formed" is proved, not hoped for (`wellformed`); everything else is read once by `tolerant` and spooled.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import polars as pl

from pipeline.errors import Unreadable
from pipeline.handoff import SourceFacts
from pipeline.language import later, say, say_n
from pipeline.progress import Progress
from pipeline.read import dialect as dialects
from pipeline.read import encoding as encodings
from pipeline.read import header
from pipeline.read.encoding import Encoding
from pipeline.read.grid import HEAD_ROWS, PART_ROWS, TAIL_ROWS, Grid, Row, Spool, columns, problem_frame
from pipeline.read.ragged import MOST_JUDGED, SHOWN, Odd, Problem, judge
from pipeline.read.sheeterrors import is_error
from pipeline.read.source import Source
from pipeline.read.tolerant import Dialect, Record, records, with_width
from pipeline.read.wellformed import Text, by_polars

MOST_QUOTED, QUOTED = 5, 60  # comment lines shown, and characters of each
TEXT_FORMULA = re.compile(r'="([^"]*)"')  # ="00123": so that a spreadsheet program keeps the zeros
SHORTENED = re.compile(r"-?[0-9][.,][0-9]+E\+[0-9]{2,3}")  # as spreadsheet programs write long numbers


def read(
    source: Source, told_encoding: str | None, told_delimiter: str | None, told_row: int | None, scratch: Path,
    progress: Progress,
) -> tuple[Grid, SourceFacts]:  # fmt: skip
    """The grid of a text file, and what was detected.

    Raises:
        Unreadable: it is no text, has no rows, or can be read in two ways.
    """
    progress.begin(later("reading"), None, later("rows"))
    # What begins as UTF-8 is so nearly always; whether all of it is, the look at every byte tells.
    likely = None if told_encoding else encodings.likely(source.path)
    start = _Start.of(source, likely, told_delimiter, told_row) if likely else None
    grid = by_polars(start.text, start.head, told_row, source) if start else None
    if start is None or grid is None:
        source.digest.begin()
        encoding = encodings.detect(source.path, told_encoding, source.name)
        if start is None or encoding != start.text.encoding:
            start = _Start.of(source, encoding, told_delimiter, told_row)
            grid = by_polars(start.text, start.head, told_row, source)
        grid = grid or _by_hand(start.text, scratch, progress)
    progress.end()
    encoding = start.text.encoding
    notes = (*source.notes, *([encoding.note] if encoding.note else []), *start.notes)
    delimiter = start.text.dialect.delimiter or None
    return grid, SourceFacts(
        source.name, source.suffix.lstrip(".") or "csv", encoding.name, delimiter, sha256=source.sha256, notes=notes
    )


@dataclass(frozen=True)
class _Start:
    """What the beginning of a file shows: how to read it, its first rows, and what to tell the user."""

    text: Text
    head: list[Row]
    notes: tuple[str, ...]

    @staticmethod
    def of(source: Source, encoding: Encoding, told_delimiter: str | None, told_row: int | None) -> _Start:
        """Look at the first characters, read in an encoding."""
        sample = _start(encodings.blocks(source.path, encoding))
        if not sample.strip("\r\n\t \x00"):
            raise Unreadable(
                say("{name} is empty", name=source.name),
                say("Export the customer list again, and check that it has rows."),
            )
        found = dialects.detect(sample, told_delimiter, source.suffix, source.name)
        head = _numbered(islice(records([sample[found.skip :]], found.dialect), HEAD_ROWS))
        width = _table_width(head, found.dialect, told_row, source.name)
        return _Start(Text(source.path, encoding, with_width(found.dialect, width), found.skip), head, found.notes)


def _start(blocks: Iterable[str]) -> str:
    text = ""
    for block in blocks:
        text += block
        if len(text) >= dialects.SAMPLE:
            break
    return text[: dialects.SAMPLE]


def _numbered(found: Iterable[Record]) -> list[Row]:
    return [
        Row(number, [cell or None for cell in record.cells])
        for number, record in enumerate(found, 1)
        if any(record.cells) and not record.comment
    ]


def _table_width(head: list[Row], dialect: Dialect, told: int | None, name: str) -> int:
    """The header decides, unless most rows go on beyond it: then they have columns without a name."""
    try:
        place = header.find(head, max(len(row.cells) for row in head), told, name) if head else None
    except Unreadable:
        place = None  # it is raised again, with the right width, once all rows are read
    row = next((r for r in head if place and r.number == place.number), None)
    if row is None:
        return max(dialect.width, max((len(r.cells) for r in head), default=1) if len(head) < 3 else 1)
    below = [r for r in head if r.number > row.number]
    own = len(row.cells)
    wider = sum(any(i >= own for i in r.filled()) for r in below)
    if wider * 2 > len(below) and told is None and own > 1 and (row.cells[-1] or "").strip():
        _refuse_moved(row.number, own, Counter(len(r.cells) for r in below).most_common(1)[0][0], name)
    return max(own, dialect.width) if wider * 2 > len(below) else own


def _refuse_moved(row: int, own: int, cells: int, name: str) -> None:
    """Cells beyond a header that ends before them: a bare decimal comma, or the names of the rows, moved the others."""
    raise Unreadable(
        say(
            "most rows of {name} have {cells} cells, but its header (row {row}) names {own} columns: "
            "which cell belongs to which column is not certain",
            name=name, cells=cells, row=row, own=own,
        ),
        say(
            "Export it again with quotation marks around cells that hold the delimiter (decimal commas, addresses); "
            "if only the last columns have no name, add --header-row {row}.",
            row=row,
        ),
    )  # fmt: skip


def _by_hand(text: Text, scratch: Path, progress: Progress) -> Grid:
    """Read all records with the tolerant reader, judge them, and spool them."""
    keeper = _Keeper(text.dialect.width, Spool(scratch), progress, text.encoding.name)
    number = 0
    comments: list[tuple[int, str]] = []
    for number, record in enumerate(records(text.blocks(), text.dialect), 1):
        if record.comment:
            comments.append((number, record.text[:SHOWN]))
        else:
            keeper.add(number, record)
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


class _Keeper:
    """Takes records one by one; makes rows of the table's width, and problems."""

    def __init__(self, width: int, spool: Spool, progress: Progress, encoding: str) -> None:
        self.width, self.spool, self.progress, self.encoding = width, spool, progress, encoding
        self.head: list[Row] = []
        self.tail: deque[Row] = deque(maxlen=TAIL_ROWS)
        self.problems: list[Problem] = []
        self.short: list[Odd] = []
        self.wide: list[Odd] = []  # only with blank cells beyond the width
        self.unended: int | None = None
        self.count = self.padded = self.full = self.ragged = self.formulas = 0
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
