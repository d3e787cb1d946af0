"""Turn a path into the journal's database: made, migrated, or refused because it is not what it once was.

The number of the last commit is in the database, in the same transaction as what was committed, and, a moment
later, in a small file beside it (`.journal.count`, written over in place, never waited for). After a crash the
file may be behind; it can be ahead only where the database has lost commits: cut short, emptied, replaced by an
older copy, or copied without its `-wal`. The file is a guard, not a part of the memory: without it the rest holds.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from pipeline.errors import BrokenInvariant, Interrupted, Misuse
from pipeline.folder import cannot_write
from pipeline.journal import clock
from pipeline.journal.clock import Clock, Machine
from pipeline.journal.entry import STATES, checksum
from pipeline.language import say, say_n

VERSION = 3
OLDER = ("1", "2")
MARK = ".journal.count"
COLUMNS = """
    seq INTEGER PRIMARY KEY, state TEXT NOT NULL, action TEXT NOT NULL, id TEXT, http_status INTEGER,
    attempts INTEGER NOT NULL, sent_at REAL, problems TEXT, before TEXT, known TEXT, changes TEXT,
    payload TEXT, checksum INTEGER
"""
TABLES = f"""
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS row ({COLUMNS});
CREATE TABLE IF NOT EXISTS undo (
    seq INTEGER PRIMARY KEY, state TEXT NOT NULL, id TEXT NOT NULL, http_status INTEGER, attempts INTEGER NOT NULL,
    sent_at REAL, restored TEXT, left TEXT, said TEXT, checksum INTEGER
);
CREATE TABLE IF NOT EXISTS done (commits INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS created ON row (id) WHERE state = 'created';
"""


class Mark:
    """The number of the last commit, in a file beside the journal."""

    def __init__(self, path: Path) -> None:
        """Open the file, or make it.

        Raises:
            OSError: it cannot be written.
        """
        self._file = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)

    def note(self, commits: int) -> None:
        """Write the number; one that cannot be written is behind, which is allowed."""
        with contextlib.suppress(OSError):
            os.lseek(self._file, 0, os.SEEK_SET)
            os.write(self._file, b"%020d\n" % commits)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


def marked(journal: Path) -> int:
    """How many commits the journal at that path had at least; 0 where nothing is noted."""
    with contextlib.suppress(OSError, ValueError):
        return int((journal.parent / MARK).read_bytes())
    return 0


def connect(path: Path) -> sqlite3.Connection:
    """Open the file, or make it where there never was one.

    Raises:
        Misuse: it cannot be written.
        BrokenInvariant: it was there once, and is gone.
    """
    refuse_gone(path)
    try:
        path.touch(mode=0o600, exist_ok=True)
        with path.open("r+b"):
            return sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    except OSError as error:
        raise cannot_write(path, error) from error


def refuse_gone(path: Path) -> None:
    """Tell a journal that is gone from one that was never made.

    Raises:
        BrokenInvariant: it is gone, or empty.
    """
    if marked(path) and not (path.exists() and path.stat().st_size):
        raise damaged(path, sqlite3.DatabaseError(say("it is gone, or empty, and rows were written in it before")))


def refuse_moved(path: Path) -> None:
    """Stop where the journal is not at its path any more: what is written goes where no later push will look.

    Raises:
        Interrupted: it is gone.
    """
    if not os.path.exists(path):  # noqa: PTH110 - a path that cannot be looked at is gone, too
        raise gone(path)


def gone(path: Path) -> Interrupted:
    """The stop for a run folder that is moved or removed under a push."""
    return Interrupted(
        say("{path} is gone: the run folder was moved or removed while it was pushed", path=path),
        say(
            "Put the folder back; then push RUN goes on where it stopped, and looks up what was in flight. Without it, run "
            "the import again from the source file: who is at the target already is found there."
        ),
    )


def fold(db: sqlite3.Connection) -> None:
    """Leave the journal as one file, which can be read and copied by itself; where somebody reads it, it stays as it is."""
    with contextlib.suppress(sqlite3.Error):
        db.execute("PRAGMA busy_timeout=0")
        db.execute("PRAGMA journal_mode=DELETE")


def prepare(db: sqlite3.Connection, path: Path, binding: dict[str, str], here: Machine) -> Clock:
    """Make `db` a journal of this version that belongs to `binding`; return its clock, `here`.

    Raises:
        Misuse: it belongs to something else, cannot be written, or was made by another version.
        BrokenInvariant: it is damaged.
    """
    try:
        with _misuse(path):
            db.execute(f"PRAGMA journal_mode={'DELETE' if _on_network(path) else 'WAL'}")
            db.execute("PRAGMA synchronous=FULL")
            if db.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
                raise sqlite3.DatabaseError(say("the integrity check fails"))
            known = _meta(db)
            _check(path, known, binding)
            if known.get("version") == "1":
                _migrate(db)
            db.executescript(TABLES)
            if known.get("version") in OLDER:
                db.execute("UPDATE meta SET value = ? WHERE name = 'version'", (str(VERSION),))
            wanted = {"version": str(VERSION), **binding}
            db.executemany("INSERT OR IGNORE INTO meta VALUES (?, ?)", wanted.items())
            db.execute("INSERT INTO done SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM done)")
            _check_commits(db, path)
            return clock.start(db, here)
    except sqlite3.DatabaseError as error:
        raise damaged(path, error) from error


@contextlib.contextmanager
def _misuse(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        raise Misuse(
            say("the journal {path} cannot be written: {error}", path=path, error=error),
            say("Make room, or make the folder writable; push again."),
        ) from error


def _meta(db: sqlite3.Connection) -> dict[str, str]:
    there = db.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone()
    return dict(db.execute("SELECT name, value FROM meta")) if there else {}


def _check(path: Path, known: dict[str, str], binding: dict[str, str]) -> None:
    version = known.get("version")
    if version not in (None, *OLDER, str(VERSION)):
        raise Misuse(
            say(
                "{path} was written by another version of the journal ({version}; this program knows {known})",
                path=path,
                version=version,
                known=VERSION,
            ),
            say("Finish the run with the version that started it."),
        )
    for name, value in binding.items():
        if name in known and known[name] != value:
            raise Misuse(
                say(
                    "this run was pushed with another {name} ({before!r}, now {now!r})",
                    name=name,
                    before=known[name],
                    now=value,
                ),
                say("Use the same {name} again, or start a new run.", name=name),
            )


def _migrate(db: sqlite3.Connection) -> None:
    """Version 1 had neither checksums, nor commits that are counted, nor what an update sent (and 2 no clock of its own)."""
    db.execute("BEGIN IMMEDIATE")
    db.execute("ALTER TABLE row ADD COLUMN payload TEXT")
    db.execute("ALTER TABLE row ADD COLUMN checksum INTEGER")
    lines = db.execute("SELECT * FROM row").fetchall()
    db.executemany("UPDATE row SET checksum = ? WHERE seq = ?", ((checksum(line[:-1]), line[0]) for line in lines))
    db.execute("UPDATE meta SET value = '2' WHERE name = 'version'")
    db.execute("COMMIT")


def _check_commits(db: sqlite3.Connection, path: Path) -> None:
    states = {state for (state,) in db.execute("SELECT DISTINCT state FROM row")}
    if strange := states - STATES:
        raise sqlite3.DatabaseError(
            say("it has rows in a state that there is not: {states}", states=", ".join(sorted(map(str, strange))))
        )
    commits = int(db.execute("SELECT commits FROM done").fetchone()[0])
    if commits < marked(path):
        raise sqlite3.DatabaseError(
            say_n("its last commit is missing", "its last {n:n} commits are missing", marked(path) - commits)
        )


def damaged(path: Path, error: Exception) -> BrokenInvariant:
    """The stop for a journal that is not what was written."""
    return BrokenInvariant(
        say("the journal {path} is damaged: {error}", path=path, error=error),
        say(
            "Nothing was sent now. Put the whole run folder back as it was (journal.db-wal too); or keep it "
            "aside and run the import again from the source file: who is at the target already is found there."
        ),
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
