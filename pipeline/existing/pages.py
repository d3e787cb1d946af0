"""Turn the list of the target's customers into its pages, every one of them up to the last."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

from pipeline.client import Client, Failed, page_of
from pipeline.language import say
from pipeline.targets.interface import Page, Target

MOST_PAGES = 100_000
MOST_ALIKE = 20
MOST_EMPTY = 1_000
"""So many pages one after the other that show the same, or nobody, are a list that does not go on.

A target may filter each page by itself: then most of them are empty, and somebody comes at last.
"""


async def pages_of(
    client: Client, target: Target, first: Page | None = None, filters: Mapping[str, str] | None = None
) -> AsyncIterator[Page]:
    """Every page of the target's customers that answer to `filters`.

    Raises:
        Failed: a page cannot be read, or the list does not end; what was seen so far is not all.
    """
    page = first or await page_of(client, target, target.search(filters or {}, None))
    seen: set[str] = set()
    alike = 0
    while True:
        yield page
        if page.next is None:
            return
        if page.next in seen or len(seen) >= MOST_PAGES:
            raise Failed(say("the target's list does not end: it names page {page} again", page=page.next))
        seen.add(page.next)
        before, page = page, await page_of(client, target, target.search(filters or {}, page.next))
        alike = alike + 1 if page.items == before.items else 0
        if alike >= (MOST_ALIKE if page.items else MOST_EMPTY):
            raise Failed(say("the target's list does not end: {n} pages show the same", n=alike))
