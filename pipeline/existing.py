"""Turn "who is already at the target?" into the fewest requests that answer it.

Either every page of the list is read, or one look-up is made for each identity, whichever costs fewer
requests; where the target cannot filter by the identity, all pages are read. Filters are never trusted:
each record that comes back is compared on our side.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipeline import identity as who
from pipeline.client import Client, Failed, page_of
from pipeline.language import later, say, say_n
from pipeline.progress import Progress
from pipeline.targets.interface import Identity, Page, Record, Target

MOST_PAGES = 100_000
READINGS = 3
"""How often a list is read that seems to have moved while it was read."""
KEYED = "import key="
FIRST_WAITS = (0.5, 1.0, 2.0)
LAST_WAIT = 5.0
"""Seconds before a list is read again that does not show yet who was created a moment ago."""


@dataclass(frozen=True)
class Wanted:
    """One identity to look for, and the field values it was made of, as they are sent.

    A row that has no identity is looked for by its import key, where the target keeps one: see `keyed`.
    """

    identity: str
    values: dict[str, str]


def keyed(key: str) -> str:
    """The name under which a row without an identity is looked for: a run that is repeated must find it."""
    return f"{KEYED}{key}"


def key_of(target: Target, record: Record) -> str | None:
    """The import key that one of the target's own records carries."""
    value: Any = record
    for part in (target.key_path or "").split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value if isinstance(value, str) else None


def _names(target: Target, records: Sequence[Record], identities: Sequence[Identity]) -> list[set[str]]:
    """Every name that each of the target's own records answers to."""
    names = who.of_records([target.view(r) for r in records], identities)
    for name, record in zip(names, records, strict=True):
        if (key := key_of(target, record)) is not None:
            name.add(keyed(key))
    return names


def wanted_of(text: str, payload: str, identities: Sequence[Identity]) -> Wanted:
    """The look-up for a row of the plan: its identity, and the values in its `payload` (JSON)."""
    sent = json.loads(payload)
    names = (n for i in identities for n in i.fields)
    return Wanted(text, {n: str(sent[n]) for n in names if sent.get(n) is not None and f"{n}=" in text})


@dataclass(frozen=True)
class Awaited:
    """A customer `id` that a push created a moment ago: until he is shown, or `left` seconds passed, nobody is "not there".

    `doubtful` are names of rows of that push whose requests may still be carried out, for `blind` seconds: who is looked
    for under such a name is not "not there" before.
    """

    one: Wanted | None
    id: str
    left: float
    doubtful: frozenset[str] = frozenset()
    blind: float = 0.0


@dataclass
class Found:
    """Which records answer to which identity; `how` says how they were found, for the report."""

    records: dict[str, list[Record]] = field(default_factory=dict)
    how: str = ""

    def add(self, identity: str, record: Record) -> None:
        """Note a record once."""
        known = self.records.setdefault(identity, [])
        if all(r.get("id") != record.get("id") for r in known):
            known.append(record)


async def find(
    client: Client, target: Target, identities: Sequence[Identity], wanted: Callable[[], Iterator[Wanted]],
    count: int, progress: Progress, awaited: Awaited | None = None,
) -> Found:  # fmt: skip
    """Look up `count` identities, and again while a list that must show who is `awaited` does not.

    Raises:
        Failed: the target does not answer.
        Unavailable: it refuses the credentials.
    """
    if awaited is None:
        return await _find(client, target, identities, wanted, count, progress)
    import anyio

    if awaited.doubtful and any(w.identity in awaited.doubtful for w in wanted()):
        progress.say(say("another run sent some of these rows and has no answer: waiting {seconds:.0f} s for them to arrive",
                         seconds=awaited.blind))  # fmt: skip
        await anyio.sleep(awaited.blind)
    if awaited.one is None:
        return await _find(client, target, identities, wanted, count, progress)
    until, behind = anyio.current_time() + awaited.left, False
    for seconds in itertools.chain(FIRST_WAITS, itertools.repeat(LAST_WAIT)):
        found = await _find(client, target, identities, wanted, count, progress, awaited.one)
        shown = any(str(r.get("id")) == awaited.id for r in found.records.get(awaited.one.identity, ()))
        left = until - anyio.current_time()
        if left <= 0 or (shown and not behind):
            break
        if not (shown or behind):
            progress.say(say("{title} does not list customer {id} yet, who was created just now: looking again",
                             title=target.title, id=awaited.id))  # fmt: skip
        behind = not shown  # who was created beside this one may be shown a moment later
        await anyio.sleep(min(seconds, left))
    return found


