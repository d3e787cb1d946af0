"""Turn pages of a target's list into what they show of our rows."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipeline import existing
from pipeline import identity as who
from pipeline.targets.interface import Identity, Page, Record, Target


@dataclass
class Seen:
    """What pages of the target's list show: every id, and the records by import key or identity (`hits`)."""

    marks: Mapping[int, existing.Wanted | None]
    ids: set[str] = field(default_factory=set)
    hits: dict[Any, list[Record]] = field(default_factory=dict)
    totals: list[int] = field(default_factory=list)

    @property
    def all(self) -> bool:
        """Whether nothing says that a customer was missed: one that is removed meanwhile moves others to a page already read."""
        return not self.totals or (self.totals == sorted(self.totals) and len(self.ids) >= self.totals[-1])


async def looked_through(
    target: Target, own: Sequence[Identity], keys: Iterable[str], marks: Mapping[int, existing.Wanted | None],
    pages: AsyncIterator[Page], most: int,
) -> Seen | None:  # fmt: skip
    """What `pages` show of rows with these import keys, or of those with these `marks`, by seq; None where there are more than `most`.

    `own` are the target's identities.
    """
    keyed = target.key_path is not None
    wanted: set[Any] = set(keys) if keyed else {m.identity for m in marks.values() if m}
    found = Seen(marks)
    read = 0
    async for page in pages:
        if (read := read + 1) > most:
            return None
        found.ids.update(str(r.get("id")) for r in page.items)
        found.totals += [page.total] if page.total is not None else []
        views = [] if keyed else who.of_records([target.view(r) for r in page.items], own)
        for at, record in enumerate(page.items):
            for name in ({existing.key_of(target, record)} if keyed else views[at]) & wanted:
                found.hits.setdefault(name, []).append(record)
    return found
