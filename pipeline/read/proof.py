"""Turn the bytes of a delimited file into the proof that it is well formed: quotation, width of every record, counts.

Well formed means RFC 4180: quotation marks stand only around cells and doubled inside them, each record has the
table's number of cells, and nothing needs a closer look. Whole blocks are compared at the speed of memory.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl

CHUNK = 4 << 20  # bytes; about what a processor keeps at hand
LEAST = 4  # bytes of a block; what is shorter is not worth the look
FEED, RETURN = 10, 13
BLANK = re.compile(rb"\n\r?(?=\n)")
EXPONENT = re.compile(rb"[0-9]E\+[0-9]")  # a number that a spreadsheet program has shortened
PAIR = np.frombuffer(b"E+", np.uint16)[0]
WORKERS = 2  # polars and numpy work outside of Python's lock; more than two blocks at once are not kept in memory


@dataclass(frozen=True)
class Shape:
    """What a well-formed table looks like: its delimiter and quotation mark (one byte each), its number of cells."""

    delimiter: bytes
    quote: bytes
    width: int


@dataclass(frozen=True)
class Survey:
    """What some bytes hold: how many records, whether some are blank, whether `""` occurs; the last block."""

    records: int
    blanks: bool = False
    empties: bool = False
    end: bytes = b""

    def __add__(self, other: Survey) -> Survey:
        """Both together."""
        return Survey(self.records + other.records, self.blanks or other.blanks, self.empties or other.empties)


def survey(path: Path, lines: int, shape: Shape) -> Survey | None:
    """Look at every byte of a file from line `lines` on; None where some byte of it is irregular or no UTF-8."""
    total, piece = Survey(0), b""
    waiting: deque[Future[Survey | None]] = deque()
    with ThreadPoolExecutor(WORKERS) as pool:
        for piece in pieces(path, lines, shape.quote):
            waiting.append(pool.submit(look, piece, shape))
            if len(waiting) > WORKERS:
                found = waiting.popleft().result()
                if found is None:
                    pool.shutdown(cancel_futures=True)
                    return None
                total += found
        for future in waiting:
            found = future.result()
            if found is None:
                return None
            total += found
    return replace(total, end=piece)


def pieces(path: Path, lines: int, quote: bytes) -> Iterator[bytes]:
    """The file in blocks of about CHUNK bytes that end with a record, from line `lines` on."""
    with path.open("rb") as stream:
        if stream.read(3) != b"\xef\xbb\xbf":
            stream.seek(0)
        for _ in range(lines):
            stream.readline()
        at, size = stream.tell(), CHUNK
        while block := stream.read(size):
            cut = len(block) if len(block) < size else _last_end(block, quote)
            if cut:
                yield block[:cut]
                at, size = at + cut, CHUNK
            elif size > 8 * CHUNK:
                yield block  # no record is that long; the look at it fails, and the tolerant reader takes over
                return
            else:
                size *= 2
            stream.seek(at)


def _last_end(block: bytes, quote: bytes) -> int:
    """Where the last line ends that is not inside of quotation marks; 0 if nowhere."""
    cut = block.rfind(b"\n")
    odd = int((_series(block) == quote[0]).sum()) - block.count(quote, cut + 1) if cut >= 0 else 0
    while cut >= 0 and odd % 2:
        before = block.rfind(b"\n", 0, cut)
        odd -= block.count(quote, before + 1, cut + 1)
        cut = before
    return cut + 1


def look(piece: bytes, shape: Shape) -> Survey | None:
    r"""Whether whole records are well formed; None where one is not, or holds what needs a closer look.

    >>> look(b'a,"b ""c"" d"\r\n\r\n1,2', Shape(b",", b'"', 2))
    Survey(records=3, blanks=True, empties=True, end=b'')
    >>> look(b'a,"b" c\n', Shape(b",", b'"', 2)) is None
    True
    """
    if not piece.endswith(b"\n"):
        piece += b"\n"
    if len(piece) < LEAST:
        return None
    if b"\0" in piece or (b"\xef" in piece and b"\xef\xbf\xbd" in piece) or not _is_utf8(piece):
        return None
    if _has_pair(piece) and EXPONENT.search(piece):
        return None
    octets, after = _series(piece), _series(piece, 1)
    marks, feeds = octets == shape.quote[0], octets == FEED
    structure = octets.filter(marks | feeds | (octets == shape.delimiter[0]))
    empties = False
    if marks.any():
        following = after.filter(marks.head(after.len()))
        if not _quotes_fit(octets, marks, following, shape):
            return None
        empties = bool((following == shape.quote[0]).any())
        # A mark opens and the next one closes, so what an odd number of marks precedes is inside of a cell.
        quoted = structure.to_numpy() == shape.quote[0]
        outside = (np.cumsum(quoted, dtype=np.uint8) & 1 | quoted) == 0
        structure = structure.filter(pl.Series(outside))
    if b"\r" in piece and not _returns_fit(piece, octets, after, shape.quote):
        return None
    records = int((structure == FEED).sum())
    last = structure.to_numpy()[shape.width - 1 :: shape.width]
    each = structure.len() == records * shape.width and bool((last == FEED).all())
    if not each and not _blank_or_full(piece, shape):
        return None
    return Survey(records, not each or _may_be_blank(piece, feeds, shape), empties)


def _series(piece: bytes, start: int = 0) -> pl.Series:
    """The bytes as numbers, without copying them."""
    return pl.Series(np.frombuffer(piece, np.uint8, offset=start))


def _is_utf8(piece: bytes) -> bool:
    try:
        pl.Series([piece], dtype=pl.Binary).cast(pl.String)
    except pl.exceptions.ComputeError:
        return False
    return True


def _has_pair(piece: bytes) -> bool:
    """Whether "E+" occurs; two bytes are compared at once, from even and from odd places."""
    return any(
        bool((pl.Series(np.frombuffer(piece, np.uint16, (len(piece) - start) // 2, start)) == PAIR).any())
        for start in (0, 1)
        if len(piece) > start + 1
    )


def _quotes_fit(octets: pl.Series, marks: pl.Series, following: pl.Series, shape: Shape) -> bool:
    """Whether marks open where a cell begins and close where it ends; a doubled one closes and opens again."""
    preceding = octets.head(octets.len() - 1).filter(marks.slice(1))
    at_start = int(marks[0])  # nothing precedes it
    opening, closing = preceding.to_numpy()[at_start::2], following.to_numpy()[1::2]
    edges = (shape.delimiter[0], shape.quote[0], FEED)
    return bool(
        following.len() % 2 == 0
        and _among(pl.Series(opening), *edges).all()
        and _among(pl.Series(closing), *edges, RETURN).all()
    )


def _among(octets: pl.Series, *wanted: int) -> pl.Series:
    found = octets == wanted[0]
    for octet in wanted[1:]:
        found |= octets == octet
    return found


def _returns_fit(piece: bytes, octets: pl.Series, after: pl.Series, quote: bytes) -> bool:
    """Whether a carriage return outside of quoted cells is part of a line end."""
    if (after.filter((octets == RETURN).head(after.len())) == FEED).all():
        return True
    outside = _outside(piece, quote)
    return outside.count(b"\r") == outside.count(b"\r\n")


def _outside(piece: bytes, quote: bytes) -> bytes:
    return b"".join(piece.split(quote)[::2])


def _blank_or_full(piece: bytes, shape: Shape) -> bool:
    """Whether each record has all its cells or is a blank line."""
    outside = _outside(piece, shape.quote)
    rest = outside.translate(None, bytes(set(range(256)) - set(shape.delimiter + b"\n")))
    lines = Counter(rest.split(b"\n"))
    blank = len(BLANK.findall(b"\n" + outside))
    return lines.keys() <= {b"", shape.delimiter * (shape.width - 1)} and lines[b""] == blank + 1


def _may_be_blank(piece: bytes, feeds: pl.Series, shape: Shape) -> bool:
    """Whether some record has empty cells only; a line inside of a cell that looks like one counts too."""
    edges = (shape.delimiter[0], shape.quote[0])
    delimiter, empty = re.escape(shape.delimiter), re.escape(shape.quote * 2)
    blank = re.compile(rb"(?:%b)?(?:%b(?:%b)?)*\r?\n" % (empty, delimiter, empty))
    if blank.match(piece):
        return True
    # The first three bytes of each record tell nearly always; the few suspects are looked at one by one.
    first, second, third = (_series(piece, i).filter(feeds.head(len(piece) - i)) for i in (1, 2, 3))
    started, count = first.head(second.len()) == edges[0], third.len()
    quoted = (first.head(count) == edges[1]) & (second.head(count) == edges[1]) & _among(third, edges[0], FEED, RETURN)
    suspects = [*(started & _among(second, *edges, FEED, RETURN)).arg_true(), *quoted.arg_true()]
    if not suspects:
        return False
    places = np.flatnonzero(np.frombuffer(piece, np.uint8) == FEED)
    return any(blank.match(piece, int(places[suspect]) + 1) for suspect in suspects)
