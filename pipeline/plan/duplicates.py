"""Turn hashes of whole files into the few rows that are the same customer as another row.

Two 64-bit hashes a row stay in memory: of who the customer is, and of everything that is sent. The texts of
the rows they point at are compared before anything is decided, so that a collision harms nobody.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import polars as pl

from pipeline.identity import readable

Policy = Literal["error", "first", "last", "all"]
MOST_NAMED = 10


@dataclass
class Verdict:
    """What becomes of one affected row: `after` is the seq of the row that goes first, `ordinal` its number."""

    status: str = "ready"
    after: int | None = None
    lane: bool = False
    ordinal: int = 0
    issue: dict[str, str | None] | None = None


@dataclass
class Hashes:
    """The hashes of all rows, in order; rows that are not valid do not compete."""

    who: list[pl.Series] = field(default_factory=list)
    valid: list[pl.Series] = field(default_factory=list)

    def add(self, who: pl.Series, valid: pl.Series) -> None:
        """Add a batch: `who` is the text of the identity, or of the whole record where there is none."""
        self.who.append(who.hash(0))
        self.valid.append(valid)

    def affected(self) -> pl.Series:
        """The seqs of valid rows that share their hash with another one, ascending."""
        if not self.who:
            return pl.Series(dtype=pl.UInt32)
        rows = pl.DataFrame({"who": pl.concat(self.who), "valid": pl.concat(self.valid)}).with_row_index("seq")
        rows = rows.filter("valid")
        return rows.filter(pl.col("who").is_duplicated())["seq"].cast(pl.UInt32)


def judge(rows: pl.DataFrame, policy: Policy, label: Callable[[str], str]) -> dict[int, Verdict]:
    """Decide about the affected rows; `rows` has seq, row, sheet, who, identity, body (JSON of what is sent).

    Identical rows: the first goes in. Rows that differ: as `policy` says.
    """
    verdicts: dict[int, Verdict] = {}
    for _, group in rows.group_by("who", maintain_order=True):
        if group.height > 1:
            verdicts.update(_group(group, policy, label))
    return verdicts


def _group(group: pl.DataFrame, policy: Policy, label: Callable[[str], str]) -> dict[int, Verdict]:
    lines = group.to_dicts()
    firsts = {line["body"]: line for line in reversed(lines)}
    if len(firsts) > 1 and policy == "error":
        issue = _conflict(lines, label)
        return {line["seq"]: Verdict("invalid", ordinal=n, issue=issue) for n, line in enumerate(lines)}
    if policy in ("first", "last"):
        leader = lines[0] if policy == "first" else lines[-1]
        firsts = dict.fromkeys(firsts, leader)
    verdicts: dict[int, Verdict] = {}
    for ordinal, line in enumerate(lines):
        first = firsts[line["body"]]
        verdict = Verdict(lane=len(set(map(id, firsts.values()))) > 1, ordinal=ordinal)
        if first is not line:
            code = "duplicate.identical" if first["body"] == line["body"] else "duplicate.superseded"
            verdict.status, verdict.after, verdict.issue = "skipped", first["seq"], _issue(code, _name(first))
        verdicts[line["seq"]] = verdict
    return verdicts


def _conflict(lines: list[dict[str, Any]], label: Callable[[str], str]) -> dict[str, str | None]:
    records = [json.loads(str(line["body"])) for line in lines]
    names = dict.fromkeys(name for record in records for name in record)
    differing = [label(n) for n in names if len({json.dumps(r.get(n), sort_keys=True) for r in records}) > 1]
    named = ", ".join(_name(line) for line in lines[:MOST_NAMED])
    more = f" and {len(lines) - MOST_NAMED} more" if len(lines) > MOST_NAMED else ""
    detail = f"{named}{more}, which differ in {', '.join(differing)}"
    return {**_issue("duplicate.conflict", detail), "value": readable(lines[0]["identity"]) if lines[0]["identity"] else "the same record"}


def _name(line: dict[str, Any]) -> str:
    where = [str(line[n]) for n in ("source", "sheet") if line.get(n)]
    return f"{line['row']} of {', '.join(where)}" if where else str(line["row"])


def _issue(code: str, detail: str) -> dict[str, str | None]:
    return {"field": None, "column": None, "value": None, "code": code, "detail": detail, "suggestion": None}
