"""Turn what a target shows of a row into a verdict on it: there, not there, or unclear."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.client import Client, Failed
from pipeline.language import say
from pipeline.targets.interface import Created, Record, Target

LONGEST_ID = 200
UNSEEN = "target.unknown_created"
"""A row that the target says it has taken, and does not show: it is not sent again, however often it is not found."""


@dataclass(frozen=True)
class There:
    """The customer is at the target, as `id`."""

    id: str


@dataclass(frozen=True)
class NotThere:
    """The target does not show the customer; whether that counts depends on the time that has passed."""


@dataclass(frozen=True)
class Unclear:
    """The target shows something that is neither clearly ours nor clearly nothing."""

    why: str


Fate = There | NotThere | Unclear


async def shown(client: Client, target: Target, id_: str) -> Record:
    """Customer `id_` as the target shows it now, in the shape we send.

    Raises:
        Failed: the target does not show it.
    """
    call = target.retrieve(id_)
    outcome = target.outcome(call, await client.read(call))
    if not isinstance(outcome, Created):
        raise Failed(say("the target does not show customer {id}", id=id_))
    if outcome.id != id_:
        raise Failed(say("asked for customer {id}, the target shows {other}", id=id_, other=outcome.id[:LONGEST_ID]))
    return target.view(outcome.record)


def readable_id(value: Any) -> bool:
    """Whether a value that the target calls an id is one that can be written down, and asked for."""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return False
    text = str(value)
    return text.isprintable() and text not in (".", "..") and 0 < len(text.strip()) <= LONGEST_ID


def same(ours: Any, theirs: Any) -> bool:
    """Whether the target holds what was sent; an object may hold more entries than were sent."""
    if isinstance(ours, dict):
        return isinstance(theirs, dict) and all(same(v, theirs.get(n)) for n, v in ours.items())
    if ours in (None, "") or isinstance(ours, bool):
        return ours == theirs or (ours in (None, "") and theirs in (None, ""))
    return ours == theirs or str(ours) == str(theirs)


def of_key(records: Sequence[Record]) -> Fate:
    """The verdict where these records carry the row's key."""
    if not all(readable_id(r.get("id")) for r in records):
        return Unclear(say("the target shows a customer with the row's key, without a readable id"))
    ids = {str(r.get("id")) for r in records}
    if not ids:
        return NotThere()
    return (
        There(ids.pop())
        if len(ids) == 1
        else Unclear(say("several customers carry the row's key: {ids}", ids=", ".join(sorted(ids))))
    )
