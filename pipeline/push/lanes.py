"""Turn rows that may be of one customer into lanes, in which they go one after the other."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import anyio

from pipeline.existing import Wanted
from pipeline.push.queue import Queue, Row


@dataclass
class _Lane:
    """One lane; `open` are the rows that may be at the target and were not found yet."""

    lock: anyio.Lock = field(default_factory=anyio.Lock)
    users: int = 0
    open: set[int] = field(default_factory=set)


class Lanes:
    """The lanes of a push. A row may be in several: that of its group, its identity, the customer that it updates."""

    def __init__(self, queue: Queue, mark: Callable[[Row], Wanted | None] | None) -> None:
        """`mark` tells what the target knows a customer by, where that is neither our key nor the run's identity."""
        self._queue, self._mark = queue, mark
        self._lanes: dict[str, _Lane] = {}
        self._opened: dict[int, set[str]] = {}  # by seq: a create that became an update is open in the lanes of both

    @contextlib.asynccontextmanager
    async def alone(self, row: Row, is_open: Callable[[Row], bool]) -> AsyncIterator[bool]:
        """Wait for the rows of the same customer before this one; whether none of them is open.

        A row that by then `is_open` itself minds only the open rows before it.
        """
        names = self._names(row)
        async with contextlib.AsyncExitStack() as stack:
            for name in names:
                lane = self._lanes.setdefault(name, _Lane())
                lane.users += 1
                stack.callback(self._leave, name, lane)
                await stack.enter_async_context(lane.lock)
            mine = row.seq if is_open(row) else float("inf")
            yield not any(seq < mine for name in names for seq in self._lanes[name].open)

    def open(self, row: Row) -> None:
        """Note that the row may be at the target."""
        names = self._names(row)
        for name in names:
            self._lanes.setdefault(name, _Lane()).open.add(row.seq)
        self._opened.setdefault(row.seq, set()).update(names)

    def close(self, row: Row) -> None:
        """Note that what became of the row is known, whatever it was sent as while it was open."""
        for name in self._opened.pop(row.seq, ()):
            lane = self._lanes[name]
            lane.open.discard(row.seq)
            self._forget(name, lane)

    def _leave(self, name: str, lane: _Lane) -> None:
        lane.users -= 1
        self._forget(name, lane)

    def _forget(self, name: str, lane: _Lane) -> None:
        if not lane.users and not lane.open:
            self._lanes.pop(name, None)

    def _names(self, row: Row) -> list[str]:
        names = [f"group {self._queue.groups.first(row.seq)}"] if row.seq in self._queue.groups else []
        if row.lane and row.identity:
            names.append(f"who {row.identity}")
        if row.action == "update":
            names.append(f"id {row.id}")
        if self._mark and row.action == "create" and row.payload and (mark := self._mark(row)):
            names.append(f"mark {mark.identity}")
        return names
