"""Turn a block of whole records into what it holds, or into the word that something in it is irregular.

Every byte is compared, whole blocks at a time at the speed of memory: with numbers in columns, not with patterns.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline.read.sheeterrors import ERROR, ERROR_STARTS

LEAST = 4  # bytes of a block; what is shorter is not worth the look
FEED, RETURN = 10, 13
PACKED = (b"x\x01", b"x^", b"x\xda")  # polars takes bytes that begin so for compressed ones
MARK = b"\xef\xbb\xbf"  # polars leaves it out where bytes begin with it
PLUS, EXPONENT_SIGN = 43, 69  # + and E
BLANK = re.compile(rb"\n\r?(?=\n)")
EXPONENT = re.compile(rb"[0-9]E\+[0-9]")  # a number that a spreadsheet program has shortened
HASH, EQUALS = 35, 61  # what error values and formulas begin with


@dataclass(frozen=True)
class Shape:
    """What a well-formed table looks like: its delimiter and quotation mark (one byte each), its number of cells."""

    delimiter: bytes
    quote: bytes
    width: int


class Seen(NamedTuple):
    """What some bytes hold: how many records, whether some are blank, whether some cell is `""`."""

    records: int
    blanks: bool = False
    empties: bool = False


def look(piece: bytes | bytearray, shape: Shape, size: int | None = None) -> Seen | None:
    r"""Whether whole records are well formed; None where one is not, or holds what needs a closer look.

    `size` is how many bytes of the piece count; None: all.

    >>> look(b'a,"b ""c"" d"\r\n"",\r\n\r\n1,2', Shape(b",", b'"', 2))
    Seen(records=4, blanks=True, empties=True)
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
    return Seen(records, not each or _has_blank(piece, end, behind.to_numpy(), shape), empties)


def count(piece: bytes | bytearray, size: int, octet: bytes) -> int:
    """How often an octet occurs in the first `size` bytes, of which it may be many."""
    return int((_series(piece, 0, size) == octet[0]).sum())


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
