"""Turn a desk into what a page shows of it: causes with their counts, a stretch of rows, the values of one cause.

Everything is JSON; texts of cells travel as texts, and the page shows them as texts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from pipeline.issues import catalogue, render
from pipeline.report import TO_CORRECT
from pipeline.review.desk import Desk

MOST_ROWS = 500
MOST_VALUES = 200
LONGEST = 32_000
CAUSE = ("code", "column", "field")


@dataclass(frozen=True)
class Filter:
    """Which rows are shown: of one cause (`code` and `column`), of a status, with a problem in a column, with a text.

    `status` is "", "todo" (not yet right), "fixed", or a status.
    """

    code: str = ""
    column: str = ""
    status: str = ""
    where: str = ""
    text: str = ""


def causes(desk: Desk, lang: str = "en") -> list[dict[str, Any]]:
    """Every cause, also those that were settled: how many rows have it, how many had it, how many suggestions."""
    now, then = _grouped(desk.now.problems), _grouped(desk.base.problems)
    both = now.join(then.select(*CAUSE, had="rows"), on=list(CAUSE), how="full", coalesce=True, nulls_equal=True)
    blank = [pl.lit(None, dtype=pl.String).alias(name) for name in ("value", "detail", "suggestion")]
    kinds = catalogue(lang)
    found = []
    for line in render(both.filter(~pl.col("code").is_in(QUIET)).with_columns(blank), lang).iter_rows(named=True):
        code = line["code"]
        found.append({
            "code": code, "column": line["column"] or "", "field": line["field"] or "", "severity": line["severity"],
            "title": kinds[code].title if code in kinds else code, "remedy": line["remedy"], "rows": line["rows"] or 0,
            "had": line["had"] or 0, "suggested": line["suggested"] or 0,
            "once": desk.place_of(line["field"], line["column"]) is not None,
        })  # fmt: skip
    return sorted(found, key=lambda c: (c["severity"] != "error", c["rows"] == 0, -max(c["rows"], c["had"]), c["code"]))


QUIET = ("plan.unverified",)
"""What is said of every row where nobody was asked; the plan asks."""


def _grouped(problems: pl.DataFrame) -> pl.DataFrame:
    return problems.group_by(CAUSE).agg(
        rows=pl.col("pos").n_unique(), suggested=pl.col("pos").filter(pl.col("suggestion").is_not_null()).n_unique()
    )


def positions(desk: Desk, wanted: Filter) -> pl.Series:
    """The rows that a filter shows, in order. A row that was put right stays among those of its cause."""
    rows = pl.DataFrame({"pos": pl.int_range(desk.base.height, dtype=pl.UInt32, eager=True), "status": desk.now.status})
    if wanted.code or wanted.where:
        both = pl.concat(
            [desk.now.problems.select("pos", "code", "column"), desk.base.problems.select("pos", "code", "column")]
        )
        if wanted.code:
            both = both.filter((pl.col("code") == wanted.code) & (pl.col("column").fill_null("") == wanted.column))
        if wanted.where:
            both = both.filter(pl.col("column").str.split(" + ").list.contains(wanted.where))
        rows = rows.filter(pl.col("pos").is_in(both["pos"].unique().implode()))
    if wanted.status == "todo":
        rows = rows.filter(pl.col("status").is_in(TO_CORRECT))
    elif wanted.status == "fixed":
        rows = rows.filter(~pl.col("status").is_in(TO_CORRECT))
    elif wanted.status:
        rows = rows.filter(pl.col("status") == wanted.status)
    if text := wanted.text.strip().lower():
        here = desk.now.cells.filter(pl.int_range(pl.len(), dtype=pl.UInt32).is_in(rows["pos"].implode()))
        number = desk.base.place["row"].gather(rows["pos"]).cast(pl.String) == text
        hit = pl.any_horizontal([pl.col(n).str.to_lowercase().str.contains(text, literal=True) for n in here.columns])
        rows = rows.filter(here.select(hit.fill_null(False).alias("hit")).to_series() | number)
    return rows["pos"]


def rows(desk: Desk, at: pl.Series, lang: str = "en") -> list[dict[str, Any]]:
    """The rows at these positions, with their texts and their problems in words."""
    place, cells = desk.base.place[at], desk.now.cells[at]
    told: dict[int, list[dict[str, Any]]] = {}
    mine = desk.now.problems.filter(pl.col("pos").is_in(at.implode()) & ~pl.col("code").is_in(QUIET))
    for line in render(mine, lang).iter_rows(named=True):
        told.setdefault(line["pos"], []).append(_problem(desk, line))
    found = []
    for pos, origin, source, row, status, was, texts in zip(
        at, place["origin"], place["source"], place["row"], desk.now.status[at], desk.base.status[at], cells.iter_rows(),
        strict=True,
    ):  # fmt: skip
        found.append({
            "id": origin, "row": row, "source": source or "", "status": status, "was": was, "cells": list(texts),
            "edited": sorted(desk.folded.cells.get(origin, {})), "problems": told.get(pos, []),
        })  # fmt: skip
    return found


def _problem(desk: Desk, line: dict[str, Any]) -> dict[str, Any]:
    names = set((line["column"] or "").split(" + "))
    marked = [i for i, header in enumerate(desk.headers) if header and header in names]
    return {
        "code": line["code"], "severity": line["severity"], "message": line["message"], "remedy": line["remedy"],
        "suggestion": line["suggestion"], "column": line["column"] or "", "field": line["field"] or "",
        "value": line["value"], "cells": marked, "cell": desk.place_of(line["field"], line["column"]),
    }  # fmt: skip


def values(desk: Desk, code: str, column: str) -> list[dict[str, Any]]:
    """The values of one cause, the most frequent first: how many rows, what was suggested, what replaces it."""
    mine = desk.now.problems.filter((pl.col("code") == code) & (pl.col("column").fill_null("") == column))
    grouped = (
        mine.with_columns(pl.col("value").fill_null("")).group_by("field", "value")
        .agg(rows=pl.col("pos").n_unique(), suggestion=pl.col("suggestion").first())
        .sort("rows", "value", descending=[True, False]).head(MOST_VALUES)
    )  # fmt: skip
    return [{**line, "field": line["field"] or ""} for line in grouped.iter_rows(named=True)]


def said(desk: Desk) -> list[dict[str, Any]]:
    """What was said once for many rows: the replacements that stand, as the page marks them in the cells."""
    return [
        {"value": one.value, "replacement": one.replacement, "column": one.column, "field": one.field,
         "cell": desk.place_of(one.field, one.column)}
        for one in desk.folded.replacements
    ]  # fmt: skip
