"""Turn text columns into a worksheet in which every cell is text, exactly as it was.

Nothing becomes a formula, a link, a number or markup, and memory does not grow with the rows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import polars.selectors as cs
from xlsxwriter import Workbook
from xlsxwriter.exceptions import FileCreateError

MOST_ROWS = 100_000
MOST_COLUMNS = 16_384
LONGEST_CELL = 32_767  # UTF-16 units: https://support.microsoft.com/office/excel-specifications-and-limits

# The writer escapes `_x0041_`, which a reader would take for the letter A, but not where two of them overlap.
_OVERLAP = "_x[0-9A-Fa-f]{4}_x[0-9A-Fa-f]{4}_"

WIDTHS = {"_source": 14, "_row": 7, "_sheet": 12, "_status": 13, "_action": 9, "_id": 16, "_error_codes": 22,
          "_errors": 60, "_warnings": 40, "_changes": 40}  # fmt: skip


def open_book(path: Path, scratch: Path) -> Workbook:
    """A workbook that is written row by row; its temporary files stay in the private folder `scratch`."""
    book = Workbook(str(path), {"constant_memory": True, "tmpdir": str(scratch), "strings_to_formulas": False,
                                "strings_to_urls": False, "strings_to_numbers": False})  # fmt: skip
    book.use_zip64()
    return book


def fits(headers: Sequence[str]) -> bool:
    """Whether a worksheet can hold these columns."""
    return len(headers) <= MOST_COLUMNS and all(len(header) <= LONGEST_CELL // 2 for header in headers)


def close(book: Workbook) -> None:
    """Complete the file.

    Raises:
        OSError: the disk is full, or the file cannot be made.
    """
    try:
        book.close()
    except FileCreateError as error:
        cause = error.args[0] if error.args else None
        raise cause if isinstance(cause, OSError) else OSError(str(error)) from error


def abandon(book: Workbook) -> None:
    """Let go of the temporary files of a workbook that will not be completed; their folder goes away with them."""
    for worksheet in book.worksheets():
        rows = getattr(worksheet, "row_data_fh", None)
        if rows is not None:
            rows.close()


class TextSheet:
    """A worksheet with a header row, whose cells are all text."""

    def __init__(self, book: Workbook, name: str, headers: Sequence[str], helpers: int) -> None:
        """Add the sheet; the first `helpers` columns are ours."""
        self.sheet: Any = book.add_worksheet(name)
        self.count = 0
        self.headers = tuple(headers)
        self._text = book.add_format({"num_format": "@", "valign": "top"})
        wrapped = book.add_format({"num_format": "@", "valign": "top", "text_wrap": True})
        ours = book.add_format({"num_format": "@", "bold": True, "bg_color": "#E7E6E6", "bottom": 1})
        theirs = book.add_format({"num_format": "@", "bold": True, "bg_color": "#DDEBF7", "bottom": 1})
        for column, header in enumerate(headers):
            width = WIDTHS.get(header, 12) if column < helpers else max(10, min(40, len(header) + 3))
            form = wrapped if column < helpers and header == "_errors" else self._text
            self.sheet.set_column(column, column, width, form)
        self._forms = [wrapped if c < helpers and h == "_errors" else self._text for c, h in enumerate(headers)]
        for column, header in enumerate(headers):
            put(self.sheet, 0, column, header, ours if column < helpers else theirs)
        self.sheet.repeat_rows(0)
        self.sheet.set_landscape()

    def write(self, values: Sequence[str | None], marked: Mapping[int, Any]) -> None:
        """Append a row; `marked` are formats by column, for blank cells too."""
        self.count += 1
        row = self.count
        for column, value in enumerate(values):
            form = marked.get(column)
            if value is not None:
                put(self.sheet, row, column, value, form or self._forms[column])
            elif form is not None:
                self.sheet.write_blank(row, column, None, form)

    def finish(self) -> None:
        """Switch the filter on, and the warnings about numbers that are text off."""
        last = len(self.headers) - 1
        self.sheet.autofilter(0, 0, self.count, last)
        self.sheet.ignore_errors({"number_stored_as_text": f"A1:{letters(last)}{self.count + 1}"})


def put(sheet: Any, row: int, column: int, text: str, form: Any = None) -> None:
    """Write one text of at most LONGEST_CELL units.

    The writer takes a text that begins with `<r>` and ends with `</r>` for markup of its own and copies it as
    it is; such a text is wrapped into that very markup, so that it shows as it was.
    """
    if text.startswith("<r>") and text.endswith("</r>"):
        escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        text = f'<r><t xml:space="preserve">{escaped}</t></r>'
    done = sheet.write_string(row, column, text, form)
    assert done == 0, f"a cell of {len(text)} characters at row {row}, column {column} does not fit"


def texts(helpers: pl.DataFrame) -> pl.DataFrame:
    """Helper columns as text; ours are shortened to what a cell holds, as their whole text is in the CSV file."""
    booleans = helpers.select(cs.boolean()).columns
    words = [pl.when(pl.col(name)).then(pl.lit("true")).when(~pl.col(name)).then(pl.lit("false")).alias(name)
             for name in booleans]  # fmt: skip
    whole = helpers.with_columns(*words).cast(pl.String)
    most = LONGEST_CELL // 2
    return whole.with_columns(
        pl.when(pl.col(name).str.len_chars() > most)
        .then(pl.concat_str(pl.col(name).str.head(most - 1), pl.lit("…")))
        .otherwise(pl.col(name)).alias(name)
        for name in whole.columns
    )  # fmt: skip


def unfit(cells: pl.DataFrame) -> pl.Series:
    """Which rows have a cell that no worksheet can hold as it is (Boolean): too long, or not to be escaped."""
    if not cells.width:
        return pl.Series([False] * cells.height, dtype=pl.Boolean)
    doubt = (pl.all().str.len_chars() > LONGEST_CELL // 2) | pl.all().str.contains(_OVERLAP)
    doubtful = cells.select(pl.any_horizontal(doubt).fill_null(False)).to_series()
    if not doubtful.any():
        return doubtful
    overlap = re.compile(_OVERLAP)
    answer = [
        unsure and any(text and (_units(text) > LONGEST_CELL or overlap.search(text)) for text in row)
        for unsure, row in zip(doubtful, cells.iter_rows(), strict=True)
    ]
    return pl.Series([bool(one) for one in answer], dtype=pl.Boolean)


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def letters(column: int) -> str:
    """What a spreadsheet program calls a column, counted from 0."""
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name
