"""Turn the bytes of a delimited file into the proof that it is well formed: quotation, width of every record, counts.

Well formed means RFC 4180: quotation marks stand only around cells and doubled inside them, each record has the
table's number of cells, and nothing needs a closer look. Whole blocks are compared at the speed of memory.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import NamedTuple

from pipeline.ahead import ahead
from pipeline.read.look import MARK, PACKED, Seen, Shape, count, look
from pipeline.read.tolerant import LONGEST_RECORD

CHUNK = 4 << 20  # bytes; long enough for its many steps, and short enough to make up batches of nearly full size
WORKERS = 1  # beside the caller, who reads, cuts and hashes: as much work as the look


class Part(NamedTuple):
    """Whole records of a file: where they begin and how long they are (bytes), and how many they are."""

    at: int
    size: int
    records: int


@dataclass(frozen=True)
class Survey:
    """What a whole file holds: how many records, whether some are blank, whether some cell is `""`; its parts; its SHA-256."""

    records: int
    blanks: bool
    empties: bool
    parts: tuple[Part, ...]
    sha256: str


def survey(path: Path, lines: int, shape: Shape) -> Survey | None:
    """Look at every byte of a file from line `lines` on; None where some byte of it is irregular or no UTF-8."""

    def seen(block: tuple[bytearray, int, int]) -> tuple[Seen | None, int, int]:
        buffer, at, size = block
        return look(buffer, shape, size), at, size

    with path.open("rb") as stream:
        above = _above(stream, lines)
        if above is None:
            return None
        told, parts, digest = [], [], hashlib.sha256(above)
        for found, at, size in ahead(_fed(pieces(stream, shape.quote), digest), seen, WORKERS):
            if found is None:
                return None
            told.append(found)
            parts.append(Part(at, size, found.records))
    return Survey(
        sum(each.records for each in told), any(each.blanks for each in told), any(each.empties for each in told),
        tuple(parts), digest.hexdigest(),
    )  # fmt: skip


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
        elif size >= LONGEST_RECORD:
            yield buffer, at, 0  # no record is that long; the look at nothing fails, and the tolerant reader takes over
            return
        else:
            size *= 2


def _last_end(block: bytearray, size: int, quote: bytes) -> int:
    """Where the last line ends that is not inside of quotation marks; 0 if nowhere."""
    cut = block.rfind(b"\n", 0, size)
    odd = count(block, size, quote) - block.count(quote, cut + 1, size) if cut >= 0 else 0
    while cut >= 0 and odd % 2:
        before = block.rfind(b"\n", 0, cut)
        odd -= block.count(quote, before + 1, cut + 1)
        cut = before
    return cut + 1
