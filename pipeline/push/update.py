"""Turn a row whose customer is at the target into the request that brings it up to date, and judge the answer.

The plan says what differs and what the target held then. The customer is read again first: where it holds
something else by now, nothing is sent (`plan.stale`). A customer that is found only now, because the plan was made
without asking, is dealt with as `--on-existing` says; where the plan did ask, and the customer came since, an update
is one that nobody has reviewed: it is not made.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from pipeline.changes import described, differences
from pipeline.client import Client, Missing
from pipeline.existing import key_of
from pipeline.journal import Entry
from pipeline.language import say
from pipeline.push.answered import cut
from pipeline.push.queue import Row
from pipeline.push.resolve import Resolver
from pipeline.push.verdict import same, shown
from pipeline.targets.interface import Call, Created, Identity, Record, Target

Problem = tuple[str | None, str, str]


@dataclass(frozen=True)
class Existing:
    """What a run does with customers that are at the target already.

    `reviewed` says that they were looked up for the plan; `cleared` are the fields that a blank cell clears.
    """

    policy: Literal["skip", "update", "error"] = "skip"
    reviewed: bool = True
    identities: tuple[Identity, ...] = ()
    cleared: tuple[str, ...] = ()


def as_sent(row: Row, entry: Entry) -> Row:
    """The row as it was sent: one that was to be created, and was found at the target, is an update by now."""
    if row.action != "create" or entry.action != "update" or entry.payload is None:
        return row
    return replace(row, action="update", id=entry.id, payload=_json(entry.payload), before=_json(entry.before or {}))


class Updater:
    """Prepares updates, and judges their answers."""

    def __init__(self, client: Client, target: Target, resolve: Resolver, existing: Existing) -> None:
        """`existing` is what the run was told about customers that are there already."""
        self._client, self._target, self._resolve, self._existing = client, target, resolve, existing

    async def prepare(self, row: Row, entry: Entry) -> Entry | tuple[Call, Entry]:
        """Read the customer again: unchanged, stale, or the request that brings it up to date.

        Raises:
            Failed: the target does not show it.
        """
        assert row.id is not None
        changes, before = json.loads(row.payload), json.loads(row.before or "{}")
        entry = replace(entry, action="update", id=row.id, before=before, payload=changes)
        try:
            theirs = await shown(self._client, self._target, row.id)
        except Missing:
            return _failed(entry, say("customer {id} is not there any more", id=row.id))
        if all(same(v, theirs.get(n)) for n, v in changes.items()):
            done = entry.sent_at is not None  # it was our own request that was late
            state = "updated" if done else "unchanged"
            return replace(entry, state=state, before=before if done else None, problems=[])
        moved = [n for n in changes if theirs.get(n) != before.get(n)]
        if moved:
            return _failed(entry, ", ".join(moved))
        return self._request(entry, theirs), entry

    async def adopt(self, row: Row, entry: Entry, there: Sequence[str]) -> Entry | tuple[Call, Entry]:
        """What to do with a new row whose customer is at the target, as one of the ids in `there`.

        Raises:
            Failed: the target does not show it.
        """
        ids, name = ", ".join(there), (row.identity or "").partition("=")[0] or None
        if entry.sent_at is not None and (ours := await self._ours(row, there)):
            return replace(entry, state="created", id=ours, problems=[])  # the look-up by key did not show it
        entry = replace(entry, id=there[0], sent_at=None)
        if self._existing.policy == "skip":
            return replace(entry, state="skipped", action="none", problems=[(None, "plan.existing", ids)])
        if self._existing.policy == "error":
            return replace(entry, state="invalid", action="none", problems=[(None, "plan.existing_error", ids)])
        if len(there) > 1:
            return replace(entry, state="invalid", action="none", problems=[(name, "plan.existing_several", ids)])
        if self._existing.reviewed:
            return _failed(entry, say("it came to the target since, as {ids}", ids=ids))
        if row.lane:
            return _failed(entry, say("it is {ids} at the target, and several rows are this customer", ids=ids))
        return await self._bring_up_to_date(row, entry, there[0])

    async def _ours(self, row: Row, there: Sequence[str]) -> str | None:
        """Which of the customers carries the row's key."""
        if self._target.key_path is None:
            return None
        found = [id_ for id_ in there if key_of(self._target, await shown(self._client, self._target, id_)) == row.key]
        return found[0] if len(found) == 1 else None

    async def _bring_up_to_date(self, row: Row, entry: Entry, id_: str) -> Entry | tuple[Call, Entry]:
        payload, problem = self._resolve.resolve(row.payload)
        if problem is not None:
            return replace(entry, state="invalid", problems=[problem])
        try:
            theirs = await shown(self._client, self._target, id_)
        except Missing:
            return _failed(entry, say("customer {id} is not there any more", id=id_))
        ours = without_key(json.loads(payload), self._target.key_path)
        named = {n for i in self._existing.identities for n in i.fields if f"{n}=" in (row.identity or "")}
        changes = differences(ours, theirs, named, self._target.merged, self._existing.cleared)
        if not changes:
            return replace(entry, state="unchanged", action="none", problems=[])
        before = {n: theirs.get(n) for n in changes}
        entry = replace(
            entry, action="update", before=before, payload=changes, changes=described(changes, theirs), known=None
        )
        return self._request(entry, theirs), entry

    def _request(self, entry: Entry, theirs: Record) -> Call:
        assert entry.id is not None
        whole = {n: v for n, v in theirs.items() if v is not None}
        return self._target.update(entry.id, entry.payload or {}, whole)

    def judge(self, row: Row, outcome: Created, entry: Entry) -> Entry:
        """Hold the answer against what was sent: what it shows, it must show as sent."""
        if outcome.id != entry.id:
            said = say("it answered with customer {id}", id=cut(outcome.id))
            return replace(entry, state="unknown", problems=[(None, "target.unknown", said)])
        theirs, changes = self._target.view(outcome.record), json.loads(row.payload)
        other = {n: theirs[n] for n, v in changes.items() if n in theirs and not same(v, theirs[n])}
        before: dict[str, Any] = entry.before or {}
        ignored = [n for n, v in other.items() if v == before.get(n)]
        if ignored:
            said = say(
                "it answered {status}, but left {fields} as before",
                status=entry.http_status,
                fields=", ".join(ignored),
            )
            return replace(entry, state="failed", problems=[(None, "target.failed", said)])
        problems: list[Problem] = [(n, "target.stored_otherwise", cut(str(v))) for n, v in other.items()]
        return replace(entry, state="updated", id=outcome.id, problems=problems)


def without_key(record: Record, key_path: str | None) -> Record:
    """The record without our import key: the key stays on the customers that we created."""
    if not key_path:
        return record
    parent, _, entry = key_path.partition(".")
    inner = {n: v for n, v in (record.get(parent) or {}).items() if n != entry}
    return {**{n: v for n, v in record.items() if n != parent}, **({parent: inner} if inner else {})}


def _failed(entry: Entry, why: str) -> Entry:
    kept = entry if entry.sent_at is not None else replace(entry, before=None, payload=None)
    return replace(kept, state="failed", problems=[(None, "plan.stale", why)])


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
