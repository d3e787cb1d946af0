"""Turn a journal into frames for reports, read only, also while a push writes it."""

from __future__ import annotations

import contextlib
import sqlite3
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from pipeline.journal.clock import Machine
from pipeline.journal.disk import damaged, refuse_gone
from pipeline.journal.entry import NAMES, OPEN, held

OUTCOME_SCHEMA: dict[str, Any] = {
    "seq": pl.UInt32, "state": pl.String, "action": pl.String, "id": pl.String, "http_status": pl.Int32,
    "attempts": pl.Int32, "problems": pl.String, "changes": pl.String,
}  # fmt: skip
_AT = tuple(NAMES.index(name) for name in OUTCOME_SCHEMA)


def outcomes(path: Path, first: int, last: int) -> pl.DataFrame:
    """The touched rows with `first` <= seq < `last`, as OUTCOME_SCHEMA.

    Raises:
        BrokenInvariant: the journal is damaged.
    """
    lines = _select(path, "*", "seq >= ? AND seq < ? ORDER BY seq", (first, last))
    try:
        for line in lines:
            if len(line) > len(NAMES):  # a journal of version 1 has no checksums yet
                held(line)
    except sqlite3.DatabaseError as error:
        raise damaged(path, error) from error
    return pl.DataFrame([[line[i] for i in _AT] for line in lines], schema=OUTCOME_SCHEMA, orient="row")


def seqs(path: Path, states: Iterable[str]) -> pl.Series:
    """The rows of the journal at `path` that are in one of `states`, ascending; none where there is no journal.

    Raises:
        BrokenInvariant: the journal is damaged.
    """
    wanted = tuple(states)
    found = _select(path, "seq", f"state IN ({','.join('?' * len(wanted))}) ORDER BY seq", wanted)
    return pl.Series("seq", [seq for (seq,) in found], dtype=pl.UInt32)


def to_put_back(path: Path, done: Iterable[str]) -> int:
    """How many updates of the journal at `path` were not put back yet; `done` are states of those that were.

    Raises:
        BrokenInvariant: the journal is damaged.
    """
    updated = {seq for (seq,) in _select(path, "seq", "action = 'update' AND state = 'updated'", ())}
    back = _select(path, "seq, state", "1", (), "undo") if updated else []
    return len(updated - {seq for seq, state in back if state in set(done)})


def undone(path: Path) -> dict[str, int]:
    """How many updates of the journal at `path` were put back, by what became of that; empty where nobody tried.

    Raises:
        BrokenInvariant: the journal is damaged.
    """
    states = sorted("unknown" if state == "sent" else state for (state,) in _select(path, "state", "1", (), "undo"))
    return dict(Counter(states))


@dataclass(frozen=True)
class LastSent:
    """The last row that was created (seq, id), the rows whose fate is open, and seconds since the last of each was sent."""

    created: tuple[int, str] | None = None
    age: float = 0.0
    doubtful: tuple[int, ...] = ()
    doubtful_age: float = 0.0


def last_sent(path: Path, here: Machine) -> LastSent:
    """What the last push of the journal at `path` may have left at the target; seconds that `here` cannot tell are 0.

    Raises:
        BrokenInvariant: the journal is damaged.
    """
    began, name, ticks = next(iter(_select(path, "began, machine, ticks", "1 ORDER BY rowid DESC LIMIT 1", (), "clock")),
                              (0.0, "", 0.0))  # fmt: skip
    now = began + here.ticks() - ticks if name == here.name and ticks <= here.ticks() else began

    def age(sent_at: float | None) -> float:
        return 0.0 if sent_at is None else max(0.0, float(now - sent_at))

    made = _select(path, "seq, id, sent_at", "state = 'created' ORDER BY sent_at DESC LIMIT 1", ())
    marks = ",".join("?" * len(OPEN))
    doubt = f"action = 'create' AND (state IN ({marks}) OR sent_at IS NOT NULL AND state IN ('planned', 'failed', 'rejected'))"
    open_ = _select(path, "seq, sent_at", doubt, OPEN)
    return LastSent(
        (made[0][0], made[0][1]) if made else None, age(made[0][2]) if made else 0.0,
        tuple(seq for seq, _ in open_), min((age(sent_at) for _, sent_at in open_), default=0.0),
    )  # fmt: skip


def _select(path: Path, what: str, where: str, values: tuple[Any, ...], table: str = "row") -> list[tuple[Any, ...]]:
    refuse_gone(path)
    if not path.exists() or not path.stat().st_size:
        return []
    try:
        with contextlib.closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as db:
            if not db.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)).fetchone():
                return []
            return db.execute(f"SELECT {what} FROM {table} WHERE {where}", values).fetchall()  # noqa: S608
    except sqlite3.DatabaseError as error:
        raise damaged(path, error) from error
