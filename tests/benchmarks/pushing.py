"""Turn one list into requests in four ways, in turn, and print how fast each is and what it costs.

    python -m tests.benchmarks.pushing --rows 3000 --rounds 5 [--resume 1000000]

The server is a process of its own. The ways: plain httpx; httpx on its aiohttp transport (the yardstick); our client
alone; a whole push (plan read, journal synchronised to the disk, answers read). No pace is set; 32 connections.
Wall seconds of a busy machine say little: the processor seconds of this process stand beside them, and each ratio
is the median of the rounds' own ratios. `--resume N` times the start of a push of N rows of which all but 100 are in.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import httpx
import polars as pl
from httpx_aiohttp import HttpxAiohttpClient

from pipeline.client import Client, Patience, connect
from pipeline.folder import RunFolder
from pipeline.options import PushOptions, RunOptions, Server
from pipeline.pace import Limiter
from pipeline.progress import Silent
from pipeline.run import prepare, push
from pipeline.targets.interface import Call

AT_ONCE = 32
PATH = "/api/v1/customers"
SECRETS = {"DAYZERO_API_TOKEN": "dz_benchmark", "DAYZERO_BUSINESS_ID": "0198c0de-0000-7000-8000-000000000001"}
HEADERS = {"Authorization": "Bearer dz_benchmark", "Content-Type": "application/json"}


@contextmanager
def served() -> Iterator[str]:
    """The base URL of a fast server in another process."""
    command = [sys.executable, "-m", "tests.benchmarks.fast_server", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.terminate()
        process.wait()


def bodies(rows: int) -> list[bytes]:
    """Invented customers as JSON, about 300 bytes each."""
    return [json.dumps(customer(n), separators=(",", ":")).encode() for n in range(rows)]


def customer(n: int) -> dict[str, str]:
    """One of them."""
    return {"name": f"Northwind Studio {n} LLC", "email": f"billing{n}@northwind{n % 97}.example",
            "phone": "+12125550100", "address": f"{n} Fifth Avenue, New York, NY 10118",
            "website": f"https://northwind{n}.example", "category": "Retail", "notes": f"Prefers invoices on day {n % 28}"}  # fmt: skip


def bare(client: Callable[[], httpx.AsyncClient], base: str, rows: int) -> None:
    """Every body once, by 32 workers on one httpx client."""
    left = iter(bodies(rows))

    async def work() -> None:
        async with client() as http:

            async def worker() -> None:
                for body in left:
                    answer = await http.post(base + PATH, content=body, headers=HEADERS)
                    assert answer.status_code == 201 and answer.json()["id"]

            await asyncio.gather(*(worker() for _ in range(AT_ONCE)))

    asyncio.run(work())


def ours(base: str, rows: int) -> None:
    """Every body once, by 32 workers on our client, without a journal."""
    left = iter(bodies(rows))

    async def work() -> None:
        async with connect(base, HEADERS, Limiter(None), Patience(), AT_ONCE) as client:

            async def worker() -> None:
                for body in left:
                    assert (await client.send(Call("POST", PATH, body=body))).status == 201

            await asyncio.gather(*(worker() for _ in range(AT_ONCE)))

    anyio.run(work)


def planned(base: str, rows: int, place: Path) -> tuple[RunFolder, Server]:
    """A reviewed plan of so many new customers."""
    source, server = place / "list.csv", Server(base, "live", SECRETS)
    pl.DataFrame([customer(n) for n in range(rows)]).write_csv(source)
    made = prepare(RunOptions((str(source),), "dayzero", out=place / "run", base_url=base), server, Silent())
    return made.folder, server


def pushed(folder: RunFolder, server: Server, rows: int) -> None:
    """The plan, pushed with its journal."""
    result, _ = push(folder, server, PushOptions(rate=0, concurrency=AT_ONCE), Silent())
    assert result.counts["created"] == rows, result


def timed(work: Callable[[], None]) -> tuple[float, float]:
    """Wall and processor seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def compare(rows: int, rounds: int) -> None:
    """Print the table."""
    took: dict[str, list[tuple[float, float]]] = {}
    with served() as base:
        for _ in range(rounds):
            with tempfile.TemporaryDirectory() as place:
                folder, server = planned(base, rows, Path(place))
                ways: dict[str, Callable[[], None]] = {
                    "httpx": partial(bare, lambda: httpx.AsyncClient(trust_env=False), base, rows),
                    "httpx on aiohttp": partial(bare, lambda: HttpxAiohttpClient(trust_env=False), base, rows),
                    "our client": partial(ours, base, rows),
                    "a push, journal on": partial(pushed, folder, server, rows),
                }
                for name, way in ways.items():
                    took.setdefault(name, []).append(timed(way))
    print(f"{rows:,} POSTs, {AT_ONCE} connections, {rounds} rounds in turn; medians")
    print(f"{'':20} {'a second':>9} {'cpu ms each':>12} {'of httpx on aiohttp':>20} {'by cpu':>7} {'of httpx':>9}")
    for name, times in took.items():
        wall, cpu = (statistics.median(t[at] for t in times) for at in (0, 1))
        yard, plain = took["httpx on aiohttp"], took["httpx"]
        ratio = [statistics.median(a[at] / b[at] for a, b in zip(base_, times, strict=True))
                 for base_, at in ((yard, 0), (yard, 1), (plain, 0))]  # fmt: skip
        print(
            f"{name:20} {rows / wall:9,.0f} {cpu / rows * 1000:12.3f} {ratio[0]:20.2f} {ratio[1]:7.2f} {ratio[2]:9.2f}"
        )


