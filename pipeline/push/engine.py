"""Turn pending rows into requests, many at a time, and their answers into journal entries.

A worker never raises for a row: in a task group one exception would cancel its siblings. What stops the whole
run (credentials refused, nothing reachable) is raised; everything else is an outcome.
"""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import anyio
from pydantic import ValidationError

from pipeline import existing
from pipeline.client import Client, Failed, Lost, NotSent
from pipeline.errors import Stop, Unavailable
from pipeline.handoff import Catalogue
from pipeline.journal import OPEN, Entry, Journal, now
from pipeline.pace import backoff
from pipeline.progress import Progress
from pipeline.push.fate import Detective, NotThere, There, same, shown
from pipeline.push.queue import Queue, Row
from pipeline.push.resolve import Resolver
from pipeline.targets.interface import Answer, Call, Created, Fatal, Identity, Rejected, Target, Unknown, Wait

BREAKER = 40
"""So many rows in a row without any answer mean that the target is down."""
FIRST_LOOK = 1.0


@dataclass(frozen=True)
class Options:
    """How to push: `settle` seconds must pass before "not there" counts; `attempts` are sends of one row."""

    concurrency: int = 8
    attempts: int = 6
    settle: float = 90.0
    max_errors: Callable[[int, int], bool] | None = None  # (errors, rows so far) -> stop?
    canary: int | None = None


@dataclass
class Result:
    """What a push did: states by count of this push, and why it stopped early (None: it did not)."""

    counts: Counter[str] = field(default_factory=Counter)
    stopped: str | None = None


