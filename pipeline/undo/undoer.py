"""Turn the updates of a run back, one request each, every step in the journal."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import anyio

from pipeline.client import Client, Failed, Lost, Missing, NotSent
from pipeline.errors import Unavailable
from pipeline.journal import OPEN, Entry, Journal, Undone
from pipeline.language import say
from pipeline.pace import backoff
from pipeline.progress import Progress
from pipeline.push import FORBIDDEN, MOST, MOST_AT_FIRST, cut, readable, shown
from pipeline.targets.interface import Answer, Call, Created, Fatal, Outcome, Record, Rejected, Target, Unknown
from pipeline.undo.restore import Back, equal, put_back, what_to_put_back

DONE = ("restored", "partly", "left", "unchanged")
"""What is not tried again."""
BREAKER = 40
"""So many customers in a row without any answer mean that the target is down."""


@dataclass(frozen=True)
class Patience:
    """How to go about it: `settle` seconds must pass before an update without an answer counts as not made."""

    concurrency: int = 8
    attempts: int = 6
    settle: float = 90.0


@dataclass
class Result:
    """What became of every update, by seq, and why it stopped early (None: it did not)."""

    undone: dict[int, Undone] = field(default_factory=dict)
    stopped: str | None = None

    @property
    def counts(self) -> Counter[str]:
        """The updates by what became of them."""
        return Counter(u.state for u in self.undone.values())


class Undoer:
    """Puts the updates of one run back."""

    def __init__(
        self, client: Client, target: Target, journal: Journal, patience: Patience, progress: Progress,
        clock: Callable[[], float] | None = None,
    ) -> None:  # fmt: skip
        """Nothing is sent before `run`."""
        self._client, self._target, self._journal = client, target, journal
        self._patience, self._progress, self._clock = patience, progress, clock or journal.clock.now
        self._fatal: Unavailable | None = None
        self._silent = self._barred = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ended = anyio.Event()
        self.result = Result(journal.undone())
        self._pending = [e for e in journal.updates() if self._state(e.seq) not in DONE]

    @property
    def pending(self) -> int:
        """How many updates are not put back yet."""
        return len(self._pending)

    def stop(self, why: str) -> None:
        """Let what is in flight finish, and begin nothing more; may be called by a signal handler."""
        self.result.stopped = why
        self._client.limiter.abandoned = True
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._ended.set)

    async def run(self) -> Result:
        """Put back what is not put back yet.

        Raises:
            Unavailable: the target refuses the credentials.
            Interrupted: the journal cannot be written.
        """
        self._loop = asyncio.get_running_loop()
        customers: dict[str, list[Entry]] = {}
        for entry in reversed(self._pending):
            customers.setdefault(entry.id or "", []).append(entry)
        pending = iter(sorted(customers.values(), key=self._refused_before))  # else they would stop each undo anew

        async def worker() -> None:
            for entries in pending:
                for entry in entries:  # one after the other, the last update first
                    if self.result.stopped:
                        return
                    await self._settle(entry)

        async with anyio.create_task_group() as group:
            for _ in range(self._patience.concurrency):
                group.start_soon(worker)
        if self._fatal is not None:
            raise self._fatal
        return self.result

    def _refused_before(self, entries: list[Entry]) -> bool:
        return any(self._state(entry.seq) == "rejected" for entry in entries)

    def _state(self, seq: int) -> str | None:
        known = self.result.undone.get(seq)
        return known.state if known else None

    async def _settle(self, entry: Entry) -> None:
        undone = await self._undo(entry)
        if undone is None:
            return
        await self._journal.put_undone(undone)
        self.result.undone[entry.seq] = undone
        self._silent = self._silent + 1 if undone.state in ("failed", "unknown") else 0
        if self._silent >= BREAKER:
            self.stop("unreachable")
        self._progress.advance(1)

    async def _undo(self, entry: Entry) -> Undone | None:
        """What became of one update; None where the undoing stops before anything was done."""
        assert entry.id is not None
        known = self.result.undone.get(entry.seq)
        undone = replace(known, said=None, left={}) if known else Undone(entry.seq, "sent", entry.id)
        try:
            theirs = await shown(self._client, self._target, entry.id)
        except Missing:
            return replace(undone, state="left", said=say("the customer is not there any more"))
        except Failed as error:
            said = say("it cannot be read: {error}", error=error)
            return None if self.result.stopped else replace(undone, state="failed", said=said)
        back = what_to_put_back(entry.payload or {}, entry.before or {}, theirs, self._target.merged)
        if not back.restored:
            return await self._nothing_to_do(entry, undone, back)
        await self._settle_row(entry, "updated")
        return await self._send(undone, back, theirs)

    async def _nothing_to_do(self, entry: Entry, undone: Undone, back: Back) -> Undone:
        late = entry.sent_at is not None and self._clock() - entry.sent_at < self._patience.settle
        if entry.state != "updated" and late:
            return replace(undone, state="unknown", said=say("its update has no answer yet, and may still be made"))
        await self._settle_row(entry, "failed", [(None, "target.failed", say("it was undone before it was made"))])
        put = put_back(undone.restored, entry.payload or {}, entry.before or {}, back.left)
        if undone.sent_at is not None and (put or not back.left):  # by a request of ours whose answer was lost
            return replace(undone, state="partly" if back.left else "restored", restored=put, left=back.left)
        return replace(undone, state="left" if back.left else "unchanged", restored={}, left=back.left)

    async def _settle_row(
        self, entry: Entry, state: str, problems: list[tuple[str | None, str, str]] | None = None
    ) -> None:
        """An update whose fate was open is known by now: no later push makes it again."""
        if entry.state in OPEN:
            self._journal.put_soon(replace(entry, state=state, sent_at=None, problems=problems or []))
            await self._journal.flush()

    async def _send(self, undone: Undone, back: Back, theirs: Record) -> Undone | None:
        assert undone.id is not None
        whole = {n: v for n, v in theirs.items() if v is not None}
        tries = 0
        while True:
            await self._client.limiter.slot()
            if self.result.stopped:
                return replace(undone, state="failed", said=say("stopped before it was sent")) if tries else None
            undone = replace(undone, state="sent", attempts=undone.attempts + 1, sent_at=self._clock(),
                             restored={**undone.restored, **back.restored}, left=back.left)  # fmt: skip
            await self._journal.put_undone(undone)
            tries += 1
            call = self._target.update(undone.id, back.restored, whole)
            try:
                answer = await self._client.send(call, slot=False)
            except NotSent as error:
                said = str(error)
            except Lost as error:
                return replace(undone, state="unknown", said=str(error))
            else:
                outcome = self._alone(answer, self._target.outcome(call, answer))
                if isinstance(outcome, Created):
                    return await self._verified(replace(undone, http_status=answer.status), back, outcome)
                if (refused := self._refused(replace(undone, http_status=answer.status), outcome)) is not None:
                    return refused
                said = say("{status}: the target takes no more", status=answer.status)
            if tries >= self._patience.attempts:
                return replace(undone, state="failed", said=said)
            with anyio.move_on_after(backoff(tries)):
                await self._ended.wait()

    def _alone(self, answer: Answer, outcome: Outcome) -> Outcome:
        """A 403 is about this customer alone, who was shown a moment ago, unless many are refused one after the other."""
        self._barred = self._barred + 1 if answer.status == FORBIDDEN else 0
        some = any(u.state in ("restored", "partly") for u in self.result.undone.values())
        if not 0 < self._barred < (MOST if some else MOST_AT_FIRST):
            return outcome
        return Rejected(((None, say("{status}: {said}", status=answer.status, said=readable(answer))),))

    def _refused(self, undone: Undone, outcome: Outcome) -> Undone | None:
        """What an answer says that is no success; None where it says to come back later."""
        if isinstance(outcome, Unknown):
            return replace(undone, state="unknown", said=cut(outcome.why))
        if isinstance(outcome, Rejected):
            said = "; ".join(f"{name}: {text}" if name else text for name, text in outcome.problems)
            return replace(undone, state="rejected", restored={}, said=cut(said))
        if isinstance(outcome, Fatal):
            self._fatal = Unavailable(
                cut(outcome.why), say("Check the token and the workspace; then undo RUN goes on.")
            )
            self.stop("refused")
            return replace(undone, state="failed", restored={}, said=cut(outcome.why))
        return None

    async def _verified(self, undone: Undone, back: Back, outcome: Created) -> Undone:
        """Hold the answer against what was sent; entries that a merging target kept are cleared one by one."""
        if outcome.id != undone.id:
            return replace(undone, state="unknown", said=say("it answered with customer {id}", id=cut(outcome.id)))
        theirs = self._target.view(outcome.record)
        kept = {n: v for n, v in back.cleared.items() if isinstance(held := theirs.get(n), dict) and held.keys() & v}
        if kept:
            call = self._target.update(undone.id, {n: {**back.restored[n], **v} for n, v in kept.items()}, theirs)
            again = await self._once_more(call, theirs)
            if again is None:
                return replace(
                    undone,
                    state="unknown",
                    said=say("the answer about {fields} did not arrive", fields=", ".join(kept)),
                )
            theirs = again
        wrong = {n: theirs[n] for n, v in back.restored.items() if n in theirs and not equal(v, theirs[n])}
        state = "partly" if wrong or back.left else "restored"
        restored = {n: v for n, v in undone.restored.items() if n not in wrong}
        said = (
            say("the target shows another value than it was sent: {fields}", fields=", ".join(wrong)) if wrong else None
        )
        return replace(undone, state=state, restored=restored, left={**back.left, **wrong}, said=said)

    async def _once_more(self, call: Call, theirs: Record) -> Record | None:
        """The customer after one more request; as it was where that is refused; None where nobody knows."""
        try:
            answer = await self._client.send(call)
        except Failed:
            return None
        outcome = self._target.outcome(call, answer)
        if isinstance(outcome, Created):
            return self._target.view(outcome.record)
        return theirs if isinstance(outcome, Rejected) else None
