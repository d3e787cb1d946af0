"""What a push keeps in memory does not grow with its rows: they are in the plan, and what became of them in the journal."""

from __future__ import annotations

from collections.abc import Sized
from typing import Any

import pytest
from push.test_push_stops import Scene

from pipeline.client import Lost
from pipeline.targets.interface import Answer, Call

ROWS = 300


def held(owner: object, seen: set[int]) -> dict[str, int]:
    """How many entries each collection has that hangs on an object of the push: its own, and those of its parts."""
    found: dict[str, int] = {}
    for name, value in vars(owner).items():
        if id(value) in seen or name in ("_queue", "world"):  # the list of rows stands for the plan's file here
            continue
        seen.add(id(value))
        if isinstance(value, Sized) and not isinstance(value, (str, bytes)):
            found[f"{type(owner).__name__}.{name}"] = len(value)
        if type(value).__module__.startswith("pipeline.") and hasattr(value, "__dict__"):
            found |= held(value, seen)
    return found


@pytest.mark.parametrize("target", ["piriod", "dayzero"])
def test_what_is_remembered_of_rows_that_are_done_is_nothing(target: str) -> None:
    """300 rows, each tenth answer lost: in the end no collection of the push has one entry for every row, or every lost one."""
    scene = Scene(ROWS, target, concurrency=8)
    honest, writes = scene.wire.send, 0

    async def send(call: Call, **more: Any) -> Answer:
        nonlocal writes
        answer = await honest(call, **more)
        writes += call.writes
        if call.writes and writes % 10 == 0:
            raise Lost("no answer")
        return answer

    scene.wire.send = send  # type: ignore[method-assign]
    assert scene.run() == {"created": ROWS}
    sizes = held(scene.engine, set())
    assert {"Engine._cases", "Engine._due", "Lanes._lanes", "Sender._made", "Journal._waiting"} & sizes.keys() >= {
        "Engine._cases", "Engine._due", "Lanes._lanes", "Sender._made"}  # fmt: skip
    assert max(sizes.values()) < ROWS / 20, {name: size for name, size in sizes.items() if size >= ROWS / 20}
