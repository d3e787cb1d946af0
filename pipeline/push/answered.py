"""Turn a create that was answered with a customer into what is known of the row: whose customer it is, and how it is held.

An answer proves that a customer is there, not that it is ours: a server may show one that was there before, or one of
another row. Ours carries our key, or an id that nobody has yet and the identity that was sent. What it shows otherwise
than it was sent is said, value by value: nothing is changed behind the user's back, by nobody.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from pipeline import identity as who
from pipeline.existing import key_of
from pipeline.journal import Entry, Journal
from pipeline.language import say
from pipeline.push.queue import Row
from pipeline.push.verdict import UNSEEN, readable_id, same
from pipeline.targets.interface import Created, Record, Target

MADE = 201
LONGEST = 500
"""Characters of a target's text that are kept; it may send any number."""
MOST = 20
"""So are its problems of one row."""


def created(target: Target, journal: Journal, row: Row, payload: str, outcome: Created, entry: Entry) -> Entry:
    """The row after an answer with a customer, `payload` being what was sent."""
    if not readable_id(outcome.record.get("id")):
        why = say("it answered with a customer that has no readable id")
        return replace(entry, state="unknown", problems=[(None, "target.unknown", why)])
    key, named = key_of(target, outcome.record), say("it answered with customer {id}", id=cut(outcome.id))
    others = outcome.id in (entry.known or ()) or (key is not None and key != row.key)
    if key is None and any(seq != row.seq for seq in journal.owners([outcome.id]).values()):
        others = True
    if others:
        why = say("{answer}, which was there before", answer=named)
        return replace(entry, state="unknown", problems=[(None, "target.unknown", why)])
    sent, shown = json.loads(payload), target.view(outcome.record)
    other = {n: shown[n] for n, v in sent.items() if v is not None and n in shown and not alike(v, shown[n])}
    if key is None and other and (entry.http_status != MADE or _another(target, sent, shown)):
        said = "; ".join(f"{name}: {value}" for name, value in other.items())
        why = say("{answer}, which is not as it was sent ({differs})", answer=named, differs=cut(said))
        return replace(entry, state="unknown", problems=[(None, UNSEEN, why)])
    if key is None and entry.http_status != MADE and not sent.keys() & shown.keys():
        why = say("{answer}, and shows nothing of it", answer=named)
        return replace(entry, state="unknown", problems=[(None, UNSEEN, why)])
    problems: list[Any] = [(n, "target.stored_otherwise", cut(str(v))) for n, v in other.items()]
    return replace(entry, state="created", id=outcome.id, problems=problems)


def alike(ours: Any, theirs: Any) -> bool:
    """Whether the target holds what was sent, or the same in another spelling: case, outer spaces, a last slash."""
    return same(ours, theirs) or (
        isinstance(ours, str) and isinstance(theirs, str) and _folded(ours) == _folded(theirs)
    )


def _folded(text: str) -> str:
    return text.strip().rstrip("/").casefold()


def _another(target: Target, sent: Record, shown: Record) -> bool:
    """Whether both say who they are, and not the same."""
    ours, theirs = who.of_records([sent, shown], target.identities)
    return bool(ours and theirs) and ours.isdisjoint(theirs)


def cut(text: str) -> str:
    """A text of the target as it is kept."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
