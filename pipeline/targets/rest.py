"""Turn records into JSON, and refusals into outcomes, as APIs of JSON over HTTP have it in common."""

from __future__ import annotations

import json

from pipeline.language import say
from pipeline.targets.interface import Fatal, Outcome, Record, Rejected, Unknown, Wait

REFUSED = (400, 404, 405, 409, 413, 415, 422)
"""Statuses that say that nothing was done, and that the same request will never do."""


def body(record: Record) -> bytes:
    """A record as it is sent: compact, in UTF-8."""
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode()


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
