"""Turn a delimited text file into a Grid: by polars where the file is well formed, else by the tolerant reader.

"Well formed" is proved, not hoped for: a regular expression walks every byte of the file (in Rust, on both
cores) and checks quotation and the number of cells of each record. Only then is polars sure to read what a
person sees; everything else is read once by `tolerant` and spooled.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import polars as pl

from pipeline.errors import Unreadable
from pipeline.handoff import SourceFacts
from pipeline.progress import Progress
from pipeline.read import dialect as dialects
from pipeline.read import encoding as encodings
from pipeline.read import header
from pipeline.read.grid import (
    HEAD_ROWS,
    PART_ROWS,
    TAIL_ROWS,
    Grid,
    Row,
    Spool,
    blank_to_null,
    columns,
    no_problems,
    problem_frame,
    without_blank_rows,
)
from pipeline.read.source import Source
from pipeline.read.tolerant import Dialect, Record, records, with_width

CHUNK = 8 << 20  # bytes
SMALL = 64 << 10  # bytes; below, the tolerant reader is as quick
SHOWN = 300  # characters of a troubled row that an issue shows


@dataclass(frozen=True)
class Text:
    """A text file whose encoding and dialect are known; `skip` characters precede its first record."""

    path: Path
    encoding: encodings.Encoding
    dialect: Dialect
    skip: int

    def blocks(self) -> Iterator[str]:
        """The text, in pieces, from its first record on."""
        pieces = encodings.blocks(self.path, self.encoding)
        first = ""
        for piece in pieces:
            first += piece
            if len(first) >= self.skip:
                break
        yield first[self.skip :]
        yield from pieces


def read(
    source: Source, told_encoding: str | None, told_delimiter: str | None, told_row: int | None, scratch: Path,
    progress: Progress,
) -> tuple[Grid, SourceFacts]:  # fmt: skip
    """The grid of a text file, and what was detected.

    Raises:
        Unreadable: it is no text, has no rows, or can be read in two ways.
    """
    progress.begin("reading", None, "rows")
    encoding = encodings.detect(source.path, told_encoding, source.name)
    sample = _start(encodings.blocks(source.path, encoding))
    if not sample.strip("\r\n\t \x00"):
        raise Unreadable(f"{source.name} is empty", "Export the customer list again, and check that it has rows.")
    found = dialects.detect(sample, told_delimiter, source.suffix, source.name)
    head = _numbered(islice(records([sample[found.skip :]], found.dialect), HEAD_ROWS))
    width = _table_width(head, found.dialect, told_row, source.name)
    text = Text(source.path, encoding, with_width(found.dialect, width), found.skip)
    grid = _by_polars(text, head, told_row, source.name) or _by_hand(text, scratch, progress)
    progress.end()
    notes = (*source.notes, *([encoding.note] if encoding.note else []), *found.notes)
    delimiter = found.dialect.delimiter or None
    return grid, SourceFacts(
        source.name, source.suffix.lstrip(".") or "csv", encoding.name, delimiter, sha256=source.sha256, notes=notes
    )


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
    return max(own, dialect.width) if wider * 2 > len(below) else own


# ── the fast way ──────────────────────────────────────────────────────────────────────────────────────────


def _by_polars(text: Text, head: list[Row], told: int | None, name: str) -> Grid | None:
    """A grid that polars reads straight from the file, or None where it might read something else."""
    dialect, width = text.dialect, text.dialect.width
    if text.encoding.name not in {"utf-8", "utf-8-sig"} or dialect.escape or dialect.comments or width < 2:
        return None
    if not dialect.delimiter.isascii() or text.path.stat().st_size < SMALL:
        return None
    try:
        place = header.find(head, width, told, name)
    except Unreadable:
        return None
    above = [row for row in head if row.number < place.number]
    start = max(place.number, 1)
    row = next((r for r in head if r.number == start), None)
    if row is None or len(row.cells) != width:
        return None
    if any("\n" in (cell or "") or "\r" in (cell or "") for r in above for cell in r.cells):
        return None
    lines = start - 1 + (1 if text.skip else 0)
    survey = _survey(text, lines)
    if survey is None:
        return None
    frames = _Scan(text, lines, start, survey)
    count = survey.records + len(above) if not survey.blanks else frames.count() + len(above)
    tail = [Row(r[0], r[1:]) for r in frames.last(survey.records, text.path.stat().st_size)]
    return Grid(width, frames, tuple(head), tuple(tail), count, no_problems(), (), start)


@dataclass(frozen=True)
class _Survey:
    """What the walk over the file found: records from the header on, and whether some cells need care."""

    records: int
    blanks: bool
    empties: bool


def _survey(text: Text, lines: int) -> _Survey | None:
    pattern = _grammar(text.dialect)
    quote, blank = text.dialect.quote.encode(), text.dialect.delimiter.encode() * (text.dialect.width - 1)
    blanks = empties = False

    def proved(chunk: bytes) -> tuple[bool, bool, bool]:
        if b"\xef\xbf\xbd" in chunk or b"\0" in chunk:
            return False, False, False
        whole = pl.Series([chunk.decode("utf-8")]).str.contains(pattern).item()
        bare = chunk.replace(b"\r", b"") if b"\r" in chunk else chunk
        gap = b"\n\n" in bare or bare[:1] == b"\n" or b"\n" + blank + b"\n" in bare or bare.endswith(b"\n" + blank)
        hollow = quote * 2 in chunk
        return whole, gap or (hollow and b"\n" + quote * 2 in bare) or bare.startswith(blank + b"\n"), hollow

    with ThreadPoolExecutor(2) as pool:
        for good, gap, hollow in _in_turn(pool, proved, _chunks(text.path, lines, quote)):
            if not good:
                pool.shutdown(cancel_futures=True)
                return None
            blanks, empties = blanks or gap, empties or hollow
    total = _scan(text, lines).select(pl.len()).collect().item()
    return _Survey(total, blanks, empties)


def _in_turn(pool: ThreadPoolExecutor, work, pieces):  # type: ignore[no-untyped-def]
    """Map over a stream with few pieces under way; `Executor.map` would read the whole file first."""
    waiting = deque(pool.submit(work, piece) for piece in islice(pieces, 3))
    while waiting:
        yield waiting.popleft().result()
        waiting.extend(pool.submit(work, piece) for piece in islice(pieces, 1))


def _grammar(dialect: Dialect) -> str:
    """RFC 4180 with exactly `width` cells in each record that is not a blank line."""
    q, d = re.escape(dialect.quote), re.escape(dialect.delimiter)
    # A quote may open a field only; a blank before it would make polars take it for text.
    field = rf'(?:{q}(?:[^{q}]|{q}{q})*{q}|[^{q}{d}\r\n]*)'
    return rf"\A(?:(?:(?:{field}{d}){{{dialect.width - 1}}}{field})?(?:\r?\n|\z))*\z"


def _chunks(path: Path, lines: int, quote: bytes) -> Iterator[bytes]:
    """The file in pieces that end with a record, from line `lines` on."""
    with path.open("rb") as stream:
        if stream.read(3) != b"\xef\xbb\xbf":
            stream.seek(0)
        for _ in range(lines):
            stream.readline()
        rest = b""
        while block := stream.read(CHUNK):
            block = rest + block
            cut = block.rfind(b"\n")
            odd = block.count(quote, 0, cut + 1) % 2
            while cut >= 0 and odd:
                before = block.rfind(b"\n", 0, cut)
                odd = (odd + block.count(quote, before + 1, cut + 1)) % 2
                cut = before
            if cut < 0 and len(block) > 8 * CHUNK:
                yield block  # no record is that long; the check fails, and the tolerant reader takes over
                return
            if cut >= 0:
                yield block[: cut + 1]
            rest = block[cut + 1 :]
        if rest:
            yield rest


def _scan(text: Text, lines: int) -> pl.LazyFrame:
    return pl.scan_csv(
        text.path,
        has_header=False,
        schema=dict.fromkeys(columns(text.dialect.width), pl.String),
        separator=text.dialect.delimiter,
        quote_char=text.dialect.quote,
        skip_lines=lines,
    )


@dataclass(frozen=True)
class _Scan:
    """The rows of a proved file from its header on, as a Grid wants them."""

    text: Text
    lines: int
    start: int
    survey: _Survey

    def __call__(self, size: int) -> Iterator[pl.DataFrame]:
        scan = _scan(self.text, self.lines).with_row_index("row", self.start)
        for frame in scan.collect_batches(chunk_size=size, maintain_order=True):
            for piece in frame.iter_slices(size):
                clean = self._clean(piece)
                if not clean.is_empty():
                    yield clean

    def count(self) -> int:
        return sum(frame.height for frame in self(65_536))

    def last(self, total: int, _size: int) -> list[tuple[int | str | None, ...]]:
        scan = _scan(self.text, self.lines).with_row_index("row", self.start)
        return self._clean(scan.slice(max(0, total - TAIL_ROWS)).collect()).rows()

    def _clean(self, frame: pl.DataFrame) -> pl.DataFrame:
        if self.survey.empties:
            frame = blank_to_null(frame)
        return without_blank_rows(frame) if self.survey.blanks else frame


# ── the careful way ───────────────────────────────────────────────────────────────────────────────────────


def _by_hand(text: Text, scratch: Path, progress: Progress) -> Grid:
    """Read all records with the tolerant reader, judge them, and spool them."""
    keeper = _Keeper(text.dialect.width, Spool(scratch), progress, text.encoding.name)
    number = comments = 0
    for number, record in enumerate(records(text.blocks(), text.dialect), 1):
        if record.comment:
            comments += 1
        else:
            keeper.add(number, record)
    keeper.flush()
    keeper.judge_breaks()
    notes = []
    if comments:
        notes.append(f"{comments} comment line(s) that begin with # were left out")
    if keeper.padded:
        notes.append(f"{keeper.padded} row(s) have cells without text beyond the last column; they were left out")
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
        self.problems: list[tuple[int, int | None, str, str | None, str | None]] = []
        self.short: list[tuple[int, int, str]] = []  # number, cells, text
        self.unended: int | None = None
        self.count = self.padded = self.full = 0
        self.rows: list[tuple[int | str | None, ...]] = []

    def add(self, number: int, record: Record) -> None:
        cells = record.cells
        if not any(cells):
            return
        self.count += 1
        if record.trouble:
            code = "row.quotes" if record.trouble == "quotes" else "row.quotes_repaired"
            self.problems.append((number, None, code, record.text[:SHOWN], None))
        if len(cells) != self.width:
            cells = self._fit(number, cells)
        elif self.width > 1:
            self.full += 1
        if not record.ended:
            self.unended = number
        for i, cell in enumerate(cells):
            if "\ufffd" in cell:
                self.problems.append((number, i, "cell.undecodable", cell[:SHOWN], self.encoding))
        row = Row(number, [cell or None for cell in cells])
        if len(self.head) < HEAD_ROWS:
            self.head.append(row)
        self.tail.append(row)
        self.rows.append((number, *row.cells))
        if len(self.rows) >= PART_ROWS:
            self.flush()

    def _fit(self, number: int, cells: list[str]) -> list[str]:
        if len(cells) > self.width:
            extra = cells[self.width :]
            if any(cell.strip() for cell in extra):
                text = " | ".join(cell for cell in extra if cell)
                self.problems.append((number, None, "row.too_many_cells", text[:SHOWN], None))
            else:
                self.padded += 1
            return cells[: self.width]
        self.short.append((number, len(cells), " | ".join(cells)[:SHOWN]))
        return cells + [""] * (self.width - len(cells))

    def judge_breaks(self) -> None:
        """Short rows that merely omit their last empty cells are fine; these are not.

        A last record without line end, in a file whose other rows are complete, was cut by a broken transfer.
        Two neighbours that together have one cell more than the table were one row, broken by a line end in a
        cell without quotation marks.
        """
        rows = {number: (count, text) for number, count, text in self.short}
        told = set()
        first = self.head[0].number if self.head else 0
        if self.unended in rows and self.full > max(1, len(rows) - 1):
            told.add(self.unended)
        if self.full > len(rows):
            for number, (count, _) in rows.items():
                other = rows.get(number + 1)
                if other and count + other[0] == self.width + 1 and number > first:
                    told |= {number, number + 1}
        for number in told:
            count, text = rows[number]
            detail = f"{count} of {self.width} cells"
            self.problems.append((number, None, "row.too_few_cells", text, detail))

    def flush(self) -> None:
        if self.rows:
            schema = {"row": pl.UInt32} | dict.fromkeys(columns(self.width), pl.String)
            self.spool.add(pl.DataFrame(self.rows, schema=schema, orient="row"))
            self.progress.advance(len(self.rows))
            self.rows = []


