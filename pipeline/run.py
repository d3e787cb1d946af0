"""Turn a request into a finished run: the flow itself.

prepare:  source ─▶ read ─▶ map ─▶ normalise ─▶ validate ─▶ plan.parquet
push:     plan.parquet ─▶ the target, through journal.db
report:   plan.parquet + journal.db ─▶ results.csv, errors.csv, report.html, summary.json
"""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import polars as pl

from pipeline import journal, locks, store, targets, typed
from pipeline.errors import BrokenInvariant, Stop
from pipeline.fitting import fits
from pipeline.folder import RunFolder, cannot_write
from pipeline.handoff import Result
from pipeline.language import say, spoken
from pipeline.options import FRESH, RETRY, PushOptions, RunOptions, Server
from pipeline.prepare import Prepared
from pipeline.prepare import prepare as plan
from pipeline.progress import Progress
from pipeline.reporting import write_report
from pipeline.schema import Field, fields
from pipeline.shellwords import PROGRAM
from pipeline.sources import origin
from pipeline.targets.interface import Target

if TYPE_CHECKING:  # what sends takes longer to load than a small file to check
    from pipeline.journal import Entry

__all__ = ["Forecast", "Prepared", "forecast", "origin", "prepare", "push", "write_report"]

_planned: WeakKeyDictionary[RunFolder, tuple[str, tuple[float, ...]]] = WeakKeyDictionary()


def prepare(options: RunOptions, server: Server | None, progress: Progress) -> Prepared:
    """Plan a run; `server` is None where no request may be sent.

    Raises:
        Stop: the input, the mapping or the target do not allow it; nothing was sent.
    """
    workspace = server and server.secrets.get(targets.load(options.target).workspace)
    last = locks.stamp(locks.last_push(options.target, workspace)) if workspace else locks.UNDER_WAY
    prepared = plan(options, server, progress)
    _planned[prepared.folder] = (last, _clocks())
    return prepared


@dataclass(frozen=True)
class Forecast:
    """What a push is about to do; `seconds` at the set pace, `doubtful` rows are looked up first."""

    creates: int
    updates: int
    requests: int
    seconds: float
    rate: float | None
    workspace: str
    mode: str
    target: str
    host: str
    switches: dict[str, str]
    unchecked: tuple[str, ...]
    doubtful: int = 0


