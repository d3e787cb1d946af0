"""Turn a request whose answer was lost into knowledge: is the customer there, or certainly not?

Where the target stores our import key, a look-up by the key decides. The filter is believed only after it
found a customer that we know to be there, and nothing for a key that nobody has; until then, and where it
fails, all pages are read and compared on our side. Where the target has no place for a key, ours is a customer
of the same identity that was not there before, that no other row of ours has, and that holds exactly what we
sent; anything else stays unknown.

"There" is believed at once. "Not there" is asked a second time in another way before anything is sent again
(`second_opinion`), as a filter may be falsely empty: by reading all pages where that is cheap, else the newest
customers back to the moment when the row was sent, else with a customer that is certainly there as the control.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence

import anyio

from pipeline import existing
from pipeline import identity as who
from pipeline.client import Client, Failed, Missing, page_of
from pipeline.errors import Unavailable
from pipeline.journal import Entry, Journal
from pipeline.language import say
from pipeline.push.newest import SKEW, Since, moment
from pipeline.push.queue import Queue, Row
from pipeline.push.resolve import Resolver
from pipeline.push.sighting import Seen, looked_through
from pipeline.push.verdict import Fate, NotThere, There, Unclear, of_key, readable_id, same, shown
from pipeline.push.witness import Case, Witness
from pipeline.targets.interface import Created, Identity, Page, Record, Target

CHEAP_PAGES = 10
AT_ONCE = 4
NOBODY = "no-such-import-key"


class Detective:
    """Finds out what became of requests without an answer; nothing here writes."""

    def __init__(
        self, client: Client, target: Target, journal: Journal, queue: Queue, identities: Sequence[Identity],
        resolve: Resolver,
    ) -> None:  # fmt: skip
        """`identities` are those of the run; without a key at the target its own ones decide about a fate."""
        self._resolve = resolve
        self._client, self._target, self._journal, self._queue = client, target, journal, queue
        self._own = target.identities
        self._same = tuple(identities) == tuple(target.identities)
        self._trusted: bool | None = None
        self._witness = Witness(client, target, journal, queue, self._ids)

    @property
    def default_identities(self) -> bool:
        """Whether the run tells customers apart as the target's own fates do."""
        return self._same

    async def fates(self, cases: Sequence[Case]) -> dict[int, Fate]:
        """The fate of each case, by seq; a case that could not be asked about is absent."""
        await self._journal.flush()  # whose a customer is must be known before it is asked for
        creates = [c for c in cases if c[1].action == "create"]
        found: dict[int, Fate] = {}
        await self._each([c for c in cases if c[1].action == "update"], self._updated, found)
        if self._target.key_filter is None:
            await self._each(creates, self._by_identity, found)
            return found
        try:
            trusted = bool(creates) and await self._filter_works()
            if creates and not trusted:
                found.update(await self._by_scan(creates) or {})
        except Failed:
            return found
        if trusted:
            await self._each(creates, self._by_key, found)
        return found

    async def quickly(self, row: Row, entry: Entry) -> str | None:
        """The id of the row's customer where one look-up shows it; None where it does not, or none can be trusted."""
        try:
            if self._target.key_filter is None:
                fate = await self._by_identity(row, entry)
            elif self._witness.case is not None and await self._filter_works():
                fate = await self._by_key(row, entry)
            else:
                return None
        except (Failed, Unavailable):
            return None
        return fate.id if isinstance(fate, There) else None

    async def second_opinion(self, cases: Sequence[Case]) -> dict[int, Fate]:
        """The fate of cases that seem to be absent, asked in another way; what cannot be asked is absent."""
        creates = [c for c in cases if c[1].action == "create"]
        found: dict[int, Fate] = {c[0].seq: NotThere() for c in cases if c[1].action == "update"}
        if not creates:
            return found
        try:
            most = max(CHEAP_PAGES, len(creates) // 2)
            first = await page_of(self._client, self._target, self._target.search({}, None))
            many = first.total is not None and first.total > most * self._target.page_size
            if not many and (scanned := await self._by_scan(creates, most)) is not None:
                found.update(scanned)
            elif (shown := await self._by_newest(creates)) is not None:
                found.update(shown)
            elif await self._witness.is_found():
                found.update(await self.fates(creates))
        except Failed:
            pass
        return found

    async def holders(self, row: Row) -> list[str]:
        """The ids that hold the row's identity now: what is found later and is not among them can be ours.

        Raises:
            Failed: the target does not answer.
        """
        one = self.mark(row)
        if one is None:
            return []
        return [str(r.get("id")) for r in await existing.search(self._client, self._target, self._own, one)]

    def mark(self, row: Row) -> existing.Wanted | None:
        """What tells the row's customer from others where the target keeps no key; None where nothing does."""
        text = row.identity
        if not self._same:
            text = min(who.of_records([json.loads(row.payload)], self._own)[0], default=None)
        one = existing.wanted_of(text, row.payload, self._own) if text else None
        return one if one and any(n in self._target.filters for n in one.values) else None

    async def _each(
        self, cases: Iterable[Case], ask: Callable[[Row, Entry], Awaitable[Fate]], found: dict[int, Fate]
    ) -> None:
        """Ask about each case, a few at a time; one that fails does not keep the others from being asked."""
        todo = list(cases)
        shared = iter(todo)
        failures = 0

        async def worker() -> None:
            nonlocal failures
            for row, entry in shared:
                try:
                    found[row.seq] = await ask(row, entry)
                except Failed:
                    failures += 1
                if failures > AT_ONCE:
                    return

        async with anyio.create_task_group() as group:
            for _ in range(min(AT_ONCE, len(todo))):
                group.start_soon(worker)

    async def _updated(self, row: Row, _entry: Entry) -> Fate:
        assert row.id is not None
        try:
            theirs = await shown(self._client, self._target, row.id)
        except Missing:
            return NotThere()  # whoever sends it again is told so
        wanted = json.loads(row.payload)
        return There(row.id) if all(same(v, theirs.get(n)) for n, v in wanted.items()) else NotThere()

    async def _by_key(self, row: Row, _entry: Entry) -> Fate:
        return of_key([r for r in await self._with_key(row.key) if existing.key_of(self._target, r) == row.key])

    async def _with_key(self, key: str, *, all_pages: bool = True) -> list[Record]:
        """The records that the target's filter gives for a key."""
        assert self._target.key_filter is not None
        filters = self._target.key_filter(key)
        first = await page_of(self._client, self._target, self._target.search(filters, None))
        if not all_pages:
            return list(first.items)
        pages = existing.pages_of(self._client, self._target, first, filters)
        return [record async for page in pages for record in page.items]

    async def _filter_works(self) -> bool:
        """Whether the filter by key finds a customer that is certainly there, and nobody for a nonsense key."""
        if self._trusted is None:
            if self._witness.case is None:
                return False
            nobody = not await self._with_key(NOBODY, all_pages=False)
            self._trusted = nobody and await self._witness.is_found()
        return self._trusted

    async def _ids(self, row: Row) -> list[str]:
        """The ids that the target's filter shows for a row."""
        if self._target.key_filter is None:
            return await self.holders(row)
        return [str(r.get("id")) for r in await self._with_key(row.key, all_pages=False)]

    async def _by_scan(self, creates: Sequence[Case], most: int = existing.MOST_PAGES) -> dict[int, Fate] | None:
        """The fates by all pages of the list, in which a customer that is certainly there must appear.

        None where the list has more than `most` pages.
        """
        seen = await self._seen(creates, existing.pages_of(self._client, self._target), most)
        if seen is None:
            return None
        while (known := self._witness.case) is not None and (control := known[1].id) not in seen.ids:
            if await self._witness.dismissed():
                continue
            why = say("the target's list does not show customer {id}, which is there", id=control)
            return {row.seq: Unclear(why) for row, _ in creates}
        fates = self._told(creates, seen)
        if not seen.all:
            why = say("the target's list shows {seen} customers, and says that it has {total}", seen=len(seen.ids),
                      total=seen.totals[-1])  # fmt: skip
            fates = {seq: Unclear(why) if isinstance(fate, NotThere) else fate for seq, fate in fates.items()}
        return fates

    async def _by_newest(self, creates: Sequence[Case]) -> dict[int, Fate] | None:
        """The fates by the customers that were created since the cases were sent; None where that cannot be told.

        The list is believed only where it is in order, and goes back far enough or to a customer that is certainly there.
        """
        first = min(e.sent_at or 0.0 for _, e in creates)
        known = self._journal.a_created(first) or self._journal.a_created()
        if self._target.newest is None or known is None or known.sent_at is None or known.id is None:
            return None
        if known.sent_at > first and not self._journal.clock.exact(known.sent_at, first):
            return None  # how long before it the cases were sent is not known
        try:
            call = self._target.retrieve(known.id)
            outcome = self._target.outcome(call, await self._client.read(call))
            if not isinstance(outcome, Created):
                return None
            ahead = moment(self._target, outcome.record) - known.sent_at  # how the target's clock differs from ours
            since = Since(first + ahead - SKEW)
            seen = await self._seen(creates, since.pages(self._client, self._target), existing.MOST_PAGES)
        except (Failed, ValueError):
            return None
        if seen is None or not (since.reached or known.id in seen.ids):
            return None
        return self._told(creates, seen)

    async def _seen(self, creates: Sequence[Case], pages: AsyncIterator[Page], most: int) -> Seen | None:
        """What `pages` show of the cases; None where there are more than `most`."""
        marks = {} if self._target.key_path is not None else {row.seq: self.mark(row) for row, _ in creates}
        return await looked_through(self._target, self._own, (row.key for row, _ in creates), marks, pages, most)

    def _told(self, creates: Sequence[Case], seen: Seen) -> dict[int, Fate]:
        if self._target.key_path is not None:
            return {row.seq: of_key(seen.hits.get(row.key, [])) for row, _ in creates}
        return {row.seq: self._judge(row, entry, seen.hits.get(mark.identity, []) if mark else None)
                for row, entry in creates for mark in (seen.marks[row.seq],)}  # fmt: skip

    async def _by_identity(self, row: Row, entry: Entry) -> Fate:
        one = self.mark(row)
        records = await existing.search(self._client, self._target, self._own, one) if one else None
        return self._judge(row, entry, records)

    def judge(self, row: Row, entry: Entry, records: Sequence[Record]) -> Fate:
        """The fate of a row, given every record that holds its identity."""
        return self._judge(row, entry, records)

    def _judge(self, row: Row, entry: Entry, records: Sequence[Record] | None) -> Fate:
        """Which of the records that hold the row's identity is ours."""
        if records is None:
            return Unclear(say("the target cannot be asked for the row's identity"))
        known = set(entry.known or ())
        new = {str(r.get("id")): r for r in records if str(r.get("id")) not in known}
        for id_, seq in self._journal.owners(new).items():
            if seq != row.seq:
                del new[id_]
        if not new:
            return NotThere()
        if not all(readable_id(r.get("id")) for r in new.values()):
            return Unclear(say("the target shows a customer of the row's identity, without a readable id"))
        sent = json.loads(self._resolve.resolve(row.payload)[0])
        named = {n for i in self._own for n in i.fields}  # they agree already, in whatever spelling
        said = {n: v for n, v in sent.items() if n not in named}
        ours = [i for i, r in new.items() if all(same(v, self._target.view(r).get(n)) for n, v in said.items())]
        if len(ours) == 1 and len(new) == 1:
            return There(ours[0])
        return Unclear(
            say(
                "{customer} is there now as {ids}, but not exactly as it was sent",
                customer=who.readable(row.identity or ""),
                ids=", ".join(new),
            )
        )
