"""The rows of one customer go one after the other, and none waits for one whose fate is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import cast

import anyio

from pipeline.existing import Wanted
from pipeline.push.lanes import Lanes
from pipeline.push.queue import Groups, Queue, Row


class _Planned:
    """A plan whose rows belong to no group."""

    groups = Groups(())


def _row(seq: int) -> Row:
    return Row(seq, seq + 2, "create", None, f"key{seq}", None, None, False, '{"name": "Ana SpA"}', None)


def _free(lanes: Lanes, row: Row) -> bool:
    async def asked() -> bool:
        async with lanes.alone(row, lambda _: False) as free:
            return free

    return anyio.run(asked)


def _lanes(mark: Callable[[Row], Wanted | None]) -> Lanes:
    return Lanes(cast(Queue, _Planned()), mark)


def test_a_create_that_became_an_update_holds_nobody_up_once_it_is_known() -> None:
    """It was open as a create and then as an update; both ends with it, and meanwhile the others wait."""
    lanes = _lanes(lambda _: Wanted("Ana SpA", {}))
    first, other = _row(0), _row(1)
    update = replace(first, action="update", id="7")
    lanes.open(first)
    lanes.open(update)
    assert not _free(lanes, other)
    lanes.close(update)
    assert _free(lanes, other)


def test_a_row_waits_for_who_updates_the_same_customer() -> None:
    """Until what became of that update is known."""
    lanes = _lanes(lambda _: None)
    first, second = (replace(_row(seq), action="update", id="7") for seq in (0, 1))
    lanes.open(first)
    assert not _free(lanes, second)
    lanes.close(first)
    assert _free(lanes, second)
