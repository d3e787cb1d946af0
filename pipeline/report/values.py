"""Turn the problems of the rows to correct into counts by cause and value: what a single correction can mend at once.

A value that many rows share (`EEUU`) is worth a correction of its own. Memory is bounded: beyond a fixed number of
different values the rare ones are let go.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from pipeline.report.facts import TO_CORRECT
from pipeline.report.rows import Told

MOST_VALUES = 200_000
MOST_LISTED = 1_000
PER_CAUSE = 100
LONGEST = 2_000
FEW = 10  # a cause with so few values lists them all, even those of one row

NO_CELL = ("duplicate.", "plan.", "row.", "target.failed", "target.unknown", "target.not_attempted")
"""Causes that no other value of a cell would mend."""

KEY = ("code", "field", "column", "value")
_SCHEMA = {**dict.fromkeys(KEY, pl.String), "rows": pl.UInt32, "message": pl.String, "suggestion": pl.String}


@dataclass(frozen=True)
class Value:
    """One value of one cause: `value` is the raw cell ("" for blank cells), `rows` how many rows have it."""

    code: str
    field: str
    column: str
    value: str
    rows: int
    message: str
    suggestion: str


class Values:
    """Counts that grow batch by batch."""

    def __init__(self) -> None:
        """Begin with nothing counted."""
        self._found = [pl.DataFrame(schema=_SCHEMA)]  # put together when they may be too many: not after each batch

    def add(self, told: Told) -> None:
        """Count the problems of one told batch."""
        mendable = ~pl.any_horizontal(pl.col("code").str.starts_with(start) for start in NO_CELL)
        counts = told.kinds.select(
            (pl.col("severity") == "error") & mendable.fill_null(False)
            & pl.any_horizontal(pl.col("field", "column").is_not_null())
            & (pl.col("value").fill_null("").str.len_bytes() <= LONGEST)
        ).to_series()  # fmt: skip
        wrong = told.problems(told.frame["at"].filter(told.frame["status"].is_in(TO_CORRECT)), counts)
        if wrong.is_empty():
            return
        counted = (
            wrong.with_columns(pl.col(*KEY).fill_null(""))
            .group_by(KEY, maintain_order=True)
            .agg(pl.col("at").n_unique().cast(pl.UInt32).alias("rows"), pl.col("message", "suggestion").first())
        )
        self._found.append(_apart(counted.select(*_SCHEMA)))
        if sum(found.height for found in self._found) > MOST_VALUES:
            self._found = [self._together()]

    def _together(self) -> pl.DataFrame:
        """What was counted so far; of too many different values those that most rows have."""
        found = (
            pl.concat(self._found)
            .group_by(KEY, maintain_order=True)
            .agg(pl.col("rows").sum(), pl.col("message", "suggestion").first())
            .select(*_SCHEMA)
        )
        if found.height <= MOST_VALUES:
            return found
        return found.sort("rows", descending=True, maintain_order=True).head(MOST_VALUES // 2)

    def most(self) -> Sequence[Value]:
        """The values worth a correction of their own, the most frequent cause first, and in it the most frequent value."""
        cause = ["code", "field", "column"]
        ranked = self._together().sort("rows", descending=True, maintain_order=True).with_columns(
            pl.col("rows").sum().over(cause).alias("all"), pl.len().over(cause).alias("several"),
            pl.int_range(pl.len()).over(cause).alias("rank"),
        )  # fmt: skip
        listed = (
            ranked.filter((pl.col("rank") < PER_CAUSE) & ((pl.col("rows") > 1) | (pl.col("several") <= FEW)))
            .head(MOST_LISTED)
            .sort(
                "all",
                "code",
                "field",
                "column",
                "rank",
                descending=[True, False, False, False, False],
                maintain_order=True,
            )
        )
        lines = listed.select(pl.col(*KEY), "rows", pl.col("message", "suggestion").fill_null("")).iter_rows()
        return [Value(*line) for line in lines]


def _apart(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with texts of its own: those that were picked from a column hold all texts of that column."""
    file = io.BytesIO()
    frame.write_ipc(file, compat_level=pl.CompatLevel.oldest())
    return pl.read_ipc(file.getvalue())
