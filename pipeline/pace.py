"""Turn a wish (requests a second) into moments: one limiter for a whole run, that listens to the target.

The limiter is a GCRA scheduler with burst one: every request gets the next free slot, slots are 1/rate
apart, so that no window of one second holds more than the rate. A "too many requests" or "maintenance" answer
halves the rate and closes the gate for as long as the target asks; each success raises the rate a little,
up to what was set.
"""

from __future__ import annotations

import random
import time
from collections.abc import Awaitable, Callable

import anyio

RAISE = 1.02
LOWEST_SHARE = 1 / 64
FIRST_HOLD = 1.0
LONGEST_HOLD = 120.0
ADVANCE = 0.001
STEP = 0.25


class Limiter:
    """Gives out slots; `rate` is requests a second, None for no limit (it can still be slowed down)."""

    def __init__(
        self,
        rate: float | None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    ) -> None:
        """Start with the gate open and the full rate."""
        self.set_rate = rate
        self.rate = rate
        self._clock, self._sleep = clock, sleep
        self._next = clock()
        self._gate = 0.0
        self._holds = 0
        self.abandoned = False

    async def slot(self) -> None:
        """Wait for this caller's turn; returns at once where the run was `abandoned` meanwhile."""
        while not self.abandoned:
            now = self._clock()
            if now < self._gate:
                await self._sleep(min(self._gate - now, STEP))
                continue
            if self.rate is None:
                return
            turn = max(self._next, now)
            self._next = turn + 1 / self.rate
            if turn - now > ADVANCE:
                await self.pause(turn - now)
            if self._clock() >= self._gate:
                return

    async def pause(self, seconds: float) -> None:
        """Wait so long, or until the run is `abandoned`."""
        until = self._clock() + seconds
        while not self.abandoned and (left := until - self._clock()) > 0:
            await self._sleep(min(left, STEP))

    def slow_down(self, seconds: float | None) -> float:
        """Halve the rate and hold everybody for `seconds`; without a hint, longer each time. Return the hold."""
        if seconds is None:
            seconds = min(FIRST_HOLD * 2**self._holds, LONGEST_HOLD) * random.uniform(0.8, 1.2)
        self._holds = min(self._holds + 1, 10)
        now = self._clock()
        if now >= self._gate and self.rate is not None and self.set_rate is not None:
            self.rate = max(self.rate / 2, self.set_rate * LOWEST_SHARE)
        self._gate = max(self._gate, now + seconds)
        self._next = max(self._next, self._gate)
        return seconds

    def succeeded(self) -> None:
        """Raise the rate a little towards what was set."""
        self._holds = 0
        if self.rate is not None and self.set_rate is not None and self.rate < self.set_rate:
            self.rate = min(self.rate * RAISE, self.set_rate)

    @property
    def held_for(self) -> float:
        """Seconds until the gate opens; 0 when it is open."""
        return max(0.0, self._gate - self._clock())


def backoff(attempt: int, base: float = 0.5, cap: float = 30.0) -> float:
    """Seconds to wait before attempt `attempt` (1: the first repeat): exponential, with full jitter."""
    return random.uniform(0, min(cap, base * 2 ** (attempt - 1))) + base / 10
