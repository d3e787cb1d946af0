"""Turn the bytes of a delimited file into the proof that it is well formed: quotation, width of every record, counts.

Well formed means RFC 4180: quotation marks stand only around cells and doubled inside them, each record has the
table's number of cells, and nothing needs a closer look. Whole blocks are compared at the speed of memory.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

from pipeline.ahead import ahead
from pipeline.read.sheeterrors import ERROR, ERROR_STARTS

CHUNK = 2 << 20  # bytes; what a processor keeps at hand, and small enough to make up batches of nearly full size
LEAST = 4  # bytes of a block; what is shorter is not worth the look
FEED, RETURN = 10, 13
FIRST = 5  # bytes of a record
PACKED = (b"x\x01", b"x^", b"x\xda")  # polars takes bytes that begin so for compressed ones
MARK = b"\xef\xbb\xbf"  # polars leaves it out where bytes begin with it
PLUS, EXPONENT_SIGN = 43, 69  # + and E
BLANK = re.compile(rb"\n\r?(?=\n)")
EXPONENT = re.compile(rb"[0-9]E\+[0-9]")  # a number that a spreadsheet program has shortened
HASH, EQUALS = 35, 61  # what error values and formulas begin with
RUNNING = np.bitwise_xor.accumulate(np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1), axis=1)
RUNNING = np.packbits(RUNNING, axis=1).ravel()  # which bits of an octet an odd number of bits precedes, itself counted
WORKERS = 2  # polars and numpy work outside of Python's lock; more than two blocks at once are not kept in memory


@dataclass(frozen=True)
class Shape:
    """What a well-formed table looks like: its delimiter and quotation mark (one byte each), its number of cells."""

    delimiter: bytes
    quote: bytes
    width: int


class Part(NamedTuple):
    """Whole records of a file: where they begin and how long they are (bytes), and how many they are."""

    at: int
    size: int
    records: int


@dataclass(frozen=True)
class Survey:
    """What some bytes hold: how many records, whether some are blank, whether some cell is `""`; the file in parts."""

    records: int
    blanks: bool = False
    empties: bool = False
    parts: tuple[Part, ...] = ()

    def __add__(self, other: Survey) -> Survey:
        """Both together, without their parts."""
        return Survey(self.records + other.records, self.blanks or other.blanks, self.empties or other.empties)


def survey(path: Path, lines: int, shape: Shape) -> Survey | None:
    """Look at every byte of a file from line `lines` on; None where some byte of it is irregular or no UTF-8."""
    with path.open("rb") as stream:
        above = [stream.readline() for _ in range(lines or 1)]
        # Where a carriage return alone ends a line, the lines are others than those that are skipped.
        if above[0].startswith(PACKED) or (lines and any(line.count(b"\r") > line.endswith(b"\r\n") for line in above)):
            return None

    def seen(block: tuple[bytearray, int, int]) -> tuple[Survey | None, int, int]:
        buffer, at, size = block
        return look(buffer, shape, size), at, size

    total, parts = Survey(0), []
    for found, at, size in ahead(pieces(path, lines, shape.quote), seen, WORKERS):
        if found is None:
            return None
        total += found
        parts.append(Part(at, size, found.records))
    return replace(total, parts=tuple(parts))


def pieces(path: Path, lines: int, quote: bytes) -> Iterator[tuple[bytearray, int, int]]:
    """The file in blocks of about CHUNK bytes that end with a record, from line `lines` on: buffer, place, size.

    A block is the first `size` bytes of a buffer. New memory costs more than the look at it, so a buffer is filled
    again once WORKERS other ones have been handed over.
    """
    ring = deque(bytearray() for _ in range(WORKERS + 1))
    with path.open("rb") as stream:
        if stream.read(len(MARK)) != MARK:
            stream.seek(0)
        for _ in range(lines):
            stream.readline()
        at, size = stream.tell(), CHUNK
        while True:
            if len(ring[0]) < size:
                ring[0] = bytearray(size)
            buffer = ring[0]
            stream.seek(at)
            read = stream.readinto(memoryview(buffer)[:size])
            if not read:
                return
            cut = read if read < size else _last_end(buffer, read, quote)
            if cut:
                yield buffer, at, cut
                at, size = at + cut, CHUNK
                ring.rotate(-1)
            elif size > 16 * CHUNK:
                yield (
                    buffer,
                    at,
                    read,
                )  # no record is that long; the look at it fails, and the tolerant reader takes over
                return
            else:
                size *= 2


def _last_end(block: bytearray, size: int, quote: bytes) -> int:
    """Where the last line ends that is not inside of quotation marks; 0 if nowhere."""
    cut = block.rfind(b"\n", 0, size)
    odd = int((_series(block, 0, size) == quote[0]).sum()) - block.count(quote, cut + 1, size) if cut >= 0 else 0
    while cut >= 0 and odd % 2:
        before = block.rfind(b"\n", 0, cut)
        odd -= block.count(quote, before + 1, cut + 1)
        cut = before
    return cut + 1


def look(piece: bytes | bytearray, shape: Shape, size: int | None = None) -> Survey | None:
    r"""Whether whole records are well formed; None where one is not, or holds what needs a closer look.

    `size` is how many bytes of the piece count; None: all.

    >>> look(b'a,"b ""c"" d"\r\n"",\r\n\r\n1,2', Shape(b",", b'"', 2))
    Survey(records=4, blanks=True, empties=True, parts=())
    >>> look(b'a,"b" c\n', Shape(b",", b'"', 2)) is None
    True
    """
    end = len(piece) if size is None else size
    if end and piece[end - 1] != FEED:
        piece, end = bytes(piece[:end]) + b"\n", end + 1
    if end < LEAST or piece.startswith((MARK, *PACKED)) or piece.find(b"\0", 0, end) >= 0:
        return None
    if piece.find(b"\xef", 0, end) >= 0 and piece.find(b"\xef\xbf\xbd", 0, end) >= 0:  # one byte is found sooner
        return None
    octets, after = _series(piece, 0, end), _series(piece, 1, end)
    if not _is_utf8(octets) or (_has_pair(octets) and EXPONENT.search(piece, 0, end)):
        return None
    marks, feeds = octets == shape.quote[0], octets == FEED
    if piece.find(b"#", 0, end) >= 0 and _has_error(piece, octets, after):
        return None
    structure = octets.filter(marks | feeds | (octets == shape.delimiter[0]))
    empties = False
    if marks.any():
        quotation = _quotation(octets, marks, after.filter(marks.head(after.len())), shape)
        if quotation is None:
            return None
        empties = quotation
        structure = structure.filter(_are_outside(structure, shape))
    if piece.find(b"\r", 0, end) >= 0 and not _returns_fit(piece[:end], octets, after, shape.quote):
        return None
    records = int((structure == FEED).sum())
    last = structure.to_numpy()[shape.width - 1 :: shape.width]
    each = structure.len() == records * shape.width and bool((last == FEED).all())
    if not each and not _blank_or_full(piece[:end], shape):
        return None
    return Survey(records, not each or _may_be_blank(piece, octets, feeds, shape), empties)


def _series(piece: bytes | bytearray, start: int, end: int) -> pl.Series:
    """The bytes as numbers, without copying them."""
    return pl.Series(np.frombuffer(piece, np.uint8, end - start, start))


def _is_utf8(octets: pl.Series) -> bool:
    try:
        octets.implode().cast(pl.Binary).cast(pl.String)
    except pl.exceptions.ComputeError:
        return False
    return True


def _has_pair(octets: pl.Series) -> bool:
    """Whether "E+" occurs."""
    plus = octets == PLUS
    return bool((octets.head(octets.len() - 1).filter(plus.slice(1)) == EXPONENT_SIGN).any())


def _has_error(piece: bytes | bytearray, octets: pl.Series, after: pl.Series) -> bool:
    """Whether an error value of a spreadsheet program may be a cell; a number sign is mostly that of a house."""
    following = after.filter((octets == HASH).head(after.len()))
    return _among(following, *ERROR_STARTS).any() and ERROR.search(piece, 0, octets.len()) is not None


def _quotation(octets: pl.Series, marks: pl.Series, following: pl.Series, shape: Shape) -> bool | None:
    """Whether some cell is `""`; None unless all marks open where a cell begins and close where it ends.

    A doubled mark closes and opens again. A quoted `="007"`, which is a formula, needs a closer look.
    """
    if following.len() % 2:
        return None
    preceding = octets.head(octets.len() - 1).filter(marks.slice(1))
    at_start = int(marks[0])  # nothing precedes it
    opening, behind = preceding.to_numpy()[at_start::2], following.to_numpy()
    if (preceding.to_numpy()[1 - at_start :: 2] == EQUALS).any():
        return None
    edges = (shape.delimiter[0], shape.quote[0], FEED)
    if not _among(pl.Series(opening), *edges).all() or not _among(pl.Series(behind[1::2]), *edges, RETURN).all():
        return None
    # One that opens and closes at once, and is no half of a doubled mark.
    empty = (behind[0::2] == shape.quote[0]) & (behind[1::2] != shape.quote[0])
    empty[at_start:] &= opening != shape.quote[0]
    return bool(empty.any())


def _are_outside(structure: pl.Series, shape: Shape) -> pl.Series:
    """Which delimiters and line feeds stand outside of quoted cells.

    A mark opens and the next one closes, so what an odd number of marks precedes is inside of a cell.
    """
    quoted = np.packbits(structure.to_numpy() == shape.quote[0])
    inside = RUNNING[quoted]  # from the start of each octet on
    odd = inside & 1
    before = (np.cumsum(odd, dtype=np.uint8) - odd) & 1
    inside ^= np.negative(before)  # all bits are turned where an odd number precedes the octet
    return pl.Series(np.unpackbits(inside | quoted, count=structure.len())) == 0


def _among(octets: pl.Series, *wanted: int) -> pl.Series:
    found = octets == wanted[0]
    for octet in wanted[1:]:
        found |= octets == octet
    return found


def _returns_fit(piece: bytes | bytearray, octets: pl.Series, after: pl.Series, quote: bytes) -> bool:
    """Whether a carriage return outside of quoted cells is part of a line end."""
    if (after.filter((octets == RETURN).head(after.len())) == FEED).all():
        return True
    outside = _outside(piece, quote)
    return outside.count(b"\r") == outside.count(b"\r\n")


def _outside(piece: bytes | bytearray, quote: bytes) -> bytes:
    return b"".join(piece.split(quote)[::2])


def _blank_or_full(piece: bytes | bytearray, shape: Shape) -> bool:
    """Whether each record has all its cells or is a blank line."""
    outside = _outside(piece, shape.quote)
    rest = outside.translate(None, bytes(set(range(256)) - set(shape.delimiter + b"\n")))
    lines = Counter(rest.split(b"\n"))
    blank = len(BLANK.findall(b"\n" + outside))
    return lines.keys() <= {b"", shape.delimiter * (shape.width - 1)} and lines[b""] == blank + 1


def _may_be_blank(piece: bytes | bytearray, octets: pl.Series, feeds: pl.Series, shape: Shape) -> bool:
    """Whether some record has empty cells only; a line inside of a cell that looks like one counts too."""
    delimiter, quote = shape.delimiter[0], shape.quote[0]
    separator, empty = re.escape(shape.delimiter), re.escape(shape.quote * 2)
    blank = re.compile(rb"(?:%b)?(?:%b(?:%b)?)*\r?\n" % (empty, separator, empty))
    if blank.match(piece, 0, octets.len()):
        return True
    # A blank record has as many bytes as cells at least. Some of its first tell nearly always that it is none.
    look = min(shape.width, FIRST)
    begins = feeds.head(max(0, octets.len() - look))
    suspects = None
    for i in (1, look, *range(2, look)):
        found = _among(octets.slice(i, begins.len()).filter(begins), delimiter, quote, FEED, RETURN)
        suspects = found if suspects is None else suspects & found
        if not suspects.any():
            return False
    return re.search(b"\n" + blank.pattern, piece[: octets.len()]) is not None
