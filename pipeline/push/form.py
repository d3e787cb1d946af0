"""Turn a target's template of customers into the file that an upload sends, or into why one would not be safe."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.client import Client, Failed
from pipeline.errors import Misuse
from pipeline.existing import keyed
from pipeline.language import say
from pipeline.push.queue import Queue, Row
from pipeline.targets.interface import Bulk, Identity, Record, Target

ROWS = 500
PART = "file"


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
