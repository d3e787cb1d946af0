"""Turn one workbook into rows a second and peak memory: ours, fastexcel, python-calamine and openpyxl, in one run.

    python -m tests.benchmarks.reading_workbooks [--rows 100000] [--runs 5] [FILE.xlsx]

Every reader makes text of all 20 columns in a process of its own, in turn with the others; medians of the runs, the
ratio of ours to it run by run. Ours is `open_sheet` and all its batches, its child process and that one's start
included. The start of Python and the loading of libraries are in none. CPU seconds include those of children.
"""

from __future__ import annotations

import argparse
import datetime as dt
import importlib
import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import xlsxwriter

READERS = ("ours", "fastexcel", "python-calamine", "openpyxl")
LIBRARIES = {"ours": ["pipeline.read.table", "pipeline.read.workbook"], "fastexcel": ["fastexcel", "polars"], "python-calamine": ["python_calamine"],
             "openpyxl": ["openpyxl"]}  # fmt: skip
HEADERS = ["id", "name", "tax_id", "email", "phone", "mobile", "country", "state", "city", "address", "zip", "currency",
           "credit", "amount", "rate", "since", "active", "status", "notes", "reference"]  # fmt: skip


def write(path: Path, rows: int) -> None:
    """A customer list of 20 columns: texts, whole numbers, money, percents, dates, truths, padded zip codes."""
    dice = random.Random(1)
    first, last = ["José", "Ana", "Pedro", "María", "Luis", "Eva"], ["Paz", "Gil", "Ñuñez", "Rojas", "Soto", "Díaz"]
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("Customers")
        padded, money, percent, day = (
            book.add_format({"num_format": code}) for code in ("00000", "#,##0.00", "0%", "yyyy-mm-dd")
        )
        sheet.write_row(0, 0, HEADERS)
        for i in range(1, rows + 1):
            a, b = dice.choice(first), dice.choice(last)
            since = dt.datetime(2015, 1, 1) + dt.timedelta(days=dice.randrange(3000))
            cells = [
                (i, None), (f"{a} {b} {i}", None), (f"{dice.randrange(10**7, 10**8)}-{dice.randrange(10)}", None),
                (f"{a.lower()}.{i}@example.com", None), (f"+569{dice.randrange(10**7, 10**8)}", None),
                (dice.randrange(56_900_000_000, 56_999_999_999), None), (dice.choice(["CL", "MX", "CO"]), None),
                (dice.choice(["Santiago", "Jalisco", "Antioquia"]), None), (f"Ciudad {dice.randrange(300)}", None),
                (f"Calle {dice.randrange(9999)} & {b} #{i}", None), (dice.randrange(99_999), padded), ("CLP", None),
                (dice.randrange(10**6), None), (dice.randrange(10**7) / 100, money), (dice.randrange(100) / 100, percent),
                (since, day), (dice.random() < 0.5, None), ("active", None),
                (f'note, "{i}"\nline two' if i % 3 == 0 else None, None), (f"REF{i:08}", None),
            ]  # fmt: skip
            for column, (value, style) in enumerate(cells):
                sheet.write(i, column, value, style)


def read(reader: str, path: Path) -> int:
    """All rows of a workbook as text; how many there are."""
    if reader == "ours":
        from pipeline.progress import Silent
        from pipeline.read import ReadOptions, open_sheet

        with tempfile.TemporaryDirectory() as scratch:
            sheet = open_sheet(path, ReadOptions(), Path(scratch), Silent())
            return sum(batch.cells.height for batch in sheet.batches(16_384))
    if reader == "fastexcel":
        import fastexcel

        return int(fastexcel.read_excel(path).load_sheet(0, dtypes="string").to_polars().height)
    if reader == "python-calamine":
        from python_calamine import CalamineWorkbook

        rows = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).iter_rows()
        return sum(1 for row in rows if [str(value) for value in row]) - 1
    import openpyxl

    sheet = openpyxl.load_workbook(path, read_only=True, data_only=True).worksheets[0]
    return sum(1 for row in sheet.iter_rows(values_only=True) if [str(value) for value in row]) - 1


def measure(reader: str, path: Path) -> dict[str, float]:
    """Rows, wall and CPU seconds and peak MiB of one reading, in a new process."""
    command = [sys.executable, "-m", "tests.benchmarks.reading_workbooks", "--reader", reader, str(path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _alone(reader: str, path: Path) -> None:
    for module in LIBRARIES[reader]:
        importlib.import_module(module)
    began, used = time.perf_counter(), time.process_time()
    rows = read(reader, path)
    wall, own = time.perf_counter() - began, time.process_time() - used
    child, here = resource.getrusage(resource.RUSAGE_CHILDREN), resource.getrusage(resource.RUSAGE_SELF)
    peak = max(here.ru_maxrss, child.ru_maxrss) / 1024
    print(json.dumps({"rows": rows, "wall": wall, "cpu": own + child.ru_utime + child.ru_stime, "peak": peak}))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", nargs="?", type=Path)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--reader", choices=READERS, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.reader:
        _alone(given.reader, given.file)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = given.file or Path(folder) / "customers.xlsx"
        if given.file is None:
            write(path, given.rows)
        runs = [{reader: measure(reader, path) for reader in READERS} for _ in range(given.runs)]
    print(f"{'reader':18}{'rows/s':>10}{'CPU s':>8}{'peak MiB':>10}{'ours / it':>11}")
    for reader in READERS:
        rate = statistics.median(run[reader]["rows"] / run[reader]["wall"] for run in runs)
        cpu = statistics.median(run[reader]["cpu"] for run in runs)
        peak = statistics.median(run[reader]["peak"] for run in runs)
        ratio = statistics.median(run[reader]["wall"] / run["ours"]["wall"] for run in runs)
        print(f"{reader:18}{rate:>10,.0f}{cpu:>8.2f}{peak:>10,.0f}{ratio:>11.2f}")


if __name__ == "__main__":
    main()
