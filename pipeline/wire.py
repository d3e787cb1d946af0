"""Turn each request's end into what a listener may know of it: method, status, seconds; never a text of anybody.

answered   POST 201 in 0.12 s; "lost" where nobody knows whether it was carried out, "not sent" where it certainly was not
held       the target wants nothing for so many seconds: 429 (too many requests) or 503 (maintenance)
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from pipeline.language import say

MAINTENANCE = 503


@dataclass(frozen=True)
class Ended:
    """One request: `status` as text, or "lost", or "not sent"; `pace` is requests a second, `wanted` what was set."""

    method: str
    status: str
    seconds: float
    pace: float | None
    wanted: float | None


@dataclass(frozen=True)
class Held:
    """Nothing is sent until `until` (monotonic seconds); `asked` where the target has named the time (Retry-After)."""

    status: int
    seconds: float
    until: float
    asked: bool


Listener = Callable[[Ended | Held], None]
listeners: list[Listener] = []
"""Who is told; a listener must be quick, and must not raise."""
_held: list[Held] = []
_last: list[Ended] = []


def answered(method: str, status: str, began: float, pace: float | None, wanted: float | None) -> None:
    """Tell that a request ended that `began` at that monotonic second."""
    one = Ended(method, status, time.monotonic() - began, pace, wanted)
    _last[:] = [one]
    _tell(one)


def held(status: int, seconds: float, *, asked: bool) -> None:
    """Tell that nothing is sent for so many seconds."""
    one = Held(status, seconds, time.monotonic() + seconds, asked)
    _held[:] = [max([one, *_held], key=lambda h: h.until)]
    _tell(one)


def waiting() -> str:
    """What is being waited for on the wire, in words; "" for nothing."""
    left = _held[0].until - time.monotonic() if _held else 0.0
    if left < 1:
        return ""
    if _held[0].status == MAINTENANCE:
        return say("waiting {seconds} s: maintenance (503)", seconds=f"{left:.0f}")
    if _held[0].asked:
        return say("waiting {seconds} s: Retry-After (429)", seconds=f"{left:.0f}")
    return say("waiting {seconds} s: too many requests (429)", seconds=f"{left:.0f}")


def limit() -> tuple[float | None, float | None]:
    """Requests a second that are let through now, and that were set; None for no limit."""
    return (_last[0].pace, _last[0].wanted) if _last else (None, None)


def _tell(what: Ended | Held) -> None:
    for listener in listeners:
        listener(what)
