"""Putting an update back at a target that shows or answers with somebody else's customer: nothing is told on its account."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from push.test_lying_target import TARGETS, body, updating

from pipeline.journal import Entry, Journal
from pipeline.progress import Silent
from pipeline.targets.interface import Answer, Call
from pipeline.undo.undoer import Patience, Undoer


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("writes", [False, True])
def test_somebody_elses_customer_is_not_what_was_put_back(target: str, writes: bool, tmp_path: Path) -> None:
    """Once: the fate is open, and the next undo reads again. Where the lie is in the reading, nothing is sent."""
    scene = updating(target)
    scene.world.server.find("mine")["name"] = "new"
    done = Entry(0, "updated", "update", "mine", attempts=1, sent_at=scene.loop.time(), before={"name": "old"})
    journal = Journal.open(tmp_path / "journal.db", {})
    journal._write([replace(done, payload={"name": "new"})])
    honest, lies = scene.wire.send, 0

    async def send(call: Call, **more: Any) -> Answer:
        nonlocal lies
        answer = await honest(call, **more)
        if lies == 0 and call.writes == writes:
            lies += 1
            return replace(answer, json=body(answer, id="theirs", name="old"))
        return answer

    scene.wire.send = send  # type: ignore[method-assign]

    def undone() -> str:
        undoer = Undoer(scene.wire, scene.world.target, journal, Patience(2, 4, 90), Silent(), scene.loop.time)  # type: ignore[arg-type]
        scene.loop.run_until_complete(undoer.run())
        return undoer.result.undone[0].state

    try:
        assert undone() == ("unknown" if writes else "failed") and lies == 1
        assert scene.world.server.find("mine")["name"] == ("old" if writes else "new")
        assert undone() == "restored" and scene.world.server.find("mine")["name"] == "old"
        assert scene.world.server.find("theirs")["name"] == "new"
    finally:
        scene.loop.close()
        journal.close()
