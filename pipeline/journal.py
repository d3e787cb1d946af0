"""Turn what is about to be sent, and what came back, into a memory that survives the process.

One SQLite file (`journal.db`) in the run folder; one line for each row of the plan that was touched. The
intention is committed before the request leaves, the outcome before anyone hears of it:

    (absent) ──intend──▶ sent ──answer──▶ created | updated | unchanged | skipped      the row is in
                          │ ▲   ────────▶ rejected                                      the target refused it
                          │ └──────────── (429, connection never made: intend again)
                          ├─no answer───▶ unknown ──look-up──▶ created | updated | sent (again)
                          └─gave up─────▶ failed                                        certainly not in

A row found as `sent` when a run goes on was in flight when the process died: it is `unknown`.
Commits are grouped: while one transaction is being written, the next one collects; each writer waits for
its own. `synchronous=FULL`: a committed intention survives power loss.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import polars as pl

from pipeline.errors import BrokenInvariant, Misuse

VERSION = 1
IN = ("created", "updated", "unchanged", "skipped")
FINAL = (*IN, "rejected", "failed", "invalid")
OPEN = ("sent", "unknown")

TABLES = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS row (
    seq INTEGER PRIMARY KEY, state TEXT NOT NULL, action TEXT NOT NULL, id TEXT, http_status INTEGER,
    attempts INTEGER NOT NULL, sent_at REAL, problems TEXT, before TEXT, known TEXT, changes TEXT
);
"""

OUTCOME_SCHEMA: dict[str, Any] = {
    "seq": pl.UInt32, "state": pl.String, "action": pl.String, "id": pl.String, "http_status": pl.Int32,
    "attempts": pl.Int32, "problems": pl.String, "changes": pl.String,
}  # fmt: skip


@dataclass
class Entry:
    """What is known of one row: times are seconds since 1970, `problems` are (field or None, code, detail).

    `known` are ids that held the row's identity before our first request for it; `before` is what an update
    replaced.
    """

    seq: int
    state: str
    action: str = "create"
    id: str | None = None
    http_status: int | None = None
    attempts: int = 0
    sent_at: float | None = None
    problems: list[tuple[str | None, str, str]] = field(default_factory=list)
    before: dict[str, Any] | None = None
    known: list[str] | None = None
    changes: str | None = None


class Journal:
    """The memory of one run; open it with `Journal.open`, and run `write_groups` beside the workers."""

    def __init__(self, path: Path, db: sqlite3.Connection) -> None:
        """Use `open` instead."""
        self._path, self._db = path, db
        self._waiting: list[Entry] = []
        self._written = anyio.Event()
        self._wake = anyio.Event()
        self._lock = threading.Lock()

    @classmethod
    def open(cls, path: Path, binding: dict[str, str]) -> Journal:
        """Open or make the journal, and bind it to what it belongs to (plan hash, target, workspace, mode).

        Raises:
            Misuse: it belongs to something else, is damaged, or was made by a newer version.
        """
        path.touch(mode=0o600, exist_ok=True)
        db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        try:
            mode = "DELETE" if _on_network(path) else "WAL"
            db.execute(f"PRAGMA journal_mode={mode}")
            db.execute("PRAGMA synchronous=FULL")
            if db.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
                raise sqlite3.DatabaseError("the integrity check fails")
            db.executescript(TABLES)
            known = dict(db.execute("SELECT name, value FROM meta"))
        except sqlite3.DatabaseError as error:
            raise _damaged(path, error) from error
        _check(path, known, binding)
        with db:
            wanted = {"version": str(VERSION), **binding}
            db.executemany("INSERT OR IGNORE INTO meta VALUES (?, ?)", wanted.items())
        return cls(path, db)

    def close(self) -> None:
        """Write what is left and close the file."""
        self._write(self._take())
        self._db.close()

    async def put(self, *entries: Entry) -> None:
        """Commit entries; returns when they are on the disk."""
        done = self.put_soon(*entries)
        await done.wait()

    def put_soon(self, *entries: Entry) -> anyio.Event:
        """Hand over entries for the next commit; the event tells when it is done."""
        self._waiting.extend(entries)
        self._wake.set()
        return self._written

    async def write_groups(self) -> None:
        """Commit what is handed over, group by group, until cancelled."""
        while True:
            await self._wake.wait()
            self._wake = anyio.Event()
            await self.flush()

    async def flush(self) -> None:
        """Commit everything handed over so far."""
        group, done = self._take(), self._written
        self._written = anyio.Event()
        if group:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(self._write, group)
        done.set()

    def _take(self) -> list[Entry]:
        group, self._waiting = self._waiting, []
        return group

    def _write(self, group: Iterable[Entry]) -> None:
        rows = [
            (e.seq, e.state, e.action, e.id, e.http_status, e.attempts, e.sent_at, _json(e.problems or None),
             _json(e.before), _json(e.known), e.changes)
            for e in group
        ]  # fmt: skip
        if not rows:
            return
        with self._lock:
            try:
                self._db.execute("BEGIN IMMEDIATE")
                self._db.executemany("INSERT OR REPLACE INTO row VALUES (?,?,?,?,?,?,?,?,?,?,?)", rows)
                self._db.execute("COMMIT")
            except sqlite3.Error as error:
                raise Misuse(
                    f"the journal {self._path} cannot be written: {error}",
                    "Make room on the disk; then push RUN goes on where it stopped.",
                ) from error

    def settled(self) -> pl.DataFrame:
        """`seq` and `state` of every touched row."""
        rows = self._db.execute("SELECT seq, state FROM row ORDER BY seq").fetchall()
        return pl.DataFrame(rows, schema={"seq": pl.UInt32, "state": pl.String}, orient="row")

    def entries(self, states: Iterable[str]) -> list[Entry]:
        """The rows in one of `states`, in order."""
        wanted = tuple(states)
        marks = ",".join("?" * len(wanted))
        found = self._db.execute(f"SELECT * FROM row WHERE state IN ({marks}) ORDER BY seq", wanted)  # noqa: S608
        return [_entry(line) for line in found]

    def entry(self, seq: int) -> Entry | None:
        """What is known of row `seq`."""
        line = self._db.execute("SELECT * FROM row WHERE seq = ?", (seq,)).fetchone()
        return _entry(line) if line else None

    def counts(self) -> dict[str, int]:
        """How many rows are in each state."""
        return dict(self._db.execute("SELECT state, count(*) FROM row GROUP BY state"))

    def a_created(self) -> Entry | None:
        """Some row that was created and answered for, to probe the target's filter with."""
        line = self._db.execute("SELECT * FROM row WHERE state = 'created' LIMIT 1").fetchone()
        return _entry(line) if line else None


