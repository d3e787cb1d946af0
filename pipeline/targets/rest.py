"""Turn records into JSON, and refusals into outcomes, as APIs of JSON over HTTP have it in common."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from pipeline.language import say
from pipeline.targets.interface import Fatal, Json, Outcome, Record, Rejected, Unknown, Wait

REFUSED = (400, 404, 405, 409, 413, 415, 422)
"""Statuses that say that nothing was done, and that the same request will never do."""


def body(record: Record) -> bytes:
    """A record as it is sent: compact, in UTF-8."""
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode()


def place(id_: str) -> str:
    """An id as one part of a path: whatever the target calls an id, it leads to no other address."""
    return quote(id_, safe="")


def listed(value: Json) -> list[Any]:
    """The entries of what should be a list; none where it is something else."""
    return value if isinstance(value, list) else []


def total(value: Json) -> int | None:
    """The number of entries that a list says it has; None where it says none."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def refusal(title: str, status: int, problems: tuple[tuple[str | None, str], ...], said: str) -> Outcome:
    """What an answer means that is no success (RFC 9110, 15).

    `title` is the target's, `problems` are (field or None, message), and `said` is all that the answer says, in one text.
    """
    if status in (401, 403):
        return Fatal(say("{target} refuses the credentials ({status}): {said}", target=title, status=status, said=said))
    if status == 429:
        return Wait(None, say("429: too many requests"))
    if status in REFUSED:
        return Rejected(problems or ((None, said),))
    return Unknown(say("{target} answered {status}: {said}", target=title, status=status, said=said))
