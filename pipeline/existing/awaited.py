"""Turn a look-up into one that waits for who was created a moment ago, where the target's list may lag behind."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from pipeline.client import Client
from pipeline.existing.matching import Found, Wanted
from pipeline.existing.shortest import find_once
from pipeline.language import say
from pipeline.progress import Progress
from pipeline.targets.interface import Identity, Target

FIRST_WAITS = (0.5, 1.0, 2.0)
LAST_WAIT = 5.0
"""Seconds before a list is read again that does not show yet who was created a moment ago."""


@dataclass(frozen=True)
class Awaited:
    """A customer `id` that a push created a moment ago: until he is shown, or `left` seconds passed, nobody is "not there".

    `doubtful` are names of rows of that push whose requests may still be carried out, for `blind` seconds: who is looked
    for under such a name is not "not there" before. With `anybody` those names are not known: it may be anybody.
    """

    one: Wanted | None
    id: str
    left: float
    doubtful: frozenset[str] = frozenset()
    blind: float = 0.0
    anybody: bool = False


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
        return await find_once(client, target, identities, wanted, count, progress)
    import anyio

    if awaited.anybody:
        found = await find_once(client, target, identities, wanted, count, progress)
        if all(w.identity in found.records for w in wanted()):
            return found
        progress.say(say("a push was cut off, and its run folder is gone: waiting {seconds:.0f} s for what it may have sent",
                         seconds=awaited.blind))  # fmt: skip
        await anyio.sleep(awaited.blind)
    if awaited.doubtful and any(w.identity in awaited.doubtful for w in wanted()):
        progress.say(say("another run sent some of these rows and has no answer: waiting {seconds:.0f} s for them to arrive",
                         seconds=awaited.blind))  # fmt: skip
        await anyio.sleep(awaited.blind)
    if awaited.one is None:
        return await find_once(client, target, identities, wanted, count, progress)
    until, behind = anyio.current_time() + awaited.left, False
    for seconds in itertools.chain(FIRST_WAITS, itertools.repeat(LAST_WAIT)):
        found = await find_once(client, target, identities, wanted, count, progress, awaited.one)
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
