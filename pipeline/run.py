"""Turn a request into a finished run: the flow itself.

prepare:  source ─▶ read ─▶ map ─▶ normalise ─▶ validate ─▶ plan.parquet
push:     plan.parquet ─▶ the target, through journal.db
report:   plan.parquet + journal.db ─▶ results.csv, errors.csv, report.html, summary.json
"""

from __future__ import annotations

import contextlib
import itertools
import shlex
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol
from weakref import WeakKeyDictionary

import anyio
import polars as pl

from pipeline import (
    existing,
    identity,
    journal,
    latest,
    locks,
    lookups,
    outcomes,
    report,
    rounds,
    store,
    targets,
    typed,
)
from pipeline.client import Client, Failed, Patience, connect
from pipeline.errors import Misuse, Unavailable, unwrap
from pipeline.fitting import fits
from pipeline.folder import RunFolder
from pipeline.handoff import Catalogue
from pipeline.journal import Entry, Journal
from pipeline.language import later, say
from pipeline.options import SETTLE_EXTRA, PushOptions, RunOptions, Server, error_limit
from pipeline.pace import Limiter
from pipeline.prepare import Prepared
from pipeline.prepare import prepare as plan
from pipeline.progress import Progress
from pipeline.push import UPLOAD_ROWS, Engine, Existing, Options, Queue, Result, form, resolver, unsettled
from pipeline.schema import fields
from pipeline.sources import mapping_of, origin, source_of
from pipeline.targets.interface import Target

__all__ = ["Forecast", "Prepared", "Result", "forecast", "origin", "prepare", "push", "write_report"]