def outcomes(path: Path, first: int, last: int) -> pl.DataFrame:
    """The touched rows with `first` <= seq < `last`, as OUTCOME_SCHEMA; reads only, also while a push writes."""
    if not path.exists():
        return pl.DataFrame(schema=OUTCOME_SCHEMA)
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        rows = db.execute(
            "SELECT seq, state, action, id, http_status, attempts, problems, changes FROM row"
            " WHERE seq >= ? AND seq < ? ORDER BY seq", (first, last),
        ).fetchall()  # fmt: skip
    except sqlite3.DatabaseError as error:
        raise _damaged(path, error) from error
    finally:
        db.close()
    return pl.DataFrame(rows, schema=OUTCOME_SCHEMA, orient="row")


def now() -> float:
    """Seconds since 1970: the journal's clock, which must mean the same to the next process."""
    return time.time()


def _entry(line: tuple[Any, ...]) -> Entry:
    names = list(asdict(Entry(0, "")))
    values = dict(zip(names, line, strict=True))
    for name in ("problems", "before", "known"):
        values[name] = json.loads(values[name]) if values[name] else None
    values["problems"] = [tuple(p) for p in values["problems"] or []]
    return Entry(**values)


def _json(value: Any) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False)


def _check(path: Path, known: dict[str, str], binding: dict[str, str]) -> None:
    version = known.get("version")
    if version is not None and version != str(VERSION):
        raise Misuse(
            f"{path} was written by another version of the journal ({version}; this program knows {VERSION})",
            "Finish the run with the version that started it.",
        )
    for name, value in binding.items():
        if name in known and known[name] != value:
            raise Misuse(
                f"this run was pushed with another {name} ({known[name]!r}, now {value!r})",
                f"Use the same {name} again, or start a new run.",
            )


def _damaged(path: Path, error: Exception) -> BrokenInvariant:
    return BrokenInvariant(
        f"the journal {path} is damaged: {error}",
        "Nothing was sent. Keep the folder, and compare results.csv with the target before you import again.",
    )


def _on_network(path: Path) -> bool:
    """Whether `path` lies on a network file system, where SQLite's WAL is not safe (Linux only)."""
    try:
        mounts = Path("/proc/mounts").read_text(encoding="utf-8").splitlines()
    except OSError:
        return False
    kinds = {line.split()[1]: line.split()[2] for line in mounts if len(line.split()) > 2}
    for folder in [path.resolve(), *path.resolve().parents]:
        if str(folder) in kinds:
            return kinds[str(folder)] in ("nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "afs", "ceph")
    return False
