"""Turn lifelike lists into a table in Markdown: whole dry runs beside what one would use instead of them.

    python -m tests.benchmarks.whole [--rows 1000000] [--peer-rows 20000] [--book-rows 100000] [--times 5]

Every way is a process of its own, measured from its start to its end: wall seconds, CPU seconds with those of its
children, and the largest process. They take turns, the figures are medians of the turns. The slow ones get
`--peer-rows`, since nobody waits for them; rows a second are compared. A library that is not installed is left out.
"""

from __future__ import annotations

import argparse
import csv
import datetime
import importlib.util
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from tests.benchmarks import lifelike
from tests.benchmarks.peers import PEERS


class Way(NamedTuple):
    """One line of the table: what is started, and how many rows it works on (0: none)."""

    name: str
    command: tuple[str, ...]
    rows: int = 0


class Cost(NamedTuple):
    """What one process took: seconds, seconds, MB."""

    wall: float
    cpu: float
    peak: float


def measure(command: Iterable[str], folder: Path) -> Cost:
    """Start a process with an empty home, wait for its end, and tell what it took.

    Raises:
        RuntimeError: it failed.
    """
    # Compiled modules are kept, as on a user's machine; the first turn makes them, the median does not see it.
    left_out = ("PIRIOD_", "DAYZERO_", "XDG_", "PYTHONDONTWRITEBYTECODE")
    keep = {n: v for n, v in os.environ.items() if not n.startswith(left_out)}
    given = {**keep, "HOME": str(folder), "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}
    began = time.perf_counter()
    with (folder / "said").open("wb") as said:
        child = subprocess.Popen(list(command), stdout=said, stderr=said, stdin=subprocess.DEVNULL, env=given)
        _, status, used = os.wait4(child.pid, 0)
    wall = time.perf_counter() - began
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in (0, 1):
        raise RuntimeError(f"{list(command)} ended with {child.returncode}: {(folder / 'said').read_text()[-2000:]}")
    return Cost(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def dry_run(path: Path, target: str, folder: Path) -> tuple[str, ...]:
    """The command of a dry run into a folder that is new each time."""
    out = f"import sys,tempfile,pipeline.cli as c;c.main([*sys.argv[1:],'--out',tempfile.mkdtemp(dir={str(folder)!r})])"
    return (sys.executable, "-c", out, "run", str(path), "--to", target, "--dry-run", "--offline", "--quiet",
            "--business-currency", "CLP")  # fmt: skip


def peer(name: str, path: Path, folder: Path) -> tuple[str, ...]:
    """The command of a peer."""
    return (sys.executable, "-m", "tests.benchmarks.whole", "--one", name, str(path), str(folder / "out"))


def ways(given: argparse.Namespace, folder: Path) -> list[Way]:
    """What is measured."""
    big, small, book, tiny = (folder / n for n in ("list.csv", "small.csv", "book.xlsx", "tiny.csv"))
    lines = given.rows
    if given.file:
        big = given.file
    else:
        lifelike.write(big, lines)
    _first(big, small, given.peer_rows)
    _first(big, tiny, 50)
    found = [
        Way("floor: polars copies the CSV", peer("floor", big, folder), lines),
        Way("**customer-import, dry run to Piriod**", dry_run(big, "piriod", folder), lines),
        Way("**customer-import, dry run to DayZero**", dry_run(big, "dayzero", folder), lines),
    ]
    if given.only != "ours":
        for name in ("naive", "frictionless", "pandera", "dataframely"):
            if name == "naive" or importlib.util.find_spec(name):
                many = lines if name in ("pandera", "dataframely") else given.peer_rows
                shown = "naive row loop, scalar libraries" if name == "naive" else f"{name}, no phones, no tax ids"
                found.append(Way(shown, peer(name, big if many == lines else small, folder), many))
            else:
                print(f"{name} is not installed and left out", file=sys.stderr)
    if given.book_rows:
        _book(big, book, given.book_rows)
        found.append(Way("openpyxl reads the .xlsx", peer("openpyxl", book, folder), given.book_rows))
        found.append(Way("**customer-import, .xlsx to Piriod**", dry_run(book, "piriod", folder), given.book_rows))
    run = (sys.executable, "-c")
    return [
        *found,
        Way("import polars, pydantic, openpyxl", (*run, "import polars, pydantic, openpyxl")),
        Way("**customer-import, dry run of 50 rows**", dry_run(tiny, "piriod", folder)),
        Way("python, nothing done", (*run, "pass")),
        Way("**customer-import --help**", (sys.executable, "-m", "pipeline", "--help")),
    ]


def _first(path: Path, part: Path, rows: int) -> None:
    with path.open(encoding="utf-8-sig", newline="") as file, part.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, delimiter=";")
        for _, line in zip(range(rows + 1), csv.reader(file, delimiter=";"), strict=False):
            writer.writerow(line)


def _book(path: Path, book: Path, rows: int) -> None:
    import xlsxwriter

    with xlsxwriter.Workbook(book, {"constant_memory": True, "strings_to_urls": False}) as made:
        sheet = made.add_worksheet("Clientes")
        with path.open(encoding="utf-8-sig", newline="") as file:
            for at, line in zip(range(rows + 1), csv.reader(file, delimiter=";"), strict=False):
                for column, cell in enumerate(line):
                    sheet.write_string(at, column, cell)


def table(found: dict[str, list[Cost]], plan: list[Way]) -> list[str]:
    """The lines of the table."""
    middle = {n: Cost(*(statistics.median(c[i] for c in costs) for i in range(3))) for n, costs in found.items()}
    first = plan[0].name
    lines = [
        "| | rows | wall s | CPU s | rows/s | of the floor's speed | peak MB |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    for way in plan:
        cost, speed, of_floor = middle[way.name], "", ""
        if way.rows:
            speed = f"{way.rows / cost.wall:,.0f}"
            turns = zip(found[way.name], found[first], strict=True)
            of_floor = f"{statistics.median(way.rows / a.wall / (plan[0].rows / b.wall) for a, b in turns):.3f}"
        rows = f"{way.rows:,}" if way.rows else ""
        lines.append(
            f"| {way.name} | {rows} | {cost.wall:.2f} | {cost.cpu:.2f} | {speed} | {of_floor} | {cost.peak:.0f} |"
        )
    return lines


def main() -> None:
    """Measure, and print the table."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--rows", type=int, default=1_000_000)
    asked.add_argument("--peer-rows", type=int, default=20_000)
    asked.add_argument("--book-rows", type=int, default=100_000)
    asked.add_argument("--times", type=int, default=5)
    asked.add_argument("--file", type=Path, help="a list of --rows rows that `lifelike` made before; it takes a while")
    asked.add_argument("--only", choices=("ours",))
    asked.add_argument("--one", nargs=3, metavar=("PEER", "FILE", "OUT"), help=argparse.SUPPRESS)
    given = asked.parse_args()
    if given.one:
        PEERS[given.one[0]](Path(given.one[1]), Path(given.one[2]))
        return
    with tempfile.TemporaryDirectory() as scratch:
        plan = ways(given, Path(scratch))
        found: dict[str, list[Cost]] = {way.name: [] for way in plan}
        for _ in range(given.times):
            for way in plan:
                found[way.name].append(measure(way.command, Path(scratch)))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 30
    print(f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}, Python {platform.python_version()}, {os.cpu_count()} cores, "
          f"{memory} GiB, medians of {given.times}\n")  # fmt: skip
    print("\n".join(table(found, plan)))


if __name__ == "__main__":
    main()
