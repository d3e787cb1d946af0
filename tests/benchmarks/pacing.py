"""Turn a set rate into the rate that a server sees, and print how far they are apart.

    python -m tests.benchmarks.pacing --seconds 8

The server is a process of its own that notes the moment of each request. For 5, 50 and 500 a second: the mean, and
the fullest window of one second anywhere in the run. Then the same with a quarter of the time under 429 or 503: how
low the rate goes, and that it is back at the end.
"""

from __future__ import annotations

import argparse
import asyncio
import bisect
from typing import Any

import anyio

from pipeline.client import Client, Patience, connect
from pipeline.pace import Limiter
from pipeline.targets.interface import Call
from tests.benchmarks.pushing import AT_ONCE, HEADERS, PATH, bodies, served

POST = Call("POST", PATH, body=bodies(1)[0])


def fullest(moments: list[float]) -> int:
    """The most requests in any window of one second (half open)."""
    return max(bisect.bisect_left(moments, t + 1.0) - at for at, t in enumerate(moments))


async def ask(client: Client, path: str) -> Any:
    """Ask the server something, beside the pace."""
    return (await client.send(Call("GET", path), slot=False)).json


class Noted(Limiter):
    """A limiter that notes when it let somebody go."""

    went: list[float]

    async def slot(self) -> None:
        """Wait, and note the moment."""
        await super().slot()
        self.went.append(self._clock())


async def steady(base: str, rate: float, seconds: float) -> tuple[list[float], list[float]]:
    """Send at `rate` for so long with 32 workers; the moments at the server, and ours."""
    limiter = Noted(rate)
    limiter.went = []
    async with connect(base, HEADERS, limiter, Patience(), AT_ONCE) as client:
        await ask(client, "/moments")
        until = anyio.current_time() + seconds

        async def worker() -> None:
            while anyio.current_time() < until:
                await client.send(POST)

        await asyncio.gather(*(worker() for _ in range(AT_ONCE)))
        return [t for t, _ in await ask(client, "/moments")], limiter.went


async def disturbed(base: str, rate: float, seconds: float, status: int) -> tuple[float, float, int, list[float]]:
    """The same, while the server refuses with `status` in the second quarter: lowest and last rate, refusals, moments."""
    limiter, lowest = Limiter(rate), rate
    async with connect(base, HEADERS, limiter, Patience(), AT_ONCE) as client:
        await ask(client, "/moments")
        start = anyio.current_time()

        async def worker() -> None:
            nonlocal lowest
            while anyio.current_time() < start + seconds:
                await client.send(POST)
                lowest = min(lowest, limiter.rate or rate)

        async def trouble() -> None:
            await anyio.sleep(seconds / 4)
            await ask(client, f"/refuse?{status}")
            await anyio.sleep(seconds / 4)
            await ask(client, "/refuse?null")

        await asyncio.gather(trouble(), *(worker() for _ in range(AT_ONCE)))
        told = await ask(client, "/moments")
    return lowest, limiter.rate or 0.0, sum(s == status for _, s in told), [t for t, _ in told]


def main() -> None:
    """Read the arguments, and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--seconds", type=float, default=8.0)
    seconds = parser.parse_args().seconds
    with served() as base:
        print(
            f"{'set':>5} {'requests':>9} {'mean':>8} {'off by':>8} {'fullest second':>15} {'over by':>8} {'as it left':>11}"
        )
        for rate in (5.0, 50.0, 500.0):
            moments, went = anyio.run(steady, base, rate, seconds)
            mean, most = (len(moments) - 1) / (moments[-1] - moments[0]), fullest(moments)
            print(
                f"{rate:5g} {len(moments):9} {mean:8.2f} {mean / rate - 1:8.2%} {most:15} {most / rate - 1:8.2%} {fullest(went):11}"
            )
        print(f"\n{'set':>5} {'answer':>7} {'refused':>8} {'lowest rate':>12} {'last rate':>10} {'fullest second':>15}")
        for rate in (5.0, 50.0, 500.0):
            for status in (429, 503):
                lowest, last, refused, moments = anyio.run(disturbed, base, rate, seconds * 2, status)
                print(f"{rate:5g} {status:7} {refused:8} {lowest:12.2f} {last:10.2f} {fullest(moments):15}")


if __name__ == "__main__":
    main()
