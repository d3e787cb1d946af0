"""Turn a lifelike CSV list into the speed and the peak memory of this reader, of polars and of Python's csv on it.

    python -m tests.benchmarks.reading_csv [ROWS] [--times N]

Each reading is a process of its own that gives all cells as text in batches of 65,536 rows: ours with encoding, dialect
and header detected, every byte proved and the file hashed; the others told the delimiter. They take turns, and the
ratios are medians of the turns, so that what else the machine does weighs on all alike.
"""

from __future__ import annotations

import argparse
import csv
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from pipeline.cli import memory

BATCH = 65_536


def ours(path: Path) -> int:
    """This reader: opening and all batches."""
    from pipeline.progress import Silent
    from pipeline.read import ReadOptions, open_sheet

    with tempfile.TemporaryDirectory() as scratch:
        sheet = open_sheet(path, ReadOptions(), Path(scratch), Silent())
        return sum(batch.cells.height for batch in sheet.batches(BATCH))


def polars(path: Path) -> int:
    """The batches of polars, which it reads on all cores and proves nothing about."""
    import polars as pl

    scan = pl.scan_csv(path, separator=";", infer_schema=False)
    return sum(frame.height for frame in scan.collect_batches(chunk_size=BATCH, maintain_order=True))


def standard(path: Path) -> int:
    """Python's csv."""
    with path.open(encoding="utf-8", newline="") as file:
        return sum(1 for _ in csv.reader(file, delimiter=";")) - 1


READERS: dict[str, Callable[[Path], int]] = {"ours": ours, "polars": polars, "standard": standard}


def measure(name: str, path: Path) -> dict[str, float]:
    """Rows, wall and CPU seconds, and the peak memory in MB, of a reading in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.reading_csv", "--one", name, str(path)],
        check=True, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _one(name: str, path: Path) -> None:
    memory.settle()  # as the command does, for all alike
    import polars as pl

    pl.DataFrame({"a": [1]}).lazy().collect()  # what polars needs to begin at all is not measured
    READERS[name](path.with_suffix(".head"))
    wall, cpu = time.perf_counter(), time.process_time()
    rows = READERS[name](path)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"rows": rows, "wall": wall, "cpu": cpu, "memory": peak}))


def main() -> None:
    """Print one line for each reader."""
    asked = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    asked.add_argument("rows", type=int, nargs="?", default=1_000_000)
    asked.add_argument("--times", type=int, default=5)
    asked.add_argument("--one", nargs=2, metavar=("READER", "FILE"), help=argparse.SUPPRESS)
    given = asked.parse_args()
    if given.one:
        _one(given.one[0], Path(given.one[1]))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "list.csv"
        _write(path, given.rows)
        turns = [{name: measure(name, path) for name in READERS} for _ in range(given.times)]
    print(f"{'':10}{'rows/s':>12}{'wall s':>9}{'CPU s':>8}{'MB':>7}   of polars: by wall, by CPU")
    for name in READERS:
        wall, cpu = (statistics.median(turn[name][key] for turn in turns) for key in ("wall", "cpu"))
        by = [statistics.median(turn["polars"][key] / turn[name][key] for turn in turns) for key in ("wall", "cpu")]
        peak = max(turn[name]["memory"] for turn in turns)
        print(f"{name:10}{given.rows / wall:12,.0f}{wall:9.2f}{cpu:8.2f}{peak:7.0f}   {by[0]:.2f}, {by[1]:.2f}")


def _write(path: Path, rows: int) -> None:
    """A list of any length from 100,000 different rows, and a short one beside it."""
    from tests.benchmarks import lifelike

    lifelike.write(path, min(rows, 100_000))
    head, _, body = path.read_bytes().partition(b"\n")
    path.with_suffix(".head").write_bytes(head + b"\n" + body[: body.find(b"\n", 200_000) + 1])
    with path.open("ab") as file:
        for _ in range(rows // 100_000 - 1):
            file.write(body)


if __name__ == "__main__":
    main()
