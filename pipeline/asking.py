"""Turn what planning has to know of the target into requests, and their answers into closed lists and known customers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pipeline import existing, latest, lookups
from pipeline.client import Failed, Patience, connect
from pipeline.errors import Unavailable, unwrap
from pipeline.handoff import Catalogue
from pipeline.language import say
from pipeline.options import PushOptions, RunOptions, Server
from pipeline.pace import Limiter
from pipeline.plan import Builder
from pipeline.progress import Progress
from pipeline.targets.interface import Identity, Target

FEWER_RETRIES = 3
"""Where nobody says how often: nothing is lost by a plan that is not made, and somebody is waiting for it."""


def catalogue(
    options: RunOptions, server: Server | None, target: Target, countries: set[str], progress: Progress
) -> tuple[Catalogue, list[str], int]:
    """The target's closed lists, as far as they are known: remembered, given, or fetched where there is a `server`.

    Returns:
        The lists, what cannot be checked without those that are not known, and how many requests were sent.
    """
    unchecked: list[str] = []
    requests = 0
    base_url = server.base_url if server else options.base_url or target.base_url
    remembered = lookups.recall(base_url, options.test_mode) if server is None or server.kind != "sandbox" else None
    catalogue = remembered[0] if remembered else None
    if server is not None and not _suffices(remembered, countries, target):
        import anyio

        fresh, requests = anyio.run(_fetch, server, target, countries)
        catalogue = lookups.merge(catalogue, fresh)
        if server.kind != "sandbox":
            lookups.remember(base_url, options.test_mode, catalogue)
    catalogue = catalogue or Catalogue()
    if options.states_file is not None:
        states = lookups.load_states(options.states_file)
        catalogue = replace(catalogue, states=states, facts={**catalogue.facts, "states": str(options.states_file)})
    for name in target.lists:
        if getattr(catalogue, name) is None:
            unchecked.append(say("the list {name!r}: the target was not asked", name=say(name)))
        elif server is None:
            progress.say(f"{say(name)}: {lookups.told(catalogue.facts.get(name, ''))}")
    return catalogue, unchecked, requests


def _suffices(remembered: tuple[Catalogue, float] | None, countries: set[str], target: Target) -> bool:
    if remembered is None or remembered[1] > lookups.FRESH or "terms" in target.lists:
        return False
    known = {e.parent for e in remembered[0].states or ()}
    return countries <= known


async def _fetch(server: Server, target: Target, countries: set[str]) -> tuple[Catalogue, int]:
    async with _connected(server, target) as client:
        return await lookups.fetch(client, target, countries), client.requests


def customers(
    server: Server, target: Target, identities: tuple[Identity, ...], builder: Builder, progress: Progress
) -> tuple[existing.Found, int]:
    """The customers of the plan that the target has already, and how many requests were sent.

    Raises:
        Unavailable: it does not answer.
    """
    if not (count := sum(1 for _ in builder.wanted())):
        return existing.Found(how=say("no row has an identity to look up")), 0
    import anyio

    try:
        return anyio.run(_customers, server, target, identities, builder, count, progress)
    except BaseExceptionGroup as group:  # several look-ups at once are refused at once
        raise unwrap(group) from group


async def _customers(
    server: Server, target: Target, identities: tuple[Identity, ...], builder: Builder, count: int, progress: Progress
) -> tuple[existing.Found, int]:
    settle = (server.pace or PushOptions()).settle_for(target)
    awaited = latest.awaited(latest.Place.of(target, server), target, identities, settle)
    async with _connected(server, target) as client:
        try:
            found = await existing.find(client, target, identities, builder.wanted, count, progress, awaited)
        except Failed as error:
            raise Unavailable(
                say("{title} does not answer: {error}", title=target.title, error=error),
                say("Check the address and the network, and run again."),
            ) from error
        return found, client.requests


def _connected(server: Server, target: Target) -> Any:
    headers_ = target.headers(server.secrets, server.kind == "test")
    pace = server.pace or PushOptions()
    limiter = Limiter(pace.rate_for(target, server))
    retries = FEWER_RETRIES if pace.max_retries is None else pace.max_retries
    return connect(
        server.base_url, headers_, limiter, Patience(pace.timeout_for(target), retries),
        pace.concurrency_for(target), server.private(target),
    )  # fmt: skip
