"""Turn a journal into frames for reports, read only, also while a push writes it."""

from __future__ import annotations

import contextlib
import sqlite3
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import polars as pl

from pipeline.journal.disk import damaged, refuse_gone
from pipeline.journal.entry import NAMES, held

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