def memory(rows: int) -> None:
    """Print the peak memory of pushes of a tenth of the rows and of all, each in a process of its own (Linux only).

    The peak is the kernel's for what runs now: `ru_maxrss` also has that of the process which started it.
    """
    for count in (rows // 10, rows):
        with served() as base, tempfile.TemporaryDirectory() as place:
            planned(base, count, Path(place))
            code = (f"from tests.benchmarks.pushing import *\nfrom pipeline.folder import RunFolder\n"
                    f"pushed(RunFolder.find({str(Path(place) / 'run')!r}), Server({base!r}, 'live', SECRETS), {count})\n"
                    "status = Path('/proc/self/status').read_text()\n"
                    "print(int(status.partition('VmHWM:')[2].split()[0]) // 1024)")  # fmt: skip
            done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
            print(f"peak memory of a push of {count:,} rows: {done.stdout.strip()} MiB")


def resume(rows: int) -> None:
    """Print how long a push of a plan takes of which all but 100 rows are in: its start, above all."""
    from pipeline.journal import Entry, Journal

    with served() as base, tempfile.TemporaryDirectory() as place:
        folder, server = planned(base, rows, Path(place))
        facts = json.loads(folder.file("plan.json").read_text())
        binding = {
            "plan": facts["plan_sha256"],
            "target": "dayzero",
            "workspace": SECRETS["DAYZERO_BUSINESS_ID"],
            "mode": "LIVE",
        }
        book = Journal.open(folder.file("journal.db"), binding)
        for first in range(0, rows - 100, 50_000):
            book.put_soon(*(Entry(n, "created", id=f"old{n}", http_status=201, attempts=1, sent_at=1.0, known=[])
                            for n in range(first, min(first + 50_000, rows - 100))))  # fmt: skip
            anyio.run(book.flush)
        book.close()
        began, first = (time.perf_counter(), time.process_time()), []
        send = Client.send

        async def noted(self: Client, call: Call, **given: Any) -> Any:
            if call.writes and not first:
                first.extend([time.perf_counter() - began[0], time.process_time() - began[1]])
            return await send(self, call, **given)

        Client.send = noted  # type: ignore[method-assign]
        wall, cpu = timed(lambda: pushed(folder, server, 100))
        Client.send = send  # type: ignore[method-assign]
        print(f"push of {rows:,} rows of which 100 are left: its first request after {first[0]:.2f} s wall, {first[1]:.2f} s"
              f" processor; all of it {wall:.2f} s wall, {cpu:.2f} s processor")  # fmt: skip


def main() -> None:
    """Read the arguments, and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--rows", type=int, default=3000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--memory", type=int, help="peak memory at a tenth of so many rows and at all")
    parser.add_argument("--resume", type=int, help="start of a push that goes on, at so many rows")
    given: Any = parser.parse_args()
    os.environ["XDG_STATE_HOME"] = tempfile.mkdtemp()
    if given.rounds:
        compare(given.rows, given.rounds)
    if given.memory:
        memory(given.memory)
    if given.resume:
        resume(given.resume)


if __name__ == "__main__":
    main()
