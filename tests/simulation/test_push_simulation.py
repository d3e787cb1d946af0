"""Never twice, never lost, in simulated worlds: time-outs, late commits, refusals and deaths at every step, seeded.

`HISTORIES=100000 pytest tests/simulation` runs more of them. A failing seed replays with `history(seed, target)`.
"""

from __future__ import annotations

import os
from typing import Any

import anyio
import pytest
from simulation import simulated_world as sim

from pipeline.client import Lost, NotSent
from pipeline.journal import Entry, Journal
from pipeline.push.fate import Case, Detective, Fate, NotThere
from pipeline.push.queue import Groups
from pipeline.targets.interface import Answer, Call

HISTORIES = int(os.environ.get("HISTORIES", "700"))
TARGETS = ("piriod", "dayzero")


@pytest.mark.parametrize("target", TARGETS)
def test_no_history_has_a_customer_twice_or_lost(target: str) -> None:
    """No customer twice, none lost, no row without an outcome, no outcome without a cause."""
    for seed in range(HISTORIES):
        made = sim.history(seed, target)
        assert not sim.broken_laws(made), (seed, sim.broken_laws(made), made.trace)


def test_a_seed_replays_exactly() -> None:
    """The same seed is the same history, commit for commit."""
    for seed in range(5):
        assert sim.history(seed, "piriod").trace == sim.history(seed, "piriod").trace


def test_histories_have_deaths_lost_answers_and_repeats() -> None:
    """The worlds are not peaceful ones: what the laws are held against does happen."""
    told = " ".join(" ".join(sim.history(seed, "piriod").trace) for seed in range(100))
    for event in ("dies before a commit", "dies after a commit", "dies in a request", "unknown", "sent 2", "rejected"):
        assert event in told


def caught(first: int = 0, **kinds: Any) -> bool:
    """Whether some history breaks a law."""
    return any(sim.broken_laws(sim.history(seed, name, **kinds)) for seed in range(first, 300) for name in TARGETS)


def test_a_journal_after_the_request_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted bug: the request leaves before its intention is committed."""

    async def put(self: Journal, *entries: Entry) -> None:
        await anyio.sleep(0)

    monkeypatch.setattr(Journal, "put", put)
    assert caught()


def test_a_repetition_after_a_time_out_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted bug: a lost answer is taken for a request that did not arrive."""
    send = sim.Wire.send

    async def hasty(self: sim.Wire, call: Call, *, slot: bool = True) -> Answer:
        try:
            return await send(self, call, slot=slot)
        except Lost as error:
            raise NotSent(str(error)) from error

    monkeypatch.setattr(sim.Wire, "send", hasty)
    assert caught()


def test_no_settling_is_caught() -> None:
    """Planted bug: "not there" counts at once."""
    assert caught(settle=0.0)


def test_forgetting_the_others_of_a_group_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted bug: a row is sent although another one of the same customer is in."""
    monkeypatch.setattr(Groups, "standing", lambda self, seq: "free")
    assert caught()


def empty_at_times(seed: int) -> list[str]:
    """The customers that are there twice in a world whose filter is falsely empty three times of ten."""
    made = sim.world(seed, "piriod")
    made.filter_empty, made.filter_ignored, made.deaths = 0.3, False, 0
    while sim.live(made) == "died":
        pass
    return [law for law in sim.broken_laws(made) if "times" in law]


def test_a_filter_that_is_falsely_empty_makes_no_customer_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three of ten filtered lists are empty: "not there" is asked in another way; without that it is caught."""
    assert not any(empty_at_times(seed) for seed in range(200))

    async def gullible(self: Detective, cases: list[Case]) -> dict[int, Fate]:
        return {row.seq: NotThere() for row, _ in cases}

    monkeypatch.setattr(Detective, "second_opinion", gullible)
    assert any(empty_at_times(seed) for seed in range(200))


@pytest.mark.parametrize("fails", range(1, 12))
def test_a_disk_that_is_full_at_any_commit_loses_nothing(fails: int) -> None:
    """Each commit in turn cannot be written: the run stops, and the next one ends it; nobody is there twice."""

    class Full(sim.Doomed):
        count = 0

        def _write(self, group: list[Entry]) -> None:
            Full.count += 1
            if Full.count == fails:
                self._db.execute("PRAGMA query_only=1")
            try:
                super()._write(group)
            finally:
                self._db.execute("PRAGMA query_only=0")

    for seed in range(20):
        for name in TARGETS:
            Full.count = 0
            made = sim.world(seed, name)
            made.deaths = 0
            ended = _live_with(Full, made)
            assert ended in ("ended", "Interrupted")
            made.faults = 0.0
            made.seconds += sim.LATEST
            sim.live(made, ("failed",))
            assert not sim.broken_laws(made), (seed, name, made.trace)


def _live_with(kind: type[sim.Doomed], made: sim.World) -> str:
    original, sim.Doomed = sim.Doomed, kind  # type: ignore[misc]
    try:
        return sim.live(made)
    except BaseExceptionGroup as group:
        return type(group.exceptions[0]).__name__
    finally:
        sim.Doomed = original  # type: ignore[misc]
