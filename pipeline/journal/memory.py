"""Turn entries into committed lines, group by group, and lines back into entries: the memory of one run."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Sized
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import polars as pl

from pipeline.errors import Interrupted
from pipeline.folder import cannot_write
from pipeline.journal import disk
from pipeline.journal.clock import Clock, Machine, machine, start
from pipeline.journal.disk import Mark
from pipeline.journal.entry import OPEN, PLANNED, Entry, Undone, entry_of, line_of, line_of_undone, undone_of
from pipeline.language import say

Writer = Callable[[Callable[["list[Entry]"], None], "list[Entry]"], Awaitable[None]]
"""Calls the function with the entries, beside the event loop."""


class Journal:
    """The memory of one run; open it with `Journal.open`, and run `write_groups` beside the workers."""

    def __init__(
        self, path: Path, db: sqlite3.Connection, writer: Writer = anyio.to_thread.run_sync, mark: Mark | None = None,
        clock: Clock | None = None,
    ) -> None:  # fmt: skip
        """Use `open` instead."""
        self._path, self._db, self._writer, self._mark = path, db, writer, mark
        self.clock = clock or start(db, machine())
        self.watch: Callable[[list[Entry]], None] | None = None  # is told, beside the event loop, what was committed
        self._waiting: list[Entry] = []
        self._written = anyio.Event()
        self._wake = anyio.Event()
        self._order = anyio.Lock()
        self._broken = False

    @classmethod
    def open(cls, path: Path, binding: dict[str, str]) -> Journal:
        """Open or make the journal, and bind it to what it belongs to (plan hash, target, workspace, mode).

        Raises:
            Misuse: it belongs to something else, cannot be written, or was made by another version.
            BrokenInvariant: it is damaged, or is not all that it was.
        """
        db = disk.connect(path)
        try:
            journal = cls.on(db, path, binding)
            journal._mark = Mark(path.parent / disk.MARK)
            return journal
        except OSError as error:
            db.close()
            raise cannot_write(path, error) from error
        except BaseException:
            db.close()
            raise

    @classmethod
    def on(cls, db: sqlite3.Connection, path: Path, binding: dict[str, str], here: Machine | None = None) -> Journal:
        """The journal that `db` holds; see `open`."""
        return cls(path, db, clock=disk.prepare(db, path, binding, here or machine()))

    def close(self, *, whole: bool = False) -> None:
        """Write what is left, where that is still possible, and close the file.

        Where it is to be `whole`, nothing is left beside it, also after somebody has read it.
        """
        try:
            if not self._broken:
                self._write(self._take())
                if whole:
                    disk.fold(self._db)
        finally:
            self._db.close()
            if self._mark is not None:
                self._mark.close()

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
        if group:
            self._commit("INSERT OR REPLACE INTO row VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)", map(line_of, group))
            if self.watch is not None:
                self.watch(group)

    def _commit(self, statement: str, lines: Iterable[tuple[Any, ...]]) -> None:
        try:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany(statement, lines)
            commits = self._db.execute("UPDATE done SET commits = commits + 1 RETURNING commits").fetchone()[0]
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            with contextlib.suppress(sqlite3.Error):
                self._db.execute("ROLLBACK")
            raise Interrupted(
                say("the journal {path} cannot be written: {error}", path=self._path, error=error),
                say("Make room on the disk; then push RUN goes on where it stopped, and looks up what was in flight."),
            ) from error
        if self._mark is not None:
            self._mark.note(commits)
            disk.refuse_moved(self._path)

    async def put_undone(self, undone: Undone) -> None:
        """Commit what becomes of putting an update back; returns when it is on the disk.

        Raises:
            Interrupted: it cannot be written.
        """
        statement = "INSERT OR REPLACE INTO undo VALUES (?,?,?,?,?,?,?,?,?,?)"
        with anyio.CancelScope(shield=True):
            async with self._order:
                await anyio.to_thread.run_sync(self._commit, statement, [line_of_undone(undone)])

    def undone(self) -> dict[int, Undone]:
        """What became of the updates that were to be put back, by seq."""
        with self._checked():
            return {line[0]: undone_of(line) for line in self._db.execute("SELECT * FROM undo ORDER BY seq")}

    def states(self) -> Iterator[tuple[int, str]]:
        """`seq` and `state` of every touched row."""
        yield from self._db.execute("SELECT seq, state FROM row")

    def seqs(self, states: Iterable[str], doubtful: Iterable[str] = ()) -> pl.Series:
        """The rows in one of `states`, ascending; of `doubtful` ones (and planned) those that may have arrived."""
        sure, doubt = [*states], [*doubtful, PLANNED]
        found = self._db.execute(  # as one text: a million lines would be a million objects
            f"SELECT group_concat(seq) FROM row WHERE state IN ({_marks(sure)})"  # noqa: S608
            f" OR (sent_at IS NOT NULL AND state IN ({_marks(doubt)}))", (*sure, *doubt),
        ).fetchone()[0]  # fmt: skip
        texts = pl.Series("seq", [found], dtype=pl.String).drop_nulls().str.split(",").explode(empty_as_null=False)
        return texts.cast(pl.UInt32).sort()

    def in_doubt(self, retry: Iterable[str] = ()) -> list[Entry]:
        """Rows whose customer may be at the target, in order: open ones, and those to be tried again that were sent."""
        doubt = [*retry, PLANNED]
        return self._entries(
            f"state IN ({_marks(OPEN)}) OR (sent_at IS NOT NULL AND state IN ({_marks(doubt)}))", (*OPEN, *doubt)
        )

    def attempts(self, states: Iterable[str]) -> dict[int, int]:
        """How often the rows in one of `states`, and the planned ones, were sent so far."""
        wanted = [*states, PLANNED]
        return dict(self._db.execute(f"SELECT seq, attempts FROM row WHERE state IN ({_marks(wanted)})", wanted))  # noqa: S608

    def owners(self, ids: Iterable[str]) -> dict[str, int]:
        """Which of `ids` were created for a row of this run, and for which, as far as it is committed."""
        wanted = list(ids)
        query = f"SELECT id, seq FROM row WHERE state = 'created' AND id IN ({_marks(wanted)})"  # noqa: S608
        return dict(self._db.execute(query, wanted))

    def shared_ids(self) -> list[tuple[Entry, int]]:
        """Rows that were created with an id that a row sent earlier has already, and that row's seq."""
        found = self._db.execute(
            "SELECT row.*, first FROM row JOIN (SELECT id, seq AS first, min(sent_at) FROM row WHERE state = 'created'"
            " GROUP BY id HAVING count(*) > 1) AS twice USING (id) WHERE state = 'created' AND seq != first"
        )
        with self._checked():
            return [(entry_of(line[:-1]), line[-1]) for line in found]

    def updates(self) -> list[Entry]:
        """The rows whose customer was brought up to date, or may have been, in order."""
        maybe = ("updated", *OPEN)
        return self._entries(
            f"action = 'update' AND (state IN ({_marks(maybe)}) OR sent_at IS NOT NULL AND state <> 'unchanged')", maybe
        )

    def entries(self, states: Iterable[str]) -> list[Entry]:
        """The rows in one of `states`, in order."""
        wanted = tuple(states)
        return self._entries(f"state IN ({_marks(wanted)})", wanted)

    def entry(self, seq: int) -> Entry | None:
        """What is known of row `seq`."""
        return next(iter(self._entries("seq = ?", (seq,))), None)

    def counts(self) -> dict[str, int]:
        """How many rows are in each state."""
        return dict(self._db.execute("SELECT state, count(*) FROM row GROUP BY state"))

    def a_created(self, sent_by: float | None = None, beside: Collection[int] = ()) -> Entry | None:
        """Some row that was created and answered for, to probe the target with; the last one sent by a moment.

        None of those `beside`.
        """
        others = ",".join(str(int(seq)) for seq in beside)
        found = f"SELECT seq FROM row WHERE state = 'created' AND seq NOT IN ({others})"  # noqa: S608
        if sent_by is None:
            first = self._db.execute(f"{found} ORDER BY seq LIMIT 1").fetchone()
        else:
            first = self._db.execute(f"{found} AND sent_at <= ? ORDER BY sent_at DESC LIMIT 1", (sent_by,)).fetchone()
        return self.entry(first[0]) if first else None

    def _entries(self, where: str, values: tuple[Any, ...]) -> list[Entry]:
        found = self._db.execute(f"SELECT * FROM row WHERE {where} ORDER BY seq", values)  # noqa: S608
        with self._checked():
            return [entry_of(line) for line in found]

    @contextlib.contextmanager
    def _checked(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            raise disk.damaged(self._path, error) from error


def _marks(values: Sized) -> str:
    return ",".join("?" * len(values))
