"""Turn the problems of rows into the cells to colour, and the notes that say why."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from pipeline import sparse
from pipeline.report.places import Places
from pipeline.report.rows import ended
from pipeline.report.sheet import ERROR, WARNING, WRONG_ROW


def faulty(issues: pl.DataFrame, cells: pl.DataFrame, places: Places) -> pl.DataFrame:
    """The faulty cells, each once, in the order of the rows: `at` (UInt32), `place`, `wrong` (Boolean), `note` (String).

    `place` (Int32) counts the source's columns from 0; it is null for what is wrong with the row as a whole. An error
    wins over a warning; all messages of a cell are in its note.
    """
    pairs = issues.select("field", "column").unique()
    found = [places.columns(field, column) for field, column in pairs.iter_rows()]
    placed = pairs.with_columns(pl.Series("place", found, dtype=pl.List(pl.Int32)))
    each = (
        issues.select("at", "field", "column", "value", _note(), (pl.col("severity") != "warning").alias("wrong"))
        .with_row_index("n")
        .join(placed, on=["field", "column"], how="left", nulls_equal=True, maintain_order="left")
        .with_columns((pl.col("place").list.len() > 1).fill_null(False).alias("several"))
        .explode("place", empty_as_null=True)
    )
    chosen = _chosen(each, cells).select("at", "place", "wrong", "note")
    if chosen.select(pl.struct("at", "place").is_duplicated().any()).item():
        together = chosen.group_by("at", "place", maintain_order=True)
        chosen = together.agg(pl.col("wrong").any(), pl.col("note").str.join("\n\n"))
    return chosen.sort("at", "place", nulls_last=True, maintain_order=True)


def looks(marked: pl.DataFrame, height: int, shift: int, whole: int) -> Mapping[int, pl.Series]:
    """The formats of faulty cells by column (Int32, null for a cell that is none).

    `shift` is how many columns stand before the source's; what is wrong with a whole row marks the column `whole`.
    """
    whole_row = pl.when(pl.col("place").is_null()).then(pl.lit(WRONG_ROW))
    at = whole_row.when("wrong").then(pl.lit(ERROR)).otherwise(pl.lit(WARNING)).cast(pl.Int32).alias("look")
    shown = marked.filter(pl.col("place").is_not_null() | pl.col("wrong"))
    placed = shown.select("at", at, (pl.col("place") + shift).fill_null(whole).alias("column"))
    made = {}
    for (column,), cells in placed.group_by("column"):
        blank = sparse.nulls(height, pl.Int32)
        made[int(str(column))] = blank.scatter(cells["at"], cells["look"])
    return made


def _chosen(each: pl.DataFrame, cells: pl.DataFrame) -> pl.DataFrame:
    """Of several columns of one name, or that feed one field, those that hold the problem's value, if any does."""
    if not each["several"].any():
        return each
    doubtful = each.filter(pl.col("several"))
    parts = [
        some.with_columns(
            (cells[:, int(str(place))].gather(some["at"]) == some["value"]).fill_null(False).alias("holds")
        )
        for (place,), some in doubtful.group_by("place")
    ]
    held = pl.concat(parts).with_columns(pl.col("holds").any().over("n").alias("any"))
    kept = held.filter(pl.col("holds") | ~pl.col("any")).drop("holds", "any")
    return pl.concat([each.filter(~pl.col("several")), kept]).sort("n", "place", maintain_order=True)


def _note() -> pl.Expr:
    remedy = pl.col("remedy").fill_null("")
    said = pl.concat_str(ended("message"), pl.lit("\n"), remedy)
    return pl.when(remedy == "").then("message").otherwise(said).alias("note")