class Engine:
    """Pushes one plan."""

    def __init__(
        self, client: Client, target: Target, journal: Journal, queue: Queue, identities: Sequence[Identity],
        options: Options, progress: Progress, held: dict[str, list[str]] | None = None, resolve: Resolver | None = None,
    ) -> None:  # fmt: skip
        """`held` are ids by identity found at the target after the plan was made: their rows are not sent."""
        self._client, self._target, self._journal, self._queue = client, target, journal, queue
        self._identities, self._options, self._progress = identities, options, progress
        self._held = held or {}
        self._resolve = resolve or Resolver(target, (), Catalogue())
        self._detective = Detective(client, target, journal, queue, identities)
        self._lanes: dict[str, anyio.Lock] = {}
        self._unknown: list[tuple[Row, Entry]] = []
        self._silent = 0
        self._group: anyio.abc.TaskGroup | None = None
        self.result = Result()

    def stop(self, why: str) -> None:
        """Let what is in flight finish, and begin nothing more."""
        self.result.stopped = self.result.stopped or why
        self._client.limiter.abandoned = why == "interrupted"

    async def run(self) -> Result:
        """Send what is pending, settle what is unknown, then the rows whose predecessor was refused."""
        self._reopen()
        async with anyio.create_task_group() as group:
            group.start_soon(self._journal.write_groups)
            try:
                await self._settle_unknown(wait=False)
                await self._send_all(self._first_rows())
                await self._settle_unknown(wait=True)
                await self._follow()
                await self._settle_unknown(wait=True)
            finally:
                with anyio.CancelScope(shield=True):
                    await self._journal.flush()
                group.cancel_scope.cancel()
        return self.result

    def _reopen(self) -> None:
        entries = {e.seq: e for e in self._journal.entries(OPEN)}
        rows = self._queue.rows(entries)
        for seq, entry in entries.items():
            self._unknown.append((rows[seq], replace(entry, state="unknown")))

    def _first_rows(self) -> Iterator[Row]:
        for taken, row in enumerate(self._queue.pending()):
            if self._options.canary is not None and taken >= self._options.canary:
                self.stop("canary")
            if self.result.stopped:
                return
            yield row

    async def _send_all(self, rows: Iterable[Row]) -> None:
        shared = iter(rows)

        async def worker() -> None:
            for row in shared:
                await self._send(row)

        async with anyio.create_task_group() as group:
            for _ in range(self._options.concurrency):
                group.start_soon(worker)

    async def _send(self, row: Row, attempts: int = 0) -> None:
        lane = self._lanes.setdefault(row.identity, anyio.Lock()) if row.lane and row.identity else None
        async with lane or contextlib.nullcontext():
            try:
                entry = await self._attempt(row, Entry(row.seq, "sent", row.action, attempts=attempts))
            except Failed as error:  # a look-up before the first request: nothing of this row was sent
                entry = Entry(row.seq, "failed", row.action, row.id, attempts=attempts,
                              problems=[(None, "target.failed", f"the look-up failed: {error}")])  # fmt: skip
        if entry.state != "sent":  # "sent" without a request: the run was interrupted before it
            self._conclude(row, entry)

    async def _attempt(self, row: Row, entry: Entry) -> Entry:
        """Send one row until its fate is known, or cannot be known now."""
        held = self._held.get(row.identity or "")
        if row.action == "create" and held and not row.lane:
            return replace(entry, state="skipped", action="none", id=held[0],
                           problems=[(None, "plan.existing", ", ".join(held))])  # fmt: skip
        payload, problem = self._resolve.resolve(row.payload)
        if problem is not None:
            return replace(entry, state="invalid", problems=[problem])
        row = replace(row, payload=payload)
        refused = self._model_refuses(row)
        if refused:
            return replace(entry, state="invalid", problems=[(None, "target.rejected_row", refused)])
        if row.action == "update":
            call, entry = await self._prepare_update(row, entry)
            if call is None:
                return entry
        else:
            call = self._target.create(row.payload.encode())
            if self._target.key_path is None:
                entry.known = await self._holders(row)
        failed: Entry | None = None
        while True:
            await self._client.limiter.slot()
            if self.result.stopped == "interrupted":
                return failed or entry
            entry = replace(entry, state="sent", attempts=entry.attempts + 1, sent_at=now())
            await self._journal.put(entry)
            try:
                answer = await self._client.send(call, slot=False)
            except NotSent as error:
                failed = replace(entry, state="failed", problems=[(None, "target.failed", str(error))])
            except Lost as error:
                return replace(entry, state="unknown", problems=[(None, "target.unknown", str(error))])
            else:
                read = self._read(row, call, answer, entry)
                if read is not None:
                    return read
                failed = replace(entry, state="failed", http_status=answer.status,
                                 problems=[(None, "target.failed", f"{answer.status}: the target takes no more")])  # fmt: skip
            if entry.attempts >= self._options.attempts or self.result.stopped:
                return failed
            self._note()
            await anyio.sleep(backoff(entry.attempts))

    def _read(self, row: Row, call: Call, answer: Answer, entry: Entry) -> Entry | None:
        """What the answer means; None where it says to come back later."""
        outcome = self._target.outcome(call, answer)
        entry = replace(entry, http_status=answer.status)
        if isinstance(outcome, Created):
            state = "updated" if row.action == "update" else "created"
            return replace(entry, state=state, id=outcome.id)
        if isinstance(outcome, Rejected):
            problems = [
                (name, "target.rejected" if name else "target.rejected_row", text) for name, text in outcome.problems
            ]
            return replace(entry, state="rejected", problems=problems)
        if isinstance(outcome, Unknown):
            return replace(entry, state="unknown", problems=[(None, "target.unknown", outcome.why)])
        if isinstance(outcome, Fatal):
            # The request was refused as a whole: nothing was done, and nothing further can be.
            self._journal.put_soon(replace(entry, state="failed", problems=[(None, "target.failed", outcome.why)]))
            raise Unavailable(outcome.why, "Check the token and the workspace; then push RUN goes on.")
        assert isinstance(outcome, Wait)
        return None

    def _model_refuses(self, row: Row) -> str | None:
        """What the target's own schema says against a row; a plan that was checked gives None."""
        if row.action != "create":
            return None
        try:
            self._target.record.model_validate_json(row.payload, strict=False)
        except ValidationError as error:
            return "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        return None

    async def _holders(self, row: Row) -> list[str]:
        """The ids that hold the row's identity now: what is found later and is not among them can be ours."""
        if row.identity is None or not row.lane:
            return []
        one = existing.wanted_of(row.identity, row.payload, self._identities)
        return [str(r.get("id")) for r in await existing.search(self._client, self._target, self._identities, one)]

    async def _prepare_update(self, row: Row, entry: Entry) -> tuple[Call | None, Entry]:
        """Read the customer again: unchanged, stale, or the request that brings it up to date."""
        assert row.id is not None
        theirs = await shown(self._client, self._target, row.id)
        changes, before = json.loads(row.payload), json.loads(row.before or "{}")
        if all(same(v, theirs.get(n)) for n, v in changes.items()):
            return None, replace(entry, state="unchanged", id=row.id)
        moved = [n for n in changes if theirs.get(n) != before.get(n)]
        if moved:
            problems: list[tuple[str | None, str, str]] = [(None, "plan.stale", ", ".join(moved))]
            return None, replace(entry, state="failed", id=row.id, problems=problems)
        whole = {n: v for n, v in theirs.items() if v is not None}
        return self._target.update(row.id, changes, whole), replace(entry, id=row.id, before=before)

    def _conclude(self, row: Row, entry: Entry) -> None:
        self._journal.put_soon(entry)
        self._queue.states[row.seq] = entry.state
        if entry.state == "unknown":
            self._unknown.append((row, entry))
        if entry.state in ("unknown", "failed"):
            self._silent += 1
        else:
            self._silent = 0
        self.result.counts[entry.state] += 1
        if entry.state != "unknown":
            self._progress.advance(1)
        self._note()
        errors = self.result.counts["rejected"] + self.result.counts["failed"]
        if self._options.max_errors and self._options.max_errors(errors, self.result.counts.total()):
            self.stop("max_errors")
        if self._silent >= BREAKER:
            self.stop("unreachable")

    def _note(self) -> None:
        said = [f"{count} {state}" for state, count in sorted(self.result.counts.items()) if count]
        held = self._client.limiter.held_for
        self._progress.note(", ".join([*said, *([f"the target asks to wait {held:.0f} s"] if held > 0.5 else [])]))

    async def _settle_unknown(self, *, wait: bool) -> None:
        """Ask the target about every lost request; send again what certainly is not there."""
        rounds = 0
        while self._unknown:
            cases, self._unknown = self._unknown, []
            try:
                fates = await self._detective.fates(cases)
            except Failed:
                fates = {}
            again: list[tuple[Row, int]] = []
            for row, entry in cases:
                fate = fates.get(row.seq)
                if isinstance(fate, There):
                    self._settled(row, replace(entry, state="updated" if entry.action == "update" else "created",
                                               id=fate.id, problems=[]))  # fmt: skip
                elif isinstance(fate, NotThere) and now() - (entry.sent_at or 0) >= self._options.settle:
                    again.append((row, entry.attempts))
                else:
                    why = getattr(fate, "why", None)
                    kept = replace(entry, problems=[(None, "target.unknown", why)]) if why else entry
                    self._journal.put_soon(kept)
                    self._queue.states[row.seq] = "unknown"
                    self._unknown.append((row, kept))
            if not again and (not wait or self.result.stopped or rounds > 1):
                return
            if again and not self.result.stopped:
                await self._send_again(again)
            elif again:
                self._unknown += [(row, e) for row, e in cases if row.seq in {r.seq for r, _ in again}]
                return
            rounds += not again
            await self._sleep_until_due()

    async def _send_again(self, again: list[tuple[Row, int]]) -> None:
        async with anyio.create_task_group() as group:
            for row, attempts in again:
                self.result.counts["unknown"] -= 1
                if attempts >= self._options.attempts:
                    self._conclude(row, Entry(row.seq, "failed", row.action, row.id, attempts=attempts, problems=[
                        (None, "target.failed", f"it is not there after {attempts} attempts")]))  # fmt: skip
                else:
                    group.start_soon(self._send, row, attempts)

    def _settled(self, row: Row, entry: Entry) -> None:
        self.result.counts["unknown"] -= self.result.counts["unknown"] > 0
        self._conclude(row, entry)

    async def _sleep_until_due(self) -> None:
        """Wait until "not there" counts for the first of the unknown rows."""
        if not self._unknown:
            return
        due = min((entry.sent_at or 0) for _, entry in self._unknown) + self._options.settle
        left = max(due - now(), FIRST_LOOK)
        self._progress.note(f"{len(self._unknown)} without an answer; asking the target again in {left:.0f} s")
        end = now() + left
        while now() < end and not self.result.stopped:
            await anyio.sleep(min(0.2, max(0.0, end - now())))

    async def _follow(self) -> None:
        """Rows of a customer whose first row is not in: the next one is tried; else they are skipped."""
        leaders: dict[int, bool] = {}
        for row in self._queue.followers():
            assert row.after is not None
            first = row.after
            state = self._queue.states.get(first)
            is_in = leaders.get(first, self._queue.is_in(first))
            if not is_in and (state in (None, *OPEN) or self.result.stopped):
                continue
            if is_in:
                self._conclude(row, Entry(row.seq, "skipped", "none"))
            elif row.payload:
                await self._send(row)
                leaders[first] = self._queue.is_in(row.seq)


def unwrap(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The exception that matters of a task group's: a stop before anything else."""
    flat: list[BaseException] = []
    todo: list[BaseException] = [group]
    while todo:
        one = todo.pop()
        if isinstance(one, BaseExceptionGroup):
            todo += one.exceptions
        else:
            flat.append(one)
    return next((e for e in flat if isinstance(e, Stop)), flat[0])
