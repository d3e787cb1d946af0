"""Turn every page of the target's list into who is on it; it is read again where somebody may have been missed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from pipeline.client import Client
from pipeline.existing.matching import Found, names_of
from pipeline.existing.pages import pages_of
from pipeline.language import later, say, say_n
from pipeline.progress import Progress
from pipeline.targets.interface import Identity, Page, Target

READINGS = 3
"""How often a list is read that seems to have moved while it was read."""


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


async def scan(
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
            for names, record in zip(names_of(target, page.items, identities), page.items, strict=True):
                for name in names & wanted:
                    found.add(name, record)
            progress.advance(1)
        progress.end()
        again = None
        if tally.whole:
            return found
    return tally
