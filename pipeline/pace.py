"""Turn a wish (requests a second) into moments: one limiter for a whole run, that listens to the target.

The limiter is a GCRA scheduler with burst one: every request gets the next free slot, and slots are a little more
than 1/rate apart. A slot that is taken late, because the machine was busy, may be made up for, but never so that a
window of one second holds more than the rate: the moments of the last requests are kept and decide. "Too many
requests" and "maintenance" halve the rate, at most once a second, and close the gate for as long as the target asks;
behind it one request goes first, and the others when it was answered. Successes raise the rate again, so that it is
back within about RECOVERY seconds.
"""

from __future__ import annotations

import math
import random
import time
from collections import deque
from collections.abc import Awaitable, Callable

RECOVERY = 15.0
LOWEST_SHARE = 1 / 16
FIRST_HOLD = 1.0
LONGEST_HOLD = 120.0
ADVANCE = 0.001
STEP = 0.25
WINDOW = 1.003
"""Seconds in which no more than the rate may leave: moments at the target differ a little from ours."""
SPACING = 1.004
"""Slots are so much further apart than 1/rate, for the same reason."""
TOLERANCE = 1.015
"""At high rates a busy second may hold so much more, to make up for late slots; 2 % is what is promised."""
CATCH_UP = 0.1
"""Seconds by which slots may be late and still be made up for."""
TRIAL = 5.0
"""Seconds that the others wait for the answer to the first request behind a gate."""


class Limiter:
    """Gives out slots; `rate` is requests a second, None for no limit (it can still be slowed down)."""

    def __init__(
        self,
        rate: float | None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] | None = None,
    ) -> None:
        """Start with the gate open and the full rate."""
        import anyio  # a dry run without requests need not wait for it

        self.set_rate = rate
        self.rate = rate
        self._clock, self._sleep = clock, sleep or anyio.sleep
        self._next = clock()
        self._left: deque[float] = deque(maxlen=_most(rate) if rate else 1)
        self._queue = anyio.Lock()
        self._gate = self._trial = -math.inf
        self._refused = False
        self._cut = -math.inf
        self._holds = 0
        self.abandoned = False

    async def slot(self) -> None:
        """Wait for this caller's turn, first come, first served; returns at once where the run was `abandoned`."""
        if self.rate is None and not self._refused and self._clock() >= self._gate:
            return
        async with self._queue:
            while not self.abandoned:
                now = self._clock()
                wait = max(self._gate, self._trial) - now
                if wait <= 0 and self.rate is not None:
                    wait = max(self._next, self._earliest()) - now - ADVANCE
                if wait <= 0:
                    break
                await self._sleep(min(wait + ADVANCE, STEP))
            self._leave(self._clock())

    def _leave(self, now: float) -> None:
        if self.rate is not None:
            self._left.append(now)
            self._next = max(self._next, now - CATCH_UP) + SPACING / self.rate
        if self._refused:
            self._trial = now + TRIAL

    def _earliest(self) -> float:
        """The first moment at which one more does not make a second too full."""
        most = _most(self.rate) if self.rate else 1
        return self._left[-most] + WINDOW if len(self._left) >= most else -math.inf

    async def pause(self, seconds: float) -> None:
        """Wait so long, or until the run is `abandoned`."""
        until = self._clock() + seconds
        while not self.abandoned and (left := until - self._clock()) > 0:
            await self._sleep(min(left, STEP))

    def slow_down(self, seconds: float | None) -> float:
        """Halve the rate and hold everybody for `seconds`; without a hint, longer each time. Return the hold.

        Refusals of requests that left before the gate was shut are the same refusal: they cost nothing more.
        """
        now = self._clock()
        again = now >= self._gate
        if seconds is None:
            if not again:
                return self.held_for
            seconds = min(FIRST_HOLD * 2**self._holds, LONGEST_HOLD) * random.uniform(0.8, 1.2)
        if again:
            self._holds = min(self._holds + 1, 10)
        if again and now - self._cut >= 1.0 and self.rate is not None and self.set_rate is not None:
            self.rate, self._cut = max(self.rate / 2, self.set_rate * LOWEST_SHARE), now
        self._gate, self._trial, self._refused = max(self._gate, now + seconds), -math.inf, True
        self._next = max(self._next, self._gate)
        return seconds

    def succeeded(self) -> None:
        """Let the others go on too, and raise the rate a little towards what was set."""
        self._holds, self._trial, self._refused = 0, -math.inf, False
        if self.rate is not None and self.set_rate is not None and self.rate < self.set_rate:
            self.rate = min(self.rate + min(self.set_rate / (RECOVERY * self.rate), self.rate), self.set_rate)

    @property
    def held_for(self) -> float:
        """Seconds until the gate opens; 0 when it is open."""
        return max(0.0, self._gate - self._clock())


def _most(rate: float) -> int:
    """How many requests a second may hold."""
    return max(math.ceil(rate), math.floor(rate * TOLERANCE))


def backoff(attempt: int, base: float = 0.5, cap: float = 30.0) -> float:
    """Seconds to wait before attempt `attempt` (1: the first repeat): exponential, with full jitter."""
    return random.uniform(0, min(cap, base * 2 ** (attempt - 1))) + base / 10
