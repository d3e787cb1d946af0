"""A target that does one thing and says another: no row is told to be in as somebody else's customer, none is sent twice."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from push.test_push_stops import Scene
from simulation import simulated_world as sim

from pipeline.client import Lost
from pipeline.journal import Entry
from pipeline.push.sighting import Seen
from pipeline.targets.interface import Answer, Call

TARGETS = ("piriod", "dayzero")
THEIRS = {
    "id": "theirs",
    "nr": -1,
    "name": "Somebody else",
    "email": "other@x.example",
    "phone": None,
    "metadata": None,
}
Lie = Callable[[Answer], Answer]


def told(scene: Scene, lie: Lie, *, commits: bool = True, times: int = 1) -> tuple[Entry, int]:
    """What the journal says after a push to a target whose first creates are answered by a lie; how many creates it saw."""
    honest, seen = scene.wire.send, 0

    async def send(call: Call, **more: Any) -> Answer:
        nonlocal seen
        if not call.writes:
            return await honest(call, **more)
        seen += 1
        if seen > times:
            return await honest(call, **more)
        return lie(await honest(call, **more) if commits else Answer(201, {}, {}))

    scene.wire.send = send  # type: ignore[method-assign]
    scene.run()
    entry = scene.journal.entry(0)
    assert entry is not None
    return entry, seen


def body(answer: Answer, **changed: Any) -> Any:
    """The customer of an answer with other values, in an envelope where it was in one."""
    inner = answer.json.get("data", answer.json)
    made = {**inner, **changed}
    return {**answer.json, "data": made} if "data" in answer.json else made


NO_ANSWERS: dict[str, Lie] = {
    "201 without a body": lambda a: Answer(201, {}, None),
    "204": lambda a: Answer(204, {}, None),
    "302 to somewhere": lambda a: Answer(302, {"location": "https://elsewhere.example/login"}, None, "moved"),
    "200 with a login page": lambda a: Answer(200, {}, None, "<html>log in"),
    "201 with a list": lambda a: Answer(201, {}, [body(a)]),
    "201 with an empty id": lambda a: Answer(201, {}, body(a, id="")),
    "201 with no id": lambda a: Answer(201, {}, body(a, id=None)),
    "201 with a list for an id": lambda a: Answer(201, {}, body(a, id=["id1"])),
    "201 with true for an id": lambda a: Answer(201, {}, body(a, id=True)),
    "201 with a book for an id": lambda a: Answer(201, {}, body(a, id="x" * 10_000)),
    "200 that says it failed": lambda a: Answer(200, {}, {"success": False, "message": "no", "data": None}),
    "201 that says it failed, with a customer": lambda a: Answer(201, {}, {"success": False, "message": "no", "data": body(a)}),
    "418": lambda a: Answer(418, {}, {"id": "id1"}),
}  # fmt: skip


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("lie", NO_ANSWERS.values(), ids=NO_ANSWERS.keys())
@pytest.mark.parametrize("commits", [True, False])
def test_an_answer_that_says_nothing_sure_is_asked_about(lie: Lie, target: str, commits: bool) -> None:
    """Whether the customer was made or not: in the end it is there once, with its own id, and nothing was sent early."""
    scene = Scene(1, target)
    if not commits:
        plain, lie = lie, lambda a: plain(Answer(201, {}, {"id": "id9", "name": "n0"}))
    entry, creates = told(scene, lie, commits=commits)
    there = scene.world.server.customers
    assert entry.state == "created" and [c["id"] for c in there] == [entry.id]
    assert creates == (1 if commits else 2)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(
    ("status", "shown"), [(201, THEIRS), (200, THEIRS), (200, {**THEIRS, "email": "p0@x.example"})]
)
def test_somebody_elses_customer_is_never_taken_for_ours(target: str, status: int, shown: dict[str, Any]) -> None:
    """An answer with another customer than was sent proves nothing: the row is not sent again on its account either."""
    scene = Scene(1, target)
    entry, creates = told(scene, lambda a: replace(a, status=status, json=body(a, **shown)), commits=True)
    ours = [c for c in scene.world.server.customers if c["nr"] == 0]
    assert len(ours) == creates == 1
    assert (entry.state, entry.id) == ("created", ours[0]["id"])
    scene = Scene(1, target)
    entry, creates = told(scene, lambda a: Answer(status, {}, shown), commits=False)
    assert creates == 1 and entry.state == "unknown" and "theirs" in str(entry.problems)


@pytest.mark.parametrize("target", TARGETS)
def test_what_the_target_stores_otherwise_is_said(target: str) -> None:
    """A name cut short, a number put in: the row is in, and each value that is not as it was sent is named; case is not."""
    scene = Scene(1, target)
    entry, _ = told(scene, lambda a: Answer(201, {}, body(a, name="n", email="P0@X.example", phone="5")))
    assert entry.state == "created"
    assert entry.problems == [("name", "target.stored_otherwise", "n")]


def test_a_book_of_reasons_is_kept_short() -> None:
    """A refusal may be megabytes long: what is kept of it is for a person to read."""
    scene = Scene(1)
    huge = {f"field{n}": ["x" * 100_000] for n in range(1000)}
    entry, creates = told(scene, lambda a: Answer(400, {}, huge), commits=False)
    assert entry.state == "rejected" and creates == 1
    assert len(json.dumps(entry.problems)) < 20_000
    for lie in (Answer(500, {}, {"detail": "x" * 10**6}), Answer(500, {}, None, "y" * 500)):
        scene = Scene(1)
        entry, _ = told(scene, lambda a, lie=lie: lie, commits=False, times=99)
        assert len(json.dumps(entry.problems)) < 2_000


@pytest.mark.parametrize("target", TARGETS)
def test_a_gateway_that_sends_twice_and_passes_the_second_answer_on(target: str) -> None:
    """The first create of a row is answered with "taken", by itself: the row is in, not refused, where that can be seen."""
    scene = Scene(2, target, concurrency=1)
    honest = scene.wire.send

    async def send(call: Call, **more: Any) -> Answer:
        answer = await honest(call, **more)
        if call.writes and b'"nr": 1' in (call.body or b""):
            return Answer(409, {}, {"detail": "it is taken", "email": ["it is taken"]})
        return answer

    scene.wire.send = send  # type: ignore[method-assign]
    scene.run()
    entry = scene.journal.entry(1)
    assert entry is not None and entry.state == "created" and entry.http_status == 409
    assert len(scene.world.server.customers) == 2


@pytest.mark.parametrize("target", TARGETS)
def test_a_list_that_shows_fewer_than_it_says_proves_nobodys_absence(target: str) -> None:
    """A customer that slips from page to page while the list is read: the row stays unknown, and is not sent again."""
    scene = Scene(3, target, concurrency=1)
    scene.world.server.manners = replace(scene.world.server.manners, key_filter="ignored", mail_filter="ignored")
    honest, seen = scene.wire.send, 0

    async def send(call: Call, **more: Any) -> Answer:
        nonlocal seen
        answer = await honest(call, **more)
        if call.writes and b'"nr": 1' in (call.body or b""):
            seen += 1
            return Answer(500, {}, None, "oops")
        page = answer.json.get("data", answer.json) if isinstance(answer.json, dict) else {}
        name = "results" if "results" in page else "items"
        if name in page:
            page[name] = [c for c in page[name] if c["nr"] != 1]
        return answer

    scene.wire.send = send  # type: ignore[method-assign]
    scene.run()
    entry = scene.journal.entry(1)
    assert entry is not None and entry.state == "unknown" and seen == 1


NO_LISTS: dict[str, Any] = {
    "nothing": {},
    "a failure": {"success": False, "message": "try later", "data": None},
    "a failure with an empty list": {"success": False, "message": "try later", "data": {"items": []}, "results": []},
    "a text": {"detail": "no healthy upstream"},
    "ids alone": {"results": ["id1", "id2"], "items": ["id1", "id2"]},
}


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("shown", NO_LISTS.values(), ids=NO_LISTS.keys())
def test_a_page_that_is_no_list_proves_nobodys_absence(target: str, shown: Any) -> None:
    """The create was made and its answer lost; every look-up is answered by 200 and something else: it is not sent again."""
    scene = Scene(1, target)
    honest = scene.wire.send

    async def send(call: Call, **more: Any) -> Answer:
        if not call.writes and call.path.rstrip("/").endswith("customers"):
            return Answer(200, {}, shown, "")
        return await honest(call, **more)

    scene.wire.send = send  # type: ignore[method-assign]
    entry, creates = told(scene, lambda a: Answer(500, {}, None, "oops"), times=9)
    assert (entry.state, creates) == ("unknown", 1) and len(scene.world.server.customers) == 1


def updating(target: str) -> Scene:
    """One customer that is to be renamed, beside another one that has that name already."""
    scene = Scene(1, target)
    row = sim.replace(
        scene.world.rows[0], action="update", id="mine", payload='{"name":"new"}', before='{"name":"old"}'
    )
    scene.world.rows[:] = [row]
    scene.world.server.customers = [
        {**THEIRS, "id": "mine", "nr": 0, "name": "old", "email": "p0@x.example", "at": 0.0},
        {**THEIRS, "name": "new", "at": 0.0},
    ]
    return scene


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("method", ["GET", "PATCH"])
def test_an_update_that_is_answered_with_somebody_elses_customer(target: str, method: str) -> None:
    """Neither read nor written is what was not asked for: the row is not called unchanged or updated on its account."""
    scene = updating(target)
    honest, lies = scene.wire.send, 0

    async def send(call: Call, **more: Any) -> Answer:
        nonlocal lies
        answer = await honest(call, **more)
        if "mine" in call.path and call.writes == (method != "GET") and (lies == 0 or method == "GET"):
            lies += 1
            return replace(answer, json=body(answer, id="theirs", name="new"))
        return answer

    scene.wire.send = send  # type: ignore[method-assign]
    scene.run()
    entry, mine = scene.journal.entry(0), scene.world.server.find("mine")
    assert entry is not None and entry.id == "mine" and lies
    if method == "GET":
        assert entry.state == "failed" and mine["name"] == "old" and "theirs" in str(entry.problems)
    else:
        assert entry.state == "updated" and mine["name"] == "new"


@pytest.mark.parametrize("target", TARGETS)
def test_200_with_somebody_elses_number_is_no_customer(target: str) -> None:
    """A gateway that takes the request for later (200, the number of a job) has shown no customer: the target is asked."""
    scene = Scene(1, target)
    entry, creates = told(scene, lambda a: Answer(200, {}, {"id": "job-17", "queued": True}), times=9)
    there = scene.world.server.customers
    assert entry.state == "created" and [c["id"] for c in there] == [entry.id] and creates == 1


@pytest.mark.parametrize("target", TARGETS)
def test_a_lost_update_that_is_refused_later_was_made(target: str) -> None:
    """Made late and then refused: it is told as updated, not as created."""
    scene = updating(target)
    server, honest, writes = scene.world.server, scene.wire.send, 0

    async def send(call: Call, **more: Any) -> Answer:
        nonlocal writes
        if not call.writes:
            return await honest(call, **more)
        writes += 1
        if writes == 1:
            raise Lost("no answer")
        server.find("mine")["name"] = "new"  # the first one, which was late
        return Answer(409, {}, {"detail": "locked"})

    scene.wire.send = send  # type: ignore[method-assign]
    scene.run()
    entry = scene.journal.entry(0)
    assert entry is not None and (entry.state, entry.id, writes) == ("updated", "mine", 2)


def test_a_customer_with_another_key_is_not_ours() -> None:
    """Whatever else it shows: the key is what we made it with."""
    scene = Scene(1, "piriod")
    entry, creates = told(scene, lambda a: Answer(201, {}, body(a, id="theirs", metadata={"import_key": "another"})))
    assert (entry.state, entry.id, creates) == ("created", scene.world.server.customers[0]["id"], 1)


@pytest.mark.parametrize(
    ("ids", "totals", "whole"),
    [("ab", [], True), ("ab", [2, 2], True), ("abc", [2, 3], True), ("ab", [3, 3], False), ("ab", [3, 2], False), ("ab", [2, 3], False)],
)  # fmt: skip
def test_a_list_that_shrinks_or_shows_fewer_has_missed_somebody(ids: str, totals: list[int], whole: bool) -> None:
    """One that is removed while the list is read moves another one to a page that was read already."""
    assert Seen({}, set(ids), {}, totals).all is whole
