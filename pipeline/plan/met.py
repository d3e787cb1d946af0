"""Turn rows whose customer is at the target already into what becomes of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from pipeline import identity as who
from pipeline.changes import described, differences
from pipeline.plan import problems
from pipeline.plan.encode import Choices
from pipeline.plan.verdicts import Verdict, issue
from pipeline.schema import fields
from pipeline.targets.interface import Record, Target


@dataclass
class Existing:
    """What is to be done with a row whose identity is at the target already."""

    status: str
    action: str
    id: str | None
    payload: str | None
    before: str | None
    changes: str
    issue: problems.Problem | None


@dataclass
class Met:
    """The rows of a part whose customer is at the target, by seq, and those that follow such a row.

    The latter are never sent as new customers.
    """

    decided: dict[int, Existing] = field(default_factory=dict)
    frozen: list[int] = field(default_factory=list)

    def overlay(self) -> pl.DataFrame:
        """What is decided about the rows: `seq`, and the columns of the plan that it changes."""
        rows = [(s, e.status, e.action, e.id, e.payload, e.before) for s, e in self.decided.items()]
        names = ("status", "action", "id", "payload", "before")
        return pl.DataFrame(rows, schema={"seq": pl.UInt32, **dict.fromkeys(names, pl.String)}, orient="row")


def meet(
    named: pl.DataFrame, found: Mapping[str, Sequence[Record]], verdicts: Mapping[int, Verdict], target: Target,
    choices: Choices,
) -> Met:  # fmt: skip
    """Look for the customers of the valid rows among those that were `found`.

    `named` has the columns of the plan, `valid`, `blanks` and `name`: what the row is looked for by.
    """
    met = Met()
    known = pl.Series([name in found for name in named["name"]], dtype=pl.Boolean)
    for line in named.filter(known & named["valid"]).iter_rows(named=True):
        verdict = verdicts.get(line["seq"])
        if verdict is not None and verdict.status == "invalid":
            continue
        decided = _decide(line, found[line["name"]], target, choices)
        if verdict is None or verdict.status == "ready" or decided.status == "invalid":
            met.decided[line["seq"]] = decided
        else:
            met.frozen.append(line["seq"])
    return met


def _decide(line: dict[str, Any], records: Sequence[Record], target: Target, choices: Choices) -> Existing:
    ids = [str(r.get("id")) for r in records]
    if len(records) > 1 and choices.on_existing != "skip":
        several = issue("plan.existing_several", ", ".join(ids), who.readable(line["name"]))
        return Existing("invalid", "none", None, None, None, "", several)
    if choices.on_existing == "error":
        return Existing("invalid", "none", ids[0], None, None, "", issue("plan.existing_error", ids[0]))
    if choices.on_existing == "skip":
        return Existing("skipped", "none", ids[0], None, None, "", issue("plan.existing", ", ".join(ids)))
    theirs = target.view(records[0])
    names = {n for i in choices.identities for n in i.fields if f"{n}=" in line["name"]}
    known = fields(target.record)
    cleared = [n for n in (line["blanks"] or "").split(",") if n in known and known[n].nullable]
    changes = differences(_without_key(json.loads(line["payload"]), target), theirs, names, target.merged, cleared)
    if not changes:
        return Existing("unchanged", "none", ids[0], None, None, "", None)
    before = {name: theirs.get(name) for name in changes}
    return Existing("ready", "update", ids[0], json.dumps(changes, ensure_ascii=False),
                    json.dumps(before, ensure_ascii=False), described(changes, theirs), None)  # fmt: skip


def _without_key(payload: dict[str, Any], target: Target) -> dict[str, Any]:
    """What would be sent, without our import key: the customer keeps the one it was created with."""
    if not target.key_path:
        return payload
    parent, _, entry = target.key_path.partition(".")
    payload[parent].pop(entry)
    return {n: v for n, v in payload.items() if n != parent or v}
