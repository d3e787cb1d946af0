"""Turn the plan and the journal into one table: every data row read, and what became of it.

The columns are those of the plan with `status` and `action` as they stand now, and `http_status`, `attempts`,
`retryable`; the report and `status` read nothing else. `seq` is that of the newest version of a row, `origin` that of
its first one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from pipeline import journal, store
from pipeline.folder import RunFolder

STATUS = {"sent": "unknown", "planned": "not_attempted"}
ANSWERED = ("plan.unverified", "state.unchecked", "term.unchecked")

GAP = 100_000
"""Two rows further apart than this are asked for apart."""

LONGEST = 300
"""Characters of what the target said that are told."""

Origin = dict[str, tuple[str, tuple[str, ...]]]
"""Field -> the header that feeds it, and the names of its cells (`c3`)."""


def table(folder: RunFolder, origin: Origin, *, pushed: bool) -> Iterator[pl.DataFrame]:
    """The rows in input order, each in its newest version; `origin` says where each field came from.

    Without `pushed` the verdicts of the plans that no push has begun with stand (`ready`); of all others, and with
    it of every plan, a row that was to be sent and of which the journal knows nothing is `not_attempted`.
    """
    path = folder.file("journal.db")
    planned = None if pushed else store.unpushed(folder)
    for plan in store.current(folder, without=("payload", "before", "lane")):
        came = _came(path, plan["seq"]) if planned != 0 else pl.DataFrame(schema=journal.OUTCOME_SCHEMA)
        merged = _merged(plan, came, origin, planned)
        del plan
        yield merged
        del merged  # so that it is not in memory beside the next one, if its reader has let go of it


def _came(path: Path, seqs: pl.Series) -> pl.DataFrame:
    """What the journal knows of the rows, which stand close together but for those that were corrected."""
    ordered = seqs.sort()
    gaps = (ordered.diff().fill_null(0) > GAP).cum_sum()
    parts = pl.DataFrame([ordered.alias("seq"), gaps.alias("part")]).partition_by("part", maintain_order=True)
    found = [journal.outcomes(path, part["seq"][0], part["seq"][-1] + 1) for part in parts]
    return pl.concat([pl.DataFrame(schema=journal.OUTCOME_SCHEMA), *found])


def _merged(plan: pl.DataFrame, came: pl.DataFrame, origin: Origin, planned: int | None) -> pl.DataFrame:
    """`planned` is the first seq of the plans that no push has begun with; None where there is none."""
    came = came.rename({"action": "did", "id": "got", "changes": "said"})
    both = plan.join(came, on="seq", how="left", maintain_order="left")
    untouched = pl.col("state").is_null()
    follows = pl.col("after").is_not_null() & (pl.col("status") == "skipped")
    begun = pl.lit(True) if planned is None else pl.col("seq") < planned
    waiting = untouched & ((pl.col("status") == "ready") | follows) & begun
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
    return both.drop("state", "did", "got", "said", "problems")


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


def gist() -> pl.Expr:
    """What tells refusals of the target apart: their `detail` without the row's own `value` and without numbers; else ""."""
    text = pl.col("detail").fill_null("")
    value = pl.col("value").fill_null("")
    without = pl.when(value != "").then(text.str.split(value).list.join("…")).otherwise(text)
    kept = without.str.replace_all(r"\d+", "#").str.slice(0, LONGEST)
    return pl.when(pl.col("code").fill_null("").str.starts_with("target.")).then(kept).otherwise(pl.lit(""))
