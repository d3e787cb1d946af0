"""Turn the problems of cells and of whole rows into the list of each row that the plan holds.

They stay a flat table (`at`, and what `store.ISSUE` names) until all are known, and become lists once: to take lists
apart and to join them costs ten times that.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from pipeline import issues, store
from pipeline.handoff import Checked

Problem = dict[str, str | None]
NAMES = [f.name for f in store.ISSUE.fields]
FLAT = {"at": pl.UInt32, **dict.fromkeys(NAMES, pl.String)}


def errors_first(found: pl.DataFrame) -> pl.DataFrame:
    """The problems of a batch, flat, the errors before the warnings."""
    return found.sort(~issues.is_error("code"), maintain_order=True).select(list(FLAT))


def lists(found: Sequence[pl.DataFrame], unverified: pl.Series) -> pl.Series:
    """The problems of each row in the order of `found`, at last, where `unverified` holds, that nobody was looked up.

    Never null: a row without a problem has an empty list.
    """
    at = pl.int_range(len(unverified), dtype=pl.UInt32, eager=True).alias("at")
    said = of_rows([]) if not unverified.any() else at.filter(unverified).to_frame().with_columns(
        pl.lit("plan.unverified" if name == "code" else None, dtype=pl.String).alias(name) for name in NAMES
    )  # fmt: skip
    every = pl.concat([*found, said]).sort("at", maintain_order=True).select("at", pl.struct(NAMES).alias("issues"))
    rows = every.group_by("at", maintain_order=True).agg("issues")
    if rows.height == len(at):
        return rows["issues"]
    joined = at.to_frame().join(rows, on="at", how="left", maintain_order="left")["issues"]
    return joined.fill_null([])


def of_verdicts(verdicts: pl.DataFrame, first: int) -> pl.DataFrame:
    """The problems of verdicts (`verdicts.SCHEMA`), flat; `at` counts from the row `first`."""
    said = verdicts.filter(pl.col("code").is_not_null())
    columns = [pl.col(n) if n in said.columns else pl.lit(None, dtype=pl.String).alias(n) for n in NAMES]
    return said.select((pl.col("seq") - first).cast(pl.UInt32).alias("at"), *columns)


def of_rows(found: Sequence[tuple[int, Problem]]) -> pl.DataFrame:
    """Problems of single rows, flat."""
    return pl.DataFrame([{"at": at, **problem} for at, problem in found], schema=FLAT)


def left_out(checked: Checked, reasons: pl.Series, skip: pl.Series) -> Checked:
    """The batch with the rows of `skip` not sent, and no other problem of theirs than why they are left out."""
    at = pl.int_range(len(skip), dtype=pl.UInt32, eager=True)
    said = pl.DataFrame([at.alias("at"), reasons.alias("detail")]).filter(skip).with_columns(
        pl.lit("row.left_out").alias("code"), *(pl.lit(None, dtype=pl.String).alias(n) for n in ("field", "column", "value", "suggestion"))
    )  # fmt: skip
    others = checked.issues.filter(~pl.col("at").is_in(at.filter(skip).implode()))
    changes = checked.changes.zip_with(~skip, pl.Series([None] * len(skip), dtype=pl.String))
    return Checked(checked.record, checked.valid & ~skip, pl.concat([others, said.select(others.columns)]), changes)
