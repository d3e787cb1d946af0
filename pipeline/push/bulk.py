"""Turn many new customers into one CSV upload, read every one of them back, and say what became of each.

The answer to an upload has counts and row numbers, but no ids: it proves nothing about a single row. So the newest
customers of the target are read after each upload and compared with what was sent. A customer that is there exactly
as sent is created; one that differs, and every row of a lost answer that does not appear, is `unknown` and settled as
after a single request. A refusal is believed only where the counts agree with what is there and the numbers of the
refused rows, however the target counts them, name rows that are absent.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from pipeline import identity as who
from pipeline.client import Client, Failed, Lost, NotSent, page_of
from pipeline.journal import PLANNED, Entry, Journal
from pipeline.language import say
from pipeline.pace import backoff
from pipeline.push.answered import cut
from pipeline.push.attempt import Options, Problem, Sender, Stopping
from pipeline.push.fate import Detective
from pipeline.push.forbidden import FORBIDDEN, readable
from pipeline.push.form import Form
from pipeline.push.queue import Row
from pipeline.push.verdict import UNSEEN, Fate, There, Unclear
from pipeline.targets.interface import Answer, Call, Fatal, Record, Rejected, Target, Uploaded

LARGEST = 1_000_000
"""Bytes of JSON in one upload: a file of about that size; no limit is documented."""
LOOKS = (0.5, 1.0, 2.0)
"""Seconds before looking once more, where fewer customers are shown than the target says it created."""
FIRST = (2, 1, 0)
"""What the first data row may be called: the header counts, it does not, or rows are counted from zero."""

Case = tuple[Row, Entry]


def placing(
    told: Uploaded, absent: set[int], ours: int, other: int, known: int | None = None
) -> tuple[int | None, dict[int, str]] | None:
    """How the target numbers rows, and the refused rows by their place in the file; None where a doubt is left.

    `absent` are the places of rows that are not at the target, `ours` counts those that are there as sent, `other`
    those that are there otherwise; `known` is how rows were numbered before.
    """
    texts: dict[int, list[str]] = {}
    for number, text in told.errors:
        texts.setdefault(number, []).append(text)
    total = len(absent) + ours + other
    if told.created not in (ours, ours + other) or told.created + told.skipped + len(texts) != total:
        return None
    fits = [n for n in (FIRST if known is None else (known,)) if all(number - n in absent for number in texts)]
    if not texts or len(fits) != 1:
        return None
    return fits[0], {number - fits[0]: "; ".join(said) for number, said in texts.items()}


class Uploader:
    """Sends rows many at a time."""

    def __init__(
        self, client: Client, target: Target, journal: Journal, detective: Detective, sender: Sender, form: Form,
        options: Options, stopping: Stopping, clock: Callable[[], float] | None = None,
    ) -> None:  # fmt: skip
        """`sender` prepares single rows; `form` says what a file looks like."""
        self._client, self._target, self._journal, self._detective = client, target, journal, detective
        self._sender, self._form, self._options = sender, form, options
        self._stopping, self._clock = stopping, clock or journal.clock.now
        self._first: int | None = None
        self._blind = True
        self.refused: str | None = None

    def chunks(self, rows: Iterable[Row]) -> Iterator[list[Row]]:
        """The rows in pieces that one upload may hold."""
        chunk: list[Row] = []
        size = 0
        for row in rows:
            if chunk and (len(chunk) >= self._form.rows or size + len(row.payload) > LARGEST):
                yield chunk
                chunk, size = [], 0
            chunk.append(row)
            size += len(row.payload)
        if chunk:
            yield chunk

    async def send(self, cases: Sequence[Case]) -> list[Case]:
        """What became of each row of one upload; a row that is missing was not begun."""
        ended: list[Case] = []
        going: list[Case] = []
        for row, entry in cases:
            prepared = await self._sender.prepare(row, entry)
            if isinstance(prepared, Entry):
                ended.append((row, prepared))
            elif prepared is not None and prepared[1].action == "update":  # its customer came meanwhile
                sent = await self._sender.send(row, entry)
                ended += [(row, sent)] if sent is not None else []
            elif prepared is not None:
                call, begun = prepared
                going.append((replace(row, payload=(call.body or b"").decode()), begun))
        return [*ended, *(await self._uploaded(going) if going else [])]

    async def _uploaded(self, going: list[Case]) -> list[Case]:
        table = self._form.table(json.loads(row.payload) for row, _ in going)
        call, content_type = self._form.bulk.upload(table, self._form.part)
        certain: list[Case] = []
        for tries in range(1, self._options.attempts + 1):
            await self._client.limiter.slot()
            if self._stopping.now:
                return [(row, replace(entry, state=PLANNED)) for row, entry in certain]
            going = [(row, replace(entry, state="sent", attempts=entry.attempts + 1, sent_at=self._clock(), problems=[]))
                     for row, entry in going]  # fmt: skip
            await self._journal.put(*(entry for _, entry in going))
            try:
                answer = await self._client.send(call, slot=False, content_type=content_type)
            except NotSent as error:
                said, status = str(error), None
            except Lost as error:
                return await self._doubtful(going, str(error))
            else:
                if answer.status != 429:
                    return await self._answered(call, answer, going)
                said, status = say("{status}: the target takes no more", status=429), 429
            certain = [(row, replace(entry, state="failed", http_status=status, sent_at=None,
                                     problems=[(None, "target.failed", said)])) for row, entry in going]  # fmt: skip
            if tries < self._options.attempts:
                await self._stopping.pause(backoff(tries))
        return certain

    async def _answered(self, call: Call, answer: Answer, going: list[Case]) -> list[Case]:
        going = [(row, replace(entry, http_status=answer.status)) for row, entry in going]
        told = self._form.bulk.read(answer)
        if told is not None:
            return await self._taken(going, told)
        outcome = self._target.outcome(call, answer)
        if isinstance(outcome, Fatal) and answer.status == FORBIDDEN and await self._sender.forbidden.barred() is None:
            outcome = Rejected(((None, readable(answer)),))  # a text of one row is enough for a firewall
        if isinstance(outcome, Fatal):
            self._stopping.refuse(cut(outcome.why))
            return [(row, replace(entry, state=PLANNED, sent_at=None)) for row, entry in going]
        if not isinstance(outcome, Rejected):
            return await self._doubtful(going, f"{answer.status}: {answer.text[:200] or say('no readable answer')}")
        self.refused = cut(f"{answer.status}: " + "; ".join(f"{n}: {t}" if n else t for n, t in outcome.problems))
        back = await self._doubtful(going, self.refused)
        if any(entry.state != "unknown" for _, entry in back) or self._blind:
            return back  # refused, and yet something is there
        return [(row, replace(entry, state=PLANNED, sent_at=None, problems=[])) for row, entry in back]

    async def _taken(self, going: list[Case], told: Uploaded) -> list[Case]:
        """What became of the rows of an upload that was taken."""
        for seconds in (*LOOKS, 0.0):
            fates = await self._shown(going)
            ours, other = (sum(isinstance(f, kind) for f in fates) for kind in (There, Unclear))
            if told.created in (ours, ours + other) or not seconds or self._stopping.now:
                break
            await self._stopping.pause(seconds)
        absent = {at for at, fate in enumerate(fates) if not isinstance(fate, (There, Unclear))}
        placed = placing(told, absent, ours, other, self._first)
        self._first, refused = placed or (self._first, {})
        sure = told.created in (ours, ours + other) and told.created + told.skipped + len(refused) == len(going)
        said = say(
            "of {count} rows it says it created {created}, and shows {ours}",
            count=len(going),
            created=told.created,
            ours=ours + other,
        )
        ended: list[Case] = []
        for at, ((row, entry), fate) in enumerate(zip(going, fates, strict=True)):
            if at in refused:
                ended.append(
                    (row, replace(entry, state="rejected", sent_at=None, problems=[self._problem(refused[at])]))
                )
            elif at in absent and sure:  # left out: its e-mail is taken by a customer that the target does not show
                alone = await self._sender.send(row, replace(entry, sent_at=None))
                ended.append((row, alone or replace(entry, state=PLANNED, sent_at=None)))
            else:
                ended.append((row, _seen(entry, fate, UNSEEN, said)))
        return ended

    async def _doubtful(self, going: list[Case], why: str) -> list[Case]:
        """What became of the rows of an upload that may have been taken."""
        fates = await self._shown(going)
        return [(row, _seen(entry, fate, "target.unknown", why))
                for (row, entry), fate in zip(going, fates, strict=True)]  # fmt: skip

    async def _shown(self, going: list[Case]) -> list[Fate]:
        """Each row held against what the target shows now."""
        shown = await self._newest(going)
        return [self._detective.judge(row, entry, shown.get(row.identity or "", [])) for row, entry in going]

    async def _newest(self, going: Sequence[Case]) -> dict[str, list[Record]]:
        """The rows' identities that are among the newest customers, and those who hold them."""
        wanted = {row.identity for row, _ in going}
        found: dict[str, list[Record]] = {}
        cursor: str | None = None
        self._blind = True
        try:
            for _ in range(-(-len(going) // self._target.page_size) + 1):
                page = await page_of(self._client, self._target, self._form.bulk.newest(cursor))
                views = who.of_records([self._target.view(r) for r in page.items], self._target.identities)
                for names, record in zip(views, page.items, strict=True):
                    for name in names & wanted:
                        found.setdefault(name, []).append(record)
                cursor = page.next
                if cursor is None or len(found) == len(wanted):
                    break
            self._blind = False
        except Failed:
            pass  # what was not seen is unknown, and is asked for one by one
        return found

    def _problem(self, text: str) -> Problem:
        name, colon, said = text.partition(": ")
        if colon and name in self._form.names and ": " not in said:
            return (name, "target.rejected", cut(said))
        return (None, "target.rejected_row", cut(text))


def _seen(entry: Entry, fate: Fate, code: str, why: str) -> Entry:
    """A row that was looked for: it is there, or unknown."""
    if isinstance(fate, There):
        return replace(entry, state="created", id=fate.id, problems=[])
    problem = ("target.unknown", fate.why) if isinstance(fate, Unclear) else (code, why)
    return replace(entry, state="unknown", problems=[(None, *problem)])


def unseen(entry: Entry) -> bool:
    """Whether the target says that it may have taken the row, and does not show it: it is never sent again."""
    return any(code == UNSEEN for _, code, _ in entry.problems)
