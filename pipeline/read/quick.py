"""Turn a sheet's XML into wide frames of shown text, many rows at a time: the fast twin of `sheetxml.SheetPass`.

Pieces of a few megabytes are taken apart on two threads while the next one is unpacked. A piece with a shape that
`cells` does not know is read by the parser instead, and a sheet with declarations or another encoding is not read
here at all. A test holds both ways to the same cells.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import IO, NamedTuple

import polars as pl

from pipeline.read.book import RawRow, SheetFacts
from pipeline.read.cells import taken_apart
from pipeline.read.grid import PROBLEM_SCHEMA, columns
from pipeline.read.shown import Shown

PIECE = 6 << 20  # bytes of XML
LONGEST_ROW = 64 << 20  # bytes of XML
THREADS = 2
MOST_PLACES = 1 << 24  # cells of a piece, blank ones counted
AHEAD = 3  # pieces that wait for a thread or for their turn


class Irregular(Exception):
    """The sheet cannot be read in pieces; the parser has to read it from its start."""


class Piece(NamedTuple):
    """Rows as a frame (`row`, `c0` ...), without blank ones, and their problems (PROBLEM_SCHEMA)."""

    cells: pl.DataFrame
    problems: pl.DataFrame


class _Read(NamedTuple):
    """A piece that was taken apart, its first and last row number (None: no rows), and its hidden rows."""

    piece: Piece
    ends: tuple[int, int] | None
    hidden: int


Slow = Callable[[bytes, int], tuple[list[RawRow], int, int]]
"""Reads the rows of a piece that come after row N: the rows, the last number, how many are hidden."""


class QuickSheet:
    """Reads one sheet; `slow` reads the rows of an irregular piece."""

    def __init__(self, shown: Callable[[], Shown], slow: Slow) -> None:
        """`shown` reads what all sheets of a workbook share; it is called on a thread, beside the first pieces."""
        self.shown, self.slow = shown, slow
        self.last = 0

    def pieces(self, stream: IO[bytes], facts: SheetFacts) -> Iterator[Piece]:
        """All rows, in order.

        Raises:
            Irregular: before or amid the rows; what was read so far is void.
        """
        with ThreadPoolExecutor(THREADS) as pool:
            waiting: deque[tuple[bytes, Future[_Read | None]]] = deque()
            shown = pool.submit(self.shown)
            try:
                for raw in self._raw(stream, facts):
                    waiting.append((raw, pool.submit(_read, raw, shown)))
                    if len(waiting) > AHEAD:
                        yield self._next(*waiting.popleft(), shown, facts)
                while waiting:
                    yield self._next(*waiting.popleft(), shown, facts)
            finally:
                for _, one in waiting:
                    one.cancel()

    def _next(self, raw: bytes, future: Future[_Read | None], shown: Future[Shown], facts: SheetFacts) -> Piece:
        read = future.result()
        if read is None or (read.ends and read.ends[0] <= self.last):
            shown.result()  # the parser needs the shared texts too, and they may have been refused
            rows, self.last, hidden = self.slow(raw, self.last)
            facts.hidden_rows += hidden
            return _piece_of(rows)
        facts.hidden_rows += read.hidden
        self.last = read.ends[1] if read.ends else self.last
        return read.piece

    def _raw(self, stream: IO[bytes], facts: SheetFacts) -> Iterator[bytes]:
        """The XML of whole rows, in pieces; what surrounds the rows is read on the way."""
        rest = self._prelude(stream, facts)
        while True:
            block = stream.read(PIECE)
            searched = max(0, len(rest) - len(b"</sheetData>"))
            rest += block
            if len(rest) > LONGEST_ROW:
                raise Irregular
            done = rest.find(b"</sheetData>", searched if block else 0)
            cut = done if done >= 0 else rest.rfind(b"</row>") + 6
            if cut > 5:
                yield rest[:cut]
                rest = rest[cut:]
            if done >= 0:
                break
            if not block:
                raise Irregular
        # What follows the rows is small; an end that is cut is for the parser to report.
        tail = rest + stream.read(LONGEST_ROW)
        if not tail.rstrip().endswith(b"</worksheet>") or b"<!" in tail:
            raise Irregular
        facts.merged = tail.count(b"<mergeCell ")

    def _prelude(self, stream: IO[bytes], facts: SheetFacts) -> bytes:
        head = stream.read(PIECE)
        start = head.find(b"<sheetData>")
        told = re.match(rb"""(?:\xef\xbb\xbf)?<\?xml[^>]*?encoding=["']([^"']*)""", head)
        if start < 0 or b"<!" in head[:start] or (told and told[1].lower() not in {b"utf-8", b"us-ascii"}):
            raise Irregular
        facts.hidden_columns = len(re.findall(rb'<col [^>]*hidden="(?:1|true)"', head[:start]))
        return head[start + len(b"<sheetData>") :]


def _read(raw: bytes, shown: Future[Shown]) -> _Read | None:
    found = taken_apart(raw)
    if found is None:
        return None
    numbers, hidden, cells = found
    texts = shown.result().texts(cells)
    if texts is None:
        return None
    ends = (int(numbers[0]), int(numbers[-1])) if numbers.len() else None
    problems = texts.filter(pl.col("code").is_not_null()).sort("at", "col").select(
        "row", "col", "code", pl.col("text").alias("value"), pl.lit(None, dtype=pl.String).alias("detail")
    )  # fmt: skip
    rows = _wide(texts, numbers)
    return None if rows is None else _Read(Piece(rows, problems), ends, hidden)


def _wide(cells: pl.DataFrame, numbers: pl.Series) -> pl.DataFrame | None:
    """From one line per cell to one line per row; None where two cells are in one place.

    Raises:
        Irregular: a few cells lie so far apart that the space between them would not fit into memory.
    """
    if cells.is_empty():
        return pl.DataFrame(schema={"row": pl.UInt32})
    width = int(cells["col"].max()) + 1  # type: ignore[arg-type]
    filled = cells["at"].unique().sort()
    if filled.len() * width > MOST_PLACES:
        raise Irregular
    order = _put(pl.int_range(filled.len(), dtype=pl.UInt32, eager=True), filled, int(filled[-1]) + 1)
    place = order.gather(cells["at"]) * width + cells["col"]
    source = _put(pl.int_range(cells.height, dtype=pl.UInt32, eager=True), place, filled.len() * width)
    if source.len() - source.null_count() != cells.height:
        return None
    flat = cells["text"].gather(source)
    rows = numbers.gather(filled).alias("row")
    return pl.DataFrame([rows, *(flat.gather_every(width, i).alias(name) for i, name in enumerate(columns(width)))])


def _put(values: pl.Series, at: pl.Series, size: int) -> pl.Series:
    """A series of nulls with the values at their places."""
    return pl.repeat(None, size, dtype=values.dtype, eager=True).scatter(at, values)


def _piece_of(rows: list[RawRow]) -> Piece:
    problems = [(row.number, *problem, None) for row in rows for problem in row.problems]
    width = 1 + max((max(row.cells, default=-1) for row in rows), default=-1)
    width = max(width, 1 + max((p[1] for p in problems), default=-1))
    if len(rows) * width > MOST_PLACES:
        raise Irregular
    cells = {"row": pl.Series([row.number for row in rows], dtype=pl.UInt32)} | {
        name: pl.Series([row.cells.get(i) for row in rows], dtype=pl.String) for i, name in enumerate(columns(width))
    }
    return Piece(pl.DataFrame(cells), pl.DataFrame(problems, schema=PROBLEM_SCHEMA, orient="row"))
