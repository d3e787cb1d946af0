"""Turn headers and single texts into the header row and the cells of a worksheet that is drawn: all text, as it was."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl
import polars.selectors as cs

from pipeline.handoff import Mapping
from pipeline.spreadsheet import letters

MOST_ROWS = 100_000
MOST_COLUMNS = 16_384
LONGEST_CELL = 32_767  # UTF-16 units: https://support.microsoft.com/office/excel-specifications-and-limits

WIDTHS = {"_source": 14, "_row": 7, "_sheet": 12, "_status": 13, "_action": 9, "_id": 16, "_error_codes": 22,
          "_errors": 60, "_warnings": 40, "_changes": 40}  # fmt: skip

WIDE = {"name": 34, "company_name": 34, "email": 32, "address": 40, "phone": 20, "tax_id": 18, "state": 24, "country": 16,
        "website": 30, "manager": 20}  # fmt: skip
"""How wide a column is that feeds such a field."""

MOST_LINES = 8

TEXT, OURS, WRAPPED, HEAD_OURS, HEAD_THEIRS, ERROR, WARNING, WRONG_ROW = range(8)
_CELL = {"num_format": "@", "valign": "top"}
_HEAD = {"num_format": "@", "bold": True, "bottom": 1}
LOOKS: tuple[dict[str, Any], ...] = (
    _CELL,
    {**_CELL, "font_color": "#595959", "bg_color": "#F7F7F7"},
    {**_CELL, "font_color": "#595959", "bg_color": "#F7F7F7", "text_wrap": True},
    {**_HEAD, "bg_color": "#E7E6E6"},
    {**_HEAD, "bg_color": "#DDEBF7"},
    {**_CELL, "bg_color": "#FFC7CE", "font_color": "#9C0006"},
    {**_CELL, "bg_color": "#FFEB9C", "font_color": "#7F6000"},
    {**_CELL, "bg_color": "#FFC7CE", "font_color": "#9C0006", "text_wrap": True},
)
"""The formats of the rows, by the names above: all of them text."""


def fits(headers: Sequence[str]) -> bool:
    """Whether a worksheet can hold these columns."""
    return len(headers) <= MOST_COLUMNS and all(len(header) <= LONGEST_CELL // 2 for header in headers)


def looks_of(headers: Sequence[str], helpers: int) -> list[int]:
    """The format of each column; the first `helpers` are ours."""
    return [(WRAPPED if h == "_errors" else OURS) if c < helpers else TEXT for c, h in enumerate(headers)]


def wide(headers: Sequence[str], mapping: Mapping) -> list[int]:
    """How many characters each of the source's columns is wide: its header fits, and most of what its field holds."""
    fed = {choice.index: WIDE.get(choice.field or "", 0) for choice in mapping.choices}
    fed |= {index: WIDE.get(name, 0) * 3 // 4 for name, parts in mapping.parts.items() for index in parts}
    return [max(10, min(40, max(len(header) + 3, fed.get(index, 0)))) for index, header in enumerate(headers)]


def draw_rows(sheet: Any, headers: Sequence[str], widths: Sequence[int], looks: Sequence[Any], count: int) -> None:
    """The header row, columns, filter and page of the sheet that holds the rows; the last columns are theirs, so wide."""
    helpers = len(headers) - len(widths)
    for column, (header, look) in enumerate(zip(headers, looks_of(headers, helpers), strict=True)):
        width = WIDTHS.get(header, 12) if column < helpers else widths[column - helpers]
        sheet.set_column(column, column, width, looks[look])
        put(sheet, 0, column, header, looks[HEAD_OURS if column < helpers else HEAD_THEIRS])
    last = len(headers) - 1
    sheet.autofilter(0, 0, count, last)
    sheet.ignore_errors({"number_stored_as_text": f"A1:{letters(last)}{count + 1}"})
    sheet.repeat_rows(0)
    sheet.repeat_columns(0, headers.index("_row"))  # a row goes over several sheets of paper
    sheet.set_footer("&L&F · &A&R&P / &N")
    sheet.set_landscape()


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
    longest = _longest(whole)
    return whole.with_columns(
        pl.when(pl.col(name).str.len_chars() > most)
        .then(pl.concat_str(pl.col(name).str.head(most - 1), pl.lit("…")))
        .otherwise(pl.col(name)).alias(name)
        for name in whole.columns if longest[name] > most
    )  # fmt: skip


def tall(helpers: pl.DataFrame) -> pl.Series:
    """How many lines of text each row is tall, at most MOST_LINES: what its errors take in their column."""
    return (helpers["_errors"].str.len_chars().fill_null(0) // WIDTHS["_errors"]).clip(0, MOST_LINES - 1) + 1


def unfit(cells: pl.DataFrame) -> pl.Series:
    """Which rows have a cell that is too long for any worksheet (Boolean)."""
    if not cells.width:
        return pl.Series([False] * cells.height, dtype=pl.Boolean)
    if max(_longest(cells).values()) <= LONGEST_CELL // 2:
        return pl.repeat(False, cells.height, eager=True)
    doubtful = cells.select(
        pl.any_horizontal(pl.all().str.len_chars() > LONGEST_CELL // 2).fill_null(False)
    ).to_series()
    answer = [
        unsure and any(text and _units(text) > LONGEST_CELL for text in row)
        for unsure, row in zip(doubtful, cells.iter_rows(), strict=True)
    ]
    return pl.Series([bool(one) for one in answer], dtype=pl.Boolean)


def _longest(texts: pl.DataFrame) -> dict[str, int]:
    """The octets of each column's longest text: it has no more characters, which take longer to count."""
    return texts.select(pl.all().str.len_bytes().max().fill_null(0)).row(0, named=True)


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2
