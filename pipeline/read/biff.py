"""Turn an old .xls workbook (Excel 97 to 2003) into rows of shown text with xlrd, or calamine where that fails.

xlrd knows the number format of each cell, its errors and the hidden rows; calamine reads some files with a
damaged directory that xlrd refuses.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import xlrd
from xlrd.biffh import XLRDError

from pipeline.language import say
from pipeline.read.book import Book, RawRow, SheetFacts, damaged
from pipeline.read.calamine import CalamineBook
from pipeline.read.formats import Formats
from pipeline.read.package import protected

LARGEST = 256 << 20  # bytes


def open_xls(path: Path, name: str) -> Book:
    """Open an .xls workbook.

    Raises:
        Unreadable: it is damaged, protected or not one.
    """
    if path.stat().st_size > LARGEST:
        raise damaged(name, say("no .xls workbook is that large"))
    try:
        return BiffBook(path, name)
    except XLRDError as error:
        if "encrypt" in str(error).lower():
            raise protected(name) from error
    except Exception:  # noqa: BLE001, S110 - xlrd's own bugs on damaged files; calamine has the last word
        pass
    return CalamineBook(path, name)


class BiffBook(Book):
    """An open workbook; see `Book`."""

    def __init__(self, path: Path, name: str) -> None:
        """Open it, with its formats."""
        self.name = name
        self.book: Any = xlrd.open_workbook(str(path), formatting_info=True, logfile=io.StringIO())
        formats = self.book.format_map
        codes = [formats[xf.format_key].format_str if xf.format_key in formats else "General"
                 for xf in self.book.xf_list]  # fmt: skip
        self.formats = Formats(codes, epoch_1904=bool(self.book.datemode))

    def facts(self) -> list[SheetFacts]:
        """The worksheets in their order."""
        return [SheetFacts(s.name, hidden=bool(s.visibility)) for s in self.book.sheets()]

    def rows(self, name: str) -> Iterator[RawRow]:
        """The rows of a sheet."""
        sheet = self.book.sheet_by_name(name)
        for number in range(sheet.nrows):
            row = RawRow(number + 1, {}, [])
            for column, cell in enumerate(sheet.row(number)):
                self._cell(row, column, cell)
            if row.cells or row.problems:
                yield row

    def _cell(self, row: RawRow, column: int, cell: Any) -> None:
        text, problem = "", ""
        if cell.ctype == xlrd.XL_CELL_TEXT:
            text = cell.value.replace("\0", "").replace("\r\n", "\n")
        elif cell.ctype in {xlrd.XL_CELL_NUMBER, xlrd.XL_CELL_DATE}:
            text, problem = self.formats.show(format(Decimal(repr(cell.value)), "f"), cell.xf_index or 0)
        elif cell.ctype == xlrd.XL_CELL_BOOLEAN:
            text = "TRUE" if cell.value else "FALSE"
        elif cell.ctype == xlrd.XL_CELL_ERROR:
            text, problem = xlrd.error_text_from_code.get(cell.value, "#ERROR"), "cell.spreadsheet_error"
        if text:
            row.cells[column] = text
        if problem:
            row.problems.append((column, problem, text))
