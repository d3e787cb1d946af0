"""Turn what is known of one row into a line of the journal, with a checksum, and back."""

from __future__ import annotations

import json
import sqlite3
import zlib
from dataclasses import dataclass, field, fields
from typing import Any

from pipeline.language import say

IN = ("created", "updated", "unchanged", "skipped")
FINAL = (*IN, "rejected", "failed", "invalid")
OPEN = ("sent", "unknown")
PLANNED = "planned"
STATES = frozenset((*FINAL, *OPEN, PLANNED))

_BEGUN = frozenset(("sent", "skipped", "unchanged", "updated", "failed", "rejected", "invalid"))
TRANSITIONS: dict[str | None, frozenset[str]] = {
    None: _BEGUN,
    "sent": frozenset(("sent", "created", "updated", "skipped", "rejected", "failed", "unknown", PLANNED)),
    "unknown": frozenset(("sent", "created", "updated", "skipped", "failed", "unknown")),
    PLANNED: _BEGUN | {"created", "unknown"},
    "failed": _BEGUN | {"created", "unknown"},
    "rejected": _BEGUN | {"created", "unknown"},
    "created": frozenset(("unknown",)),
}
"""What may follow what; None is a row of which nothing is written yet. States that are not named here stay."""


@dataclass
class Entry:
    """What is known of one row: times are those of the journal's `clock`, `problems` are (field or None, code, detail).

    `known` are ids that held the row's identity before our first request for it; `before` is what an update
    replaced, and `payload` what it sent.
    """

    seq: int
    state: str
    action: str = "create"
    id: str | None = None
    http_status: int | None = None
    attempts: int = 0
    sent_at: float | None = None
    problems: list[tuple[str | None, str, str]] = field(default_factory=list)
    before: dict[str, Any] | None = None
    known: list[str] | None = None
    changes: str | None = None
    payload: dict[str, Any] | None = None


@dataclass
class Undone:
    """What became of putting one update back.

    `state` is sent (in flight), restored, partly, left, unchanged, rejected, failed or unknown; `restored` are the
    fields as they are again, `left` those that somebody else has changed since, as they are.
    """

    seq: int
    state: str
    id: str
    http_status: int | None = None
    attempts: int = 0
    sent_at: float | None = None
    restored: dict[str, Any] = field(default_factory=dict)
    left: dict[str, Any] = field(default_factory=dict)
    said: str | None = None


NAMES = tuple(f.name for f in fields(Entry))
UNDONE = tuple(f.name for f in fields(Undone))
_JSON = tuple(name in ("problems", "before", "known", "payload", "restored", "left") for name in NAMES)
_UNDONE_JSON = tuple(name in ("restored", "left") for name in UNDONE)


def line_of(entry: Entry) -> tuple[Any, ...]:
    """The line of an entry, its checksum last."""
    sent_at = None if entry.sent_at is None else float(entry.sent_at)
    line = (entry.seq, entry.state, entry.action, entry.id, entry.http_status, entry.attempts, sent_at,
            _json(entry.problems or None), _json(entry.before), _json(entry.known), entry.changes,
            _json(entry.payload))  # fmt: skip
    return (*line, checksum(line))


def entry_of(line: tuple[Any, ...]) -> Entry:
    """The entry of a line.

    Raises:
        sqlite3.DatabaseError: the line is not what was written.
    """
    held(line)
    values = {n: json.loads(v) if is_json and v else v for n, v, is_json in zip(NAMES, line, _JSON, strict=False)}
    values["problems"] = [tuple(p) for p in values["problems"] or []]
    return Entry(**values)


def line_of_undone(undone: Undone) -> tuple[Any, ...]:
    """The line of an undone update, its checksum last."""
    values = (getattr(undone, name) for name in UNDONE)
    line = tuple(_json(v) if is_json else v for v, is_json in zip(values, _UNDONE_JSON, strict=True))
    return (*line, checksum(line))


def undone_of(line: tuple[Any, ...]) -> Undone:
    """The undone update of a line.

    Raises:
        sqlite3.DatabaseError: the line is not what was written.
    """
    held(line)
    return Undone(*(json.loads(v) if is_json else v for v, is_json in zip(line[:-1], _UNDONE_JSON, strict=True)))


def held(line: tuple[Any, ...]) -> None:
    """Hold a line against its checksum.

    Raises:
        sqlite3.DatabaseError: the line is not what was written.
    """
    if line[-1] != checksum(line[:-1]):
        raise sqlite3.DatabaseError(say("what is written of row {seq} does not have its checksum", seq=line[0]))


def checksum(line: tuple[Any, ...]) -> int:
    """A number that another line has once in four billion times."""
    return zlib.crc32(repr(line).encode("utf-8", "surrogatepass"))


def _json(value: Any) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False)
