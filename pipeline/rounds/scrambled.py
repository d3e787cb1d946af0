"""Turn a sheet whose UTF-8 was read as an old character set, byte order mark and all, back into what it was.

LibreOffice without a window reads a CSV file so, and saves `Ã±` for `ñ` into a workbook. Our files begin with a byte
order mark: where its three bytes stand as letters before the first header, all cells were read in the same way.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import polars as pl

from pipeline.handoff import Batch, Sheet

MARK = "ï»¿"


def unscrambled(sheet: Sheet) -> Sheet:
    """The sheet with its texts as they were; any other sheet as it is."""
    if not sheet.headers or not sheet.headers[0].startswith(MARK):
        return sheet

    def batches(size: int) -> Iterator[Batch]:
        for batch in sheet.batches(size):
            names = [name for name in batch.cells.columns if name != "row"]
            yield Batch(batch.cells.with_columns(_column(batch.cells[name]) for name in names), batch.issues)

    headers = tuple(_text(header).removeprefix("\ufeff") for header in sheet.headers)
    return replace(sheet, headers=headers, batches=batches)


def _column(cells: pl.Series) -> pl.Series:
    foreign = [text for text in cells.unique().drop_nulls().to_list() if not text.isascii()]
    return cells.replace({text: _text(text) for text in foreign}) if foreign else cells


def _text(text: str) -> str:
    """The text whose UTF-8 bytes were read as Windows-1252; itself where it is no such text."""
    try:
        return b"".join(_byte(sign) for sign in text).decode()
    except UnicodeError:
        return text


def _byte(sign: str) -> bytes:
    """The byte of a letter; those that the character set leaves open stand for themselves, or in LibreOffice for U+F1xx."""
    if 0xF180 <= ord(sign) <= 0xF1FF:
        return bytes([ord(sign) & 0xFF])
    return bytes([ord(sign)]) if ord(sign) < 0xA0 else sign.encode("cp1252")
