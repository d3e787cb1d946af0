"""Turn a seed and a request into the fault it meets, the same one whatever else is going on.

The draw depends on the seed, the request's own bytes and how often it has come before: so a repetition has
a chance of its own, and neither concurrency nor order changes what happens to a request.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, fields
from hashlib import blake2b
from typing import Literal

from pipeline.sandbox.settings import Settings

Before = Literal["503", "429", "drop", "5xx", "late"]
After = Literal["drop", "500", "html", "cut"]

_BEFORE: tuple[tuple[str, Before, bool | None], ...] = (
    ("status_503", "503", None),
    ("rate_429", "429", None),
    ("drop_before", "drop", True),
    ("get_drop", "drop", False),
    ("rate_5xx", "5xx", True),
    ("get_5xx", "5xx", False),
)
_AFTER: tuple[tuple[str, After, bool], ...] = (
    ("commit_then_drop", "drop", True),
    ("error_after_commit", "500", True),
    ("html_502", "html", True),
    ("cut_short", "cut", True),
    ("get_cut_short", "cut", False),
)
_CHANCES = tuple(
    knob.name
    for knob in fields(Settings)
    if "probability" in knob.metadata and knob.name not in ("late_commit_rate", "bulk_refuse")
)


@dataclass(frozen=True)
class Draw:
    """What befalls one request: `before` it is handled, or `after`; `empty`: its list is falsely empty."""

    before: Before | None = None
    after: After | None = None
    empty: bool = False
    status: int = 500


NOTHING = Draw()


class Faults:
    """The faults of one sandbox; remembers which requests it has seen."""

    def __init__(self) -> None:
        """Start with no request seen and no fault made."""
        self._seen: Counter[bytes] = Counter()
        self._made = 0

    def draw(self, settings: Settings, writes: bool, request: bytes) -> Draw:
        """Choose the fault of a request; `request` is what tells it from others."""
        if not self._possible(settings):
            return NOTHING
        mark = blake2b(request, digest_size=8).digest()
        self._seen[mark] += 1
        drawn = _choose(settings, writes, mark + self._seen[mark].to_bytes(4, "big"))
        self._made += drawn != NOTHING
        return drawn

    def _possible(self, settings: Settings) -> bool:
        if settings.fault_limit is not None and self._made >= settings.fault_limit:
            return False
        return bool(settings.late_commit) or any(getattr(settings, name) for name in _CHANCES)


def _choose(settings: Settings, writes: bool, mark: bytes) -> Draw:
    for knob, before, for_writes in _BEFORE:
        if for_writes in (None, writes) and share(settings, knob, mark) < getattr(settings, knob):
            return Draw(before=before, status=(500, 502, 503, 504)[int(share(settings, "status", mark) * 4)])
    if writes and settings.late_commit and share(settings, "late_commit", mark) < settings.late_commit_rate:
        return Draw(before="late")
    for knob, after, for_writes in _AFTER:
        if for_writes == writes and share(settings, knob, mark) < getattr(settings, knob):
            return Draw(after=after)
    empty = not writes and share(settings, "filter_empty", mark) < settings.filter_empty
    return Draw(empty=True) if empty else NOTHING


def share(settings: Settings, knob: str, mark: bytes) -> float:
    """A number in 0..1 (1 excluded) that belongs to this request (or row) and this knob."""
    digest = blake2b(mark, digest_size=8, key=f"{settings.seed}".encode(), person=knob.encode()[:16]).digest()
    return int.from_bytes(digest[:6], "big") / 2**48
