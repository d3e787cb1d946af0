"""Turn the rows of a round into sheets, one for each source, that the stages read like those of the source itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import polars as pl

from pipeline import mapping as columns
from pipeline.handoff import READING_SCHEMA, Batch, Sheet
from pipeline.language import say
from pipeline.rounds.causes import replaced
from pipeline.rounds.rows import Chosen
from pipeline.sources import Source, mapping_of


def sheets(made: tuple[Source, ...], facts: dict[str, Any], chosen: Chosen, number: int) -> tuple[Source, ...]:
    """The sources that have rows in the round; their batches have `origin`, `prior` and `said` beside the cells."""
    several = len(made) > 1
    rows = chosen.rows.with_row_index("here")
    found = []
    for source, old in zip(made, facts["sources"], strict=True):
        name, sheet = (old["name"] if several else ""), old["sheet"]
        mine = (
            rows.filter((pl.col("source") == name) & pl.col("sheet").eq_missing(pl.lit(sheet, pl.String)))
            if several
            else rows
        )
        if mine.height:
            found.append(_filled(source, old, mine, chosen.issues, number))
    return tuple(found)


def _filled(source: Source, old: dict[str, Any], rows: pl.DataFrame, issues: pl.DataFrame, number: int) -> Source:
    cells = rows.select(
        pl.col("row").cast(pl.UInt32), *(pl.col(f"c{place}").alias(f"c{i}") for i, place in enumerate(source.places)),
        pl.col("origin").cast(pl.UInt32), pl.col("key").alias("prior"), pl.col("said"),
    )  # fmt: skip
    before, after = (columns.apply(cells, m) for m in (mapping_of(old), source.mapping))
    once = replaced(before, after, source.mapping.values if _differs(old, source) else {})
    cells = cells.with_columns(said=pl.concat_str("said", once, separator=" | ", ignore_nulls=True))
    cells = cells.with_columns(said=pl.when(pl.col("said") != "").then("said"))
    told = pl.concat([issues, _added(rows, number)]).join(
        rows.select("here", at_=pl.int_range(pl.len(), dtype=pl.UInt32)), left_on="at", right_on="here", how="inner"
    )
    here = {place: i for i, place in enumerate(source.places)}
    places = pl.col("place").replace_strict(here, default=None, return_dtype=pl.UInt32)
    problems = told.with_columns(at=pl.col("at_"), place=places).select(*READING_SCHEMA).sort("at", maintain_order=True)

    def batches(size: int) -> Iterator[Batch]:
        for start in range(0, cells.height, size):
            here = problems.filter(pl.col("at").is_between(start, start + size - 1))
            yield Batch(cells.slice(start, size), here.with_columns(pl.col("at") - start))

    facts = replace(source.sheet.facts, rows=cells.height)
    return replace(source, sheet=Sheet(facts, source.sheet.headers, batches))


def _differs(old: dict[str, Any], source: Source) -> bool:
    return bool({n: dict(t) for n, t in source.mapping.values.items()} != old.get("values", {}))


def _added(rows: pl.DataFrame, number: int) -> pl.DataFrame:
    """The warning of each row that was not in the source."""
    nothing = pl.lit(None, dtype=pl.String)
    new = rows.filter(pl.col("origin").is_null())
    return new.select(
        pl.col("here").cast(pl.UInt32).alias("at"), nothing.alias("field"), nothing.alias("column"), nothing.alias("value"),
        pl.when("copied").then(pl.lit("row.copied")).otherwise(pl.lit("row.added")).alias("code"),
        pl.lit(say("round {number}", number=number)).alias("detail"), nothing.alias("suggestion"),
        pl.lit(None, dtype=pl.UInt32).alias("place"),
    ).select(*READING_SCHEMA)  # fmt: skip
