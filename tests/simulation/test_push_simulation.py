"""Never twice, never lost, in simulated worlds: time-outs, late commits, refusals and deaths at every step, seeded.

Thousands of histories; `HISTORIES=50000 pytest tests/simulation` runs 100,000. A history that breaks a law is told
with the command that shows it again: `python tests/simulation/replay.py TARGET SEED`.
"""

from __future__ import annotations

import contextlib
import gc
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulation import simulated_world as sim
from simulation.simulated_laws import broken_laws
from simulation.simulated_server import LATEST, Manners

from pipeline.journal import Entry

HISTORIES = int(os.environ.get("HISTORIES", "1500"))
SHARDS = 10
TARGETS = ("piriod", "dayzero")


@contextlib.contextmanager
def collected_once() -> Iterator[None]:
    """A world is full of cycles, and small: to look for them while it lives takes a tenth of its time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("shard", range(SHARDS))
def test_no_history_has_a_customer_twice_or_lost(target: str, shard: int) -> None:
    """No customer twice, none lost, no row without an outcome, no outcome without a cause."""
    for seed in range(shard, HISTORIES, SHARDS):
        with collected_once():
            broken = broken_laws(sim.history(seed, target))
        assert not broken, (f"python tests/simulation/replay.py {target} {seed}", broken)


@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("seed", range(4))
def test_a_death_at_any_step_loses_nothing_and_doubles_nothing(target: str, seed: int) -> None:
    """A process is killed before each step of its event loop in turn; the next one ends what it began."""
    step, ended = 0, "died"
    while ended == "died":
        made = sim.world(seed, target)
        made.deaths, made.dies_at = 0, step
        ended = sim.live(made)
        made.dies_at = None
        broken = broken_laws(sim.concluded(made))
        assert not broken, (target, seed, step, broken, made.trace)
        step += 1
    assert step > 20


def test_a_seed_replays_exactly() -> None:
    """The same seed is the same history, commit for commit, in another process with other hashes too."""
    replay = Path(sim.__file__).with_name("replay.py")
    for target in TARGETS:
        told = [
            subprocess.run([sys.executable, replay, target, "4711"], env={**os.environ, "PYTHONHASHSEED": salt},
                           capture_output=True, text=True, check=True).stdout for salt in ("1", "2")
        ]  # fmt: skip
        assert told[0] == told[1]
        assert "\n".join(sim.history(4711, target).trace) in told[0]


def test_histories_have_deaths_lost_answers_and_repeats() -> None:
    """The worlds are not peaceful ones: what the laws are held against does happen."""
    told = " ".join(" ".join(sim.history(seed, name).trace) for seed in range(80) for name in TARGETS)
    for event in ("dies before a commit", "dies in a commit", "dies after a commit", "dies in a request", "dies at step",
                  "unknown", "sent 2", "rejected", "skipped", "failed", "updated", "interrupted", "canary", "stopped: "):  # fmt: skip
        assert event in told, event


def test_a_server_that_commits_after_the_settle_time_is_what_no_client_can_prevent() -> None:
    """The documented limit: such a server makes customers twice, and that is all that breaks."""
    broken: list[str] = []
    for seed in range(100):
        made = sim.world(seed, "piriod")
        made.server.latest = 10 * LATEST
        made.server.manners = Manners()
        broken += broken_laws(sim.concluded(made))
    twice = [law for law in broken if "more than once" in law]
    told = ("more than once", "of the same customer", "is not settled", "is there, and not told so")
    assert twice
    assert all(any(text in law for text in told) for law in broken), broken


@pytest.mark.parametrize("fails", range(1, 13))
def test_a_disk_that_is_full_at_any_commit_loses_nothing(fails: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each commit in turn cannot be written: the run stops, and the next one ends it; nobody is there twice."""
    count = 0

    class Full(sim.Doomed):
        def _write(self, group: list[Entry]) -> None:
            nonlocal count
            count += 1
            if count == fails:
                self._db.execute("PRAGMA query_only=1")
            try:
                super()._write(group)
            finally:
                self._db.execute("PRAGMA query_only=0")

    for seed in range(15):
        for name in TARGETS:
            count = 0
            made = sim.world(seed, name)
            made.deaths = 0
            with monkeypatch.context() as patch:
                patch.setattr(sim, "Doomed", Full)
                ended = sim.live(made)
            assert count < fails or "cannot be written" in ended
            broken = broken_laws(sim.concluded(made))
            assert not broken, (seed, name, broken, made.trace)


@given(seed=st.integers(0, 10**6), target=st.sampled_from(TARGETS), faults=st.sampled_from((0.2, 0.5, 0.9)))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_one_or_fifty_at_a_time_the_outcomes_are_the_same(seed: int, target: str, faults: float) -> None:
    """Each input row has exactly one outcome, each created id exists with its row's key, whatever the concurrency."""
    told: list[Counter[tuple[str | None, str]]] = []
    for concurrency in (1, 50):
        made = sim.world(seed, target, most=60)
        made.concurrency, made.faults, made.server.strangers, made.server.manners = concurrency, faults, [], Manners()
        assert not broken_laws(sim.concluded(made, forgives=seed % 2 == 0))
        assert made.db is not None
        states = dict(made.db.execute("SELECT seq, state FROM row"))
        ids = dict(made.db.execute("SELECT seq, id FROM row WHERE state = 'created'"))
        assert states.keys() == {row.seq for row in made.rows}
        assert {c["id"]: c["nr"] for c in made.server.customers if c["at"]} == {id_: seq for seq, id_ in ids.items()}
        # Which of several rows of one customer gets in depends on what became of the one before it: chance.
        alone = (
            {row.seq for row in made.rows}
            - {row.after for row in made.rows}
            - {r.seq for r in made.rows if r.after is not None}
        )
        told.append(
            Counter((row.identity, states[row.seq] if row.seq in alone else str(row.seq in ids)) for row in made.rows)
        )
    assert told[0] == told[1]
