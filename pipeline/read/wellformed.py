"""Turn a delimited file that is proved to be well formed into a Grid that polars reads straight from the file.

The proof (`proof`) looks at every byte: quotation marks stand only where RFC 4180 has them, and each record has
the table's number of cells. Only then does polars read what a person sees, and its records are counted again.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from io import BufferedReader
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from pipeline.ahead import ahead
from pipeline.errors import Unreadable
from pipeline.language import say
from pipeline.read import encoding as encodings
from pipeline.read import header
from pipeline.read.grid import TAIL_ROWS, Grid, Row, blank_to_null, columns, no_problems, without_blank_rows
from pipeline.read.source import Source, sha256
from pipeline.read.tolerant import Dialect

if TYPE_CHECKING:  # its library takes longer to import than a small file to read
    from pipeline.read.proof import Part, Survey

SMALL = 64 << 10  # bytes; below, the tolerant reader is as quick
MOST = 8 << 20  # bytes that polars reads at once, on each of two hands: what stays in memory


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


def by_polars(text: Text, head: list[Row], told: int | None, source: Source) -> Grid | None:
    """A grid that polars reads straight from the file, or None where it might read something else.

    Where there is one, the hash of the source is known thereafter: all its bytes were at hand.
    """
    dialect, width = text.dialect, text.dialect.width
    if (
        text.encoding.name not in {"utf-8", "utf-8-sig"}
        or dialect.escape
        or dialect.comments
        or dialect.spaced
        or width < 2
    ):
        return None
    if not dialect.delimiter.isascii() or text.path.stat().st_size < SMALL:
        return None
    try:
        place = header.find(head, width, told, source.name)
    except Unreadable:
        return None
    above = [row for row in head if row.number < place.number]
    start = max(place.number, 1)
    row = next((r for r in head if r.number == start), None)
    if row is None or len(row.cells) != width:
        return None
    if any("\n" in (cell or "") or "\r" in (cell or "") for r in above for cell in r.cells):
        return None
    from pipeline.read.look import Shape
    from pipeline.read.proof import survey

    lines = start - 1 + (1 if text.skip else 0)
    shape = Shape(dialect.delimiter.encode(), dialect.quote.encode(), width)
    stamp = _stamp(text.path.stat())
    found = survey(text.path, lines, shape)
    if found is None:
        return None
    source.digest.tell(text.path, found.sha256)
    if found.blanks:  # which of the blank lines at the end are records is for polars to say
        found = replace(found, records=_scan(text, lines).select(pl.len()).collect().item())
    frames = _Scan(text, lines, start, found, {stamp})
    count = (frames.count() if found.blanks else found.records) + len(above)
    tail = frames.last()
    return Grid(width, frames, tuple(head), tuple(tail), count, no_problems(), (), start)


def _stamp(facts: os.stat_result) -> tuple[int, int]:
    """What changes when a file is written to: its size, and the time of that."""
    return facts.st_size, facts.st_mtime_ns


def _scan(text: Text, lines: int) -> pl.LazyFrame:
    return pl.scan_csv(text.path, skip_lines=lines, **_options(text.dialect))


def _options(dialect: Dialect) -> dict[str, Any]:
    return {
        "has_header": False, "schema": dict.fromkeys(columns(dialect.width), pl.String),
        "separator": dialect.delimiter, "quote_char": dialect.quote,
    }  # fmt: skip


@dataclass(frozen=True)
class _Scan:
    """The rows of a proved file from its header on, as a Grid wants them."""

    text: Text
    lines: int
    start: int
    survey: Survey
    stamps: set[tuple[int, int]]

    def __call__(self, size: int) -> Iterator[pl.DataFrame]:
        for frame in self._scanned(size) if self.survey.blanks else self._parted(size):
            slices = max(1, -(-frame.height // size))
            for piece in frame.iter_slices(max(1, -(-frame.height // slices))):
                clean = self._clean(piece)
                if not clean.is_empty():
                    yield clean

    def _scanned(self, size: int) -> Iterator[pl.DataFrame]:
        scan = _scan(self.text, self.lines).with_row_index("row", self.start)
        read = 0
        for frame in scan.collect_batches(chunk_size=size, maintain_order=True):
            read += frame.height
            yield frame
        with self.text.path.open("rb") as stream:
            self._must_be_proved(stream)
        self._must_be(read, self.survey.records)

    def _parted(self, size: int) -> Iterator[pl.DataFrame]:
        """The file by the parts of its proof: polars reads bytes at hand with less effort than a file."""
        first, groups = self.start, _grouped(self.survey.parts, size)
        # The first by itself: who wants no more than the first rows does not pay for what is read ahead.
        for part, frame in chain(map(self._read, islice(groups, 1)), ahead(groups, self._read)):
            self._must_be(frame.height, part.records)
            yield frame.with_row_index("row", first)
            first += part.records

    def _read(self, part: Part) -> tuple[Part, pl.DataFrame]:
        with self.text.path.open("rb") as stream:
            self._must_be_proved(stream)
            stream.seek(part.at)
            return part, pl.read_csv(stream.read(part.size), **_options(self.text.dialect))

    def _must_be_proved(self, stream: BufferedReader) -> None:
        """Stop where the file is no longer the one that was proved; one that was only touched is the same."""
        now = _stamp(os.fstat(stream.fileno()))
        if now not in self.stamps:
            if sha256(self.text.path) != self.survey.sha256:
                raise Unreadable(
                    say("{name} was changed while it was read", name=self.text.path.name),
                    say("Run again once no other program writes to it."),
                )
            self.stamps.add(now)

    def _must_be(self, read: int, counted: int) -> None:
        if read != counted:
            raise RuntimeError(f"{read} records were read of {counted} that {self.text.path.name} has")

    def count(self) -> int:
        """The number of rows that are not blank."""
        return sum(frame.height for frame in self(65_536))

    def last(self) -> list[Row]:
        """The last rows, from the last part of the file if they are all there."""
        if not self.survey.records:
            return []
        count, part = self.survey.records, self.survey.parts[-1]
        if part.records < min(TAIL_ROWS, count) or self.survey.blanks:
            scan = _scan(self.text, self.lines).with_row_index("row", self.start)
            frame = scan.slice(max(0, count - TAIL_ROWS)).collect()
        else:
            end = self._read(part)[1]
            self._must_be(end.height, part.records)
            frame = end.tail(TAIL_ROWS).with_row_index("row", self.start + count - min(TAIL_ROWS, end.height))
        return [Row(row[0], row[1:]) for row in self._clean(frame).iter_rows()]

    def _clean(self, frame: pl.DataFrame) -> pl.DataFrame:
        if self.survey.empties:
            frame = blank_to_null(frame)
        return without_blank_rows(frame) if self.survey.blanks else frame


def _grouped(parts: Iterable[Part], size: int) -> Iterator[Part]:
    """Neighbours together, as long as they have no more than `size` records, and no more than MOST bytes."""
    from pipeline.read.proof import Part

    group: Part | None = None
    for part in parts:
        if group and group.records + part.records <= size and group.size + part.size <= MOST:
            group = Part(group.at, group.size + part.size, group.records + part.records)
        else:
            if group:
                yield group
            group = part
    if group:
        yield group
