"""Turn a table into an .xls workbook of Excel 97, record by record, as its programs write it.

Source: [MS-XLS] 2.1.4 (records), [MS-CFB] (the container around them).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

SECTOR = 512  # bytes
LEAST = 4096  # bytes of a stream that stands in sectors of its own
NONE, LAST, TABLE = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
BOF, EOF, SHEET, XF, NUMBER, LABEL = 0x809, 0x0A, 0x85, 0xE0, 0x203, 0x204
GLOBALS, WORKSHEET = 5, 0x10


def write(path: Path, rows: Sequence[Sequence[str | float]]) -> None:
    """Write one sheet; texts are texts, numbers are numbers of the format General."""
    stream = _workbook(rows).ljust(LEAST, b"\0")
    stream += bytes(-len(stream) % SECTOR)
    count = len(stream) // SECTOR
    following = [TABLE, LAST, *range(3, 2 + count), LAST]  # the table itself, the directory, the stream
    assert len(following) <= SECTOR // 4
    table = struct.pack("<128I", *following, *[NONE] * (128 - len(following)))
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    head += struct.pack("<HHHHH6xIIII", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1, 0)
    head += struct.pack("<IIIII109I", LEAST, LAST, 0, LAST, 0, 0, *[NONE] * 108)
    directory = _entry("Root Entry", 5, 1, LAST, 0) + _entry("Workbook", 2, NONE, 2, len(stream))
    path.write_bytes(head + table + directory.ljust(SECTOR, b"\0") + stream)


def _entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
    text = (name + "\0").encode("utf-16-le")
    return text.ljust(64, b"\0") + struct.pack("<HBBIII36xIQ", len(text), kind, 1, NONE, NONE, child, start, size)


def _workbook(rows: Sequence[Sequence[str | float]]) -> bytes:
    style = _record(XF, bytes(20))
    name = b"Clientes"
    place = _record(SHEET, struct.pack("<IBBBB", 0, 0, 0, len(name), 0) + name)
    start = len(_begin(GLOBALS) + style + place + _record(EOF))
    place = _record(SHEET, struct.pack("<IBBBB", start, 0, 0, len(name), 0) + name)
    cells = (_cell(y, x, value) for y, row in enumerate(rows) for x, value in enumerate(row))
    return _begin(GLOBALS) + style + place + _record(EOF) + _begin(WORKSHEET) + b"".join(cells) + _record(EOF)


def _begin(kind: int) -> bytes:
    return _record(BOF, struct.pack("<HHHHII", 0x600, kind, 0x0DBB, 1996, 0, 6))


def _cell(row: int, column: int, value: str | float) -> bytes:
    place = struct.pack("<HHH", row, column, 0)
    if isinstance(value, str):
        return _record(LABEL, place + struct.pack("<HB", len(value), 1) + value.encode("utf-16-le"))
    return _record(NUMBER, place + struct.pack("<d", value))


def _record(kind: int, data: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, len(data)) + data
