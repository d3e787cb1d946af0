"""Turn pending rows into requests, many at a time, and their answers into journal entries.

A worker never raises for a row: in a task group one exception would cancel its siblings. What stops the whole
run is noted; then what is in flight is finished, and nothing further begins.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

import anyio

from pipeline.client import Client
from pipeline.errors import Unavailable
from pipeline.handoff import Catalogue, Result
from pipeline.journal import FINAL, OPEN, PLANNED, Entry, Journal
from pipeline.language import say, say_n
from pipeline.progress import Progress
from pipeline.push.attempt import Options, Sender, Stopping, taken_already
from pipeline.push.bulk import Uploader, unseen
from pipeline.push.fate import Detective
from pipeline.push.forbidden import Held
from pipeline.push.form import Form, takes
from pipeline.push.lanes import Lanes
from pipeline.push.queue import Queue, Row
from pipeline.push.resolve import Resolver
from pipeline.push.rules import BREAKER, UPLOADS, Rules
from pipeline.push.update import as_sent
from pipeline.push.verdict import UNSEEN, Fate, NotThere, There
from pipeline.push.witness import Case
from pipeline.targets.interface import Identity, Target

FIRST_LOOK = 1.0
LAST_LOOKS = (2.0, 5.0)
"""Seconds before looking once more at rows that nothing was found out about although their time has passed."""
ABSENT = "absent"
"""How an open row stands that was just looked up, and is to be sent again."""


class Engine:
    """Pushes one plan."""

    def __init__(
        self, client: Client, target: Target, journal: Journal, queue: Queue, identities: Sequence[Identity],
        options: Options, progress: Progress, held: dict[str, list[str]] | None = None, resolve: Resolver | None = None,
        clock: Callable[[], float] | None = None, form: Form | None = None,
    ) -> None:  # fmt: skip
        """`held` are ids by identity found at the target after the plan was made: their rows are not sent.

        With a `form`, new customers go many at a time.
        """
        self._client, self._target, self._journal, self._queue = client, target, journal, queue
        self._options, self._progress, self._clock = options, progress, clock or journal.clock.now
        resolve = resolve or Resolver(target, (), Catalogue())
        self._detective = Detective(client, target, journal, queue, identities, resolve)
        self._stopping = Stopping(self._pause)
        self._sender = Sender(client, target, journal, self._detective, options,
                              resolve, held or {}, self._stopping, clock)  # fmt: skip
        self._uploader = form and Uploader(client, target, journal, self._detective, self._sender, form, options,
                                           self._stopping, clock)  # fmt: skip
        keyless = target.key_path is None and not self._detective.default_identities
        self._lanes = Lanes(queue, self._detective.mark if keyless else None)
        self._cases: dict[int, Case] = {}
        self._due: dict[int, float] = {}
        self._first_try: dict[int, int] = {}
        self._deferred: dict[int, tuple[Row, Entry | None]] = {}
        self._tried: dict[int, int] = {}
        self._taken = 0
        self._asks_at: float | None = None
        self._rules = Rules(options.max_errors, anyio.current_time)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ended = anyio.Event()
        self.result = Result()

    def stop(self, why: str) -> None:
        """Let what is in flight finish, and begin nothing more; may be called by a signal handler."""
        if self._stopping.why in (None, "canary") or why == "interrupted":
            self._stopping.why = self.result.stopped = why
        if self._stopping.now:
            self._client.limiter.abandoned = True
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._ended.set)

    async def run(self) -> Result:
        """Send what is pending, settle what is unknown, then the rows whose predecessor was refused.

        Raises:
            Unavailable: the target refuses the credentials.
            Interrupted: the journal cannot be written.
        """
        self._loop = asyncio.get_running_loop()
        self._reopen()
        async with anyio.create_task_group() as group:
            group.start_soon(self._journal.write_groups)
            try:
                await self._settle(wait=False)
                if self._uploader:
                    await self._upload_all(self._uploader)
                await self._send_all((row, None) for row in self._first_rows(uploaded=False))
                await self._settle(wait=True)
                await self._refuse_what_is_left()
                await self._send_all((row, None) for row in self._followers())
                await self._settle(wait=True)
                await self._refuse_what_is_left()
                await self._tell_shared_ids()
            finally:
                await self._journal.flush()
                group.cancel_scope.cancel()
        self.result.stopped, self.result.causes = self._stopping.why, self._rules.causes
        if self._stopping.fatal is not None:
            raise self._stopping.fatal
        return self.result

    def _reopen(self) -> None:
        """Rows that may be at the target: they are looked up before anything is sent again."""
        self._tried = self._journal.attempts(self._queue.retry)
        entries = {e.seq: e for e in self._journal.in_doubt(self._queue.retry)}
        rows = self._queue.rows(entries)
        for seq, entry in entries.items():
            if seq not in rows:  # superseded by a correction
                continue
            sent = min(entry.sent_at or 0.0, self._clock())  # from a journal of before, by a clock that could be set
            self._due[seq] = anyio.current_time() + max(0.0, sent + self._options.settle - self._clock())
            self._first_try[seq] = entry.attempts
            self._open(rows[seq], entry)

    def _first_rows(self, *, uploaded: bool) -> Iterator[Row]:
        """The rows that go first; with a form only those that are uploaded, or only the others."""
        for row in self._queue.pending():
            if self._uploader and takes(row) is not uploaded:
                continue
            if self._options.canary is not None and self._taken >= self._options.canary:
                self.stop("canary")
            if self._stopping.why:
                return
            self._taken += 1
            yield row

    async def _upload_all(self, uploader: Uploader) -> None:
        for chunk in uploader.chunks(self._first_rows(uploaded=True)):
            if self._stopping.now:
                return
            free: list[Case] = []
            for row in chunk:
                if self._queue.groups.standing(row.seq) == "free":
                    free.append((row, self._fresh(row)))
                else:
                    await self._send(row, self._fresh(row))
            ended = await uploader.send(free)
            for at, (row, entry) in enumerate(ended):
                self._conclude(row, entry, share=0 if at else BREAKER / UPLOADS)
            if uploader.refused is not None:
                self._rules.causes[:0] = [uploader.refused]
                self.stop("upload")

    def _followers(self) -> Iterator[Row]:
        for row in self._queue.followers():
            if not self._stopping.why or self._queue.groups.standing(row.seq) == "in":
                yield row

    async def _send_all(self, rows: Iterable[tuple[Row, Entry | None]]) -> None:
        shared = iter(rows)

        async def worker() -> None:
            for row, entry in shared:
                if self._stopping.now:
                    return
                await self._send(row, entry or self._fresh(row))

        async with anyio.create_task_group() as group:
            for _ in range(self._options.concurrency):
                group.start_soon(worker)

    def _fresh(self, row: Row) -> Entry:
        """A row that was never sent, or of which that is certainly not in; `attempts` are counted on."""
        return Entry(row.seq, "sent", row.action, row.id, attempts=self._tried.get(row.seq, 0))

    async def _send(self, row: Row, entry: Entry) -> None:
        async with self._lanes.alone(row, lambda one: one.seq in self._cases) as free:
            standing = self._queue.groups.standing(row.seq)
            if standing == "in":
                self._conclude(row, Entry(row.seq, "skipped", "none", attempts=entry.attempts))
            elif standing == "open" or not free:
                if row.seq not in self._cases:  # an open row comes again by itself
                    self._deferred[row.seq] = (row, entry)
            elif standing == "free" and not row.payload:
                await self._follow_first(row)
            elif standing == "free" and not self._stopping.now:
                ended = await self._sender.send(row, entry)
                if ended is not None:
                    self._conclude(row, ended)
                    await self._refuse(self._sender.forbidden.accepted(ended))

    async def _refuse(self, held: Sequence[Held]) -> None:
        """Rows that were refused as if the credentials were, and are refused by themselves."""
        for one in held:
            refused = await self._sender.refused_alone(one)
            self.result.counts[PLANNED] -= 1
            self._conclude(one.row, refused)

    async def _refuse_what_is_left(self) -> None:
        if self._stopping.now:
            return
        left = await self._sender.forbidden.at_last()
        if isinstance(left, Unavailable):
            self._stopping.refuse(left.message, left.remedy)
        else:
            await self._refuse(left)

    async def _follow_first(self, row: Row) -> None:
        """A row that is never sent shares the fate of the one that was to bring its customer up to date."""
        seq = self._queue.groups.first(row.seq)
        first = self._journal.entry(seq)
        if first is None or first.state not in FINAL:  # it was told a moment ago, and is not on the disk yet
            await self._journal.flush()
            first = self._journal.entry(seq)
        if first is not None and first.state in ("failed", "rejected", "invalid"):
            self._conclude(row, Entry(row.seq, first.state, "none", problems=first.problems))

    def _open(self, row: Row, entry: Entry) -> None:
        row = as_sent(row, entry)
        if row.seq not in self._cases:
            self.result.counts["unknown"] += 1
        self._cases[row.seq] = (row, entry)
        self._queue.groups.note(row.seq, "unknown")
        self._lanes.open(row)

    def _close(self, row: Row) -> None:
        if (case := self._cases.pop(row.seq, None)) is not None:
            self.result.counts["unknown"] -= 1
            self._lanes.close(case[0])

    def _conclude(self, row: Row, entry: Entry, share: float = 1.0) -> None:
        self._journal.put_soon(entry)
        if entry.state in OPEN:
            self._due[row.seq] = anyio.current_time() + self._options.settle
            self._open(row, entry)
        else:
            self._close(row)
            self._due.pop(row.seq, None)
            self._queue.groups.note(row.seq, entry.state)
            self.result.counts[entry.state] += 1
            if entry.state == "created" and entry.id is not None:
                self.result.latest = (row.seq, entry.id)
            self._progress.advance(entry.state != PLANNED)
        self.note()
        if why := self._rules.hear(row, entry, self.result.counts, share=share):
            self.stop(why)
        if self._stopping.fatal is not None:
            self.stop("refused")

    def note(self) -> None:
        """Tell how the push stands, and what it is waiting for."""
        said = [say("stopping; Ctrl-C again ends at once")] if self._stopping.why == "interrupted" else []
        if self._asks_at is not None and (left := self._asks_at - anyio.current_time()) > 0.5:
            said.append(
                say("{count} without an answer: asking again in {left:.0f} s", count=len(self._cases), left=left)
            )
        said += [f"{count} {state}" for state, count in sorted(self.result.counts.items()) if count]
        self._progress.note(", ".join(said))

    async def _settle(self, *, wait: bool) -> None:
        """Ask the target about every lost request; send again what certainly is not there."""
        last_looks = list(LAST_LOOKS)
        while self._cases and not self._stopping.now:
            again = await self._look()
            before = {row.seq: self._cases.get(row.seq) for row, _ in again}
            if again:
                await self._send_absent(again)
            moved = any(self._cases.get(seq) is not case for seq, case in before.items())
            deferred, self._deferred = self._deferred, {}
            if deferred:
                await self._send_all(deferred.values())
            left = [due - anyio.current_time() for seq, due in self._due.items() if seq in self._cases]
            if not left or not wait or self._stopping.why:
                return
            waiting = [seconds for seconds in left if seconds > 0]
            if moved and not waiting:
                continue
            if not waiting and not last_looks:
                return
            seconds = max(min(waiting), FIRST_LOOK) if waiting else last_looks.pop(0)
            self._asks_at = anyio.current_time() + seconds
            self.note()
            await self._pause(seconds)
            self._asks_at = None

    async def _send_absent(self, again: list[tuple[Row, Entry | None]]) -> None:
        """Send rows again that are certainly not there: two of one customer must not wait for each other."""
        for row, _ in again:
            self._queue.groups.note(row.seq, ABSENT)
        await self._send_all(again)
        for row, _ in again:
            if row.seq in self._cases:
                self._queue.groups.note(row.seq, "unknown")

    async def _look(self) -> list[tuple[Row, Entry | None]]:
        """Look all open rows up; return those that are to be sent again."""
        cases = list(self._cases.values())
        asked = anyio.current_time()
        fates = await self._detective.fates(cases)
        absent = [c for c in cases if isinstance(fates.get(c[0].seq), NotThere) and self._due[c[0].seq] <= asked
                  and not unseen(c[1]) and not self._taken_already(c)]  # fmt: skip
        if absent and not self._stopping.now:
            second = await self._detective.second_opinion(absent)
            fates |= {row.seq: second.get(row.seq) for row, _ in absent}  # type: ignore[misc]
        gone = {row.seq for row, _ in absent}
        again: list[tuple[Row, Entry | None]] = []
        for row, entry in cases:
            fate = fates.get(row.seq)
            if isinstance(fate, NotThere) and row.seq in gone and not self._stopping.why:
                if entry.attempts - self._first_try.get(row.seq, 0) < self._options.attempts:
                    again.append((row, entry))
                else:
                    said = say_n(
                        "it is not there after {n} attempt", "it is not there after {n} attempts", entry.attempts
                    )
                    self._conclude(row, replace(entry, state="failed", problems=[(None, "target.failed", said)]))
            else:
                self._learn(row, entry, fate)
        return again

    def _taken_already(self, case: Case) -> bool:
        """Whether the target has said in this push that it has the row: it would only say so again."""
        row, entry = case
        return taken_already(entry) and entry.attempts > self._first_try.get(row.seq, self._tried.get(row.seq, 0))

    def _learn(self, row: Row, entry: Entry, fate: Fate | None) -> None:
        if isinstance(fate, There):
            state = "updated" if entry.action == "update" else "created"
            self._conclude(row, replace(entry, state=state, id=fate.id, problems=[]))
            return
        why = getattr(fate, "why", None)
        code = UNSEEN if unseen(entry) else "target.unknown"
        kept = replace(entry, problems=[(None, code, why)]) if why else entry
        if entry.state == "sent" or (why and entry.state in OPEN):
            kept = replace(kept, state="unknown")
            self._journal.put_soon(kept)
        self._cases[row.seq] = (row, kept)

    async def _tell_shared_ids(self) -> None:
        """Two rows cannot be one customer: the later one of two with the same id is not known to be in."""
        await self._journal.flush()
        for entry, first in self._journal.shared_ids():
            row = self._queue.rows([first]).get(first)
            whose = row.row if row else first
            said = say("it answered with customer {id}, which row {row} has already", id=entry.id, row=whose)
            self._journal.put_soon(replace(entry, state="unknown", id=None, problems=[(None, "target.unknown", said)]))
            self.result.counts["unknown"] += 1
            self.result.counts["created"] -= 1

    async def _pause(self, seconds: float) -> None:
        if not self._stopping.now:
            with anyio.move_on_after(seconds):
                await self._ended.wait()
