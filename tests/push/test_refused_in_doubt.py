"""A row that may have arrived, and that the target then refuses as taken; and a target that spaces its refusals out."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from push.test_push_stops import Scene
from simulation import simulated_world as sim

from pipeline.client import Lost
from pipeline.journal import Entry
from pipeline.progress import Silent
from pipeline.push import Engine, Options
from pipeline.push.rules import BREAKER, LONGEST, Rules
from pipeline.targets.interface import Answer, Call


def refusing(scene: Scene, status: int, said: str) -> list[Call]:
    """A wire that loses the first create and refuses the others; the creates it has seen."""
    seen: list[Call] = []
    reads = scene.wire.send

    async def send(call: Call, **more: Any) -> Answer:
        if not call.writes:
            return await reads(call, **more)
        seen.append(call)
        if len(seen) == 1:
            raise Lost("the connection was closed")
        return Answer(status, {}, {"email": [said]})

    scene.wire.send = send  # type: ignore[method-assign]
    return seen


def again(scene: Scene) -> dict[str, int]:
    """A further push of the same plan with the same journal."""
    assert scene.world.db is not None
    scene.journal = sim.Doomed(Path("journal"), scene.world.db)
    scene.journal.world, scene.journal._writer = scene.world, scene.journal.commit  # type: ignore[assignment]
    scene.loop = sim.Virtual(scene.world.seconds)
    scene.engine = Engine(scene.wire, scene.world.target, scene.journal, sim.Plan(scene.world.rows, scene.journal, ()),  # type: ignore[arg-type]
                          scene.world.target.identities, Options(concurrency=2), Silent(), clock=scene.loop.time)  # fmt: skip
    return scene.run()


@pytest.mark.parametrize(("status", "said"), [(409, "conflict"), (400, "customer with this email already exists.")])
def test_taken_by_nobody_who_is_shown_is_unknown(status: int, said: str) -> None:
    """It may be the row's own customer, which the target does not show yet: the row is unknown, and not sent once more."""
    scene = Scene(1)
    seen = refusing(scene, status, said)
    assert scene.run() == {"unknown": 1}
    assert len(seen) == 2
    entry = scene.journal.entry(0)
    assert entry is not None and entry.http_status == status and said in str(entry.problems)


def test_what_is_said_twice_is_a_refusal() -> None:
    """A later push looks again, sends once more, and believes it: the row can be corrected then."""
    scene = Scene(1)
    seen = refusing(scene, 409, "conflict")
    assert scene.run() == {"unknown": 1}
    assert again(scene) == {"rejected": 1}
    assert len(seen) == 3


def test_another_refusal_of_a_row_in_doubt_is_one() -> None:
    """What the target says against the row itself has nothing to do with its first request."""
    scene = Scene(1)
    refusing(scene, 400, "state does not exist")
    assert scene.run() == {"rejected": 1}


def test_a_target_that_gives_no_answer_is_left_in_bounded_time() -> None:
    """500 and 503 in turn, each followed by a longer pause: the time counts, not only the rows."""
    clock = [0.0]
    rules = Rules(clock=lambda: clock[0])
    row = sim.world(2, "piriod").rows[0]
    lost = Entry(0, "unknown", "create", problems=[(None, "target.unknown", "500")])
    fine = Entry(1, "created", "create", id="cus_1")
    for entry in (lost, fine, lost):
        assert rules.hear(row, entry, Counter()) is None
        clock[0] += LONGEST - 1
    assert rules.hear(row, lost, Counter()) is None
    clock[0] += 1
    assert rules.hear(row, lost, Counter()) == "unreachable"
    assert LONGEST <= 600 and BREAKER > 4
