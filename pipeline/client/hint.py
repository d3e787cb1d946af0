"""Turn the Retry-After header of an answer into the seconds for which the target wants nothing."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

LONGEST_HINT = 3600.0


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that a Retry-After header asks for, in either form (RFC 9110, 10.2.3); None without one.

    A date is held against the answer's own `Date`: our clock may be wrong.
    """
    text = headers.get("retry-after", "").strip()
    if not text:
        return None
    if text.isdecimal():
        return min(float(text), LONGEST_HINT)
    until, now = _moment(text), _moment(headers.get("date", ""))
    if until is None:
        return None
    return min(max(until - (time.time() if now is None else now), 0.0), LONGEST_HINT)


def _moment(text: str) -> float | None:
    """Seconds since 1970 of a date in a header; None where it is none."""
    with contextlib.suppress(ValueError, TypeError, OverflowError):
        told = parsedate_to_datetime(text)
        return told.replace(tzinfo=told.tzinfo or UTC).timestamp()  # RFC 9110, 5.6.7: it is never local time
    return None
