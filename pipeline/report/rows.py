"""Turn a batch of outcomes into the helper columns of the result files, and its problems into words.

Everything is done for whole columns; only rows that have a problem cost anything beyond a copy.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import polars as pl

from pipeline.issues import is_error, render
from pipeline.report.facts import Facts

EXPLAINS_SKIPPED = ("duplicate.", "plan.existing", "row.left_out")
"""Problems that are only warnings, and still the reason why a skipped row was not sent."""

MOST_SIDE_BY_SIDE = 12  # texts of a row that are put together as columns

_PLAIN = {
    "_source": "source", "_row": "row", "_sheet": "sheet", "_status": "status", "_action": "action", "_id": "id",
    "_http_status": "http_status", "_attempts": "attempts", "_retryable": "retryable", "_key": "key",
}  # fmt: skip


class Told(NamedTuple):
    """A batch in words.

    `frame` is the batch with `_error_codes`, `_errors`, `_advice` (the errors with their remedies),
    `_warnings` and `_changes` added (String, null where there is nothing to say). `issues` has one row per
    problem: `at` (position in the batch), source, sheet, row, status, the issue's own columns, severity,
    message, remedy, and `reason` (Boolean: it is why the row is not in).
    """

    frame: pl.DataFrame
    issues: pl.DataFrame


def tell(batch: pl.DataFrame, lang: str = "en") -> Told:
    """Put the problems of a batch into words of a language."""
    at = pl.int_range(pl.len(), dtype=pl.UInt32).alias("at")
    issues = (
        batch.select(at, "source", "sheet", "row", "status", "issues")
        .filter(pl.col("issues").list.len() > 0)
        .explode("issues")
        .unnest("issues")
    )
    said = pl.when(pl.col("message").fill_null("") != "").then("message").otherwise(pl.col("code").fill_null("?"))
    issues = render(issues, lang).with_columns(_reason().alias("reason"), said.alias("message"))
    changes = pl.when(pl.col("changes") != "").then("changes").alias("_changes")
    return Told(batch.with_columns(at, changes, *_by_row(issues, batch.height)), issues)


def helper_frame(told: pl.DataFrame, names: Sequence[str], facts: Facts, *, advice: bool) -> pl.DataFrame:
    """The helper columns `names` of a told batch; with `advice` the errors end with their remedies."""
    made = {"_run": pl.lit(facts.mark or facts.run), "_errors": pl.col("_advice" if advice else "_errors")}
    return told.select(
        made.get(name, pl.col(_PLAIN.get(name, name))).alias(name) for name in names
    )  # fmt: skip


def _reason() -> pl.Expr:
    code = pl.col("code").fill_null("")
    explains = pl.any_horizontal(code.str.starts_with(start) for start in EXPLAINS_SKIPPED)
    return is_error("code").fill_null(True) | (explains & (pl.col("status") == "skipped"))


def _by_row(issues: pl.DataFrame, height: int) -> list[pl.Series]:
    """For each row of the batch `_error_codes`, `_errors`, `_advice`, `_warnings`: null where there is nothing to say."""
    wrong, doubtful = issues.filter("reason"), issues.filter(~pl.col("reason"))
    start = pl.when(pl.col("field").is_null()).then(pl.lit("")).otherwise(pl.concat_str("field", pl.lit(": ")))
    said, remedy = pl.col("message").str.strip_chars_end(". "), pl.col("remedy").fill_null("")
    advice = pl.when(remedy == "").then(said).otherwise(pl.concat_str(said, pl.lit(". "), remedy))
    codes = wrong.filter(pl.col("code").is_not_null()).unique(["at", "code"], keep="first", maintain_order=True)
    parts = [
        ("_error_codes", codes, pl.col("code"), ";"),
        ("_errors", wrong, pl.concat_str(start, "message"), " | "),
        ("_advice", wrong, pl.concat_str(start, advice), " | "),
        ("_warnings", doubtful, pl.concat_str(start, "message"), " | "),
    ]
    return [
        _joined(some["at"], some.select(text).to_series(), height, by).alias(name) for name, some, text, by in parts
    ]


def _joined(at: pl.Series, texts: pl.Series, height: int, separator: str) -> pl.Series:
    """The texts of each row, which stand together in `at`, put together; null where they say nothing."""
    nothing = pl.Series([None], dtype=pl.String).new_from_index(0, height)
    if not len(at):
        return nothing
    place = pl.int_range(len(at), eager=True)
    first = at != at.shift()
    nth = (
        place
        - place.zip_with(
            first.fill_null(True), pl.Series([None], dtype=pl.Int64).new_from_index(0, len(at))
        ).forward_fill()
    )
    most = int(nth.max()) + 1  # type: ignore[arg-type]
    if most > MOST_SIDE_BY_SIDE:
        lists = pl.DataFrame([at, texts.alias("text")]).group_by("at", maintain_order=True).agg("text")
        said = lists["text"].list.join(separator, ignore_nulls=True)
        joined = nothing.scatter(lists["at"], said)
    else:
        columns = [
            nothing.clone().scatter(at.filter(nth == n), texts.filter(nth == n)).alias(str(n)) for n in range(most)
        ]
        if most == 1:
            joined = columns[0]
        else:
            joined = (
                pl.DataFrame(columns)
                .select(pl.concat_str(pl.all(), separator=separator, ignore_nulls=True))
                .to_series()
            )
    return joined.set((joined == "").fill_null(False), None)
