"""Turn a request into a finished run: the flow itself.

prepare:  source ─▶ read ─▶ map ─▶ normalise ─▶ validate ─▶ plan.parquet
push:     plan.parquet ─▶ the target, through journal.db
report:   plan.parquet + journal.db ─▶ results.csv, errors.csv, report.html, summary.json
"""

from __future__ import annotations

import contextlib
import shlex
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import polars as pl

from pipeline import journal, locks, lookups, outcomes, report, rounds, store, targets, typed
from pipeline.errors import BrokenInvariant, Misuse, Stop
from pipeline.fitting import fits
from pipeline.folder import RunFolder, cannot_write
from pipeline.handoff import Catalogue, Result
from pipeline.language import say, spoken
from pipeline.options import FRESH, RETRY, PushOptions, RunOptions, Server
from pipeline.prepare import Prepared
from pipeline.prepare import prepare as plan
from pipeline.progress import Progress
from pipeline.schema import Field, fields
from pipeline.shellwords import PROGRAM
from pipeline.sources import mapping_of, origin, source_of
from pipeline.targets.interface import Target

if TYPE_CHECKING:  # what sends takes longer to load than a small file to check
    from pipeline.journal import Entry

__all__ = ["Forecast", "Prepared", "forecast", "origin", "prepare", "push", "write_report"]

_planned: WeakKeyDictionary[RunFolder, tuple[str, float]] = WeakKeyDictionary()


def prepare(options: RunOptions, server: Server | None, progress: Progress) -> Prepared:
    """Plan a run; `server` is None where no request may be sent.

    Raises:
        Stop: the input, the mapping or the target do not allow it; nothing was sent.
    """
    workspace = server and server.secrets.get(targets.load(options.target).workspace)
    last = locks.stamp(locks.last_push(options.target, workspace)) if workspace else locks.UNDER_WAY
    prepared = plan(options, server, progress)
    _planned[prepared.folder] = (last, time.monotonic())
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

    No clock that can be set is asked; a push that was killed counts as one that goes on.
    """
    stamp, ended = _planned.get(folder, (locks.UNDER_WAY, -FRESH))
    return time.monotonic() - ended < FRESH and locks.UNDER_WAY not in stamp and locks.stamp(last) == stamp


def binding_of(facts: dict[str, Any], target: Target, workspace: str, server: Server) -> dict[str, str]:
    """What the journal of a run belongs to."""
    return {"plan": facts["plan_sha256"], "target": target.name, "workspace": workspace, "mode": server.mode}


def write_report(
    folder: RunFolder, options: PushOptions, started: datetime, requests: int, *, pushed: bool,
    progress: Progress,
) -> report.Summary:  # fmt: skip
    """Write the result files of a run, as things stand now."""
    facts = store.facts(folder)
    target = targets.load(facts["target"])
    mapped = mapping_of(facts["sources"][0])
    told = report.Facts(
        headers=tuple(facts["headers"]),
        sources=tuple(source_of(s) for s in facts["sources"]),
        delimiter=facts["sources"][0]["delimiter"],
        workbook=any(s["kind"] in WORKBOOKS for s in facts["sources"]),
        run=folder.path.name, target=target.title, workspace=facts["workspace"],
        mode=facts["mode"] if pushed else "dry run", host=facts["base_url"] if facts["mode"] != "sandbox" else "sandbox",
        version=version("customer-import"), started=started.isoformat(timespec="seconds"),
        finished=datetime.now(UTC).isoformat(timespec="seconds"), mapping=mapped, decisions=facts["decisions"],
        unchecked=tuple(facts["unchecked"]), dry_run=not pushed, next_command=typed.go_on(folder), import_flags=shlex.join(typed.server(folder)),
        mark=rounds.mark(folder, facts),
        raw_csv=options.raw_csv, requests=requests, rows=facts["rows"], lang=options.lang,
        choices={n: f.choices for n, f in fields(target.record).items() if f.choices}, **_lists(facts),
    )  # fmt: skip
    return report.write(folder, lambda: outcomes.table(folder, origin(facts), pushed=pushed), told, progress)


def _lists(facts: dict[str, Any]) -> dict[str, Any]:
    """The target's own states by country, and its countries, as far as they are remembered: what errors.xlsx offers."""
    known = None if facts["sandbox"] else lookups.recall(facts["base_url"], facts["options"]["test_mode"])
    catalogue = known[0] if known else Catalogue()
    states, file = catalogue.states or (), facts.get("settings", {}).get("states_file")
    if file:
        with contextlib.suppress(Misuse):  # it may be gone by now
            states = lookups.load_states(Path(file))
    named: dict[str, Counter[str]] = {}
    for state in states:
        named.setdefault(state.parent or "", Counter())[state.name] += 1
    offered = {c: tuple(sorted(n for n, k in names.items() if n and k == 1)) for c, names in named.items()}
    codes = tuple(e.code for e in catalogue.countries or () if e.code)
    return {"states": {c: names for c, names in offered.items() if names}, "countries": codes}


WORKBOOKS = ("xlsx", "xlsm", "xlsb", "xls", "ods", "html", "xml")
