"""Turn our record and the target's own into what an update has to send: only what differs.

>>> differences({"name": "Ana", "phone": "+56911111111"}, {"name": "Ana", "phone": None}, (), (), ())
{'phone': '+56911111111'}
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

Record = dict[str, Any]


def differences(
    ours: Record, theirs: Record, identity: Collection[str], merged: Collection[str], cleared: Collection[str]
) -> Record:
    """What to send so that the target's record holds ours.

    Args:
        ours: the record of the row; absent fields say nothing.
        theirs: the target's record in the shape we send.
        identity: fields that say who the customer is; they agree already, in whatever spelling, and stay.
        merged: object fields; entries of theirs that ours does not name stay.
        cleared: fields whose blank cell means "remove".
    """
    changes: Record = {}
    for name, value in ours.items():
        if name in identity:
            continue
        there = theirs.get(name)
        if name in merged and isinstance(value, dict):
            held = there if isinstance(there, dict) else {}
            other = {entry: text for entry, text in value.items() if not _same(text, held.get(entry))}
            if other:
                changes[name] = {**held, **other}
        elif not _same(value, there):
            changes[name] = value
    for name in cleared:
        if name not in ours and theirs.get(name) not in (None, "", {}):
            changes[name] = None
    return changes


def described(changes: Record, theirs: Record) -> str:
    """The changes as `field: before -> after`, joined by ` | `."""
    return " | ".join(f"{name}: {_plain(old)} -> {_plain(new)}" for name, old, new in _flat(changes, theirs))


def _flat(changes: Record, theirs: Record) -> Iterator[tuple[str, Any, Any]]:
    """Each change with its name; of an object field the entries that differ."""
    for name, value in changes.items():
        there = theirs.get(name)
        if isinstance(value, dict) and isinstance(there or {}, dict):
            old = there or {}
            entries = {**old, **value}
            yield from ((f"{name}.{e}", old.get(e), value.get(e)) for e in entries if old.get(e) != value.get(e))
        else:
            yield name, there, value


def _same(ours: Any, theirs: Any) -> bool:
    if isinstance(ours, bool) or isinstance(theirs, bool):
        return ours is theirs
    return ours == theirs or (theirs is not None and str(ours) == str(theirs))


def _plain(value: Any) -> str:
    return "" if value is None else str(value)
