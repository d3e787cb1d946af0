"""Turn an .xls workbook that xlrd refuses into rows of text with python-calamine.

Calamine gives values, not what their number formats show, and reads error cells as blank; a note says so.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook, SheetVisibleEnum

from pipeline.language import say
from pipeline.read.book import Book, RawRow, SheetFacts, damaged
from pipeline.read.formats import Formats
from pipeline.read.package import protected

GENERAL = Formats((), epoch_1904=False)
PANIC = "PanicException"  # a broken assumption inside of calamine: damage of the file, but no `Exception`


class CalamineBook(Book):
    """An open workbook; see `Book`."""

    values_only = True

    def __init__(self, path: Path, name: str) -> None:
        """Open it."""
        self.name = name
        try:
            self.book = CalamineWorkbook.from_path(str(path))
        except (CalamineError, OSError) as error:
            if "password" in str(error).lower():
                raise protected(name) from error
            raise damaged(name, str(error)) from error
        except BaseException as panic:
            if type(panic).__name__ != PANIC:
                raise
            raise damaged(name, say("its parts do not fit")) from panic

    def facts(self) -> list[SheetFacts]:
        """The worksheets in their order."""
        return [SheetFacts(s.name, s.visible != SheetVisibleEnum.Visible) for s in self.book.sheets_metadata]

    def rows(self, name: str) -> Iterator[RawRow]:
        """The rows of a sheet."""
        try:
            sheet = self.book.get_sheet_by_name(name)
            if sheet.start is None:
                return
            for number, values in enumerate(sheet.iter_rows(), 1):
                row = RawRow(number, {}, [])
                for i, value in enumerate(values):
                    text, problem = shown(value)
                    if text:
                        row.cells[i] = text
                    if problem:
                        row.problems.append((i, problem, text))
                if row.cells:
                    yield row
        except CalamineError as error:
            raise damaged(self.name, str(error)) from error
        except BaseException as panic:
            if type(panic).__name__ != PANIC:
                raise
            raise damaged(self.name, say("its parts do not fit")) from panic


def shown(value: object) -> tuple[str, str]:
    """The text of a value, and what of it was not stored; see `Formats.show`."""
    if isinstance(value, str):
        return value.replace("\0", "").replace("\r\n", "\n"), ""
    if isinstance(value, bool):
        return ("TRUE" if value else "FALSE"), ""
    if isinstance(value, int | float):
        return GENERAL.show(format(Decimal(repr(value)), "f"), 0)
    if isinstance(value, dt.datetime):
        return (value.date().isoformat() if value.time() == dt.time() else value.isoformat(" ", "seconds")), ""
    if isinstance(value, dt.date):
        return value.isoformat(), ""
    if isinstance(value, dt.time):
        return value.isoformat("seconds"), ""
    if isinstance(value, dt.timedelta):
        seconds = round(value.total_seconds())
        return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}", ""
    return str(value), ""
