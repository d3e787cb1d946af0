"""Turn frames into small Parquet files, and the columns of such files into the row groups of one file."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from pipeline.parquet import compact
from pipeline.parquet.compact import I16, I64, LIST, STRUCT, Struct

MAGIC = b"PAR1"
_TAIL = 4 + len(MAGIC)  # octets behind the footer; the first four are its length

# The fields of FileMetaData, SchemaElement, RowGroup, ColumnChunk and ColumnMetaData, by their ids in parquet.thrift.
_SCHEMA, _ROWS, _GROUPS = 2, 3, 4
_NAME, _CHILDREN = 4, 5
_CHUNKS, _GROUP_SIZE, _GROUP_ROWS, _GROUP_AT, _GROUP_PACKED, _ORDINAL = 1, 2, 3, 5, 6, 7
_CHUNK_AT, _ABOUT = 2, 3
_PATH, _SIZE, _PACKED, _DATA_AT, _INDEX_AT, _DICTIONARY_AT = 3, 6, 7, 9, 10, 11
_BLOOM_AT, _BLOOM_SIZE = 14, 15


class _Column(NamedTuple):
    """A column of a part: how the schema describes it, and where in the part its leaves are (ColumnChunk)."""

    elements: list[Struct]
    leaves: list[Struct]
    part: bytes


def encoded(frame: pl.DataFrame, *, searched: bool = False) -> bytes:
    """The frame as a Parquet file of one row group; with what a search needs to pass by it where it is `searched`."""
    file = io.BytesIO()
    frame.write_parquet(file, compression="lz4", statistics=searched, row_group_size=max(frame.height, 1))
    return file.getvalue()


class Joined:
    """A Parquet file in the making."""

    def __init__(self, write: Callable[[bytes | memoryview], Any], schema: pl.Schema) -> None:
        """Begin a file with the columns of `schema`; `write` gets its octets in order."""
        self._write = write
        self._footer = _footer(encoded(pl.DataFrame(schema=schema)))
        self._elements = _elements(self._footer)
        self._groups: list[Struct] = []
        self._rows = self._at = 0
        self._put(MAGIC)

    def add(self, *parts: bytes) -> None:
        """Add a row group: each column is taken from the first of the `parts` (see `encoded`) that has it.

        Raises:
            ValueError: a column is in none of them, or of another type; or they have not all the same rows.
        """
        footers = [_footer(part) for part in parts]
        rows = footers[0][_ROWS][1]
        found: dict[str, _Column] = {}
        for footer, part in reversed(list(zip(footers, parts, strict=True))):
            if footer[_ROWS][1] != rows:
                raise ValueError(f"a part has {footer[_ROWS][1]} rows, another one {rows}")
            found |= _columns(footer, part)
        wrong = [name for name, as_ in self._elements.items() if name not in found or found[name].elements != as_]
        if wrong:
            raise ValueError(f"no part has the columns {wrong} as the schema wants them")
        start = self._at
        chunks = [self._moved(leaf, found[n].part) for n in self._elements for leaf in found[n].leaves]
        size, packed = (sum(chunk[_ABOUT][1][what][1] for chunk in chunks) for what in (_SIZE, _PACKED))
        self._groups.append({
            _CHUNKS: (LIST, (STRUCT, chunks)), _GROUP_SIZE: (I64, size), _GROUP_ROWS: (I64, rows),
            _GROUP_AT: (I64, start), _GROUP_PACKED: (I64, packed), _ORDINAL: (I16, len(self._groups)),
        })  # fmt: skip
        self._rows += rows

    def close(self) -> None:
        """Write the footer; nothing can be added then."""
        about = {**self._footer, _ROWS: (I64, self._rows), _GROUPS: (LIST, (STRUCT, self._groups))}
        footer = compact.encoded(about)
        self._put(footer + len(footer).to_bytes(4, "little") + MAGIC)

    def _moved(self, leaf: Struct, part: bytes) -> Struct:
        """A leaf (ColumnChunk) where it stands in this file, to which its octets are written.

        Its indexes of pages and its Bloom filter, which are optional, are not taken along.
        """
        about = {n: told for n, told in leaf[_ABOUT][1].items() if n not in (_BLOOM_AT, _BLOOM_SIZE)}
        start = min(about[place][1] for place in (_DATA_AT, _DICTIONARY_AT) if place in about)
        further = self._at - start
        self._put(memoryview(part)[start : start + about[_PACKED][1]])
        places = {n: (I64, about[n][1] + further) for n in (_DATA_AT, _INDEX_AT, _DICTIONARY_AT) if n in about}
        return {_CHUNK_AT: (I64, 0), _ABOUT: (STRUCT, {**about, **places})}  # 0 as the format wants it by now

    def _put(self, octets: bytes | memoryview) -> None:
        self._write(octets)
        self._at += len(octets)


def heights(path: Path) -> list[int]:
    """How many rows each row group of a Parquet file has."""
    with path.open("rb") as file:
        end = file.seek(-_TAIL, os.SEEK_END)
        length = int.from_bytes(file.read(4), "little")
        file.seek(end - length)
        about = compact.decoded(file.read(length))
    return [group[_GROUP_ROWS][1] for group in about[_GROUPS][1][1]]


def _footer(file: bytes) -> Struct:
    """What a Parquet file says of itself (FileMetaData)."""
    end = len(file) - _TAIL
    length = int.from_bytes(file[end : end + 4], "little")
    return compact.decoded(file[end - length : end])


def _columns(footer: Struct, part: bytes) -> dict[str, _Column]:
    """The columns of a file of one row group, by name."""
    leaves: dict[str, list[Struct]] = {}
    for group in footer[_GROUPS][1][1]:
        for leaf in group[_CHUNKS][1][1]:
            leaves.setdefault(leaf[_ABOUT][1][_PATH][1][1][0].decode(), []).append(leaf)
    return {name: _Column(elements, leaves[name], part) for name, elements in _elements(footer).items()}


def _elements(footer: Struct) -> dict[str, list[Struct]]:
    """What the schema says of each column, and of what is nested in it."""
    found: dict[str, list[Struct]] = {}
    awaited, name = 0, ""
    for element in footer[_SCHEMA][1][1][1:]:  # behind the root
        if not awaited:
            name, awaited = element[_NAME][1].decode(), 1
        found.setdefault(name, []).append(element)
        awaited += element.get(_CHILDREN, (0, 0))[1] - 1
    return found
