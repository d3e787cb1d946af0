"""Turn a delimited file that is proved to be well formed into a Grid that polars reads straight from the file.

The proof is a regular expression that walks every byte (in Rust, on two cores) and checks quotation and the
number of cells of each record: only then does polars read what a person sees.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TypeVar

import polars as pl

from pipeline.errors import Unreadable
from pipeline.read import encoding as encodings
from pipeline.read import header
from pipeline.read.grid import TAIL_ROWS, Grid, Row, blank_to_null, columns, no_problems, without_blank_rows
from pipeline.read.tolerant import Dialect

CHUNK = 8 << 20  # bytes
SMALL = 64 << 10  # bytes; below, the tolerant reader is as quick
In = TypeVar("In")
Out = TypeVar("Out")


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


def by_polars(text: Text, head: list[Row], told: int | None, name: str) -> Grid | None:
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
    tail = frames.last()
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


def _in_turn(pool: ThreadPoolExecutor, work: Callable[[In], Out], pieces: Iterator[In]) -> Iterator[Out]:
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
        """The number of rows that are not blank."""
        return sum(frame.height for frame in self(65_536))

    def last(self) -> list[Row]:
        """The last rows."""
        scan = _scan(self.text, self.lines).with_row_index("row", self.start)
        frame = self._clean(scan.slice(max(0, self.survey.records - TAIL_ROWS)).collect())
        return [Row(row[0], row[1:]) for row in frame.iter_rows()]

    def _clean(self, frame: pl.DataFrame) -> pl.DataFrame:
        if self.survey.empties:
            frame = blank_to_null(frame)
        return without_blank_rows(frame) if self.survey.blanks else frame
