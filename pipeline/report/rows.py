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
    told = _by_row(issues)
    changes = pl.when(pl.col("changes") != "").then("changes").alias("_changes")
    frame = batch.with_columns(at, changes).join(told, on="at", how="left", maintain_order="left")
    return Told(frame, issues)


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


def _by_row(issues: pl.DataFrame) -> pl.DataFrame:
    """One row per row that has problems: `at`, `_error_codes`, `_errors`, `_advice`, `_warnings`."""
    start = pl.when(pl.col("field").is_null()).then(pl.lit("")).otherwise(pl.concat_str("field", pl.lit(": ")))
    said, remedy = pl.col("message").str.strip_chars_end(". "), pl.col("remedy").fill_null("")
    advice = pl.when(remedy == "").then(said).otherwise(pl.concat_str(said, pl.lit(". "), remedy))
    texts = issues.select(
        "at",
        "code",
        "reason",
        pl.concat_str(start, "message").alias("text"),
        pl.concat_str(start, advice).alias("advice"),
    )
    wrong, doubtful = texts.filter("reason"), texts.filter(~pl.col("reason"))
    codes = _joined(wrong.filter(pl.col("code").is_not_null()).unique(["at", "code"], keep="first", maintain_order=True),
                    {"code": "_error_codes"}, ";")  # fmt: skip
    errors = _joined(wrong, {"text": "_errors", "advice": "_advice"}, " | ")
    warnings = _joined(doubtful, {"text": "_warnings"}, " | ")
    rows = texts.select("at").unique(maintain_order=True)
    for part in (codes, errors, warnings):
        rows = rows.join(part, on="at", how="left", maintain_order="left")
    return rows


def _joined(texts: pl.DataFrame, named: dict[str, str], separator: str) -> pl.DataFrame:
    """The texts of each row put together; null where they say nothing."""
    lists = texts.group_by("at", maintain_order=True).agg(list(named))
    said = {new: pl.col(old).list.join(separator, ignore_nulls=True) for old, new in named.items()}
    return lists.select("at", **{new: pl.when(text != "").then(text) for new, text in said.items()})
