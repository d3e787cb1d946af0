"""What stops a push, in a simulated world: the operator comes first, and what certainly did not arrive is planned."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from simulation import simulated_world as sim

from pipeline.client import Lost
from pipeline.errors import Unavailable
from pipeline.options import error_limit
from pipeline.progress import Silent
from pipeline.push import Engine, Options
from pipeline.targets.interface import Answer, Call


class Scene:
    """One process over a peaceful world of separate customers, whose wire a test may spoil."""

    def __init__(self, rows: int, target: str = "piriod", **options: Any) -> None:
        self.world = sim.world(2, target)
        first = next(r for r in self.world.rows if r.action == "create")
        self.world.rows = [
            sim.replace(first, seq=n, row=n + 2, key=f"key{n}", identity=f"email=p{n}@x.example", after=None, lane=False,
                        payload=first.payload.replace('"nr": 0', f'"nr": {n}').replace("key0", f"key{n}").replace("p0@", f"p{n}@"))
            for n in range(rows)
        ]  # fmt: skip
        self.world.deaths, self.world.faults, self.world.stops, self.world.refused = 0, 0.0, 0.0, (0, 0)
        server = self.world.server
        server.customers, server.strangers, server.refuses = [], [], frozenset()
        server.manners = type(server.manners)()
        assert self.world.db is not None
        self.journal = sim.Doomed(Path("journal"), self.world.db)
        self.journal.world, self.journal._writer = self.world, self.journal.commit  # type: ignore[assignment]
        self.wire = sim.Wire(self.world)
        self.loop = sim.Virtual(self.world.seconds)
        self.engine = Engine(self.wire, self.world.target, self.journal, sim.Plan(self.world.rows, self.journal, ()),  # type: ignore[arg-type]
                             self.world.target.identities, Options(**{"concurrency": 2, **options}), Silent(), clock=self.loop.time)  # fmt: skip

    def update(self, held: str) -> None:
        """Make every row an update of a name from "old" to "new", of a customer whose name at the target is `held`."""
        self.world.rows[:] = [
            sim.replace(r, action="update", id=f"id{r.seq}", payload='{"name":"new"}', before='{"name":"old"}')
            for r in self.world.rows
        ]
        self.world.server.customers = [{"id": r.id, "nr": r.seq, "name": held, "at": 0.0} for r in self.world.rows]

    def shows(self, **otherwise: Any) -> None:
        """Let the answer to each write be 200, with a customer who is not quite what the target holds."""
        real = self.wire.send

        async def other(call: Call, **given: Any) -> Answer:
            answer = await real(call, **given)
            return Answer(200, {}, {**answer.json, **otherwise}) if call.writes else answer

        self.wire.send = other  # type: ignore[method-assign]

    def run(self) -> dict[str, int]:
        try:
            self.loop.run_until_complete(self.engine.run())
        finally:
            self.loop.close()
        return self.journal.counts()


def test_ctrl_c_counts_also_after_another_stop() -> None:
    """Ctrl-C after --max-errors is still Ctrl-C, and no later stop lets the waiting go on."""
    scene = Scene(1)
    for why in ("max_errors", "interrupted", "unreachable", "max_errors"):
        scene.engine.stop(why)
    assert scene.engine.result.stopped == "interrupted" and scene.wire.limiter.abandoned
    assert scene.run() == {}
    assert scene.wire.requests == 0


def test_an_interrupted_row_that_never_arrived_is_planned_and_not_failed() -> None:
    """Refused with 429, then Ctrl-C: the row is not attempted, and an ordinary push goes on with it."""
    scene = Scene(1)

    async def busy(call: Call, **_: Any) -> Answer:
        scene.engine.stop("interrupted")
        return Answer(429, {}, {"detail": "slow"})

    scene.wire.send = busy  # type: ignore[method-assign]
    assert scene.run() == {"planned": 1}
    entry = scene.journal.entry(0)
    assert entry is not None and entry.sent_at is None and entry.attempts == 1


def test_a_token_that_dies_leaves_the_row_planned_and_lets_the_others_finish() -> None:
    """401 in the middle stops the run; rows in flight have their answers, the refused one is not failed."""
    scene = Scene(6)
    real = scene.wire.send

    async def dying(call: Call, **given: Any) -> Answer:
        answer = await real(call, **given)
        return Answer(401, {}, {"detail": "expired"}) if b'"nr": 3' in (call.body or b"") else answer

    scene.wire.send = dying  # type: ignore[method-assign]
    with pytest.raises(Unavailable, match="credentials"):
        scene.run()
    states = dict(scene.journal.states())
    assert states.pop(3) == "planned" and set(states.values()) == {"created"}


def test_two_rows_with_one_id_are_not_both_in() -> None:
    """A target that answers with a customer it gave another row already: the later row is not claimed to be in."""
    scene = Scene(2)

    async def same(call: Call, **_: Any) -> Answer:
        await asyncio.sleep(0.1)
        return Answer(201, {}, {"id": "one"})

    scene.wire.send = same  # type: ignore[method-assign]
    assert scene.run() == {"created": 1, "unknown": 1}


def test_stale_rows_do_not_count_as_an_unreachable_target() -> None:
    """Fifty updates whose customers were changed since: each is told, and the push is not stopped."""
    scene = Scene(50)
    scene.update("changed")
    assert scene.run() == {"failed": 50}
    assert scene.engine.result.stopped is None


@pytest.mark.parametrize(("shown", "state"), [("old", "failed"), ("NEW", "updated"), ("new", "updated")])
def test_the_answer_of_an_update_is_held_against_what_was_sent(shown: str, state: str) -> None:
    """200 with the old value is no update; another spelling is told as a warning."""
    scene = Scene(1)
    scene.update("old")
    scene.shows(name=shown)
    assert scene.run() == {state: 1}
    entry = scene.journal.entry(0)
    assert entry is not None and [code for _, code, _ in entry.problems] == {
        "old": ["target.failed"], "NEW": ["target.stored_otherwise"], "new": []}[shown]  # fmt: skip


def refusing(scene: Scene, good: frozenset[int] = frozenset()) -> None:
    """Every row is refused, but for the good ones."""
    scene.world.server.refuses = frozenset(range(len(scene.world.rows))) - good


def test_where_nothing_is_ever_accepted_the_push_stops_and_says_why() -> None:
    """150 rows, all refused: the mistake is not in the rows; the first causes are told, the rest is not attempted."""
    scene = Scene(150)
    refusing(scene)
    counts = scene.run()
    assert scene.engine.result.stopped == "hopeless"
    assert 100 <= counts["rejected"] <= 102
    causes = scene.engine.result.causes
    assert 1 <= len(causes) <= 3 and all(c.startswith("row ") and "no" in c for c in causes)


def test_one_accepted_row_or_a_limit_of_ones_own_lets_the_push_go_on() -> None:
    """The same, with one good row among the first, or with --max-errors 100%."""
    scene = Scene(150)
    refusing(scene, frozenset({7}))
    assert scene.run() == {"rejected": 149, "created": 1} and scene.engine.result.stopped is None
    scene = Scene(150, max_errors=error_limit("100%", 150))
    refusing(scene)
    assert scene.run() == {"rejected": 150}


@pytest.mark.parametrize(("text", "most"), [("1", 2), ("7", 8), ("10%", 6), ("2.5%", 3)])
def test_max_errors_stops_after_so_many(text: str, most: int) -> None:
    """What is in flight is finished: with two connections at most one more row is refused than allowed."""
    scene = Scene(50, max_errors=error_limit(text, 50))
    refusing(scene)
    counts = scene.run()
    assert scene.engine.result.stopped == "max_errors" and counts["rejected"] <= most
    assert sum(counts.values()) == counts["rejected"]


def test_nobody_answers_and_the_first_causes_are_told() -> None:
    """Forty rows without an answer: the push stops, three different causes at most, each with its row."""
    scene = Scene(60)
    said = iter(range(1000))

    async def dead(call: Call, **_: Any) -> Answer:
        raise Lost(f"cause {next(said) % 5}")

    scene.wire.send = dead  # type: ignore[method-assign]
    assert scene.run() == {"unknown": scene.engine.result.counts["unknown"]}
    assert scene.engine.result.stopped == "unreachable" and 40 <= scene.engine.result.counts["unknown"] <= 42
    assert [c.partition(": ")[2] for c in scene.engine.result.causes] == ["cause 0", "cause 1", "cause 2"]


def test_the_canary_is_as_many_rows_as_asked_for() -> None:
    """Three rows go, whatever becomes of them, and the push says that it is the canary."""
    scene = Scene(20, canary=3)
    refusing(scene, frozenset({0, 2}))
    assert scene.run() == {"created": 2, "rejected": 1}
    assert scene.engine.result.stopped == "canary"
