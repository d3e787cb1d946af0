"""Turn the target's list, the newest customers first, into those that were created since a moment."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

from pipeline.client import Client, Failed, page_of
from pipeline.existing import MOST_PAGES
from pipeline.language import say
from pipeline.targets.interface import Page, Record, Target

SKEW = 600.0
"""Seconds by which moments at the target may be off, beside the difference of the clocks."""


def moment(target: Target, record: Record) -> float:
    """When a customer was created, in seconds since 1970 by the target's clock.

    Raises:
        ValueError: the target does not say it.
    """
    told = datetime.fromisoformat(str(record.get(target.made)))
    return (told if told.tzinfo else told.replace(tzinfo=UTC)).timestamp()


class Since:
    """Reads back to `floor` (seconds since 1970 by the target's clock); `reached` says that it got there."""

    def __init__(self, floor: float) -> None:
        """Nothing is read yet."""
        self.floor, self.reached = floor, False

    async def pages(self, client: Client, target: Target) -> AsyncIterator[Page]:
        """The pages, the newest first, up to the one that goes beyond the floor.

        A customer that is created meanwhile moves the others to a later page: some are read twice, none is missed.

        Raises:
            Failed: a page cannot be read, or the target does not keep the order.
            ValueError: it does not say when a customer was created.
        """
        assert target.newest is not None
        token: str | None = None
        for _ in range(MOST_PAGES):
            page = await page_of(client, target, target.newest(token))
            times = [moment(target, record) for record in page.items]
            if times != sorted(times, reverse=True):
                raise Failed(say("the target does not list the newest customers first"))
            yield page
            self.reached = bool(times) and times[-1] < self.floor
            if self.reached or page.next is None:
                return
            token = page.next
        raise Failed(say("the target's list does not end"))
