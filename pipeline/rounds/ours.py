"""Turn the bytes of a file into whether it can be an error file of a run, without reading it as a table.

Told by the name of one of our columns, which is quick for a large file that has none.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from pipeline.inflate import unpacked

HEAD = 1 << 20
LARGEST_PART = 1 << 30
LEFT = ("_row", "_key", "_error_codes")
"""What an error file still has without its column `_run`."""
HEADER_AMONG = 4 << 20, 3_000
"""Bytes and rows of a sheet behind which no header is looked for, neither here nor when it is read: blank rows do not
count there, and do here."""


def may_be_ours(path: Path, name: str = "_run") -> bool:
    """Whether the file can have our column of that name."""
    words = _spelled(name)
    try:
        with path.open("rb") as file:
            head = file.read(HEAD)
        if head.startswith(b"PK"):
            with zipfile.ZipFile(path) as parts:
                return any(_holds(parts, part, words) for part in parts.infolist() if part.file_size <= LARGEST_PART)
        if head.startswith(b"\xd0\xcf"):
            head = path.read_bytes() if path.stat().st_size <= LARGEST_PART else head
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError):
        return False
    return head.startswith(b"\x1f\x8b") or any(word in head for word in words)


def lost_its_mark(path: Path) -> bool:
    """Whether the file seems to be an error file whose column `_run` was deleted, so that it belongs to no run."""
    packed = path.suffix.lower() == ".gz"  # what is in it would have to be read
    return not packed and not may_be_ours(path) and all(may_be_ours(path, name) for name in LEFT)


def _holds(parts: zipfile.ZipFile, part: zipfile.ZipInfo, words: tuple[bytes, ...]) -> bool:
    """Whether a part of a workbook has one of the words where a header can be."""
    name = part.filename.lower()
    if not name.endswith((".xml", ".bin")):
        return False
    sheet = "worksheets" in name and name.endswith(".xml")
    return any(word in block for block in _blocks(parts, part, sheet=sheet) for word in words)


def _blocks(parts: zipfile.ZipFile, part: zipfile.ZipInfo, *, sheet: bool) -> Iterator[bytes]:
    """The bytes of a part, those of a `sheet` as far as its header can be; a word across two blocks is in the second."""
    size = rows = 0
    tail = b""
    with unpacked(parts, part) as stream:
        while block := stream.read(HEAD):
            yield tail + block
            tail = block[-16:]
            size, rows = size + len(block), rows + block.count(b"row>")
            if sheet and size > HEADER_AMONG[0] and rows > HEADER_AMONG[1]:
                return


def _spelled(word: str) -> tuple[bytes, ...]:
    return word.encode(), word.encode("utf-16-le"), word.encode("utf-16-be")