async def _find(
    client: Client, target: Target, identities: Sequence[Identity], rows: Callable[[], Iterator[Wanted]],
    count: int, progress: Progress, beside: Wanted | None = None,
) -> Found:  # fmt: skip
    """Look `rows` up once, `count` of them, and who else is wanted `beside` them."""

    def wanted() -> Iterator[Wanted]:
        return itertools.chain(rows(), () if beside is None else (beside,))

    first = await page_of(client, target, target.search({}, None))
    total = first.total if first.total is not None else len(first.items)
    pages = -(-total // target.page_size)
    if not first.items and first.next is None and not first.total:
        return Found(how=say("the target has no customers yet"))
    one_by_one = False
    if first.next is not None and _cheaper(target, wanted(), pages):
        one_by_one = await _shows(client, target, identities, first)
    if not one_by_one:
        names = {w.identity for w in wanted()}
        whole = await _scan(client, target, identities, names, first, pages, progress)
        if isinstance(whole, Found):
            return whole
        first = await page_of(client, target, target.search({}, None))
        if any(_filter(target, w) is None for w in wanted()) or not await _shows(client, target, identities, first):
            raise Failed(whole.why)
    return await _each(client, target, identities, wanted, count, progress)


def _cheaper(target: Target, wanted: Iterator[Wanted], pages: int) -> bool:
    """Whether looking every identity up takes fewer requests than reading `pages`; False where some cannot be."""
    requests = 0
    for one in wanted:
        requests += len(_spellings(target, one))
        if requests >= pages or _filter(target, one) is None:
            return False
    return True


async def _shows(client: Client, target: Target, identities: Sequence[Identity], first: Page) -> bool:
    """Whether the target's filters find customers that are certainly there, by the text that it shows of them.

    Where it shows nobody, and says that it has some, nothing tells what its filters do.
    """
    if not first.items:
        return False
    for name in {n for i in identities for n in i.fields} & set(target.filters):
        known = next(((r, v) for r in first.items if (v := target.view(r).get(name))), None)
        if known is not None:
            page = await page_of(client, target, target.search({name: str(known[1])}, None))
            if all(r.get("id") != known[0].get("id") for r in page.items):
                return False
    return True


@dataclass
class Tally:
    """Which customers the pages of a list have shown, and how many it says that it has."""

    ids: set[str] = field(default_factory=set)
    totals: list[int] = field(default_factory=list)
    twice: bool = False

    def add(self, page: Page) -> None:
        """Note one more page."""
        before = len(self.ids)
        self.ids.update(str(record.get("id")) for record in page.items)
        self.twice = self.twice or len(self.ids) - before < len(page.items)
        self.totals += [page.total] if page.total is not None else []

    @property
    def whole(self) -> bool:
        """Whether nothing says that one was missed; those who come meanwhile need not be seen, but none may go.

        One that is shown twice has taken the place of another, unless as many as there are were seen.
        """
        if not self.totals:
            return not self.twice
        return self.totals == sorted(self.totals) and len(self.ids) >= self.totals[0]

    @property
    def why(self) -> str:
        """What says that one was missed."""
        if not self.totals:
            return say("its list shows a customer twice, so that another may be missing")
        return say(
            "its list shows {seen} customers, and says that it has {total}", seen=len(self.ids), total=max(self.totals)
        )


async def _scan(
    client: Client, target: Target, identities: Sequence[Identity], wanted: set[str], first: Page, pages: int,
    progress: Progress,
) -> Found | Tally:  # fmt: skip
    """Who is shown by all pages, read again where somebody may have been missed; in the end, what says so."""
    found = Found(
        how=say_n(
            "compared with all customers of the target ({n:n} page)",
            "compared with all customers of the target ({n:n} pages)",
            pages,
        )
    )
    again: Page | None = first
    for _ in range(READINGS):
        tally = Tally()
        progress.begin(later("look up"), pages, later("pages"))
        async for page in pages_of(client, target, again):
            tally.add(page)
            for names, record in zip(_names(target, page.items, identities), page.items, strict=True):
                for name in names & wanted:
                    found.add(name, record)
            progress.advance(1)
        progress.end()
        again = None
        if tally.whole:
            return found
    return tally


async def pages_of(
    client: Client, target: Target, first: Page | None = None, filters: Mapping[str, str] | None = None
) -> AsyncIterator[Page]:
    """Every page of the target's customers that answer to `filters`.

    Raises:
        Failed: a page cannot be read, or the list does not end; what was seen so far is not all.
    """
    page = first or await page_of(client, target, target.search(filters or {}, None))
    seen: set[str] = set()
    while True:
        yield page
        if page.next is None:
            return
        if page.next in seen or len(seen) >= MOST_PAGES:
            raise Failed(say("the target's list does not end: it names page {page} again", page=page.next))
        seen.add(page.next)
        page = await page_of(client, target, target.search(filters or {}, page.next))


async def _each(
    client: Client, target: Target, identities: Sequence[Identity], wanted: Callable[[], Iterator[Wanted]],
    count: int, progress: Progress,
) -> Found:  # fmt: skip
    found = Found(how=say_n("looked up one by one ({n:n} look-up)", "looked up one by one ({n:n} look-ups)", count))
    queue = enumerate(wanted())
    progress.begin(later("look up"), count, later("look-ups"))

    import anyio

    async def worker() -> None:
        for at, one in queue:
            for record in await search(client, target, identities, one):
                found.add(one.identity, record)
            progress.advance(at < count)

    async with anyio.create_task_group() as group:
        for _ in range(target.pace.concurrency):
            group.start_soon(worker)
    progress.end()
    return found


async def search(client: Client, target: Target, identities: Sequence[Identity], one: Wanted) -> list[Record]:
    """The records that answer to one identity, by the target's filter, all pages, compared on our side."""
    chosen = _filter(target, one)
    assert chosen is not None
    matches: dict[str, Record] = {}
    for spelling in _spellings(target, one):
        async for read in pages_of(client, target, filters={chosen[0]: spelling}):
            for names, record in zip(_names(target, read.items, identities), read.items, strict=True):
                if one.identity in names:
                    matches[str(record.get("id"))] = record
    return list(matches.values())


def _spellings(target: Target, one: Wanted) -> list[str]:
    """The texts under which the target may hold the value that it filters by: a filter compares letter by letter.

    A tax id as it is sent, without its layout, and with dots (`76.086.428-5`); an e-mail in lower case.
    """
    chosen = _filter(target, one)
    if chosen is None:
        return []
    name, value = chosen
    texts = {value}
    if name == "tax_id":
        texts.add(one.identity.split("|")[0].partition("=")[2])
        if dashed := re.fullmatch(r"(\d{4,})-([\dA-Z])", value):
            texts.add(f"{int(dashed[1]):,}-{dashed[2]}".replace(",", "."))
    elif name == "email":
        texts.add(value.lower())
    return sorted(texts)


def _filter(target: Target, one: Wanted) -> tuple[str, str] | None:
    """The field to filter by and its value; None where the target cannot filter by this identity."""
    if one.identity.startswith(KEYED) and target.key_filter is not None:
        return next(iter(target.key_filter(one.identity.removeprefix(KEYED)).items()))
    for name, value in one.values.items():
        if name in target.filters:
            return name, value
    return None
