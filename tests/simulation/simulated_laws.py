"""Turn a world at its end into what of "never twice, never lost" does not hold in it."""

from __future__ import annotations

import json
from typing import NamedTuple

from simulation.simulated_world import World

from pipeline.journal import FINAL
from pipeline.push.queue import Row


class Told(NamedTuple):
    """What the journal says of a row."""

    state: str
    id: str | None
    why: str | None
    before: str | None


def broken_laws(made: World) -> list[str]:
    """What does not hold: no customer twice, none lost, no row without outcome, no outcome without cause."""
    assert made.db is not None
    lines = made.db.execute("SELECT seq, state, id, problems, before FROM row")
    told = {seq: Told(*rest) for seq, *rest in lines}
    waited_for = {row.identity for row in made.rows if row.seq in told and told[row.seq].state not in FINAL}
    found = [law for row in made.rows for law in _of_row(made, row, told.get(row.seq), row.identity in waited_for)]
    return found + _of_groups(made)


def _of_row(made: World, row: Row, told: Told | None, waits: bool) -> list[str]:
    """`waits`: a row of the same identity is open; this one rests as it is until that one is settled."""
    if told is None:
        return [] if waits else [f"row {row.seq} has no outcome"]
    found = _of_update(made, row, told) if row.action == "update" else _of_create(made, row, told, waits)
    if told.state in ("rejected", "failed") and not told.why:
        found.append(f"row {row.seq} is {told.state} without a cause")
    return found


def _of_update(made: World, row: Row, told: Told) -> list[str]:
    there = made.server.find(str(row.id))
    found = [] if there["phone"] == "1" else [f"update {row.seq} has cleared a field"]
    meant = {"updated": ("new", "theirs"), "failed": ("theirs", "new"), "rejected": ("old", "theirs")}
    strange = there["name"] == "theirs"
    if told.state not in meant or there["name"] not in meant[told.state]:
        found.append(f"update {row.seq} is {told.state}, and the customer is {there['name']}")
    if told.state == "failed" and ("plan.stale" not in str(told.why) or not strange):
        found.append(f"update {row.seq} failed: {told.why}")
    if told.state == "rejected" and row.seq not in made.ever_refused:
        found.append(f"update {row.seq} was not refused")
    if told.state == "updated" and json.loads(told.before or "null") != {"name": "old"}:
        found.append(f"update {row.seq} keeps {told.before} as what was before")
    return found


def _of_create(made: World, row: Row, told: Told, waits: bool) -> list[str]:
    ours = [c for c in made.server.customers if c["nr"] == row.seq]
    mail = json.loads(row.payload)["email"]
    rivals = [c for c in made.server.customers if c["email"] == mail and c["nr"] != row.seq]
    strange = any(c["nr"] < 0 for c in rivals)
    shown = made.server.manners.duplicate == 200  # the answer to a create may then be somebody else's customer
    refused = row.seq in (made.ever_refused if waits or (strange and not made.server.keyed) else made.server.refuses)
    broken = {
        "is there more than once": len(ours) > 1,
        "has the id of another": told.state == "created"
        and told.id not in [c["id"] for c in ours]
        and not (shown and strange),
        "is not settled": told.state not in FINAL and not (shown and rivals) and (made.server.keyed or not strange),
        "is there, and not told so": told.state in FINAL and told.state != "created" and bool(ours),
        "was not refused": told.state == "rejected"
        and not refused
        and (made.server.manners.duplicate == 201 or not rivals),
        "was skipped for nobody": told.state == "skipped" and not rivals,
        "failed although nothing fails any more": told.state == "failed" and not waits and not (shown and rivals),
    }
    return [f"row {row.seq} {law}: {told}, {ours}" for law, holds_not in broken.items() if holds_not]


def _of_groups(made: World) -> list[str]:
    """Of the rows of one customer exactly one is in, if any of them can be."""
    found: list[str] = []
    for first in (r for r in made.rows if r.after is None and r.action == "create"):
        group = [r.seq for r in made.rows if r.seq == first.seq or r.after == first.seq]
        there = [c["nr"] for c in made.server.customers if c["nr"] in group]
        rivals = [
            c
            for c in made.server.customers
            if c["email"] == json.loads(first.payload)["email"] and c["nr"] not in group
        ]
        wanted = any(s not in made.server.refuses for s in group)
        if len(there) > 1 or (len(there) < int(wanted) and not rivals):
            found.append(f"of the same customer {group} there are {there}")
    return found
