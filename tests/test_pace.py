"""The limiter: no second holds more than the rate, and it listens to the target. Time is virtual."""

from __future__ import annotations

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.pace import Limiter, backoff


class Clock:
    """Virtual seconds: sleeping moves the time."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += max(seconds, 0.0)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.floats(0.5, 500), st.lists(st.floats(0, 0.3), min_size=2, max_size=300))
def test_no_window_of_a_second_holds_more_than_the_rate(rate: float, pauses: list[float]) -> None:
    """Whatever the callers do in between, a window of one second has at most the rate plus one slot."""
    clock = Clock()
    limiter = Limiter(rate, clock, clock.sleep)
    slots: list[float] = []

    async def work() -> None:
        for pause in pauses:
            await limiter.slot()
            slots.append(clock.now)
            clock.now += pause

    anyio.run(work)
    for start in slots:
        assert sum(start <= t < start + 1 for t in slots) <= rate + 1 + 0.002 * rate


def test_a_hold_closes_the_gate_and_halves_the_rate() -> None:
    """After "too many requests" nobody goes before the time that the target named."""
    clock = Clock()
    limiter = Limiter(10, clock, clock.sleep)
    assert limiter.slow_down(7.0) == 7.0

    async def work() -> None:
        await limiter.slot()

    anyio.run(work)
    assert clock.now >= 1007.0
    assert limiter.rate == 5


def test_success_raises_the_rate_up_to_what_was_set() -> None:
    """The rate recovers, and never passes the configured one."""
    clock = Clock()
    limiter = Limiter(10, clock, clock.sleep)
    limiter.slow_down(0.0)
    for _ in range(1000):
        limiter.succeeded()
    assert limiter.rate == 10


def test_without_a_hint_holds_grow() -> None:
    """Refusals in a row make the waits longer."""
    limiter = Limiter(None, Clock())
    holds = [limiter.slow_down(None) for _ in range(6)]
    assert holds[-1] > 10 * holds[0]


@pytest.mark.parametrize("attempt", range(1, 20))
def test_backoff_is_bounded(attempt: int) -> None:
    """Waits are positive and at most half a minute."""
    assert all(0 < backoff(attempt) <= 30.1 for _ in range(50))