RETRY: dict[str, tuple[str, ...]] = {"none": (), "failed": ("failed",), "all": ("failed", "rejected")}
FRESH = 60.0
"""So many seconds a look-up of the plan counts, where this process has made it and nobody has pushed since."""
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
    facts = store.facts(folder)
    for one in store.plans(folder):
        store.verify(one, store.own_facts(one))
    target = targets.load(facts["target"])
    closed = [s for s in (*journal.FINAL, *journal.OPEN) if s not in RETRY[options.retry]]
    settled = journal.seqs(folder.file("journal.db"), closed)
    counts: Counter[str] = Counter()
    switches = {n: 0 for n, f in fields(target.record).items() if f.kind == "flag" and f.default is True}
    for batch in store.batches(folder, ("seq", "status", "action", "payload")):
        ready = unsettled(batch, settled).filter(pl.col("status") == "ready")
        counts.update(ready["action"].to_list())
        for name in switches:
            off = ready["payload"].str.contains(f'"{name}":false', literal=True)
            switches[name] += ready.height - int(off.fill_null(False).sum())
    rate = set_rate(options, target, server)
    uploads = 1 + 2 * -(-counts["create"] // (options.bulk_rows or UPLOAD_ROWS))
    requests = (uploads if options.bulk else counts["create"]) + 2 * counts["update"]
    said = {n: say("on for {on:n} of {total:n} rows", on=on, total=counts.total()) for n, on in switches.items()}
    return Forecast(
        counts["create"], counts["update"], requests, requests / rate if rate else 0.0, rate,
        server.secrets.get(target.workspace, ""), server.mode, target.title, server.base_url, said,
        tuple(facts["unchecked"]), journal.seqs(folder.file("journal.db"), journal.OPEN).len(),
    )  # fmt: skip


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
    facts = store.facts(folder)
    target = targets.load(facts["target"])
    workspace = server.secrets[target.workspace]
    fits(folder, server, workspace)
    with locks.exclusive(target.name, workspace, folder) as last:
        fresh = facts["verified"] and "round" not in facts and _is_fresh(folder, last)
        memory = Journal.open(folder.file("journal.db"), binding_of(facts, target, workspace, server))
        memory.watch = watch
        try:
            store.mark_pushed(folder)
            with locks.noted(last):
                return anyio.run(partial(_push, folder, facts, target, server, memory, options, progress, fresh=fresh))
        except BaseExceptionGroup as group:
            raise unwrap(group) from group
        finally:
            memory.close()


def _is_fresh(folder: RunFolder, last: Path) -> bool:
    """Whether nobody can have come since the plan's look-up: it was made here, just now, and nobody pushed since.

    No clock that can be set is asked; a push that was killed counts as one that goes on.
    """
    stamp, ended = _planned.get(folder, (locks.UNDER_WAY, -FRESH))
    return time.monotonic() - ended < FRESH and locks.UNDER_WAY not in stamp and locks.stamp(last) == stamp


async def _push(
    folder: RunFolder, facts: dict[str, Any], target: Target, server: Server, memory: Journal, options: PushOptions,
    progress: Progress, *, fresh: bool,
) -> tuple[Result, int]:  # fmt: skip
    queue = Queue(folder, memory, RETRY[options.retry])
    timeout = options.timeout or target.pace.timeout
    settle = options.settle if options.settle is not None else timeout + SETTLE_EXTRA
    concurrency = options.concurrency or target.pace.concurrency
    patience = Patience(timeout, options.max_retries)
    headers = target.headers(server.secrets, server.kind == "test")
    limiter = Limiter(set_rate(options, target, server))
    identities = identity.parse(facts["options"]["match"], list(fields(target.record)), target.identities)
    place = latest.Place(target.name, server.secrets[target.workspace], server.base_url)
    count = queue.count()
    async with connect(server.base_url, headers, limiter, patience, concurrency, server.private(target)) as client:
        resolve = await resolver(client, target, facts["unresolved"], facts["countries"])
        if "round" in facts:
            await rounds.settle_superseded(folder, client, target, memory, queue, identities, resolve)
            queue = Queue(folder, memory, RETRY[options.retry])  # less what was found out just now
            count = queue.count()
        awaited = None if server.kind == "sandbox" else latest.awaited(place, target, identities, settle)
        held = {} if fresh else await _held(client, target, queue, identities, progress, memory, awaited)
        sheet = (
            await form(client, target, queue, identities, held, options.bulk_part, options.bulk_rows)
            if options.bulk else None
        )  # fmt: skip
        engine = Engine(
            client, target, memory, queue, identities,
            Options(concurrency, options.max_retries + 1, settle, error_limit(options.max_errors, count), options.canary,
                    Existing(facts["options"]["on_existing"], facts["verified"], identities, _cleared(facts, target))),
            progress, held, resolve, form=sheet,
        )  # fmt: skip
        progress.begin(later("push"), count)
        try:
            async with anyio.create_task_group() as beside:
                beside.start_soon(_tell, engine)
                with interruptible(engine):
                    result = await engine.run()
                beside.cancel_scope.cancel()
        finally:
            progress.end()
            if engine.result.latest is not None:
                latest.note(place, folder, *engine.result.latest)
        if result.stopped == "unreachable":
            raise Unavailable(
                say(
                    "{title} gave no usable answer to the last rows; the push stopped ({causes})",
                    title=target.title,
                    causes="; ".join(result.causes),
                ),
                say("Look at the target, then: {command}", command=typed.go_on(folder)),
            )
        return result, client.requests


async def _tell(engine: Engine) -> None:
    """Keep what is told of the push fresh, also while nothing happens."""
    while True:
        await anyio.sleep(1)
        engine.note()


async def _held(
    client: Client, target: Target, queue: Queue, identities: Any, progress: Progress, memory: Journal | None = None,
    awaited: existing.Awaited | None = None,
) -> dict[str, list[str]]:  # fmt: skip
    """Who came to the target since the plan was made (or was never looked up): ids by identity."""

    open_ = [e.seq for e in memory.in_doubt(queue.retry)] if memory else []
    doubtful = [row for row in queue.rows(open_).values() if not row.lane]

    def wanted() -> Iterator[existing.Wanted]:
        for row in itertools.chain(queue.pending(), doubtful):
            if row.action == "create" and row.identity:
                yield existing.wanted_of(row.identity, row.payload, identities)
            elif row.action == "create" and target.key_path is not None:
                yield existing.Wanted(existing.keyed(row.key), {})

    count = sum(1 for _ in wanted())
    if not count:
        return {}
    try:
        found = await existing.find(client, target, identities, wanted, count, progress, awaited)
    except Failed as error:
        raise Unavailable(
            say("{title} does not answer: {error}", title=target.title, error=error),
            say("Check the network, then push again."),
        ) from error
    return {name: [str(r.get("id")) for r in records] for name, records in found.records.items()}


def _cleared(facts: dict[str, Any], target: Target) -> tuple[str, ...]:
    """The fields that a blank cell clears: with --blank clear those that every source feeds, where null is allowed."""
    if facts["options"]["blank"] != "clear":
        return ()
    fed = [{c["field"] for c in s["columns"] if c["field"]} | set(s["parts"]) for s in facts["sources"]]
    return tuple(sorted(n for n in set.intersection(*fed) if (f := fields(target.record).get(n)) and f.nullable))


class Stoppable(Protocol):
    """What a signal can stop."""

    def stop(self, why: str) -> None:
        """Let what is in flight finish, and begin nothing more."""


@contextlib.contextmanager
def interruptible(engine: Stoppable) -> Iterator[None]:
    """Ctrl-C and SIGTERM let what is in flight finish; a second one stops at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before: dict[int, Any] = {}
    interrupted: list[int] = []

    def handle(number: int, _frame: Any) -> None:
        if interrupted:
            signal.signal(number, before[number])
            raise KeyboardInterrupt
        interrupted.append(number)
        engine.stop("interrupted")

    for wanted in (signal.SIGINT, signal.SIGTERM):
        before[wanted] = signal.signal(wanted, handle)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def binding_of(facts: dict[str, Any], target: Target, workspace: str, server: Server) -> dict[str, str]:
    """What the journal of a run belongs to."""
    return {"plan": facts["plan_sha256"], "target": target.name, "workspace": workspace, "mode": server.mode}


def set_rate(options: PushOptions, target: Target, server: Server) -> float | None:
    """Requests a second; None for no limit."""
    if options.rate is not None:
        return options.rate or None
    return None if server.kind == "sandbox" else target.pace.rate


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


WORKBOOKS = ("xlsx", "xlsm", "xlsb", "xls", "ods")
