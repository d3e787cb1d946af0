"""The simulation is worth its time: each bug that an importer of this kind is likely to have breaks a law in it.

`pytest tests/simulation/test_planted_bugs.py -rP` tells the history that catches each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import anyio
import pytest
from simulation import simulated_world as sim
from simulation.simulated_laws import broken_laws

from pipeline import existing
from pipeline.client import Lost, NotSent
from pipeline.existing import filtered, scanned
from pipeline.journal import Clock, Entry, Journal, clock
from pipeline.push import attempt, fate
from pipeline.push.engine import Engine
from pipeline.push.fate import Detective
from pipeline.push.lanes import Lanes
from pipeline.push.queue import Groups
from pipeline.push.verdict import Fate, NotThere, There
from pipeline.push.witness import Case
from pipeline.targets.interface import Answer, Call

MOST = 500
TARGETS = ("piriod", "dayzero")
Plant = Callable[[pytest.MonkeyPatch], None]


def journal_after_the_request(patch: pytest.MonkeyPatch) -> None:
    """The request leaves before its intention is committed."""

    async def put(self: Journal, *entries: Entry) -> None:
        self.put_soon(*entries)
        await anyio.sleep(0)

    patch.setattr(Journal, "put", put)


def no_intention_at_all(patch: pytest.MonkeyPatch) -> None:
    """Only outcomes are journaled."""

    async def put(self: Journal, *entries: Entry) -> None:
        await anyio.sleep(0)

    patch.setattr(Journal, "put", put)


def repetition_after_a_time_out(patch: pytest.MonkeyPatch) -> None:
    """A lost answer is taken for a request that did not arrive."""
    send = sim.Wire.send

    async def hasty(self: sim.Wire, call: Call, *, slot: bool = True) -> Answer:
        try:
            return await send(self, call, slot=slot)
        except Lost as error:
            raise NotSent(str(error)) from error

    patch.setattr(sim.Wire, "send", hasty)


def repetition_after_a_5xx(patch: pytest.MonkeyPatch) -> None:
    """A 500 or 502 is taken for a request that was not carried out."""
    send = sim.Wire.send

    async def hasty(self: sim.Wire, call: Call, *, slot: bool = True) -> Answer:
        answer = await send(self, call, slot=slot)
        if call.writes and answer.status >= 500:
            raise NotSent("5xx")
        return answer

    patch.setattr(sim.Wire, "send", hasty)


def no_settling(patch: pytest.MonkeyPatch) -> None:
    """ "Not there" counts at once."""
    patch.setattr(sim, "history", lambda seed, name: sim.concluded(sim.world(seed, name), settle=0.0))


def settling_from_the_first_look(patch: pytest.MonkeyPatch) -> None:
    """A process that goes on takes what the last one had in flight for long settled."""
    reopen = Engine._reopen

    def hasty(self: Engine) -> None:
        reopen(self)
        self._due = dict.fromkeys(self._due, 0.0)

    patch.setattr(Engine, "_reopen", hasty)


def what_was_in_flight_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    """A process that goes on takes rows in state `sent` for rows that were never sent."""
    patch.setattr(sim, "OPEN", ())
    patch.setattr(Journal, "in_doubt", lambda self, retry=(): [])


def the_others_of_a_group_are_forgotten(patch: pytest.MonkeyPatch) -> None:
    """A row is sent although another one of the same customer is in."""
    patch.setattr(Groups, "standing", lambda self, seq: "free")


def open_rows_hold_nobody_up(patch: pytest.MonkeyPatch) -> None:
    """An open row of the same customer does not keep the next one from being sent."""
    standing = Groups.standing
    patch.setattr(Groups, "standing", lambda self, seq: {"open": "free"}.get(standing(self, seq), standing(self, seq)))
    patch.setattr(Lanes, "_names", lambda self, row: [])


def absent_is_believed_at_once(patch: pytest.MonkeyPatch) -> None:
    """A filter that is falsely empty is believed: nobody asks in another way."""

    async def gullible(self: Detective, cases: list[Case]) -> dict[int, Fate]:
        return {row.seq: NotThere() for row, _ in cases}

    patch.setattr(Detective, "second_opinion", gullible)


def only_the_first_page(patch: pytest.MonkeyPatch) -> None:
    """Look-ups read the first page alone."""
    pages_of = existing.pages_of

    async def first_page(*args: Any, **kwargs: Any) -> Any:
        async for page in pages_of(*args, **kwargs):
            yield replace(page, next=None)
            return

    for reader in (existing, filtered, scanned):
        patch.setattr(reader, "pages_of", first_page)


def any_customer_of_the_e_mail_is_ours(patch: pytest.MonkeyPatch) -> None:
    """What is found by its e-mail is not compared with what was sent."""
    patch.setattr(fate, "same", lambda ours, theirs: True)


def ids_of_other_rows_are_not_excluded(patch: pytest.MonkeyPatch) -> None:
    """A customer that another row of the run has made may be taken for this row's."""
    patch.setattr(Journal, "owners", lambda self, ids: {})


def any_answer_with_an_id_is_believed(patch: pytest.MonkeyPatch) -> None:
    """A server that answers a second create with the first customer is believed."""
    patch.setattr(attempt.Sender, "_created",
                  lambda self, row, outcome, entry: replace(entry, state="created", id=outcome.id))  # fmt: skip

    async def silent(self: Engine) -> None:
        await anyio.sleep(0)

    patch.setattr(Engine, "_tell_shared_ids", silent)


def an_update_is_believed_unseen(patch: pytest.MonkeyPatch) -> None:
    """A lost update counts as done without a look at the customer."""
    patch.setattr(Detective, "_updated", _there)


async def _there(self: Detective, row: Any, entry: Entry) -> Fate:
    return There(row.id)


def the_time_of_the_day_is_believed(patch: pytest.MonkeyPatch) -> None:
    """How long ago a request left is told by a clock that can be set."""
    patch.setattr(Clock, "now", lambda self: self._here.wall())


def the_seconds_of_another_start_are_believed(patch: pytest.MonkeyPatch) -> None:
    """The machine's clock goes on counting where it was started anew, or is another machine's."""
    patch.setattr(clock, "_goes_on", lambda *_: True)


PLANTED: list[Plant] = [
    journal_after_the_request, no_intention_at_all, repetition_after_a_time_out, repetition_after_a_5xx, no_settling,
    settling_from_the_first_look, what_was_in_flight_is_forgotten, the_others_of_a_group_are_forgotten,
    open_rows_hold_nobody_up, absent_is_believed_at_once, only_the_first_page, any_customer_of_the_e_mail_is_ours,
    ids_of_other_rows_are_not_excluded, any_answer_with_an_id_is_believed, an_update_is_believed_unseen,
    the_time_of_the_day_is_believed, the_seconds_of_another_start_are_believed,
]  # fmt: skip


@pytest.mark.parametrize("plant", PLANTED, ids=lambda plant: plant.__name__)
def test_a_planted_bug_is_caught(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the bug some history breaks a law; without it the same history holds them all."""
    with monkeypatch.context() as patch:
        plant(patch)
        tried = ((s, n, broken_laws(sim.history(s, n))) for s in range(MOST) for n in TARGETS)
        caught = next((found for found in tried if found[-1]), None)
    assert caught is not None
    seed, target, broken = caught
    assert not broken_laws(sim.history(seed, target))
    print(f"{plant.__name__}: caught in the history {target} {seed}: {broken[0].partition(':')[0]}")
