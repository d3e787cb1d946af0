"""Turn the rows of a plan into who of them is at the target, in whichever way costs fewer requests."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence

from pipeline.client import Client, Failed, page_of
from pipeline.errors import Unavailable, unwrap
from pipeline.existing.filtered import filter_of, filters_work, find_each, spellings
from pipeline.existing.matching import Found, Wanted
from pipeline.existing.scanned import scan
from pipeline.language import say
from pipeline.progress import Progress
from pipeline.targets.interface import Identity, Target


async def find_once(
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
        one_by_one = await filters_work(client, target, wanted(), first)
    if not one_by_one:
        names = {w.identity for w in wanted()}
        whole = await scan(client, target, identities, names, first, pages, progress)
        if isinstance(whole, Found):
            return whole
        first = await page_of(client, target, target.search({}, None))
        if any(filter_of(target, w) is None for w in wanted()) or not await filters_work(
            client, target, wanted(), first
        ):
            raise Failed(whole.why)
    try:
        return await find_each(client, target, identities, wanted, count, progress)
    except BaseExceptionGroup as group:
        if not one_by_one or not isinstance(unwrap(group), Unavailable):
            raise
    # A firewall may dislike what is asked of one row: the list as a whole is refused only with the credentials.
    first = await page_of(client, target, target.search({}, None))
    whole = await scan(client, target, identities, {w.identity for w in wanted()}, first, pages, progress)
    if isinstance(whole, Found):
        return whole
    raise Failed(whole.why)


def _cheaper(target: Target, wanted: Iterator[Wanted], pages: int) -> bool:
    """Whether looking every identity up takes fewer requests than reading `pages`; False where some cannot be."""
    requests = 0
    for one in wanted:
        requests += len(spellings(target, one))
        if requests >= pages or filter_of(target, one) is None:
            return False
    return True
