"""Turn one identity into the target's records that answer to it: asked for by its filters, compared on our side."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from pipeline.client import Client, page_of
from pipeline.existing.matching import KEYED, Found, Wanted, key_of, names_of
from pipeline.existing.pages import pages_of
from pipeline.language import later, say_n
from pipeline.progress import Progress
from pipeline.targets.interface import Identity, Page, Record, Target


async def find_each(
    client: Client, target: Target, identities: Sequence[Identity], wanted: Callable[[], Iterator[Wanted]],
    count: int, progress: Progress,
) -> Found:  # fmt: skip
    """Look every identity up, as many at once as the client's connections."""
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
        for _ in range(client.connections):
            group.start_soon(worker)
    progress.end()
    return found


async def search(client: Client, target: Target, identities: Sequence[Identity], one: Wanted) -> list[Record]:
    """The records that answer to one identity, by the target's filter, all pages, compared on our side."""
    chosen = filter_of(target, one)
    assert chosen is not None
    matches: dict[str, Record] = {}
    for spelling in spellings(target, one):
        async for read in pages_of(client, target, filters={chosen[0]: spelling}):
            for names, record in zip(names_of(target, read.items, identities), read.items, strict=True):
                if one.identity in names:
                    matches[str(record.get("id"))] = record
    return list(matches.values())


async def filters_work(client: Client, target: Target, wanted: Iterator[Wanted], first: Page) -> bool:
    """Whether the filters that are needed find customers that are certainly there, by the text that the target shows of them.

    Where it shows nobody with a value to filter by, nothing tells what its filter does.
    """
    needed = {chosen[0] for one in wanted if (chosen := filter_of(target, one)) is not None}
    for name in sorted(needed):
        known = next(((r, v) for r in first.items if (v := _filtered_by(target, r, name))), None)
        if known is None:
            return False
        page = await page_of(client, target, target.search({name: str(known[1])}, None))
        if all(r.get("id") != known[0].get("id") for r in page.items):
            return False
    return True


def _filtered_by(target: Target, record: Record, name: str) -> Any:
    """What the target shows of a customer that its filter `name` compares with: a field's value, or our key."""
    return target.view(record).get(name) if name in target.filters else key_of(target, record)


def spellings(target: Target, one: Wanted) -> list[str]:
    """The texts under which the target may hold the value that it filters by: a filter compares letter by letter.

    A tax id as it is sent, without its layout, and with dots (`76.086.428-5`); an e-mail in lower case.
    """
    chosen = filter_of(target, one)
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


def filter_of(target: Target, one: Wanted) -> tuple[str, str] | None:
    """The field to filter by and its value; None where the target cannot filter by this identity."""
    if one.identity.startswith(KEYED) and target.key_filter is not None:
        return next(iter(target.key_filter(one.identity.removeprefix(KEYED)).items()))
    for name, value in one.values.items():
        if name in target.filters:
            return name, value
    return None
