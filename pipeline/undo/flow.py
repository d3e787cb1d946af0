"""Turn a run folder into an undone run: the locks, the journal, the requests, and `undo.csv`.

`undo.csv` has a line for each row that was updated (what was put back, what was left) and for each that was created
(it stays; the id says which customer to remove by hand, if that is what is wanted).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import anyio
import polars as pl

from pipeline import locks, outcomes, store, targets, typed
from pipeline.changes import described
from pipeline.client import Patience as Requests
from pipeline.client import connect
from pipeline.errors import Interrupted, Misuse, Unavailable, unwrap
from pipeline.fitting import fits
from pipeline.folder import RunFolder
from pipeline.journal import Entry, Journal, Undone, to_put_back
from pipeline.language import later, say
from pipeline.options import PushOptions, Server
from pipeline.pace import Limiter
from pipeline.progress import Progress
from pipeline.report.delimited import CsvFile
from pipeline.run import binding_of, origin
from pipeline.sending import interruptible
from pipeline.targets.interface import Target
from pipeline.undo.undoer import DONE, Patience, Result, Undoer

FILE = "undo.csv"
HELPERS = ("_row", "_sheet", "_id", "_undo", "_restored", "_left", "_error")


@dataclass(frozen=True)
class Ahead:
    """What an undo is about to do: `updates` customers to put back; `seconds` at the set pace."""

    updates: int
    target: str
    workspace: str
    mode: str
    host: str
    rate: float | None
    seconds: float


@dataclass
class Listed:
    """What `undo.csv` says: the rows by what became of them, and each row for a program."""

    counts: Counter[str] = field(default_factory=Counter)
    created: list[dict[str, Any]] = field(default_factory=list)
    updated: list[dict[str, Any]] = field(default_factory=list)


def ahead(folder: RunFolder, server: Server, options: PushOptions) -> Ahead:
    """What `undo` would do now.

    Raises:
        Misuse: the run was never pushed.
    """
    facts = store.facts(folder)
    target = targets.load(facts["target"])
    updates = to_put_back(folder.file("journal.db"), DONE)
    if not folder.file("journal.db").exists():
        raise Misuse(
            say("{path} was never pushed: there is nothing to undo", path=folder.path),
            say("Its plan is pushed with: {command}", command=typed.go_on(folder)),
        )
    rate = options.rate_for(target, server)
    return Ahead(updates, target.title, server.secrets.get(target.workspace, ""), server.mode, server.base_url, rate,
                 2 * updates / rate if rate else 0.0)  # fmt: skip


def undo(folder: RunFolder, server: Server, options: PushOptions, progress: Progress) -> tuple[Result, Listed]:
    """Put the updated customers of a run back, list the created ones, and write `undo.csv`.

    Raises:
        Misuse: the run does not fit this server, or another push to the same workspace is under way.
        Unavailable: the target cannot be reached, or refuses the credentials.
    """
    facts = store.facts(folder)
    target = targets.load(facts["target"])
    workspace = server.secrets[target.workspace]
    fits(folder, server, workspace)
    with locks.exclusive(target.name, workspace, folder) as last:
        folder.tidy(FILE)
        memory = Journal.open(folder.file("journal.db"), binding_of(facts, target, workspace, server))
        try:
            try:
                with locks.noted(last):
                    result = anyio.run(partial(_undo, target, server, memory, options, progress))
            except BaseExceptionGroup as group:
                why = unwrap(group)
                raise _again(folder, why.message) if isinstance(why, Interrupted) else why from group
            finally:
                listed = _told(folder, facts, memory, options)
        finally:
            memory.close(whole=True)
    if result.stopped == "unreachable":
        raise Unavailable(
            say("{title} gave no usable answer to the last customers; the undoing stopped", title=target.title),
            say("Look at the target, then: {command}", command=typed.go_on(folder, "undo")),
        )
    return result, listed


async def _undo(target: Target, server: Server, memory: Journal, options: PushOptions, progress: Progress) -> Result:
    timeout, settle, concurrency = (
        options.timeout_for(target), options.settle_for(target), options.concurrency_for(target)
    )  # fmt: skip
    headers = target.headers(server.secrets, server.kind == "test")
    limiter = Limiter(options.rate_for(target, server))
    requests = Requests(timeout, options.retries)
    async with connect(server.base_url, headers, limiter, requests, concurrency, server.private(target)) as client:
        undoer = Undoer(client, target, memory, Patience(concurrency, options.retries + 1, settle), progress)
        progress.begin(later("undo"), undoer.pending, later("customers"))
        try:
            with interruptible(undoer):
                return await undoer.run()
        finally:
            progress.end()


def _again(folder: RunFolder, message: str) -> Interrupted:
    return Interrupted(message, say("Make room; then it goes on with: {command}", command=typed.go_on(folder, "undo")))


def _told(folder: RunFolder, facts: dict[str, Any], memory: Journal, options: PushOptions) -> Listed:
    """The list; what was sent is in the journal also where the list cannot be written."""
    try:
        return _list(folder, facts, memory, options)
    except Misuse as error:
        raise _again(folder, error.message) from error


def _list(folder: RunFolder, facts: dict[str, Any], memory: Journal, options: PushOptions) -> Listed:
    """Write `undo.csv`, whatever has ended the undoing."""
    listed = Listed()
    several = len(facts["sources"]) > 1
    shown = origin(facts).get("name", ("", ()))[1]
    told = _Teller(folder, memory, shown)
    headers = (*(("_source",) if several else ()), *HELPERS, *facts["headers"])
    with folder.writing(FILE) as path:
        file = CsvFile(path, headers, facts["sources"][0]["delimiter"], raw=options.raw_csv)
        try:
            for batch in outcomes.table(folder, origin(facts), pushed=True):
                lines = [line for row in batch.iter_rows(named=True) for line in told.lines(row, listed)]
                if lines:
                    cells = [f"c{i}" for i in range(len(facts["headers"]))]
                    names = (*(("source",) if several else ()), *HELPERS, *cells)
                    file.write(pl.DataFrame(lines, schema=dict.fromkeys(names, pl.String)))
        finally:
            file.close()
    return listed


class _Teller:
    """Says what became of each row of a run's table."""

    def __init__(self, folder: RunFolder, memory: Journal, shown: tuple[str, ...]) -> None:
        self._shown = shown
        self._undone = memory.undone()
        self._entries: dict[int, list[Entry]] = {}  # by the seq of the newest version of their row
        updates = memory.updates()
        newest = store.newest(folder, pl.Series("seq", [entry.seq for entry in updates], dtype=pl.UInt32))
        for entry in updates:
            self._entries.setdefault(newest.get(entry.seq, entry.seq), []).append(entry)

    def lines(self, row: dict[str, Any], listed: Listed) -> list[dict[str, Any]]:
        """The row's line, one for each version that updated a customer; none for a row that did nothing."""
        made = [self._updated(row, entry, listed) for entry in self._entries.get(row["seq"], ())]
        if row["status"] != "created":
            return made
        listed.counts["created"] += 1
        listed.created.append(self._plain(row, row["id"]))
        return [*made, {**row, **_known(row, row["id"]), "_undo": "created"}]

    def _plain(self, row: dict[str, Any], id_: str | None) -> dict[str, Any]:
        return {"row": row["row"], "id": id_, "name": " ".join(row[c] for c in self._shown if row[c]) or None}

    def _updated(self, row: dict[str, Any], entry: Entry, listed: Listed) -> dict[str, Any]:
        undone = self._undone.get(entry.seq) or Undone(entry.seq, "not_attempted", entry.id or "")
        state = "unknown" if undone.state == "sent" else undone.state
        listed.counts[state] += 1
        listed.updated.append({**self._plain(row, entry.id), "undo": state, "restored": undone.restored, "left": undone.left,
                               "error": undone.said})  # fmt: skip
        left = " | ".join(f"{name}: {'' if v is None else v}" for name, v in undone.left.items())
        return {**row, **_known(row, entry.id), "_undo": state, "_left": left, "_error": undone.said,
                "_restored": described(undone.restored, entry.payload or {})}  # fmt: skip


def _known(row: dict[str, Any], id_: str | None) -> dict[str, Any]:
    return {"_row": str(row["row"]), "_sheet": row["sheet"], "_id": id_, "source": row["source"]}
