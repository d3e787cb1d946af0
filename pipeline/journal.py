"""Turn what is about to be sent, and what came back, into a memory that survives the process.

One SQLite file (`journal.db`) in the run folder; one line for each row of the plan that was touched. The
intention is committed before the request leaves, the outcome before anyone hears of it:

    (absent) ──intend──▶ sent ──answer──▶ created | updated | unchanged | skipped      the row is in
                          │ ▲   ────────▶ rejected                                      the target refused it
                          │ └──────────── (429, connection never made: intend again)
                          ├─no answer───▶ unknown ──look-up──▶ created | updated | sent (again)
                          ├─gave up─────▶ failed                                        certainly not in
                          └─stopped─────▶ planned                                       certainly not in, goes on

A row found as `sent` when a run goes on was in flight when the process died: it is `unknown`. `sent_at` is the
time of the last request that may have arrived: it is taken back where the answer proves that nothing was done,
so that a failed row that still has one is looked up before it is ever sent again.
Commits are grouped: while one transaction is being written, the next one collects; each writer waits for
its own. `synchronous=FULL`: a committed intention survives power loss. A commit that fails is no commit: nobody
who waits for it goes on, and the run stops.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sized
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import polars as pl

from pipeline.errors import BrokenInvariant, Interrupted, Misuse
from pipeline.folder import cannot_write

VERSION = 1
IN = ("created", "updated", "unchanged", "skipped")
FINAL = (*IN, "rejected", "failed", "invalid")
OPEN = ("sent", "unknown")
PLANNED = "planned"

Writer = Callable[[Callable[["list[Entry]"], None], "list[Entry]"], Awaitable[None]]
"""Calls the function with the entries, beside the event loop."""

TABLES = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS row (
    seq INTEGER PRIMARY KEY, state TEXT NOT NULL, action TEXT NOT NULL, id TEXT, http_status INTEGER,
    attempts INTEGER NOT NULL, sent_at REAL, problems TEXT, before TEXT, known TEXT, changes TEXT
);
CREATE INDEX IF NOT EXISTS created ON row (id) WHERE state = 'created';
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


NAMES = tuple(f.name for f in fields(Entry))


class Journal:
    """The memory of one run; open it with `Journal.open`, and run `write_groups` beside the workers."""

    def __init__(self, path: Path, db: sqlite3.Connection, writer: Writer = anyio.to_thread.run_sync) -> None:
        """Use `open` instead."""
        self._path, self._db, self._writer = path, db, writer
        self._waiting: list[Entry] = []
        self._written = anyio.Event()
        self._wake = anyio.Event()
        self._order = anyio.Lock()
        self._broken = False

    @classmethod
    def open(cls, path: Path, binding: dict[str, str]) -> Journal:
        """Open or make the journal, and bind it to what it belongs to (plan hash, target, workspace, mode).

        Raises:
            Misuse: it belongs to something else, cannot be written, or was made by a newer version.
            BrokenInvariant: it is damaged.
        """
        try:
            path.touch(mode=0o600, exist_ok=True)
            with path.open("r+b"):
                db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        except OSError as error:
            raise cannot_write(path, error) from error
        try:
            return cls.on(db, path, binding)
        except BaseException:
            db.close()
            raise

    @classmethod
    def on(cls, db: sqlite3.Connection, path: Path, binding: dict[str, str]) -> Journal:
        """The journal that `db` holds; see `open`."""
        try:
            db.execute(f"PRAGMA journal_mode={'DELETE' if _on_network(path) else 'WAL'}")
            db.execute("PRAGMA synchronous=FULL")
            if db.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
                raise sqlite3.DatabaseError("the integrity check fails")
            db.executescript(TABLES)
            known = dict(db.execute("SELECT name, value FROM meta"))
            _check(path, known, binding)
            wanted = {"version": str(VERSION), **binding}
            db.executemany("INSERT OR IGNORE INTO meta VALUES (?, ?)", wanted.items())
        except sqlite3.OperationalError as error:
            raise Misuse(
                f"the journal {path} cannot be written: {error}", "Make room, or make the folder writable; push again."
            ) from error
        except sqlite3.DatabaseError as error:
            raise _damaged(path, error) from error
        return cls(path, db)

    def close(self) -> None:
        """Write what is left, where that is still possible, and close the file."""
        try:
            if not self._broken:
                self._write(self._take())
        finally:
            self._db.close()

    async def put(self, *entries: Entry) -> None:
        """Commit entries; returns when they are on the disk, and never where they are not."""
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
        """Commit everything handed over so far; one group at a time, in order.

        Raises:
            Interrupted: it cannot be written; nothing further is.
        """
        with anyio.CancelScope(shield=True):
            async with self._order:
                group, done = self._take(), self._written
                self._written = anyio.Event()
                if self._broken:
                    return
                self._broken = True  # until the commit has returned: after a lost group no later one may be written
                if group:
                    await self._writer(self._write, group)
                self._broken = False
                done.set()

    def _take(self) -> list[Entry]:
        group, self._waiting = self._waiting, []
        return group

    def _write(self, group: list[Entry]) -> None:
        rows = [
            (e.seq, e.state, e.action, e.id, e.http_status, e.attempts, e.sent_at, _json(e.problems or None),
             _json(e.before), _json(e.known), e.changes)
            for e in group
        ]  # fmt: skip
        if not rows:
            return
        try:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany("INSERT OR REPLACE INTO row VALUES (?,?,?,?,?,?,?,?,?,?,?)", rows)
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            with contextlib.suppress(sqlite3.Error):
                self._db.execute("ROLLBACK")
            raise Interrupted(
                f"the journal {self._path} cannot be written: {error}",
                "Make room on the disk; then push RUN goes on where it stopped, and looks up what was in flight.",
            ) from error

    def states(self) -> Iterator[tuple[int, str]]:
        """`seq` and `state` of every touched row."""
        yield from self._db.execute("SELECT seq, state FROM row")

    def seqs(self, states: Iterable[str], doubtful: Iterable[str] = ()) -> pl.Series:
        """The rows in one of `states`, ascending; of `doubtful` ones (and planned) those that may have arrived."""
        sure, doubt = [*states], [*doubtful, PLANNED]
        found = self._db.execute(
            f"SELECT seq FROM row WHERE state IN ({_marks(sure)})"  # noqa: S608
            f" OR (sent_at IS NOT NULL AND state IN ({_marks(doubt)})) ORDER BY seq", (*sure, *doubt),
        )  # fmt: skip
        return pl.Series("seq", [seq for (seq,) in found], dtype=pl.UInt32)

    def in_doubt(self, retry: Iterable[str] = ()) -> list[Entry]:
        """Rows whose customer may be at the target, in order: open ones, and those to be tried again that were sent."""
        doubt = [*retry, PLANNED]
        found = self._db.execute(
            f"SELECT * FROM row WHERE state IN ({_marks(OPEN)})"  # noqa: S608
            f" OR (sent_at IS NOT NULL AND state IN ({_marks(doubt)})) ORDER BY seq", (*OPEN, *doubt),
        )  # fmt: skip
        return [_entry(line) for line in found]

    def attempts(self, states: Iterable[str]) -> dict[int, int]:
        """How often the rows in one of `states`, and the planned ones, were sent so far."""
        wanted = [*states, PLANNED]
        return dict(self._db.execute(f"SELECT seq, attempts FROM row WHERE state IN ({_marks(wanted)})", wanted))  # noqa: S608

    def owners(self, ids: Iterable[str]) -> dict[str, int]:
        """Which of `ids` were created for a row of this run, and for which."""
        wanted = list(ids)
        query = f"SELECT id, seq FROM row WHERE state = 'created' AND id IN ({_marks(wanted)})"  # noqa: S608
        return dict(self._db.execute(query, wanted))

    def shared_ids(self) -> list[tuple[Entry, int]]:
        """Rows that were created with an id that an earlier row has already, and that row's seq."""
        found = self._db.execute(
            "SELECT row.*, first FROM row JOIN (SELECT id, min(seq) AS first FROM row WHERE state = 'created'"
            " GROUP BY id HAVING count(*) > 1) AS twice USING (id) WHERE state = 'created' AND seq > first"
        )
        return [(_entry(line[:-1]), line[-1]) for line in found]

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
        line = self._db.execute("SELECT * FROM row WHERE state = 'created' ORDER BY seq LIMIT 1").fetchone()
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


def seqs(path: Path, states: Iterable[str]) -> pl.Series:
    """The rows of the journal at `path` that are in one of `states`, ascending; none where there is no journal."""
    wanted = list(states)
    if not path.exists():
        return pl.Series("seq", [], dtype=pl.UInt32)
    try:
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
            found = db.execute(f"SELECT seq FROM row WHERE state IN ({_marks(wanted)}) ORDER BY seq", wanted)  # noqa: S608
            return pl.Series("seq", [seq for (seq,) in found], dtype=pl.UInt32)
    except sqlite3.DatabaseError as error:
        raise _damaged(path, error) from error


def now() -> float:
    """Seconds since 1970: the journal's clock, which must mean the same to the next process."""
    return time.time()


def _entry(line: tuple[Any, ...]) -> Entry:
    values: dict[str, Any] = dict(zip(NAMES, line, strict=True))
    for name in ("problems", "before", "known"):
        values[name] = json.loads(values[name]) if values[name] else None
    values["problems"] = [tuple(p) for p in values["problems"] or []]
    return Entry(**values)


def _marks(values: Sized) -> str:
    return ",".join("?" * len(values))


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
