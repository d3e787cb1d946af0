"""The limiter: no second holds more than the rate, and it listens to the target. Time is virtual."""

from __future__ import annotations

import asyncio
import bisect
import itertools
import math
import random

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulation import simulated_world as sim

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
    assert fullest(slots) <= max(math.ceil(rate), rate * 1.02)


def fullest(moments: list[float]) -> int:
    """The most in any window of one second."""
    return max(bisect.bisect_left(moments, t + 1.0) - at for at, t in enumerate(moments))


class Served:
    """Workers behind one limiter, over a server that answers as `answers` says; time is virtual, and wake-ups are late."""

    def __init__(self, rate: float, workers: int, late: float, seed: int = 0) -> None:
        self.rng, self.late = random.Random(seed), late
        self.loop = sim.Virtual(1000.0)
        self.limiter = Limiter(rate, self.loop.time, self.sleep)
        self.workers, self.moments, self.refused = workers, list[float](), list[float]()
        self.rates: list[tuple[float, float]] = []

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds + self.rng.random() * self.late)

    def run(self, seconds: float, trouble: tuple[float, float] = (0, 0), asks: float | None = None) -> None:
        """Send for so long; between the moments of `trouble` everything is refused, with Retry-After `asks`."""
        start = self.loop.time()

        async def worker() -> None:
            while self.loop.time() < start + seconds:
                await self.limiter.slot()
                now = self.loop.time()
                self.moments.append(now)
                await asyncio.sleep(0.02 + self.rng.random() * 0.1)
                if start + trouble[0] <= now < start + trouble[1]:
                    self.refused.append(now)
                    self.limiter.slow_down(asks)
                else:
                    self.limiter.succeeded()
                self.rates.append((self.loop.time() - start, self.limiter.rate or 0.0))

        async def work() -> None:
            await asyncio.gather(*(worker() for _ in range(self.workers)))

        try:
            self.loop.run_until_complete(work())
        finally:
            self.loop.close()


@pytest.mark.parametrize("rate", [0.5, 1.5, 5, 50, 500])
def test_the_mean_is_within_one_percent_and_the_worst_second_within_two(rate: float) -> None:
    """With wake-ups up to a millisecond late, as event loops have them, at 5, 50 and 500 a second."""
    served = Served(rate, 64, 0.001)
    served.run(20)
    moments = [t for t in served.moments if t <= 1020]
    assert fullest(moments) <= max(math.ceil(rate), rate * 1.02)
    assert (len(moments) - 1) / (moments[-1] - moments[0]) == pytest.approx(rate, rel=0.01)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.sampled_from([2.0, 5.0, 7.5, 50.0, 300.0]), st.integers(1, 40), st.floats(0, 0.7), st.integers(0, 9))
def test_a_machine_that_stalls_never_makes_a_second_too_full(rate: float, workers: int, late: float, seed: int) -> None:
    """However late the wake-ups are, what is made up for afterwards stays within the rate."""
    served = Served(rate, workers, late, seed)
    served.run(6)
    assert fullest(served.moments) <= max(math.ceil(rate), rate * 1.02)


@pytest.mark.parametrize("rate", [5, 50, 500])
@pytest.mark.parametrize("asks", [None, 0.0, 3.0])
def test_the_rate_goes_down_while_it_is_refused_and_comes_back(rate: float, asks: float | None) -> None:
    """Ten seconds of 429: the rate falls once a second at most, few are refused, and 40 s later it is what was set."""
    served = Served(rate, 16, 0.001)
    served.run(60, (5, 15), asks)
    low = min(r for _, r in served.rates)
    assert rate / 16 <= low <= rate / 2
    assert served.limiter.rate == rate
    assert len(served.refused) < max(10 * rate / 2, 40)
    assert all(r == rate for t, r in served.rates if t > 50)


def test_behind_a_gate_one_request_goes_first() -> None:
    """Maintenance of two minutes with 16 workers: what was in flight is refused, then one at a time, ever more seldom."""
    served = Served(50, 16, 0.001)
    served.run(200, (5, 125))
    first = served.refused[0]
    assert 5 <= sum(t > first + 1 for t in served.refused) <= 12
    assert max(t for t in served.moments) > 1190


@pytest.mark.parametrize("rate", [50, None])
def test_the_others_wait_for_the_answer_of_the_first_behind_a_gate(rate: float | None) -> None:
    """As long as nobody was heard one goes every five seconds; who is accepted lets all go."""
    clock = Clock()
    limiter = Limiter(rate, clock, clock.sleep)
    limiter.slow_down(2.0)
    gone: list[float] = []

    async def go(count: int) -> None:
        for _ in range(count):
            await limiter.slot()
            gone.append(clock.now)

    anyio.run(go, 3)
    assert gone[0] >= 1002
    assert all(5 <= later - before < 6 for before, later in itertools.pairwise(gone))
    limiter.succeeded()
    clock.now += 1
    before = clock.now
    anyio.run(go, 10)
    assert clock.now - before < 2


def test_a_pause_ends_after_its_time_or_with_the_run() -> None:
    """Nobody sleeps on in a run that is over."""
    clock = Clock()
    limiter = Limiter(None, clock, clock.sleep)
    anyio.run(limiter.pause, 3.0)
    assert clock.now == pytest.approx(1003)

    async def give_up(seconds: float) -> None:
        await clock.sleep(seconds)
        limiter.abandoned = True

    limiter = Limiter(None, clock, give_up)
    anyio.run(limiter.pause, 60.0)
    assert clock.now < 1004


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


def test_a_gate_is_shut_also_without_a_rate_and_after_an_older_success() -> None:
    """An answer that comes late, from before the refusal, does not open the gate."""
    clock = Clock()
    limiter = Limiter(None, clock, clock.sleep)
    limiter.slow_down(7.0)
    limiter.succeeded()
    anyio.run(limiter.slot)
    assert clock.now >= 1007.0


def test_success_raises_the_rate_up_to_what_was_set() -> None:
    """The rate recovers, and never passes the configured one."""
    clock = Clock()
    limiter = Limiter(10, clock, clock.sleep)
    limiter.slow_down(0.0)
    for _ in range(1000):
        limiter.succeeded()
    assert limiter.rate == 10


def test_without_a_hint_holds_grow() -> None:
    """Refusals one after the other make the waits longer; those of requests that were under way together do not."""
    clock = Clock()
    limiter = Limiter(None, clock)
    holds = []
    for _ in range(6):
        holds.append(limiter.slow_down(None))
        assert all(limiter.slow_down(None) <= holds[-1] + 1e-6 for _ in range(16))
        clock.now += holds[-1] + 1e-6
    assert holds[-1] > 10 * holds[0]


@pytest.mark.parametrize("attempt", range(1, 20))
def test_backoff_is_bounded(attempt: int) -> None:
    """Waits are positive and at most half a minute."""
    assert all(0 < backoff(attempt) <= 30.1 for _ in range(50))
