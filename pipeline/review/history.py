"""Turn what a person does on the page into lines of `.review.db`, which a killed process does not lose.

Each edit is written, and on the disk, before the page hears of it. Undo and redo change the state of a line; nothing is
deleted before a newer edit takes the place of what was undone. `version` grows with every change, so that a page can
tell that it has not seen the last one.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import time
from pathlib import Path
from typing import Any

from pipeline.errors import Misuse
from pipeline.folder import RunFolder
from pipeline.language import say

NAME = ".review.db"
_TABLES = """
CREATE TABLE IF NOT EXISTS edit (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, content TEXT NOT NULL, state TEXT NOT NULL,
                                 at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS fact (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
"""
Entry = dict[str, Any]
"""One edit: `kind` (cells, once, map, default) and what belongs to it; see `edits`."""


class History:
    """The edits that were made on a run since its last push."""

    def __init__(self, folder: RunFolder) -> None:
        """Open the file, or make it.

        Raises:
            Misuse: it cannot be written, or is no such file.
        """
        path = folder.file(NAME)
        try:
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            # The default journal mode works on every file system; FULL is on the disk before the answer leaves.
            self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.executescript(_TABLES)
        except (OSError, sqlite3.Error) as error:
            raise _damaged(path, error) from error
        self._path, self._lock = path, threading.RLock()

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @property
    def version(self) -> int:
        """How many changes there were, ever."""
        return self._fact("version")

    def entries(self) -> list[Entry]:
        """The edits that stand, the oldest first."""
        return [json.loads(text) for _, text in self._of("active")]

    def undoable(self) -> Entry | None:
        """The edit that `undo` would take back."""
        found = self._of("active")
        return json.loads(found[-1][1]) if found else None

    def redoable(self) -> Entry | None:
        """The edit that `redo` would make again."""
        found = self._of("undone")
        return json.loads(found[0][1]) if found else None

    def add(self, entry: Entry) -> None:
        """Keep an edit; what was undone before it is gone."""
        text = json.dumps(entry, ensure_ascii=False)
        with self._change() as db:
            db.execute("DELETE FROM edit WHERE state = 'undone'")
            db.execute(
                "INSERT INTO edit (kind, content, state, at) VALUES (?, ?, 'active', ?)",
                (entry["kind"], text, time.time()),
            )

    def undo(self) -> Entry | None:
        """Take the last edit back; None where there is none."""
        return self._turn(self._of("active")[-1:], "undone")

    def redo(self) -> Entry | None:
        """Make the edit again that was taken back last; None where there is none."""
        return self._turn(self._of("undone")[:1], "active")

    def consume(self) -> None:
        """The edits are in a round that is pushed: nothing of them is taken back any more."""
        with self._change() as db:
            db.execute("UPDATE edit SET state = 'pushed'")
            db.execute("INSERT OR REPLACE INTO fact VALUES ('planned', 0)")

    def touch(self) -> None:
        """Count a change of the run itself, such as a push."""
        with self._change():
            pass

    def planned(self) -> str:
        """The first twelve signs of the hash of the round that this page has planned last; "" for none."""
        found = self._fact("planned")
        return f"{found:012x}" if found else ""

    def set_planned(self, plan: str) -> None:
        """Note the hash of the round that was planned, or ""."""
        with self._lock:
            self._db.execute("INSERT OR REPLACE INTO fact VALUES ('planned', ?)", (int(plan[:12] or "0", 16),))

    def _turn(self, found: list[tuple[int, str]], state: str) -> Entry | None:
        if not found:
            return None
        number, text = found[0]
        with self._change() as db:
            db.execute("UPDATE edit SET state = ? WHERE id = ?", (state, number))
        entry: Entry = json.loads(text)
        return entry

    def _of(self, state: str) -> list[tuple[int, str]]:
        with self._lock:
            return self._db.execute("SELECT id, content FROM edit WHERE state = ? ORDER BY id", (state,)).fetchall()

    def _fact(self, name: str) -> int:
        with self._lock:
            found = self._db.execute("SELECT value FROM fact WHERE name = ?", (name,)).fetchone()
        return int(found[0]) if found else 0

    def _change(self) -> _Change:
        return _Change(self._db, self._lock, self._path)


class _Change:
    """One transaction that counts as a change."""

    def __init__(self, db: sqlite3.Connection, lock: threading.RLock, path: Path) -> None:
        self._db, self._lock, self._path = db, lock, path

    def __enter__(self) -> sqlite3.Connection:
        self._lock.acquire()
        try:
            self._db.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            self._lock.release()
            raise _damaged(self._path, error) from error
        return self._db

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self._db.execute("INSERT OR IGNORE INTO fact VALUES ('version', 0)")
                self._db.execute("UPDATE fact SET value = value + 1 WHERE name = 'version'")
                self._db.execute("COMMIT")
            else:
                self._db.execute("ROLLBACK")
        except sqlite3.Error as error:
            raise _damaged(self._path, error) from error
        finally:
            self._lock.release()


def _damaged(path: Path, error: Exception) -> Misuse:
    return Misuse(
        say("the edits cannot be kept in {file}: {why}", file=path, why=error),
        say("Make room, or move the file away, and review again."),
    )
