"""Turn a clock that nobody can set into the journal's time, which never runs faster than time itself.

Whether "not there" counts depends on how long ago a request left, perhaps by another process. The time of the day does
not tell: it can be set between the two, forward by hours. So the journal keeps a time of its own, in stretches:

    began, machine, ticks     the journal's time was `began` when the clock of `machine` showed `ticks`

Within a stretch it advances with the machine's own clock, which counts the seconds since it was started and cannot be
set. Where that clock is another one (after a restart, on another machine), a new stretch begins at the latest moment
that the journal knows: what passed in between is not counted. So two moments are never further apart in the journal
than they really were, and what was in flight before a restart is waited for anew.
"""

from __future__ import annotations

import hashlib
import platform
import sqlite3
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pipeline.journal.entry import checksum, held

TABLE = """
CREATE TABLE IF NOT EXISTS clock (began REAL NOT NULL, machine TEXT NOT NULL, ticks REAL NOT NULL, set_at REAL, checksum INTEGER)
"""
DRIFT = 5.0
"""Seconds by which the time of the day may leave the machine's clock before it counts as another clock."""


@dataclass(frozen=True)
class Machine:
    """A machine since it was started: `ticks` counts its seconds, `name` tells it from others.

    Where `restarts` is true, a restart does not change the name; the time of the day then has to tell it.
    """

    name: str
    ticks: Callable[[], float]
    wall: Callable[[], float] = time.time
    restarts: bool = False

    @property
    def set_at(self) -> float | None:
        """The time of the day when the machine was started, where that is what tells a restart."""
        return self.wall() - self.ticks() if self.restarts else None


@lru_cache(maxsize=1)
def machine() -> Machine:
    """This machine since it was started; on Linux the kernel names each start."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        space = str(Path("/proc/self/ns/time").readlink())  # a container may count from another start
        return Machine(f"{boot} {space}", lambda: time.clock_gettime(time.CLOCK_BOOTTIME))  # type: ignore[attr-defined, unused-ignore]
    except (OSError, AttributeError, ValueError):
        name = f"{platform.node()} {uuid.getnode():x}"
        return Machine(hashlib.blake2b(name.encode(), digest_size=16).hexdigest(), time.monotonic, restarts=True)


class Clock:
    """The journal's time; see the module."""

    def __init__(self, here: Machine, stretches: list[tuple[float, float]]) -> None:
        """`stretches` are (began, ticks), the last one is going on."""
        self._here, self._stretches = here, stretches
        self._latest = stretches[-1][0]

    def now(self) -> float:
        """Seconds; those of 1970 and later, but for the time in which nobody counted. It never goes back."""
        began, ticks = self._stretches[-1]
        self._latest = max(self._latest, began + self._here.ticks() - ticks)
        return self._latest

    def exact(self, one: float, other: float) -> bool:
        """Whether the time between two moments is known exactly, and not only at least.

        The last moment of a stretch and the first of the next one are the same: of such a one nothing is known exactly.
        """
        first, last = sorted((one, other))
        return first == last or not any(first <= began <= last for began, _ in self._stretches[1:])


def start(db: sqlite3.Connection, here: Machine) -> Clock:
    """The clock of the journal that `db` holds, on this machine.

    Raises:
        sqlite3.DatabaseError: what is written of it is not what was written.
    """
    db.execute(TABLE)
    lines = db.execute("SELECT * FROM clock ORDER BY rowid").fetchall()
    for line in lines:
        held(line)
    ticks, set_at = here.ticks(), here.set_at
    if not lines or not _goes_on(lines[-1], here.name, ticks, set_at):
        line = (_latest(db, lines, here), here.name, ticks, set_at)
        db.execute("INSERT INTO clock VALUES (?,?,?,?,?)", (*line, checksum(line)))
        lines.append(line)
    return Clock(here, [(line[0], line[2]) for line in lines])


def _goes_on(last: tuple[float, str, float, float | None, int], name: str, ticks: float, set_at: float | None) -> bool:
    _, machine_, was, was_set, _ = last
    same = set_at is None if was_set is None else set_at is not None and abs(set_at - was_set) < DRIFT
    return machine_ == name and was <= ticks and same


def _latest(db: sqlite3.Connection, lines: list[tuple[float, ...]], here: Machine) -> float:
    """The latest moment that the journal knows; the time of the day where it knows none."""
    sent = [db.execute(f"SELECT max(sent_at) FROM {table}").fetchone()[0] for table in ("row", "undo")]  # noqa: S608
    known = [moment for moment in (*sent, *(line[0] for line in lines)) if moment is not None]
    return max(known) if known else here.wall()
