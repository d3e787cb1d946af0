"""Turn raw cells, one line each, into the text a person sees and its problem, kind by kind over whole columns.

Only numbers that no rule for whole columns covers are looked at one by one, once each. What a parser would have to
decide gives None.
"""

from __future__ import annotations

import polars as pl

from pipeline.language import say
from pipeline.read.book import damaged
from pipeline.read.formats import FRACTION, Formats
from pipeline.read.serials import dates
from pipeline.read.sheetxml import LONGEST_CELL, iso_date
from pipeline.read.xmltext import decoded

PLAIN = r"^-?(?:[1-9][0-9]{0,14}|(?:0|[1-9][0-9]*)\.[0-9]*[1-9])$|^0$"
LONGEST_PLAIN = 16  # characters: 15 digits and a point
WHOLE = r"^(?:0|[1-9][0-9]{0,14})$"
TRUTH = {"1": "TRUE", "0": "FALSE", "true": "TRUE", "false": "FALSE"}


class Shown:
    """What all sheets of a workbook share: its texts (a Series) and its number formats."""

    def __init__(self, shared: pl.Series, formats: Formats, name: str) -> None:
        """`name` is the workbook's, for messages."""
        self.shared, self.formats, self.name = shared, formats, name

    def texts(self, cells: pl.DataFrame) -> pl.DataFrame | None:
        """The cells with `text` (null where nothing is shown) and `code` (null where there is no problem).

        Their order is not kept. None where the parser has to decide.
        """
        if (cells["value"].str.len_bytes().max() or 0) > LONGEST_CELL:  # type: ignore[operator]
            return None
        parts = []
        for kind in cells["kind"].unique():
            ours = cells.filter(pl.col("kind") == kind)
            part = self._of_kind(kind, ours)
            if part is None:
                return None
            parts += part
        if not parts:
            return None if cells.height else cells.select("row", "at", "col", text="value", code="kind")
        found = pl.concat(parts)
        return found.filter(pl.col("text").is_not_null() | pl.col("code").is_not_null())

    def _of_kind(self, kind: str, cells: pl.DataFrame) -> list[pl.DataFrame] | None:
        value = cells["value"]
        if kind == "s":
            return self._shared(cells)
        if kind in {"str", "inlineStr"}:
            texts = decoded(value)
            return None if texts is None else [_shown(cells, texts)]
        if value.str.contains("&", literal=True).any():
            return None
        stripped = value.str.strip_chars()
        if kind == "d":
            distinct = value.drop_nulls().unique()
            made = pl.Series([iso_date(text) for text in distinct], dtype=pl.String)
            return [_shown(cells, value.replace_strict(distinct, made, default=None, return_dtype=pl.String))]
        if kind == "b":
            known = stripped.replace_strict(TRUTH, default=None, return_dtype=pl.String)
            return [_shown(cells, pl.select(pl.when(stripped != "").then(pl.coalesce(known, value))).to_series())]
        cells = cells.with_columns(pl.when(stripped != "").then(pl.col("value")).alias("value"))
        if kind == "e":
            code = pl.when(pl.col("value").is_not_null()).then(pl.lit("cell.spreadsheet_error"))
            return [_shown(cells, cells["value"], cells.select(code).to_series())]
        parts = [self._numbers(int(style), cells.filter(pl.col("style") == style)) for style in cells["style"].unique()]
        return [part for group in parts for part in group]

    def _shared(self, cells: pl.DataFrame) -> list[pl.DataFrame] | None:
        at = cells.select(pl.when(pl.col("value") != "").then(pl.col("value")))["value"]
        index = at.cast(pl.UInt32, strict=False)
        if index.null_count() != at.null_count():
            return None
        if (index >= self.shared.len()).any():
            raise damaged(self.name, say("cells refer to texts that are not in the file"))
        return [_shown(cells, self.shared.gather(index) if self.shared.len() else index.cast(pl.String))]

    def _numbers(self, style: int, cells: pl.DataFrame) -> list[pl.DataFrame]:
        """The numbers of one style."""
        value, code = cells["value"], None
        if self.formats.is_general(style):
            code = cells.select(pl.when(value.str.contains(".", literal=True)).then(pl.lit(FRACTION))).to_series()
            sure = value.str.contains(PLAIN) & (value.str.strip_prefix("-").str.len_bytes() <= LONGEST_PLAIN)
            text = value
        elif zeros := self.formats.zeros(style):
            sure, text = value.str.contains(WHOLE), value.str.zfill(zeros)
        elif (day := self.formats.day(style)) is not None:
            text = dates(value, day, self.formats.epoch_1904)
            sure = text.is_not_null()
        else:
            return [self._doubtful(style, cells)]
        sure = sure.fill_null(True)
        if sure.all():
            return [_shown(cells, text, code)]
        usual = _shown(cells.filter(sure), text.filter(sure), None if code is None else code.filter(sure))
        return [usual, self._doubtful(style, cells.filter(~sure))]

    def _doubtful(self, style: int, cells: pl.DataFrame) -> pl.DataFrame:
        """Numbers that are looked at one by one, once each."""
        value = cells["value"]
        distinct = value.drop_nulls().unique()
        shown = [self.formats.show(text, style) for text in distinct]
        text = pl.Series([text for text, _ in shown], dtype=pl.String)
        code = pl.Series([problem or None for _, problem in shown], dtype=pl.String)
        texts = value.replace_strict(distinct, text, default=None, return_dtype=pl.String)
        return _shown(cells, texts, value.replace_strict(distinct, code, default=None, return_dtype=pl.String))


def _shown(cells: pl.DataFrame, text: pl.Series, code: pl.Series | None = None) -> pl.DataFrame:
    none = pl.repeat(None, cells.height, dtype=pl.String, eager=True)
    frame = cells.select(
        "row", "at", "col", "uncomputed", text.alias("text"), (none if code is None else code).alias("code")
    )
    return frame.select(
        "row", "at", "col",
        pl.when(pl.col("text") != "").then(pl.col("text")).alias("text"),
        pl.when("uncomputed").then(pl.lit("cell.formula_without_value")).otherwise(pl.col("code")).alias("code"),
    )  # fmt: skip
