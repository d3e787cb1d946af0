"""Turn lists of growing size, width and faultiness into a table: what a dry run costs per row and per cell.

    python -m tests.benchmarks.growth [--rows 20000] [--target piriod]

Each list is twice or four times the one before it in one respect alone. Where the CPU seconds a row (less those of the
smallest list's start) grow with it, something is not linear. The workbook of errors is part of each run.
"""

from __future__ import annotations

import argparse
import csv
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks import lifelike
from tests.benchmarks.whole import dry_run, measure

Change = Callable[[int, dict[str, str]], dict[str, str]]


def _same(_: int, row: dict[str, str]) -> dict[str, str]:
    return row


def _one_cause(_: int, row: dict[str, str]) -> dict[str, str]:
    return {**row, "Correo": "nadie"}


def _own_cause(at: int, row: dict[str, str]) -> dict[str, str]:
    return {**row, "Correo": f"nadie{at}", "País": f"Ningún país {at}", "Moneda": f"M{at}"}


def _twins(at: int, row: dict[str, str]) -> dict[str, str]:
    return {**row, "Código cliente": f"K{at // 2}", "RUT/RFC/NIT": ""}


def lists(rows: int) -> list[tuple[str, int, int, Change]]:
    """What is measured: a name, how many rows, how many columns more, and what is done to each row."""
    return [
        ("start alone", 50, 0, _same),
        *((f"{n:,} rows", n, 0, _same) for n in (rows, 2 * rows, 4 * rows)),
        *((f"{rows:,} rows, {20 + more} columns", rows, more, _same) for more in (20, 60, 180)),
        *((f"{n:,} rows, all bad, one cause", n, 0, _one_cause) for n in (rows, 2 * rows, 4 * rows)),
        *((f"{n:,} rows, all bad, each value its own", n, 0, _own_cause) for n in (rows, 2 * rows, 4 * rows)),
        *((f"{n:,} rows, each twice with another content", n, 0, _twins) for n in (rows, 2 * rows, 4 * rows)),
    ]


def _write(source: Path, path: Path, rows: int, more: int, change: Change) -> None:
    with source.open(encoding="utf-8-sig", newline="") as file, path.open("w", encoding="utf-8", newline="") as out:
        read = csv.DictReader(file, delimiter=";")
        writer = csv.writer(out, delimiter=";")
        writer.writerow([*(read.fieldnames or ()), *(f"Extra {n}" for n in range(more))])
        for at, row in zip(range(rows), read, strict=False):
            writer.writerow([*change(at, row).values(), *(f"x{at % 97}" for _ in range(more))])


def main() -> None:
    """Measure once each, and print the table."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--rows", type=int, default=20_000)
    asked.add_argument("--target", default="piriod")
    given = asked.parse_args()
    print("| list | CPU s | of it start | µs CPU a row | peak MB |\n|---|--:|--:|--:|--:|")
    start = 0.0
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        lifelike.write(folder / "base.csv", 4 * given.rows)
        for name, rows, more, change in lists(given.rows):
            _write(folder / "base.csv", folder / "list.csv", rows, more, change)
            cost = measure(dry_run(folder / "list.csv", given.target, folder), folder)
            start = start or cost.cpu
            each = f"{(cost.cpu - start) / rows * 1e6:.0f}" if rows > 50 else ""
            print(f"| {name} | {cost.cpu:.1f} | {start:.1f} | {each} | {cost.peak:.0f} |")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
