"""Turn a delimited file that is proved to be well formed into a Grid that polars reads straight from the file.

The proof looks at every byte, in a few passes at the speed of memory: quotation marks stand only where RFC
4180 has them, and each record has the table's number of cells. Only then does polars read what a person sees.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from pipeline.errors import Unreadable
from pipeline.read import encoding as encodings
from pipeline.read import header
from pipeline.read.grid import TAIL_ROWS, Grid, Row, blank_to_null, columns, no_problems, without_blank_rows
from pipeline.read.tolerant import Dialect

CHUNK = 8 << 20  # bytes
SMALL = 64 << 10  # bytes; below, the tolerant reader is as quick
BLANK = re.compile(rb"\n\r?(?=\n)")
EXPONENT = re.compile(rb"[0-9]E\+[0-9]")  # a number that a spreadsheet program has shortened


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
    """Walk over the file; None where some byte of it is irregular."""
    quote, delimiter = text.dialect.quote.encode(), text.dialect.delimiter.encode()
    empty = re.compile(rb"\n[" + re.escape(delimiter) + rb"]*\r?\n")
    blanks = empties = False
    try:
        for chunk in _chunks(text.path, lines, quote):
            outside = is_regular(chunk, delimiter, quote, text.dialect.width)
            if outside is None or b"\0" in chunk or "\ufffd" in chunk.decode("utf-8") or _shortened(outside):
                return None
            blanks = blanks or empty.search(b"\n" + outside) is not None
            empties = empties or quote * 2 in chunk
    except UnicodeDecodeError:
        return None
    total = _scan(text, lines).select(pl.len()).collect().item()
    return _Survey(total, blanks, empties)


def is_regular(chunk: bytes, delimiter: bytes, quote: bytes, width: int) -> bytes | None:
    """Whether whole records obey RFC 4180 with `width` cells each, blank lines apart.

    Returns:
        What stands outside of quoted cells, with a line feed after the last record, or None where one is
        irregular.

    >>> is_regular(b'a,"b ""c"" d"\\r\\n\\n1,2', b",", b'"', 2)
    b'a,\\r\\n\\n1,2\\n'
    >>> is_regular(b'a,"b" c\\n', b",", b'"', 2) is None
    True
    """
    # Every second piece lies between quoted cells; an empty one amid them is a doubled mark.
    pieces = chunk.split(quote)
    if len(pieces) % 2 == 0:
        return None
    beside = pieces[::2]
    edges = {b"", delimiter, b"\n"}
    if not {piece[-1:] for piece in beside[:-1]} <= edges:
        return None
    if not {piece[:1] for piece in beside[1:]} <= edges | {b"\r"}:
        return None
    outside = b"".join(beside)
    if b"\r" in outside and outside.count(b"\r") != outside.count(b"\r\n"):
        return None
    if not outside.endswith(b"\n"):
        outside += b"\n"
    shape = outside.translate(None, bytes(set(range(256)) - set(delimiter + b"\n")))
    if shape == (delimiter * (width - 1) + b"\n") * (len(shape) // width):
        return outside
    lines = Counter(shape.split(b"\n"))
    blank = len(BLANK.findall(b"\n" + outside))
    regular = lines.keys() <= {b"", delimiter * (width - 1)} and lines[b""] == blank + 1
    return outside if regular else None


def _shortened(outside: bytes) -> bool:
    return b"E+" in outside and EXPONENT.search(outside) is not None


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
