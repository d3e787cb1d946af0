"""Turn the plan and the journal into one table: every data row read, and what became of it.

The columns are those of the plan with `status` and `action` as they stand now, and `http_status`, `attempts`,
`retryable`; the report and `status` read nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import polars as pl

from pipeline import journal, store
from pipeline.folder import RunFolder

STATUS = {"sent": "unknown", "planned": "not_attempted"}
ANSWERED = ("plan.unverified", "state.unchecked", "term.unchecked")

Origin = dict[str, tuple[str, tuple[str, ...]]]
"""Field -> the header that feeds it, and the names of its cells (`c3`)."""


def table(folder: RunFolder, origin: Origin, *, pushed: bool) -> Iterator[pl.DataFrame]:
    """The rows in input order; `origin` says where each field came from.

    Without `pushed` the plan's own verdicts stand (`ready`); with it a row that was to be sent and of which the
    journal knows nothing is `not_attempted`.
    """
    path = folder.file("journal.db")
    for plan in store.batches(folder):
        plan = plan.drop("payload", "before", "lane", "identity")
        first, last = (plan["seq"][0], plan["seq"][-1] + 1) if plan.height else (0, 0)
        came = journal.outcomes(path, first, last) if pushed else pl.DataFrame(schema=journal.OUTCOME_SCHEMA)
        yield _merged(plan, came, origin, pushed=pushed)


def _merged(plan: pl.DataFrame, came: pl.DataFrame, origin: Origin, *, pushed: bool) -> pl.DataFrame:
    came = came.rename({"action": "did", "id": "got", "changes": "said"})
    both = plan.join(came, on="seq", how="left", maintain_order="left")
    untouched = pl.col("state").is_null()
    follows = pl.col("after").is_not_null() & (pl.col("status") == "skipped")
    waiting = untouched & ((pl.col("status") == "ready") | follows) & pl.lit(pushed)
    status = (
        pl.when(waiting).then(pl.lit("not_attempted")).when(untouched).then("status")
        .otherwise(pl.col("state").replace(STATUS))
    )  # fmt: skip
    both = both.with_columns(
        status=status,
        action=pl.coalesce("did", "action"),
        id=pl.coalesce("got", "id"),
        attempts=pl.col("attempts").fill_null(0),
        changes=pl.coalesce("said", "changes"),
    )
    both = both.with_columns(retryable=_retryable(), issues=_issues(both, origin))
    return both.drop("state", "did", "got", "said", "problems", "after", "seq")


def _retryable() -> pl.Expr:
    """Whether sending the same row again can help; null where the row is in, or was never to be sent."""
    return (
        pl.when(pl.col("status").is_in(["failed", "unknown", "not_attempted"])).then(True)
        .when(pl.col("status").is_in(["rejected", "invalid"])).then(False)
    )  # fmt: skip


def _issues(both: pl.DataFrame, origin: Origin) -> pl.Series:
    """The plan's issues, less those that the push has answered, and with what the push has found."""
    touched = pl.col("problems").is_not_null() | (pl.col("state").is_not_null() & (pl.col("issues").list.len() > 0))
    hits = both.with_row_index("at").filter(touched)
    lists = both["issues"].to_list() if hits.height else []
    for line in hits.iter_rows(named=True):
        kept = [i for i in line["issues"] or [] if i["code"] not in ANSWERED]
        if line["status"] in ("created", "updated", "unchanged"):
            kept = [i for i in kept if not i["code"].startswith("duplicate.")]
        for name, code, detail in json.loads(line["problems"] or "[]"):
            label, cells = origin.get(name or "", (name, ()))
            value = " ".join(line[c] for c in cells if line[c] is not None) or None
            kept.append(
                {"field": name, "column": label, "value": value, "code": code, "detail": detail, "suggestion": None}
            )
        lists[line["at"]] = kept
    return pl.Series("issues", lists, dtype=both["issues"].dtype) if hits.height else both["issues"]
