"""Turn one row into requests, until its fate is known or cannot be known now, and say which.

The intention is in the journal before each request leaves. What certainly did not arrive (no connection, 429) is
tried again; what may have arrived is not: the settling asks the target first.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

from pydantic import ValidationError

from pipeline.client import Client, Failed, Lost, NotSent
from pipeline.errors import Unavailable
from pipeline.existing import keyed
from pipeline.journal import PLANNED, Entry, Journal
from pipeline.language import say
from pipeline.pace import backoff
from pipeline.push import answered
from pipeline.push.answered import MOST, cut
from pipeline.push.fate import Detective
from pipeline.push.forbidden import FORBIDDEN, Forbidden, Held
from pipeline.push.queue import Row
from pipeline.push.resolve import Resolver
from pipeline.push.update import Existing, Updater, as_sent
from pipeline.push.verdict import There
from pipeline.targets.interface import Answer, Call, Created, Fatal, Outcome, Rejected, Target, Unknown

Problem = tuple[str | None, str, str]
CONFLICT = 409
_TAKEN = re.compile(r"already|duplicat|must be unique|\btaken\b|ya existe|ya est[áa] registrad", re.IGNORECASE)


@dataclass(frozen=True)
class Options:
    """How to push: `settle` seconds must pass before "not there" counts; `attempts` are sends of one row in a push."""

    concurrency: int = 8
    attempts: int = 6
    settle: float = 90.0
    max_errors: Callable[[int, int], bool] | None = None  # (errors, rows so far) -> stop?
    canary: int | None = None
    existing: Existing = field(default_factory=Existing)


def taken_already(entry: Entry) -> bool:
    """Whether the target says that it has such a customer: of a row that may have arrived, that it may be this one."""
    said = (text for _, _, text in entry.problems)
    return entry.http_status == CONFLICT or (
        entry.http_status is not None and 400 <= entry.http_status < 500 and any(map(_TAKEN.search, said))
    )


class Stopping:
    """Why the push ends early (None: it does not), and the pauses that end with it."""

    def __init__(self, pause: Callable[[float], Awaitable[None]]) -> None:
        """`pause` waits so many seconds, or less where the push stops."""
        self.why: str | None = None
        self.fatal: Unavailable | None = None
        self.pause = pause

    def refuse(self, why: str, remedy: str = "") -> None:
        """The target refuses the credentials or the workspace: no request of this push can succeed."""
        check = say("Check the token and the workspace; then push RUN goes on.")
        self.fatal = Unavailable(why, f"{check}\n{remedy}" if remedy else check)
        self.why = self.why or "refused"

    @property
    def now(self) -> bool:
        """Whether no further request may leave; after the canary, what was begun is finished."""
        return self.why not in (None, "canary")


class Sender:
    """Sends single rows."""

    def __init__(
        self, client: Client, target: Target, journal: Journal, detective: Detective, options: Options,
        resolve: Resolver, held: dict[str, list[str]], stopping: Stopping, clock: Callable[[], float] | None = None,
    ) -> None:  # fmt: skip
        """`held` are ids by identity found at the target after the plan was made: their rows are not sent."""
        self._client, self._target, self._journal, self._detective = client, target, journal, detective
        self._options, self._resolve, self._held = options, resolve, held
        self._stopping, self._clock = stopping, clock or journal.clock.now
        self._updater = Updater(client, target, resolve, options.existing)
        self.forbidden = Forbidden(client, target, journal, options.max_errors)
        self._made: set[str] = set()  # identities of several rows of which one was created

    async def send(self, row: Row, entry: Entry) -> Entry | None:
        """What became of the row; None where nothing was done for it, because the push stops.

        `entry` is what the journal knows of it: one that has `sent_at` may have arrived once, was looked up
        and was not there.
        """
        prepared = await self.prepare(row, entry)
        return await self._until_known(row, *prepared) if isinstance(prepared, tuple) else prepared

    async def prepare(self, row: Row, entry: Entry) -> Entry | tuple[Call, Entry] | None:
        """The request for the row; its outcome, where none is to be sent; None because the push stops."""
        try:
            if row.action == "create" and (there := await self._others(row)):
                return await self._updater.adopt(row, entry, there)
            return await self._prepare(row, entry)
        except Unavailable as error:
            why = error if self._stopping.now else await self.forbidden.barred()
            if why is not None:  # as to a writing request: what is in flight is finished, nothing further begins
                self._stopping.refuse(why.message)
                return None
            return self._not_looked_up(row, entry, error)  # a firewall dislikes what is asked of this row
        except Failed as error:
            return None if self._stopping.now else self._not_looked_up(row, entry, error)

    def _not_looked_up(self, row: Row, entry: Entry, error: Exception) -> Entry:
        problems: list[Problem] = [(None, "target.failed", say("the look-up failed: {error}", error=error))]
        return replace(entry, state="failed", id=row.id, problems=problems)

    async def _others(self, row: Row) -> list[str]:
        """Customers of the row's identity that came after the plan, and that this run did not create."""
        there = self._held.get(row.identity or keyed(row.key), [])
        if there and row.lane:
            await self._journal.flush()  # the row before this one may have been found a moment ago
        ours = self._journal.owners(there) if there and row.lane else {}
        return [id_ for id_ in there if id_ not in ours]

    async def _prepare(self, row: Row, entry: Entry) -> Entry | tuple[Call, Entry]:
        """The request for the row; or its outcome, where none is to be sent."""
        if row.action == "update":
            return await self._updater.prepare(row, entry)
        payload, problem = self._resolve.resolve(row.payload)
        refused = problem or self._model_refuses(payload)
        if refused is not None:
            return replace(entry, state="invalid", problems=[refused])
        if self._target.key_path is None and entry.known is None:
            alone = self._detective.default_identities and not row.lane  # then the plan has found nobody
            entry = replace(entry, known=[] if alone else await self._detective.holders(row))
        return self._target.create(payload.encode()), entry

    async def _until_known(self, row: Row, call: Call, entry: Entry) -> Entry | None:
        row, doubt, tries = as_sent(row, entry), entry.sent_at, 0
        told_before = taken_already(entry)
        certain: Entry | None = None
        while True:
            await self._client.limiter.slot()
            if self._stopping.now:
                return replace(certain, state=PLANNED, problems=[]) if certain else None
            entry = replace(entry, state="sent", attempts=entry.attempts + 1, sent_at=self._clock(), problems=[])
            await self._journal.put(entry)
            tries += 1
            try:
                answer = await self._client.send(call, slot=False)
            except NotSent as error:
                said, status = str(error), None
            except Lost as error:
                return replace(entry, state="unknown", problems=[(None, "target.unknown", str(error))])
            else:
                read = await self._read(row, answer, self._target.outcome(call, answer), entry, doubt, told_before)
                if read is not None:
                    return read
                said, status = say("{status}: the target takes no more", status=answer.status), answer.status
            certain = replace(
                entry, state="failed", http_status=status, sent_at=doubt, problems=[(None, "target.failed", said)]
            )
            if tries >= self._options.attempts:
                return certain
            await self._stopping.pause(backoff(tries))

    async def _read(
        self, row: Row, answer: Answer, outcome: Outcome, entry: Entry, doubt: float | None, told_before: bool
    ) -> Entry | None:  # fmt: skip
        """What the answer means; None where it says to come back later."""
        entry = replace(entry, http_status=answer.status)
        if isinstance(outcome, Created):
            judge = self._updater.judge if row.action == "update" else self._created
            return judge(row, outcome, entry)
        if isinstance(outcome, Unknown):
            return replace(entry, state="unknown", problems=[(None, "target.unknown", cut(outcome.why))])
        entry = replace(entry, sent_at=doubt)
        if isinstance(outcome, Rejected):
            refused = replace(entry, state="rejected", problems=[
                (cut(name) if name else None, "target.rejected" if name else "target.rejected_row", cut(text))
                for name, text in outcome.problems[:MOST]])  # fmt: skip
            return await self._refused(row, refused, told_before, in_doubt=doubt is not None)
        if isinstance(outcome, Fatal):
            return await self._forbidden(row, entry, answer, cut(outcome.why), told_before)
        return None

    async def _forbidden(self, row: Row, entry: Entry, answer: Answer, why: str, told_before: bool) -> Entry:
        """The request was refused as a whole: nothing was done, and nothing further can be, unless it was about the row."""
        planned = replace(entry, state=PLANNED)
        if answer.status == FORBIDDEN:
            if self._stopping.now:
                return planned
            held = await self.forbidden.hold(row, entry, answer, self._clock(), told_before=told_before)
            if held is None or self._stopping.now:
                return planned
            self._stopping.refuse(held.message, held.remedy)
            return planned
        self._stopping.refuse(why)
        return planned

    async def refused_alone(self, held: Held) -> Entry:
        """What became of a row that was refused with 403, which was about the row."""
        return await self._refused(held.row, held.refused, held.told_before, in_doubt=held.refused.sent_at is not None)

    async def _refused(self, row: Row, refused: Entry, told_before: bool, *, in_doubt: bool) -> Entry:
        """A row that the target refused: where it says that it has such a customer, it may be this one.

        A gateway may send a request twice, and pass on the answer to the second one.
        """
        if in_doubt:
            return await self._refused_at_last(row, refused, told_before)
        if row.action == "create" and taken_already(refused) and (id_ := await self._detective.quickly(row, refused)):
            return replace(refused, state="created", id=id_, problems=[])
        return refused

    async def _refused_at_last(self, row: Row, refused: Entry, told_before: bool) -> Entry:
        """A row that may have arrived before: it may have been refused because it is there already.

        Where the target says so, and shows neither the row nor another customer that explains it, it is unknown, once:
        if it is said again in a later push, and still nothing is shown, the row is not what it means.
        """
        try:
            fate = (await self._detective.fates([(row, refused)])).get(row.seq)
        except Unavailable as error:
            self._stopping.refuse(error.message)
            fate = None
        if isinstance(fate, There):
            state = "updated" if refused.action == "update" else "created"
            return replace(refused, state=state, id=fate.id, problems=[])
        unclear = fate is None or (taken_already(refused) and not told_before and not await self._explained(row))
        if unclear:
            return replace(refused, state="unknown", problems=[(None, "target.unknown", refused.problems[0][2])])
        return refused

    async def _explained(self, row: Row) -> bool:
        """Whether a customer of the row's identity that is not this row is there: ours, or one that the target shows."""
        try:
            return row.identity in self._made or bool(await self._detective.holders(row))
        except (Failed, Unavailable):
            return False

    def _model_refuses(self, payload: str) -> Problem | None:
        """What the target's own schema says against a row; a plan that was checked gives None."""
        try:
            self._target.record.model_validate_json(payload, strict=False)
        except ValidationError as error:
            said = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
            return (None, "target.rejected_row", said)
        return None

    def _created(self, row: Row, outcome: Created, entry: Entry) -> Entry:
        """A create that was answered with a customer."""
        payload, _ = self._resolve.resolve(row.payload)
        judged = answered.created(self._target, self._journal, row, payload, outcome, entry)
        if row.lane and row.identity and judged.state == "created":
            self._made.add(row.identity)
        return judged
