"""Turn a run folder into frames: every row and what became of it, every problem, and the plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any

import polars as pl

from pipeline import issues, outcomes, store
from pipeline.folder import RunFolder
from pipeline.language import say, say_n
from pipeline.report import STATUSES
from pipeline.report.facts import NOT_IN
from pipeline.sources import origin

MOST_CAUSES = 30
STYLE = "text-align:left;padding:2px 10px 2px 0;vertical-align:top"
_HELPERS = {
    "_source": "source", "_sheet": "sheet", "_row": "row", "_status": "status", "_action": "action", "_id": "id",
    "_error_codes": "codes", "_changes": "changes", "_http_status": "http_status", "_attempts": "attempts",
    "_retryable": "retryable", "_key": "key",
}  # fmt: skip
_PROBLEM = ("column", "field", "value", "code", "severity", "message", "remedy", "suggestion")


@dataclass(frozen=True)
class Findings:
    """What a check, a plan or a push has found. In a notebook it shows the counts and the causes.

    Attributes:
        rows: every data row read, in input order: `_source`, `_sheet`, `_row` (as a spreadsheet shows it, the header
            being row 1), `_status`, `_action`, `_id`, `_error_codes` (list), `_changes`, `_http_status`, `_attempts`,
            `_retryable`, `_key`, then the source's own columns, as text. A repeated header gets a number.
        issues: one line for each problem: `_source`, `_sheet`, `_row`, `column`, `field`, `value`, `code`, `severity`
            (error, warning), `message`, `remedy`, `suggestion`.
        plan: what is sent, one line for each row that may be: `_row`, `_action`, `_id`, `_key`, `record` (JSON, byte for
            byte what goes out), `before` (JSON of what an update replaces).
        counts: rows by status. facts: the run's decisions, as plan.json holds them.
        folder: the run folder; None after a check, which leaves nothing behind.
    """

    rows: pl.DataFrame
    issues: pl.DataFrame
    plan: pl.DataFrame
    facts: Mapping[str, Any]
    folder: Path | None = None

    @cached_property
    def counts(self) -> dict[str, int]:
        """Rows by status, the good ends first; zeros are left out."""
        found = dict(self.rows["_status"].value_counts().iter_rows())
        return {name: found[name] for name in STATUSES if name in found}

    @property
    def ok(self) -> bool:
        """Whether every row is in, or would be."""
        return not any(self.counts.get(name) for name in NOT_IN)

    @cached_property
    def causes(self) -> pl.DataFrame:
        """The problems by cause, errors and the most frequent first: `code`, `column`, `severity`, `rows`, `message` of the first."""
        return (
            self.issues.group_by("code", "column", maintain_order=True)
            .agg(pl.col("severity").first(), pl.col("_row").n_unique().alias("rows"), pl.col("message").first())
            .sort("severity", "rows", descending=[False, True], maintain_order=True)
        )

    def __repr__(self) -> str:
        """The counts in one line."""
        said = " + ".join(f"{n:,} {name}" for name, n in self.counts.items())
        return f"<{type(self).__name__} {self.rows.height:,} rows = {said or 'none'}, {self.issues.height:,} issues>"

    def _repr_html_(self) -> str:
        """The counts and the causes for a notebook; whatever comes from the data is escaped."""
        said = " + ".join(f"{n:,} {escape(name)}" for name, n in self.counts.items())
        lines = [f"<p><b>{say_n('{n:n} row', '{n:n} rows', self.rows.height)}</b> = {said or say('none')}</p>"]
        if self.causes.height:
            lines.append(_table(("rows", "severity", "column", "code", "message"), self.causes.head(MOST_CAUSES)))
        if self.causes.height > MOST_CAUSES:
            lines.append(f"<p>{say('… and {more:n} more causes', more=self.causes.height - MOST_CAUSES)}</p>")
        return "\n".join(lines)


def read(folder: RunFolder) -> Findings:
    """What a run folder holds, as things stand now.

    Raises:
        Misuse: it is no run folder, or its personal data was removed.
    """
    facts = store.facts(folder)
    pushed = store.unpushed(folder) is None
    tables = list(outcomes.table(folder, origin(facts), pushed=pushed))
    every = pl.concat(tables) if tables else pl.DataFrame()
    return Findings(_rows(every, facts["headers"]), _issues(every), _plan(folder), facts, folder.path)


def _rows(every: pl.DataFrame, headers: list[str]) -> pl.DataFrame:
    codes = pl.col("issues").list.eval(pl.element().struct.field("code")).list.unique(maintain_order=True)
    told = every.with_columns(codes=codes)
    names = _unique([*_HELPERS, *headers])[len(_HELPERS) :]
    return told.select(
        *(pl.col(name).alias(shown) for shown, name in _HELPERS.items()),
        *(pl.col(f"c{i}").alias(name) for i, name in enumerate(names)),
    )


def _unique(names: list[str]) -> list[str]:
    """The names, each once: a later one of the same name gets a number, a blank one its place."""
    seen: set[str] = set()
    found = []
    for at, name in enumerate(names):
        base = name or f"column {at - len(_HELPERS) + 1}"
        shown, number = base, 1
        while shown in seen:
            number += 1
            shown = f"{base} ({number})"
        seen.add(shown)
        found.append(shown)
    return found


def _issues(every: pl.DataFrame) -> pl.DataFrame:
    where = {"_source": "source", "_sheet": "sheet", "_row": "row"}
    some = every.filter(pl.col("issues").list.len() > 0)
    told = some.select("source", "sheet", "row", "issues").explode("issues").unnest("issues")
    return issues.render(told).select(*(pl.col(n).alias(shown) for shown, n in where.items()), *_PROBLEM)


def _plan(folder: RunFolder) -> pl.DataFrame:
    names = {"_row": "row", "_action": "action", "_id": "id", "_key": "key", "record": "payload", "before": "before"}
    sent = [batch.filter(pl.col("payload").is_not_null()) for batch in store.batches(folder)]
    chosen = [batch.select(pl.col(name).alias(shown) for shown, name in names.items()) for batch in sent]
    return pl.concat(chosen) if chosen else pl.DataFrame(schema=dict.fromkeys(names, pl.String))


def _table(names: tuple[str, ...], frame: pl.DataFrame) -> str:
    head = "".join(f'<th style="{STYLE}">{name}</th>' for name in names)
    body = "".join(
        "<tr>" + "".join(f'<td style="{STYLE}">{escape("" if cell is None else str(cell))}</td>' for cell in line) + "</tr>"
        for line in frame.select(names).iter_rows()
    )  # fmt: skip
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
