"""Turn calls from Python into checks, plans and pushes: the same flow as the command line's, which prints nothing.

    >>> from pipeline import account, check, plan, push            # doctest: +SKIP
    >>> check("clientes.csv", to="piriod").issues                  # no request is sent, no file is left
    >>> there = account("piriod", os.environ)
    >>> planned = plan("clientes.csv", there, set={"country": "CL"})
    >>> done = push(planned, there, on_row=lambda row: print(row.row, row.status, row.id))
    >>> done.counts, done.rows, done.issues

What stops a run is raised as a `Stop`, with a message and a remedy. Nothing asks: a push to a live account begins at
once. It all works in a notebook too, where an event loop is running already.
"""

from __future__ import annotations

import asyncio
import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from os import PathLike
from pathlib import Path
from typing import Literal, TypedDict, TypeVar, Unpack

from pipeline import findings, request, run
from pipeline.accounts import account, embedded, target_of
from pipeline.errors import Misuse, Stop
from pipeline.findings import Findings
from pipeline.folder import RunFolder
from pipeline.handoff import Result
from pipeline.language import say
from pipeline.options import PushOptions, Server
from pipeline.progress import Silent
from pipeline.request import Reading, Source
from pipeline.watch import RowOutcome, Watch

__all__ = ["Findings", "Pushed", "RowOutcome", "Server", "account", "check", "embedded", "outcome", "plan", "push"]

OnProgress = Callable[[str, int, int | None], None]
T = TypeVar("T")


class Pushing(TypedDict, total=False):
    """How a plan is pushed: the flags of `push`, under their own names; `max_errors` is `10` or `5%`."""

    rate: float
    concurrency: int
    max_retries: int
    timeout: float
    settle: float
    max_errors: str
    canary: int
    retry: Literal["none", "failed", "all"]
    bulk: bool
    bulk_rows: int
    bulk_part: str
    raw_csv: bool
    lang: str


@dataclass(frozen=True, repr=False)
class Pushed(Findings):
    """What a push has found; `stopped` says what ended it early (canary, max_errors, interrupted, ...), else None."""

    stopped: str | None = None
    requests: int = 0


def check(
    source: Source | Sequence[Source], to: str, *, on_progress: OnProgress | None = None, **how: Unpack[Reading]
) -> Findings:
    """Read and check a file or a frame for the target `to`: no request is sent, and no file is left.

    A frame's cells are taken as text: give identifiers as text, so that no zero is lost before.

    Raises:
        Stop: the source cannot be read, or its columns cannot be mapped; the message says what to pass.
    """
    with tempfile.TemporaryDirectory(prefix="customer-import-") as scratch:
        options = request.options(source, to, Path(scratch), how, dry_run=True, offline=True, out=Path(scratch) / "run")
        prepared = _outside_loop(lambda: run.prepare(options, None, _Told(on_progress)))
        return replace(findings.read(prepared.folder), folder=None)


def plan(
    source: Source | Sequence[Source], to: Server, *, out: str | PathLike[str] | None = None,
    on_progress: OnProgress | None = None, **how: Unpack[Reading],
) -> Findings:  # fmt: skip
    """Plan an import into the account `to`: reads are sent, writes are not; the run folder is `out`, else in `runs/`.

    Raises:
        Stop: see `check`; or the target cannot be reached, or refuses the credentials.
    """
    started = datetime.now(UTC)
    with tempfile.TemporaryDirectory(prefix="customer-import-") as scratch:
        options = request.options(source, target_of(to), Path(scratch), how, out=Path(out) if out is not None else None,
                           test_mode=to.kind == "test", base_url=None if to.kind == "sandbox" else to.base_url)  # fmt: skip
        told = _Told(on_progress)
        prepared = _outside_loop(lambda: run.prepare(options, to, told))
        run.write_report(prepared.folder, PushOptions(), started, prepared.requests, pushed=False, progress=told)
        return findings.read(prepared.folder)


def push(
    planned: Findings | str | PathLike[str], to: Server, *, on_row: Callable[[RowOutcome], None] | None = None,
    on_progress: OnProgress | None = None, **how: Unpack[Pushing],
) -> Pushed:  # fmt: skip
    """Execute a plan, or go on with a run that was interrupted; never a row that is in.

    Args:
        planned: what `plan` gave, or a run folder.
        to: the account that it was planned for.
        on_row: is told of each row whose outcome is on the disk, one at a time, from another thread; what it raises is
            raised when the push has ended.
        on_progress: is told (stage, done, total).
        how: see `Pushing`.

    Raises:
        Stop: the plan does not fit the account, or the target cannot be reached; the result files are written.
    """
    folder = _folder(planned)
    options = PushOptions(**how)
    started, told, watch = datetime.now(UTC), _Told(on_progress), Watch(folder, on_row) if on_row else None
    stop: Stop | None = None
    result, requests = Result(), 0
    try:
        result, requests = _outside_loop(lambda: run.push(folder, to, options, told, watch))
    except Misuse:
        raise
    except Stop as error:
        stop = error
    run.write_report(folder, options, started, requests, pushed=True, progress=told)
    if stop is not None:
        raise stop
    if watch is not None and watch.raised is not None:
        raise watch.raised
    found = findings.read(folder)
    return Pushed(found.rows, found.issues, found.plan, found.facts, found.folder, result.stopped, requests)


def outcome(planned: Findings | str | PathLike[str]) -> Findings:
    """What became of every row of a run, so far.

    Raises:
        Misuse: it is no run folder.
    """
    return findings.read(_folder(planned))


def _folder(planned: Findings | str | PathLike[str]) -> RunFolder:
    if not isinstance(planned, Findings):
        return RunFolder.find(str(planned))
    if planned.folder is None:
        raise Misuse(say("a check leaves nothing that could be pushed"), say("Plan it: plan(source, account)."))
    return RunFolder(planned.folder)


def _outside_loop(work: Callable[[], T]) -> T:
    """Do the work here, or in a thread of its own where an event loop runs already (a notebook)."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return work()
    done: list[T] = []
    failed: list[BaseException] = []

    def worker() -> None:
        try:
            done.append(work())
        except BaseException as error:  # noqa: BLE001 - it is raised where it was asked for
            failed.append(error)

    thread = threading.Thread(target=worker, name="customer-import")
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return done[0]


class _Told(Silent):
    """A `Progress` that calls back."""

    def __init__(self, on_progress: OnProgress | None) -> None:
        self._tell = on_progress
        self._stage, self._done = "", 0
        self._total: int | None = None

    def begin(self, stage: str, total: int | None, unit: str = "rows") -> None:
        """Tell that a stage begins."""
        del unit
        self._stage, self._done, self._total = stage, 0, total
        self.advance(0)

    def advance(self, count: int) -> None:
        """Tell how far the stage is."""
        self._done += count
        if self._tell is not None:
            self._tell(self._stage, self._done, self._total)
