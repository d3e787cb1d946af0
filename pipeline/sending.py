"""Turn a plan's rows that are not settled into customers: connect, look up who came meanwhile, send, and heed Ctrl-C.

`run.push` loads this module when something is to be sent: what it needs takes longer to load than a small file to check.
"""

from __future__ import annotations

import contextlib
import itertools
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import anyio

from pipeline import existing, identity, latest, typed
from pipeline.client import Client, Failed, Patience, connect
from pipeline.errors import Unavailable, unwrap
from pipeline.folder import RunFolder
from pipeline.handoff import Result
from pipeline.journal import Journal
from pipeline.journal.disk import gone
from pipeline.language import later, say
from pipeline.options import FRESH, RETRY, PushOptions, Server, error_limit
from pipeline.pace import Limiter
from pipeline.progress import Progress
from pipeline.push import Engine, Existing, Options, Queue, form, resolver
from pipeline.rounds.doubt import settle_superseded
from pipeline.schema import fields
from pipeline.targets.interface import Target


async def send(
    folder: RunFolder, facts: dict[str, Any], target: Target, server: Server, memory: Journal, options: PushOptions,
    progress: Progress, *, rate: float | None, fresh: bool,
) -> tuple[Result, int]:  # fmt: skip
    """Send what is pending and settle what is unknown, at `rate` requests a second; what was done, in how many requests.

    `fresh` says that nobody can have come since the plan's look-up: then no further one is made.

    Raises:
        Unavailable: the target cannot be reached, or refuses the credentials.
    """
    queue = Queue(folder, memory, RETRY[options.retry])
    timeout, settle, concurrency = (
        options.timeout_for(target), options.settle_for(target), options.concurrency_for(target)
    )  # fmt: skip
    patience = Patience(timeout, options.retries)
    headers = target.headers(server.secrets, server.kind == "test")
    limiter = Limiter(rate)
    identities = identity.parse(facts["options"]["match"], list(fields(target.record)), target.identities)
    place = latest.Place.of(target, server)
    count = queue.count()
    async with connect(server.base_url, headers, limiter, patience, concurrency, server.private(target)) as client:
        resolve = await resolver(client, target, facts["unresolved"], facts["countries"])
        if "round" in facts:
            doubtful = await settle_superseded(folder, client, target, memory, queue, identities, resolve)
            queue = Queue(folder, memory, RETRY[options.retry], doubtful)  # less what was found out just now
            count = queue.count()
        awaited = latest.awaited(place, target, identities, settle, folder)
        # "Not there" did not count when the plan was made, if what another push had sent was still on its way then.
        recent = latest.awaited(place, target, identities, settle + FRESH, folder) if fresh else None
        again = not fresh or (recent is not None and recent.blind > 0)
        held = {} if not again else await _held(client, target, queue, identities, progress, memory, awaited)
        sheet = (
            await form(client, target, queue, identities, held, options.bulk_part, options.bulk_rows)
            if options.bulk else None
        )  # fmt: skip
        engine = Engine(
            client, target, memory, queue, identities,
            Options(concurrency, options.retries + 1, settle, error_limit(options.max_errors, count), options.canary,
                    Existing(facts["options"]["on_existing"], facts["verified"], identities, _cleared(facts, target))),
            progress, held, resolve, form=sheet,
        )  # fmt: skip
        progress.begin(later("push"), count)
        before = latest.begin(place, folder)
        try:
            async with anyio.create_task_group() as beside:
                beside.start_soon(_tell, engine, place)
                with interruptible(engine):
                    result = await engine.run()
                beside.cancel_scope.cancel()
        finally:
            progress.end()
            latest.note(place, folder, engine.result.latest, "" if engine.result.counts.total() else before)
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


@contextlib.contextmanager
def cause_alone(plan: Path) -> Iterator[None]:
    """Let the exception that matters come out of its group.

    Raises:
        Interrupted: the plan is gone, and its folder with it.
    """
    try:
        yield
    except BaseExceptionGroup as group:
        cause = unwrap(group)
        if isinstance(cause, FileNotFoundError) and not plan.exists():
            raise gone(plan) from group
        raise cause from group
    except FileNotFoundError as error:
        if plan.exists():
            raise
        raise gone(plan) from error


async def _tell(engine: Engine, place: latest.Place) -> None:
    """Keep what is told of the push fresh, and what is left behind of it, also while nothing happens."""
    while True:
        await anyio.sleep(1)
        engine.note()
        latest.still(place)


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
