"""Turn the bytes of a delimited file into the proof that it is well formed: quotation, width of every record, counts.

Well formed means RFC 4180: quotation marks stand only around cells and doubled inside them, each record has the
table's number of cells, and nothing needs a closer look. Whole blocks are compared at the speed of memory.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from io import BufferedReader
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.ahead import ahead
from pipeline.read.sheeterrors import ERROR, ERROR_STARTS

CHUNK = 3 << 20  # bytes; long enough for its many steps, and short enough to make up batches of nearly full size
LEAST = 4  # bytes of a block; what is shorter is not worth the look
FEED, RETURN = 10, 13
PACKED = (b"x\x01", b"x^", b"x\xda")  # polars takes bytes that begin so for compressed ones
MARK = b"\xef\xbb\xbf"  # polars leaves it out where bytes begin with it
PLUS, EXPONENT_SIGN = 43, 69  # + and E
BLANK = re.compile(rb"\n\r?(?=\n)")
EXPONENT = re.compile(rb"[0-9]E\+[0-9]")  # a number that a spreadsheet program has shortened
HASH, EQUALS = 35, 61  # what error values and formulas begin with
WORKERS = 1  # beside the caller, who reads, cuts and hashes: as much work as the look


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
    """What some bytes hold: how many records, whether some are blank, whether some cell is `""`.

    Of a whole file also its parts, and the SHA-256 of all its bytes.
    """

    records: int
    blanks: bool = False
    empties: bool = False
    parts: tuple[Part, ...] = ()
    sha256: str = ""

    def __add__(self, other: Survey) -> Survey:
        """Both together, without what only a whole file has."""
        return Survey(self.records + other.records, self.blanks or other.blanks, self.empties or other.empties)


def survey(path: Path, lines: int, shape: Shape) -> Survey | None:
    """Look at every byte of a file from line `lines` on; None where some byte of it is irregular or no UTF-8."""

    def seen(block: tuple[bytearray, int, int]) -> tuple[Survey | None, int, int]:
        buffer, at, size = block
        return look(buffer, shape, size), at, size

    with path.open("rb") as stream:
        above = _above(stream, lines)
        if above is None:
            return None
        total, parts, digest = Survey(0), [], hashlib.sha256(above)
        for found, at, size in ahead(_fed(pieces(stream, shape.quote), digest), seen, WORKERS):
            if found is None:
                return None
            total += found
            parts.append(Part(at, size, found.records))
    return replace(total, parts=tuple(parts), sha256=digest.hexdigest())


def _above(stream: BufferedReader, lines: int) -> bytes | None:
    """What precedes the records of a file: its mark, and `lines` lines; None where these are others for polars."""
    mark = stream.read(len(MARK))
    if mark != MARK:
        stream.seek(0)
        mark = b""
    above = [stream.readline() for _ in range(lines)]
    # Where a carriage return alone ends a line, the lines are others than those that are skipped.
    if any(line.count(b"\r") > line.endswith(b"\r\n") for line in above):
        return None
    whole = mark + b"".join(above)
    return None if whole.startswith(PACKED) else whole


def _fed(blocks: Iterator[tuple[bytearray, int, int]], digest: hashlib._Hash) -> Iterator[tuple[bytearray, int, int]]:
    """The blocks, once the digest has had them: a hash of its own would read the file once more."""
    for buffer, at, size in blocks:
        digest.update(memoryview(buffer)[:size])
        yield buffer, at, size


def pieces(stream: BufferedReader, quote: bytes) -> Iterator[tuple[bytearray, int, int]]:
    """The rest of a file in blocks of about CHUNK bytes that end with a record: buffer, place, size.

    A block is the first `size` bytes of a buffer. New memory costs more than the look at it, so a buffer is filled
    again once WORKERS other ones have been handed over.
    """
    ring = deque(bytearray() for _ in range(WORKERS + 1))
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
            yield buffer, at, read  # no record is that long; the look at it fails, and the tolerant reader takes over
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
    Survey(records=4, blanks=True, empties=True, parts=(), sha256='')
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
    octets = _series(piece, 0, end)
    if not _is_utf8(octets) or (_has_pair(octets) and EXPONENT.search(piece, 0, end)):
        return None
    if piece.find(b"#", 0, end) >= 0 and _has_error(piece, octets, _series(piece, 1, end)):
        return None
    found = _structure(octets, shape)
    empties = _quotation(found, shape)
    if empties is None or not _returns_fit(piece, octets, found, shape.quote):
        return None
    structure, behind = found.octets, found.after
    if found.quoted:
        outside = _are_outside(structure, shape)
        structure, behind = structure.filter(outside), found.starts(shape, empties).filter(outside.head(behind.len()))
    records = int((structure == FEED).sum())
    last = structure.to_numpy()[shape.width - 1 :: shape.width]
    each = structure.len() == records * shape.width and bool((last == FEED).all())
    if not each and not _blank_or_full(piece[:end], shape):
        return None
    return Survey(records, not each or _has_blank(piece, end, behind.to_numpy(), shape), empties)


def _series(piece: bytes | bytearray, start: int, end: int) -> pl.Series:
    """The bytes as numbers, without copying them."""
    return pl.Series(np.frombuffer(piece, np.uint8, end - start, start))


def _is_utf8(octets: pl.Series) -> bool:
    try:
        octets.reshape((1, -1)).arr.to_list().cast(pl.Binary).cast(pl.String)
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


class _Structure(NamedTuple):
    """The octets that make the structure (delimiters, line feeds, quotation marks), and what stands beside each."""

    octets: pl.Series
    before: pl.Series  # a line feed where nothing precedes
    after: pl.Series  # nothing follows the last one
    quoted: bool

    def starts(self, shape: Shape, empties: bool) -> pl.Series:
        """What follows each; a line feed where that is `""`, or begins a cell with a doubled mark."""
        if not empties:
            return self.after
        marks = self.after == shape.quote[0]
        twice = marks & marks.shift(-1, fill_value=False)
        return self.after.set(twice, FEED)


def _structure(octets: pl.Series, shape: Shape) -> _Structure:
    marks = octets == shape.quote[0]
    quoted = marks.any()
    at = (octets == FEED) | (octets == shape.delimiter[0])
    if quoted:
        at |= marks
    most = octets.len() - 1
    before, after = octets.head(most).filter(at.slice(1)), octets.slice(1).filter(at.head(most))
    if at[0]:
        before = pl.Series(np.insert(before.to_numpy(), 0, FEED))
    return _Structure(octets.filter(at), before, after, quoted)


def _quotation(found: _Structure, shape: Shape) -> bool | None:
    """Whether some cell is `""`; None unless all marks open where a cell begins and close where it ends.

    A doubled mark closes and opens again. A quoted `="007"`, which is a formula, needs a closer look.
    """
    if not found.quoted:
        return False
    quote = shape.quote[0]
    marks = found.octets == quote
    preceding = found.before.filter(marks).to_numpy()
    following = found.after.filter(marks.head(found.after.len())).to_numpy()
    if len(following) % 2:
        return None
    opening, behind = preceding[0::2], following[1::2]
    edges = np.zeros(256, bool)
    edges[[shape.delimiter[0], quote, FEED]] = True
    if not edges[opening].all() or (preceding[1::2] == EQUALS).any():
        return None
    edges[RETURN] = True
    if not edges[behind].all():
        return None
    # One that opens and closes at once, and is no half of a doubled mark.
    return bool(((following[0::2] == quote) & (behind != quote) & (opening != quote)).any())


def _are_outside(structure: pl.Series, shape: Shape) -> pl.Series:
    """Which delimiters and line feeds stand outside of quoted cells: a mark opens and the next one closes."""
    octets = structure.to_numpy()
    outside = octets != shape.quote[0]
    marks = np.flatnonzero(~outside)
    opening, within = marks[0::2], marks[1::2] - marks[0::2] - 1
    full = within > 0  # few quoted cells hold a delimiter or a line feed
    opening, within = opening[full], within[full]
    runs = np.repeat(opening + 1 - (np.cumsum(within) - within), within)  # where each begins, less what came before
    outside[runs + np.arange(len(runs))] = False
    return pl.Series(outside)


def _among(octets: pl.Series, *wanted: int) -> pl.Series:
    found = octets == wanted[0]
    for octet in wanted[1:]:
        found |= octets == octet
    return found


def _returns_fit(piece: bytes | bytearray, octets: pl.Series, found: _Structure, quote: bytes) -> bool:
    """Whether a carriage return outside of quoted cells is part of a line end."""
    if piece.find(b"\r", 0, octets.len()) < 0:
        return True
    if (octets == RETURN).sum() == (found.before.filter(found.octets == FEED) == RETURN).sum():
        return True
    outside = _outside(piece[: octets.len()], quote)
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


def _has_blank(piece: bytes | bytearray, end: int, behind: npt.NDArray[np.uint8], shape: Shape) -> bool:
    """Whether some record has empty cells only; a line inside of a cell that looks like one counts too.

    `behind` is the octet that follows each separator, but for the last one.
    """
    separator, empty = re.escape(shape.delimiter), re.escape(shape.quote * 2)
    record = re.compile(rb"(?:%b)?(?:%b(?:%b)?)*\r?\n" % (empty, separator, empty))
    if record.match(piece, 0, end):
        return True
    starts = behind[shape.width - 1 :]  # of the cells of all records but the first, in rows of the table's width
    suspects = np.True_
    for column in range(shape.width):
        start = starts[column :: shape.width]
        suspects = suspects & ((start == shape.delimiter[0]) | (start == FEED) | (start == RETURN))
        if not suspects.any():
            return False
    return re.search(b"\n" + record.pattern, piece[:end]) is not None
