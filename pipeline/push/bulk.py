"""Turn many new customers into one CSV upload, read every one of them back, and say what became of each.

The answer to an upload has counts and row numbers, but no ids: it proves nothing about a single row. So the newest
customers of the target are read after each upload and compared with what was sent. A customer that is there exactly
as sent is created; one that differs, and every row of a lost answer that does not appear, is `unknown` and settled as
after a single request. A refusal is believed only where the counts agree with what is there and the numbers of the
refused rows, however the target counts them, name rows that are absent.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from pipeline import identity as who
from pipeline.client import Client, Failed, Lost, NotSent, page_of
from pipeline.errors import Misuse
from pipeline.existing import keyed
from pipeline.journal import PLANNED, Entry, Journal
from pipeline.language import say
from pipeline.pace import backoff
from pipeline.push.attempt import Options, Problem, Sender, Stopping
from pipeline.push.fate import UNSEEN, Detective, Fate, There, Unclear
from pipeline.push.queue import Queue, Row
from pipeline.targets.interface import Answer, Call, Fatal, Identity, Record, Rejected, Target

ROWS = 500
PART = "file"
LARGEST = 1_000_000
"""Bytes of JSON in one upload: a file of about that size; no limit is documented."""
LOOKS = (0.5, 1.0, 2.0)
"""Seconds before looking once more, where fewer customers are shown than the target says it created."""
FIRST = (2, 1, 0)
"""What the first data row may be called: the header counts, it does not, or rows are counted from zero."""

Case = tuple[Row, Entry]


class Uploaded(Protocol):
    """What an answer says; see the target."""

    @property
    def created(self) -> int:
        """How many were created."""

    @property
    def skipped(self) -> int:
        """How many were left out, as their identity exists."""

    @property
    def errors(self) -> tuple[tuple[int, str], ...]:
        """(row number as the target counts, what is wrong)."""


class Bulk(Protocol):
    """What a target says about its upload."""

    @property
    def template(self) -> Call:
        """The request for the template."""

    @property
    def columns(self) -> Callable[[Answer], tuple[str, ...]]:
        """The template's answer -> its headers."""

    @property
    def upload(self) -> Callable[[bytes, str], tuple[Call, str]]:
        """A CSV and its part's name -> request and content type."""

    @property
    def read(self) -> Callable[[Answer], Uploaded | None]:
        """An answer -> what it says; None: nothing readable."""

    @property
    def newest(self) -> Callable[[str | None], Call]:
        """Page token -> request for the newest customers."""


@dataclass(frozen=True)
class Form:
    """The file to send: the template's headers, the field that each holds (None: left blank), and how much at once."""

    bulk: Bulk
    headers: tuple[str, ...]
    names: tuple[str | None, ...]
    part: str = PART
    rows: int = ROWS

    def table(self, records: Iterable[Record]) -> bytes:
        """The CSV (RFC 4180, UTF-8); an absent value is a blank cell."""
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(self.headers)
        writer.writerows([record.get(name) if name else None for name in self.names] for record in records)
        return text.getvalue().encode()


def takes(row: Row) -> bool:
    """Whether the row can be part of an upload: a new customer."""
    return row.action == "create" and bool(row.payload)


async def form(
    client: Client, target: Target, queue: Queue, identities: Sequence[Identity], held: Mapping[str, Any],
    part: str | None = None, rows: int | None = None,
) -> Form:  # fmt: skip
    """Fetch the template and hold the rows that are to be sent against it; `held` are identities already there.

    Raises:
        Misuse: an upload would not be safe, and why.
    """
    bulk: Bulk | None = getattr(target, "bulk", None)
    if bulk is None:
        raise Misuse(say("{title} has no upload of many customers", title=target.title), say("Leave --bulk out."))
    if tuple(identities) != target.identities:
        raise _unsafe(say("with --match, e-mails need not be unique"))
    if part is not None and not re.fullmatch(r"[A-Za-z0-9_.\[\]-]{1,64}", part):
        raise Misuse(
            say("--bulk-part {part!r} is no name of a form's part", part=part), say("Write it like --bulk-part file.")
        )
    used = _used(queue, held)
    try:
        headers = bulk.columns(await client.read(bulk.template))
    except Failed as error:
        raise _unsafe(say("its template cannot be read ({error})", error=error)) from error
    known = {_folded(name): name for name in target.record.model_fields}
    names = tuple(known.get(_folded(header)) for header in headers)
    missing = sorted({*used, *(n for i in target.identities for n in i.fields)} - set(names))
    if missing or len(set(names) - {None}) != len([n for n in names if n]):
        there = ", ".join(headers) or say("empty")
        why = say("its template ({columns}) has no column for {fields}", columns=there, fields=", ".join(missing))
        raise _unsafe(why if missing else say("its template ({columns}) has a column twice", columns=there))
    return Form(bulk, headers, names, part or PART, rows or ROWS)


def _used(queue: Queue, held: Mapping[str, Any]) -> set[str]:
    """The fields that the rows to be uploaded use; each of them must be alone with its identity."""
    used: set[str] = set()
    for row in queue.pending():
        if not takes(row) or (row.identity or keyed(row.key)) in held:
            continue
        record = json.loads(row.payload)
        if row.lane or row.identity is None:
            raise _unsafe(
                say("row {row} does not have its e-mail ({email}) for itself", row=row.row, email=record.get("email"))
            )
        used.update(record)
        bad = next((n for n, v in record.items() if not isinstance(v, (str, int)) or isinstance(v, bool)), None)
        if bad is not None:
            raise _unsafe(say("a CSV cannot hold the {field} of row {row}", field=bad, row=row.row))
    return used


def _unsafe(why: str) -> Misuse:
    return Misuse(
        say("--bulk is not safe here: {why}", why=why),
        say("Nothing was sent. Leave --bulk out: each row then is a request."),
    )


def _folded(name: str) -> str:
    """`Credit_limit cents *` and `credit_limit_cents` are the same column; nothing looser than that."""
    return re.sub(r"[\s_*\-]+", "", name.lstrip("\ufeff")).lower()


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
        if isinstance(outcome, Fatal):
            self._stopping.refuse(outcome.why)
            return [(row, replace(entry, state=PLANNED, sent_at=None)) for row, entry in going]
        if not isinstance(outcome, Rejected):
            return await self._doubtful(going, f"{answer.status}: {answer.text[:200] or say('no readable answer')}")
        self.refused = f"{answer.status}: " + "; ".join(f"{n}: {t}" if n else t for n, t in outcome.problems)
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
            return (name, "target.rejected", said)
        return (None, "target.rejected_row", text)


def _seen(entry: Entry, fate: Fate, code: str, why: str) -> Entry:
    """A row that was looked for: it is there, or unknown."""
    if isinstance(fate, There):
        return replace(entry, state="created", id=fate.id, problems=[])
    problem = ("target.unknown", fate.why) if isinstance(fate, Unclear) else (code, why)
    return replace(entry, state="unknown", problems=[(None, *problem)])


def unseen(entry: Entry) -> bool:
    """Whether the target says that it may have taken the row, and does not show it: it is never sent again."""
    return any(code == UNSEEN for _, code, _ in entry.problems)
