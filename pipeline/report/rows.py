"""Turn a batch of outcomes into the helper columns of the result files, and its problems into words.

Everything is done for whole columns; only rows that have a problem cost anything beyond a copy.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import polars as pl

from pipeline import sparse
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

    `frame` is the batch without `issues` and `changes`, with `at` (UInt32, position in the batch) and `_error_codes`,
    `_errors`, `_advice` (the errors with their remedies), `_warnings` and `_changes` (String, null where there is
    nothing to say).

    Thousands of rows have the very same problem, so each is put into words once: `kinds` has one row for each
    different one, in the order in which they first occur: the issue's own columns, severity, message, remedy, and
    `first`, the `at` of its first row. `issues` has one row for each problem of each row: `at`, `kind` (UInt32, the
    row of `kinds`), and `reason` (Boolean: it is why the row is not in).
    """

    frame: pl.DataFrame
    kinds: pl.DataFrame
    issues: pl.DataFrame

    def problems(self, at: pl.Series, counts: pl.Series | None = None) -> pl.DataFrame:
        """The problems of the rows at these places in full: `at`, `kind`, `reason` and the columns of `kinds`.

        `counts` says of each of `kinds` whether it is wanted; all are where it is not given.
        """
        here = pl.zeros(self.frame.height, dtype=pl.Boolean, eager=True).scatter(at, True)
        wanted = here.gather(self.issues["at"])
        theirs = self.issues.filter(wanted if counts is None else wanted & counts.gather(self.issues["kind"]))
        return pl.concat([theirs, self.kinds.select(pl.all().gather(theirs["kind"]))], how="horizontal")


def tell(batch: pl.DataFrame, lang: str = "en") -> Told:
    """Put the problems of a batch into words of a language."""
    frame = batch.with_columns(
        pl.int_range(pl.len(), dtype=pl.UInt32).alias("at"),
        pl.when(pl.col("changes") != "").then("changes").alias("_changes"),
    )
    kinds, issues = _told_apart(frame)
    said = pl.when(pl.col("message").fill_null("") != "").then("message").otherwise(pl.col("code").fill_null("?"))
    kinds = render(kinds, lang).with_columns(said.alias("message"))
    issues = issues.with_columns(_reason(kinds, issues, frame["status"]))
    own = frame.drop("issues", "changes")  # lists are dear to filter, and nobody reads them from here on
    return Told(own.with_columns(_by_row(kinds, issues, frame.height)), kinds, issues)


def helper_frame(told: pl.DataFrame, names: Sequence[str], facts: Facts, *, advice: bool) -> pl.DataFrame:
    """The helper columns `names` of a told batch; with `advice` the errors end with their remedies."""
    made = {"_run": pl.lit(facts.mark or facts.run), "_errors": pl.col("_advice" if advice else "_errors")}
    return told.select(
        made.get(name, pl.col(_PLAIN.get(name, name))).alias(name) for name in names
    )  # fmt: skip


def _told_apart(frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The different problems, each with the `first` row that has it, and for each problem of a row its kind."""
    each = frame.select("at", "issues").explode("issues", empty_as_null=False, keep_nulls=False).unnest("issues")
    own = each.columns[1:]
    together = each.with_row_index("nth").group_by(own, maintain_order=True)
    kinds = together.agg("nth", pl.col("at").first().alias("first"))
    places = kinds.select(pl.int_range(pl.len(), dtype=pl.UInt32).alias("kind"), "nth").explode("nth")
    kind = pl.zeros(each.height, dtype=pl.UInt32, eager=True).scatter(places["nth"], places["kind"]).alias("kind")
    return kinds.drop("nth"), pl.DataFrame([each["at"], kind])


def _reason(kinds: pl.DataFrame, issues: pl.DataFrame, status: pl.Series) -> pl.Series:
    code = pl.col("code").fill_null("")
    wrong = kinds.select(is_error("code").fill_null(True)).to_series().gather(issues["kind"])
    explains = kinds.select(pl.any_horizontal(code.str.starts_with(start) for start in EXPLAINS_SKIPPED)).to_series()
    if explains.any():
        wrong |= explains.gather(issues["kind"]) & (status == "skipped").gather(issues["at"])
    return wrong.alias("reason")


def ended(column: str) -> pl.Expr:
    """The messages of a column as whole sentences: a question keeps its mark, the others end in one full stop."""
    said = pl.col(column).str.strip_chars_end(". ")
    return pl.when(said.str.contains("[?!]$")).then(said).otherwise(pl.concat_str(said, pl.lit(".")))


def _by_row(kinds: pl.DataFrame, issues: pl.DataFrame, height: int) -> list[pl.Series]:
    """For each row of the batch `_error_codes`, `_errors`, `_advice`, `_warnings`: null where there is nothing to say."""
    start = pl.when(pl.col("field").is_null()).then(pl.lit("")).otherwise(pl.concat_str("field", pl.lit(": ")))
    said, remedy = pl.col("message").str.strip_chars_end(". "), pl.col("remedy").fill_null("")
    advice = pl.when(remedy == "").then(said).otherwise(pl.concat_str(ended("message"), pl.lit(" "), remedy))
    texts = kinds.select("code", told=pl.concat_str(start, "message"), advised=pl.concat_str(start, advice))
    wrong, doubtful = issues.filter("reason"), issues.filter(~pl.col("reason"))
    codes = wrong.with_columns(texts["code"].gather(wrong["kind"])).filter(pl.col("code").is_not_null())
    once = codes.unique(["at", "code"], keep="first", maintain_order=True)
    return [
        *_joined(once, [texts["code"].alias("_error_codes")], height, ";"),
        *_joined(wrong, [texts["told"].alias("_errors"), texts["advised"].alias("_advice")], height, " | "),
        *_joined(doubtful, [texts["told"].alias("_warnings")], height, " | "),
    ]


def _joined(issues: pl.DataFrame, texts: Sequence[pl.Series], height: int, separator: str) -> list[pl.Series]:
    """For each of `texts` (by kind), those of each row's problems put together; null where they say nothing."""
    at, kind = issues["at"], issues["kind"]
    if not len(at):
        return [sparse.nulls(height, name=text.name) for text in texts]
    first = (at != at.shift()).fill_null(True)
    row = first.cum_sum() - 1  # the problems of a row stand together
    rows, nth = at.filter(first), pl.int_range(len(at), eager=True) - first.arg_true().gather(row)
    back = sparse.placed(pl.int_range(len(rows), dtype=pl.UInt32, eager=True), rows, height)
    most = int(nth.max()) + 1  # type: ignore[arg-type]
    if most > MOST_SIDE_BY_SIDE:
        lists = pl.DataFrame([row.alias("row"), *(text.gather(kind) for text in texts)])
        grouped = lists.group_by("row", maintain_order=True).agg(pl.exclude("row"))
        joined = [grouped[text.name].list.join(separator, ignore_nulls=True) for text in texts]
    else:
        kinds = [sparse.placed(kind.filter(nth == n), row.filter(nth == n), len(rows)) for n in range(most)]
        joined = [_side_by_side([text.gather(one) for one in kinds], separator).alias(text.name) for text in texts]
    return [said.set((said == "").fill_null(False), None).gather(back) for said in joined]


def _side_by_side(columns: Sequence[pl.Series], separator: str) -> pl.Series:
    if len(columns) == 1:
        return columns[0]
    numbered = pl.DataFrame([column.alias(str(n)) for n, column in enumerate(columns)])
    return numbered.select(pl.concat_str(pl.all(), separator=separator, ignore_nulls=True)).to_series()
