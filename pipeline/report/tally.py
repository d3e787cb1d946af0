"""Turn batches of outcomes into counts: rows by status, problems by cause, automatic changes by field.

Memory is bounded by the number of different causes and by fixed limits, not by the number of rows.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from pipeline import sparse
from pipeline.issues import catalogue, render
from pipeline.outcomes import LONGEST, gist
from pipeline.report.facts import STATUSES, Cause, Change, Example, Facts
from pipeline.report.rows import Told

EXAMPLES = 3
MOST_CAUSES = 2_000
MOST_PAIRS = 500
ARROW = " -> "

_KEY = ("code", "column", "field", "gist")


@dataclass
class _Found:
    rows: int = 0
    title: str = ""
    severity: str = "error"
    remedy: str = ""
    detail: str = ""
    examples: dict[str | None, Example] = field(default_factory=dict)


class Tally:
    """Counts that grow batch by batch."""

    def __init__(self, facts: Facts) -> None:
        """Begin with nothing counted."""
        self.rows = 0
        self.statuses: Counter[str] = Counter()
        self.actions: Counter[str] = Counter()
        self._facts = facts
        self._causes: dict[tuple[str, str, str | None, str], _Found] = {}
        self._changes: dict[str, _Pairs] = {}

    def add(self, told: Told) -> None:
        """Count one told batch."""
        frame = told.frame
        self.rows += frame.height
        self.statuses.update(dict(frame["status"].value_counts().iter_rows()))
        ready = frame["action"].filter(frame["status"] == "ready")
        self.actions.update(dict(ready.value_counts().iter_rows()))
        self._add_issues(told)
        self._add_changes(frame["_changes"])

    def counts(self) -> dict[str, int]:
        """Rows by status, every status named."""
        return {status: self.statuses[status] for status in STATUSES}

    def causes(self) -> tuple[Cause, ...]:
        """The causes: errors before warnings, the most frequent first."""
        found = [
            Cause(code, f.severity, f.title, column, name, f.detail if gist else "", f.rows, f.remedy,
                  tuple(f.examples.values()))
            for (code, column, name, gist), f in self._causes.items()
        ]  # fmt: skip
        return tuple(sorted(found, key=lambda c: (c.severity != "error", -c.rows)))

    def changes(self) -> tuple[Change, ...]:
        """The automatic changes by field, the most frequent first."""
        label = self._facts.mapping.label
        found = [Change(name, label(name), p.cells, p.top(), p.complete) for name, p in self._changes.items()]
        return tuple(sorted(found, key=lambda change: -change.cells))

    def _add_issues(self, told: Told) -> None:
        if told.issues.is_empty():
            return
        kinds = told.kinds.with_columns(
            pl.col("code").fill_null(""),
            pl.col("column").fill_null(pl.col("field")).fill_null(""),
            (gist() if told.kinds["code"].str.starts_with("target.").any() else pl.lit("")).alias("gist"),
            *(told.frame[name].gather(told.kinds["first"]) for name in ("row", "sheet")),
        ).with_row_index("kind")
        example = pl.struct("row", "sheet", "value", "message", "suggestion")
        groups = kinds.group_by(_KEY, maintain_order=True).agg(
            "kind",
            pl.col("detail").n_unique().alias("details"),
            pl.col("suggestion").n_unique().alias("suggestions"),
            pl.col("severity", "remedy", "detail", "message", "value", "suggestion").first(),
            example.filter(pl.col("value").is_first_distinct()).head(EXAMPLES).alias("examples"),
        )
        groups = groups.with_columns(_rows(groups["kind"], told.issues)).drop("kind")
        for group in self._with_general(groups).iter_rows(named=True):
            self._add_group(group)

    def _with_general(self, groups: pl.DataFrame) -> pl.DataFrame:
        """The groups with `general`, their remedy in general: only of causes that have not been met before."""
        met = pl.Series([key in self._causes for key in groups.select(_KEY).iter_rows()], dtype=pl.Boolean)
        if met.all():
            return groups.with_columns(general=pl.lit(None, pl.String))
        new = (~met).arg_true()
        general = sparse.nulls(groups.height)
        return groups.with_columns(general.scatter(new, _general(groups[new], self._facts.lang)).alias("general"))

    def _add_group(self, group: dict[str, Any]) -> None:
        code, column, name, gist = (group[part] for part in _KEY)
        key = (code, column, name, gist)
        if key not in self._causes and len(self._causes) >= MOST_CAUSES:
            key = (code, column, name, "…" if gist else "")
        found = self._causes.setdefault(key, _Found())
        if not found.rows:
            kind = catalogue(self._facts.lang).get(code)
            found.title = kind.title if kind else _short(group["message"] or code) or ""
            found.severity, found.remedy = group["severity"], _short(group["general"]) or ""
            found.detail = _short(group["detail"]) or ""
        if gist and (group["details"] > 1 or _short(group["detail"]) != found.detail):
            found.detail = gist
        found.rows += group["rows"]
        for item in group["examples"]:
            if len(found.examples) < EXAMPLES:
                text = Example(item["row"], item["sheet"], _short(item["value"]), _short(item["message"]) or "",
                               _short(item["suggestion"]))  # fmt: skip
                found.examples.setdefault(text.value, text)

    def _add_changes(self, changes: pl.Series) -> None:
        every = changes.drop_nulls().str.split(" | ").explode(empty_as_null=True).alias("part")
        for name, kept in self._changes.items():
            if not kept.complete:  # only how many there are is told of such a field, and no pair need be looked at
                theirs = every.str.starts_with(f"{name}: ").fill_null(False)
                pair = rf"^{re.escape(name)}: (?s:.*?){ARROW}"
                kept.cells += int(every.filter(theirs).str.contains(pair).sum())
                every = every.filter(~theirs)
        parts = (
            every.value_counts(sort=True)
            .select(pl.col("part").str.splitn(": ", 2).struct.rename_fields(["name", "rest"]), "count").unnest("part")
            .filter(pl.col("rest").str.contains(ARROW, literal=True) & pl.col("name").str.contains(r"^[\w.]+$"))
        )  # fmt: skip
        for (name,), of_it in parts.group_by("name", maintain_order=True):
            kept = self._changes.setdefault(str(name), _Pairs())
            kept.cells += int(of_it["count"].sum())
            kept.add(of_it.select("rest", "count"))


def _rows(groups: pl.Series, issues: pl.DataFrame) -> pl.Series:
    """How many rows have a problem of each group (lists of kinds)."""
    of_kind = pl.DataFrame([groups.alias("kind")]).with_row_index("group").explode("kind").sort("kind")["group"]
    each = pl.DataFrame([issues["at"], of_kind.gather(issues["kind"]).alias("group")])
    return each.group_by("group").agg(pl.col("at").n_unique()).sort("group")["at"].alias("rows")


def _general(groups: pl.DataFrame, lang: str) -> pl.Series:
    """The remedy of a cause: without a suggestion that is meant for one of its rows alone."""
    several = (pl.col("rows") > 1) & ((pl.col("suggestions") > 1) | (pl.col("details") > 1))
    plain = groups.with_columns(
        pl.when(~several).then("value").alias("value"), pl.when(~several).then("suggestion").alias("suggestion")
    )
    said = render(plain.drop("severity", "message", "remedy"), lang)["remedy"].str.strip_chars()
    return pl.select(pl.when(said.str.contains(r"\s\.$")).then(groups["remedy"]).otherwise(said)).to_series()


@dataclass
class _Pairs:
    cells: int = 0
    complete: bool = True
    seen: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, pairs: pl.DataFrame) -> None:
        """Count pairs: `before -> after` and how often, the most frequent first."""
        if len(self.seen) + pairs.height > 2 * MOST_PAIRS:
            self.complete = False
            self.seen = Counter(dict(self.seen.most_common(EXAMPLES)))
            pairs = pairs.head(EXAMPLES - len(self.seen))
        for text, count in pairs.iter_rows():
            before, _, after = text.partition(ARROW)
            self.seen[_short(before) or "", _short(after) or ""] += count

    def top(self) -> tuple[tuple[str, str, int], ...]:
        kept = self.seen.most_common(MOST_PAIRS)
        return tuple((before, after, count if self.complete else 0) for (before, after), count in kept)


def _short(text: str | None) -> str | None:
    return text if text is None or len(text) <= LONGEST else text[: LONGEST - 1] + "…"
