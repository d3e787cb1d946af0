"""Putting an update back at a target that shows or answers with somebody else's customer: nothing is told on its account."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from push.test_lying_target import TARGETS, body, updating

from pipeline.client import Lost
from pipeline.journal import Entry, Journal
from pipeline.journal.entry import Undone
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


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("arrived", [True, False])
def test_what_a_lost_request_has_put_back_is_told_as_put_back(target: str, arrived: bool, tmp_path: Path) -> None:
    """Somebody has changed the name since; the phone goes back, its answer is lost, and the next undo finds it done."""
    scene = updating(target)
    mine = scene.world.server.find("mine")
    mine.update(name="theirs", phone="+56922222222")
    done = Entry(0, "updated", "update", "mine", attempts=1, sent_at=scene.loop.time())
    journal = Journal.open(tmp_path / "journal.db", {})
    journal._write([replace(done, before={"name": "old", "phone": "+56911111111"},
                            payload={"name": "new", "phone": "+56922222222"})])  # fmt: skip
    honest = scene.wire.send

    async def send(call: Call, **more: Any) -> Answer:
        if call.writes and arrived:
            await honest(call, **more)
        if call.writes:
            raise Lost("no answer")
        return await honest(call, **more)

    def undone() -> Undone:
        undoer = Undoer(scene.wire, scene.world.target, journal, Patience(2, 4, 90), Silent(), scene.loop.time)  # type: ignore[arg-type]
        scene.loop.run_until_complete(undoer.run())
        return undoer.result.undone[0]

    try:
        scene.wire.send = send  # type: ignore[method-assign]
        assert undone().state == "unknown"
        scene.wire.send = honest  # type: ignore[method-assign]
        if not arrived:
            scene.world.server.find("mine")["phone"] = "of another hand"
        told = undone()
        assert told.state == ("partly" if arrived else "left") and set(told.restored) == (
            {"phone"} if arrived else set()
        )
        assert set(told.left) == ({"name"} if arrived else {"name", "phone"})
    finally:
        scene.loop.close()
        journal.close()