def forecast(folder: RunFolder, server: Server, options: PushOptions) -> Forecast:
    """What `push` would do with the folder's plan now.

    Raises:
        BrokenInvariant: the plan is torn, or was changed after planning.
    """
    from pipeline.push import UPLOAD_ROWS, unsettled

    facts = store.facts(folder)
    for one in store.plans(folder):
        store.verify(one, store.own_facts(one))
    target = targets.load(facts["target"])
    closed = [s for s in (*journal.FINAL, *journal.OPEN) if s not in RETRY[options.retry]]
    settled = journal.seqs(folder.file("journal.db"), closed)
    counts: Counter[str] = Counter()
    flags = {n: f for n, f in fields(target.record).items() if f.kind == "flag" and f.default is True}
    switches = dict.fromkeys(flags, 0)
    for batch in store.batches(folder, ("seq", "status", "action", "payload")):
        ready = unsettled(batch, settled).filter(pl.col("status") == "ready")
        counts.update(ready["action"].to_list())
        for name in switches:
            off = ready["payload"].str.contains(f'"{name}":false', literal=True)
            switches[name] += ready.height - int(off.fill_null(False).sum())
    rate = options.rate_for(target, server)
    uploads = 1 + 2 * -(-counts["create"] // (options.bulk_rows or UPLOAD_ROWS))
    requests = (uploads if options.bulk else counts["create"]) + 2 * counts["update"]
    said = {
        n: say("on for {on:n} of {total:n} rows", on=on, total=counts.total()) + _meaning(flags[n])
        for n, on in switches.items()
    }
    return Forecast(
        counts["create"], counts["update"], requests, requests / rate if rate else 0.0, rate,
        server.secrets.get(target.workspace, ""), server.mode, target.title, server.base_url, said,
        tuple(facts["unchecked"]), journal.seqs(folder.file("journal.db"), journal.OPEN).len(),
    )  # fmt: skip


def _meaning(flag: Field) -> str:
    """What a switch does: nobody is to learn it from the e-mails that customers get."""
    told = flag.column.help_es if spoken() == "es" else flag.column.help
    return f" ({told.partition(';')[0].rstrip('.')})" if told else ""


def push(
    folder: RunFolder, server: Server, options: PushOptions, progress: Progress,
    watch: Callable[[list[Entry]], None] | None = None,
) -> tuple[Result, int]:  # fmt: skip
    """Send what is pending and settle what is unknown; return what was done and how many requests it took.

    `watch` is told of every entry of the journal, once it is on the disk, from another thread; it must not raise.

    Raises:
        Misuse: the plan does not fit this server, or another push to the same workspace is under way.
        Unavailable: the target cannot be reached, or refuses the credentials.
    """
    import anyio

    from pipeline.journal import Journal
    from pipeline.sending import cause_alone, send

    facts = store.facts(folder)
    target = targets.load(facts["target"])
    target.record.model_rebuild()  # a record is built when it is first asked: here, before another thread (the sandbox's) may
    workspace = server.secrets[target.workspace]
    fits(folder, server, workspace)
    with _telling_how_to_go_on(folder), locks.exclusive(target.name, workspace, folder) as last:
        fresh = facts["verified"] and "round" not in facts and _is_fresh(folder, last)
        memory = Journal.open(folder.file("journal.db"), binding_of(facts, target, workspace, server))
        memory.watch = watch
        try:
            _mark_pushed(folder)
            with locks.noted(last), cause_alone(folder.file("plan.parquet")):
                rate = options.rate_for(target, server)
                sending = partial(
                    send, folder, facts, target, server, memory, options, progress, rate=rate, fresh=fresh
                )
                return anyio.run(sending)
        finally:
            memory.close(whole=True)


def _mark_pushed(folder: RunFolder) -> None:
    try:
        store.mark_pushed(folder)
    except OSError as error:
        raise cannot_write(folder.path, error, say(locks.MAKE_ROOM)) from error


@contextlib.contextmanager
def _telling_how_to_go_on(folder: RunFolder) -> Iterator[None]:
    """Let a stop end with the command that goes on with the run.

    What was typed may have begun it: typed again it would begin another one, which knows nothing of the requests of
    this one that may still arrive.
    """
    further = typed.go_on(folder)  # the folder may be gone by then
    try:
        yield
    except Stop as stop:
        if PROGRAM not in stop.remedy and not isinstance(stop, BrokenInvariant):
            stop.remedy = "\n".join(filter(None, (stop.remedy, say("Then: {command}", command=further))))
        raise


def _is_fresh(folder: RunFolder, last: Path) -> bool:
    """Whether nobody can have come since the plan's look-up: it was made here, just now, and nobody pushed since.

    Every clock must say so: one stands still while the machine sleeps (and somebody is to say whether to go ahead),
    another one can be set. A push that was killed counts as one that goes on.
    """
    stamp, planned = _planned.get(folder, (locks.UNDER_WAY, ()))
    passed = [now - then for now, then in zip(_clocks(), planned, strict=False)]
    recent = bool(passed) and all(0 <= seconds < FRESH for seconds in passed)
    return recent and locks.UNDER_WAY not in stamp and locks.stamp(last) == stamp


def _clocks() -> tuple[float, ...]:
    """Seconds by the clock that cannot be set, by the one that counts on while the machine sleeps, and of the day."""
    return time.monotonic(), journal.machine().ticks(), time.time()


def binding_of(facts: dict[str, Any], target: Target, workspace: str, server: Server) -> dict[str, str]:
    """What the journal of a run belongs to."""
    return {"plan": facts["plan_sha256"], "target": target.name, "workspace": workspace, "mode": server.mode}
