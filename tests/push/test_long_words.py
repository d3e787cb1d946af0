"""A target may say any number of words: what is kept of them in the journal, and said, is bounded everywhere."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import anyio
import httpx
import pytest
from push.test_push_stops import Scene

from pipeline import targets
from pipeline.client import Client, Patience
from pipeline.errors import Unavailable
from pipeline.journal import Undone
from pipeline.pace import Limiter
from pipeline.push.bulk import Uploader
from pipeline.targets.interface import Answer, Call, Rejected, Unknown
from pipeline.undo.undoer import Undoer

LONG = "x" * 100_000
KEPT = 600


def test_what_a_target_holds_otherwise_is_kept_in_part() -> None:
    """The answer to an update shows a name of 100,000 letters."""
    scene = Scene(1)
    scene.update("old")
    scene.shows(name=LONG)
    assert scene.run() == {"updated": 1}
    entry = scene.journal.entry(0)
    assert entry is not None and [len(said) < KEPT for _, _, said in entry.problems] == [True]


@pytest.mark.parametrize("status", [401, 500])
def test_why_an_answer_is_none_is_kept_in_part(status: int) -> None:
    """An error with a detail of 100,000 letters, which stops the push, or leaves the row unknown."""
    scene = Scene(1)
    object.__setattr__(scene.world.target, "outcome", targets.load("piriod").outcome)

    async def failing(_: Call, **__: Any) -> Answer:
        if status == 500:
            scene.engine.stop("interrupted")
        return Answer(status, {}, {"detail": LONG})

    scene.wire.send = failing  # type: ignore[method-assign]
    try:
        scene.run()
    except Unavailable as stop:
        assert status == 401 and len(stop.message) < KEPT
    entry = scene.journal.entry(0)
    assert entry is not None and (entry.state, len(entry.problems)) == (
        ("planned", 0) if status == 401 else ("unknown", 1)
    )
    assert all(len(said) < KEPT for _, _, said in entry.problems)


def test_a_look_up_that_is_refused_says_a_part_of_it() -> None:
    """What ends the command is a line, not a page."""

    async def work() -> None:
        wire = httpx.MockTransport(lambda _: httpx.Response(401, json={"detail": LONG}))
        client = Client(wire, "http://127.0.0.1", {}, Limiter(None), Patience(5, 0))
        await client.read(Call("GET", "/customers/"))

    with pytest.raises(Unavailable) as stop:
        anyio.run(work)
    assert len(stop.value.message) < KEPT


@pytest.mark.parametrize(
    "outcome", [Unknown(LONG), Rejected(((None, LONG), ("name", LONG)))], ids=["unknown", "rejected"]
)
def test_why_an_update_is_not_put_back_is_kept_in_part(outcome: Any) -> None:
    """It goes into the journal and into undo.csv."""
    told = Undoer._refused(SimpleNamespace(), Undone(1, "sent", "id"), outcome)  # type: ignore[arg-type]
    assert told is not None and told.said is not None and len(told.said) < KEPT


def test_why_a_row_of_an_upload_is_refused_is_kept_in_part() -> None:
    """With the name of its field, and without."""
    form = SimpleNamespace(names=("email",))
    uploader = Uploader(None, None, None, None, None, form, None, None, clock=lambda: 0.0)  # type: ignore[arg-type]
    assert all(len(uploader._problem(text)[2]) < KEPT for text in (LONG, f"email: {LONG}"))


def test_a_short_text_is_kept_whole() -> None:
    """Nothing is cut that need not be."""
    told = Undoer._refused(SimpleNamespace(), Undone(1, "sent", "id"), Unknown("no"))  # type: ignore[arg-type]
    assert told is not None and told.said == "no"
