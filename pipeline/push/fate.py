"""Turn a request whose answer was lost into knowledge: is the customer there, or certainly not?

Where the target stores our import key, a look-up by the key decides. The filter is believed only after it
found a customer that we know to be there; until then, and where it fails, all pages are read and compared on
our side. Where the target has no place for a key, ours is a customer of the same identity that was not there
before, and that holds exactly what we sent; anything else stays unknown.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pipeline import existing
from pipeline import identity as who
from pipeline.client import Client, Failed
from pipeline.journal import Entry, Journal
from pipeline.push.queue import Queue, Row
from pipeline.targets.interface import Created, Identity, Record, Target


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


class Detective:
    """Finds out what became of requests without an answer."""

    def __init__(self, client: Client, target: Target, journal: Journal, queue: Queue, identities: Sequence[Identity]):
        """Look things up with `client`; nothing here writes."""
        self._client, self._target, self._journal, self._queue = client, target, journal, queue
        self._identities = identities
        self._trusted: bool | None = None

    async def fates(self, cases: Sequence[tuple[Row, Entry]]) -> dict[int, Fate]:
        """The fate of each case, by seq.

        Raises:
            Failed: the target does not answer; the cases stay unknown.
        """
        creates = [(row, entry) for row, entry in cases if entry.action == "create"]
        found: dict[int, Fate] = {}
        for row, _ in ((r, e) for r, e in cases if e.action == "update"):
            found[row.seq] = await self._updated(row)
        if self._target.key_filter is None:
            for row, entry in creates:
                found[row.seq] = await self._by_identity(row, entry)
        elif creates and await self._filter_works():
            for row, _ in creates:
                found[row.seq] = _one([r for r in await self._by_key(row.key) if self._key_of(r) == row.key])
        elif creates:
            found.update(await self._by_scan(creates))
        return found

    async def _updated(self, row: Row) -> Fate:
        assert row.id is not None
        theirs = await shown(self._client, self._target, row.id)
        wanted = json.loads(row.payload)
        return There(row.id) if all(same(v, theirs.get(n)) for n, v in wanted.items()) else NotThere()

    async def _by_key(self, key: str) -> list[Record]:
        assert self._target.key_filter is not None
        records: list[Record] = []
        page: str | None = None
        for _ in range(existing.MOST_PAGES):
            read = self._target.page(await self._client.read(self._target.search(self._target.key_filter(key), page)))
            records += read.items
            page = read.next
            if page is None:
                break
        return records

    async def _filter_works(self) -> bool:
        """Whether the filter by key finds a customer that is certainly there; asked once it can be."""
        if self._trusted is None:
            known = self._journal.a_created()
            row = self._queue.rows([known.seq]).get(known.seq) if known else None
            if known is None or row is None:
                return False
            self._trusted = any(str(r.get("id")) == known.id for r in await self._by_key(row.key))
        return self._trusted

    def _key_of(self, record: Record) -> Any:
        value: Any = record
        for part in (self._target.key_path or "").split("."):
            value = value.get(part) if isinstance(value, dict) else None
        return value

    async def _by_scan(self, creates: Sequence[tuple[Row, Entry]]) -> dict[int, Fate]:
        keys: dict[Any, list[Record]] = {row.key: [] for row, _ in creates}
        async for page in existing.pages_of(self._client, self._target):
            for record in page.items:
                if (key := self._key_of(record)) in keys and record not in keys[key]:
                    keys[key].append(record)
        return {row.seq: _one(keys[row.key]) for row, _ in creates}

    async def _by_identity(self, row: Row, entry: Entry) -> Fate:
        sent = json.loads(row.payload)
        if row.identity is None:
            return Unclear("the row has no identity to look it up by")
        one = existing.wanted_of(row.identity, row.payload, self._identities)
        if not any(n in self._target.filters for n in one.values):
            return Unclear("the target cannot filter by the row's identity")
        records = await existing.search(self._client, self._target, self._identities, one)
        new = [r for r in records if str(r.get("id")) not in set(entry.known or ())]
        ours = [r for r in new if all(same(v, self._target.view(r).get(n)) for n, v in sent.items())]
        if not new:
            return NotThere()
        if len(ours) == 1 and len(new) == 1:
            return There(str(ours[0]["id"]))
        ids = ", ".join(str(r.get("id")) for r in new)
        return Unclear(f"{who.readable(row.identity)} is there now as {ids}, but not exactly as it was sent")


async def shown(client: Client, target: Target, id_: str) -> Record:
    """Customer `id_` as the target shows it now, in the shape we send.

    Raises:
        Failed: the target does not show it.
    """
    call = target.retrieve(id_)
    outcome = target.outcome(call, await client.read(call))
    if not isinstance(outcome, Created):
        raise Failed(f"the target does not show customer {id_}")
    return target.view(outcome.record)


def same(ours: Any, theirs: Any) -> bool:
    """Whether the target holds what was sent; an object may hold more entries than were sent."""
    if isinstance(ours, dict):
        return isinstance(theirs, dict) and all(same(v, theirs.get(n)) for n, v in ours.items())
    if ours in (None, "") or isinstance(ours, bool):
        return ours == theirs or (ours in (None, "") and theirs in (None, ""))
    return ours == theirs or str(ours) == str(theirs)


def _one(records: Sequence[Record]) -> Fate:
    if not records:
        return NotThere()
    ids = {str(r.get("id")) for r in records}
    return (
        There(ids.pop())
        if len(ids) == 1
        else Unclear(f"several customers carry the row's key: {', '.join(sorted(ids))}")
    )
