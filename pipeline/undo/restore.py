"""Turn what an update sent, what it replaced and what the customer holds now into what is to be put back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pipeline.push import same
from pipeline.targets.interface import Record


@dataclass(frozen=True)
class Back:
    """What is to be sent: the fields to put back, and those that stay as they are."""

    restored: Record
    left: Record
    cleared: Record  # entries of object fields that were not there before, as null


def what_to_put_back(sent: Record, before: Record, theirs: Record, merged: tuple[str, ...]) -> Back:
    """The fields of an update that still hold our value, with what they held before; and those that do not.

    In an object field each entry counts for itself: what others have added or changed in it stays.
    """
    restored: Record = {}
    left: Record = {}
    cleared: Record = {}
    for name, value in sent.items():
        there, old = theirs.get(name), before.get(name)
        if name in merged and all(isinstance(held or {}, dict) for held in (value, old, there)):
            entries = _entries(value, old or {}, there or {})
            if entries.changed:
                left[name] = entries.changed
            if entries.whole is not None:
                restored[name] = entries.whole
                if entries.gone:
                    cleared[name] = dict.fromkeys(entries.gone)
        elif equal(old, there):
            continue
        elif same(value, there):
            restored[name] = old
        else:
            left[name] = there
    return Back(restored, left, cleared)


def put_back(tried: Record, sent: Record, before: Record, left: Record) -> Record:
    """What a request has put back whose answer was lost, of what it tried: fields of which not all is `left`."""
    return {n: v for n, v in tried.items() if n not in left or _some(sent.get(n), before.get(n), left[n])}


def _some(sent: Any, before: Any, left: Any) -> bool:
    """Whether entries of an object field are put back, beside those that are left."""
    if not (isinstance(sent, dict) and isinstance(before or {}, dict) and isinstance(left, dict)):
        return False
    return any(name not in left and not equal(value, (before or {}).get(name)) for name, value in sent.items())


@dataclass(frozen=True)
class _Entries:
    whole: Record | None  # the object as it is to be; None: nothing to put back
    changed: Record
    gone: list[str]


def _entries(ours: Record, before: Record, theirs: Record) -> _Entries:
    whole, changed, gone = dict(theirs), {}, []
    for name in (n for n, v in ours.items() if n not in before or not equal(v, before[n])):
        if equal(before.get(name), theirs.get(name)):
            continue
        if not same(ours[name], theirs.get(name)):
            changed[name] = theirs.get(name)
        elif name in before:
            whole[name] = before[name]
        else:
            del whole[name]
            gone.append(name)
    return _Entries(whole if whole != theirs else None, changed, gone)


def equal(one: Any, other: Any) -> bool:
    """Whether two values are the same to a person: null, blank and absent are one; `{}` too."""
    if isinstance(one, dict) or isinstance(other, dict):
        ours, theirs = one or {}, other or {}
        if not (isinstance(ours, dict) and isinstance(theirs, dict)):
            return False
        return all(equal(ours.get(n), theirs.get(n)) for n in {**ours, **theirs})
    return same(one, other)
