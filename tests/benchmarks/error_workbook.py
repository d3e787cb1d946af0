"""Turn invented faulty rows into an errors.xlsx, by us or by openpyxl in write-only mode with the same marks.

    python -m tests.benchmarks.error_workbook ours 100000 /tmp/a.xlsx
    python -m tests.benchmarks.error_workbook openpyxl 100000 /tmp/b.xlsx

Prints seconds of wall and of processor for the workbook alone (the rows are made before), and the peak memory.
Each row has one red and one amber cell with a note, 20 columns of the user's and 14 of ours. `--plain` writes
results.xlsx instead: all text, no marks.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import polars as pl
from openpyxl.cell import WriteOnlyCell
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, PatternFill

from pipeline.handoff import Choice, Mapping, SourceFacts
from pipeline.report import Facts
from pipeline.report.columns import layout
from pipeline.report.rows import helper_frame, tell
from pipeline.report.tally import Tally
from pipeline.report.values import Values
from pipeline.report.words import Words
from pipeline.report.workbooks import ErrorBook, ResultBook, side_by_side

BATCH = 20_000
HEADERS = tuple(f"Columna {n}" for n in range(20))
ISSUE = pl.Struct(dict.fromkeys(("field", "column", "value", "code", "detail", "suggestion"), pl.String))


def facts() -> Facts:
    """Facts of an invented run."""
    fields = {1: "email", 2: "country", 3: "state"}
    choices = tuple(Choice(i, header, fields.get(i), "alias") for i, header in enumerate(HEADERS))
    return Facts(HEADERS, (SourceFacts("clientes.csv", "csv"),), ";", True, "clientes-piriod", "Piriod", "acc", "LIVE", "host", "0",
                 "", "", Mapping(choices))  # fmt: skip


def batch(first: int, height: int) -> pl.DataFrame:
    """Rows of which each has an error in one cell and a warning in another."""
    n = pl.int_range(first, first + height, eager=True)
    text = n.cast(pl.String)
    values = ["Comercial Ñandú & Hijos SpA ", "cliente", "EEUU ", "Región de <Ñuble> ", "+56 9 8765 ", "00123"]
    cells = {f"c{i}": (values[i % 6] + text if i % 5 else text.str.zfill(9)) for i in range(20)}
    frame = pl.DataFrame({"row": n.cast(pl.UInt32), **cells})
    issues = pl.concat_list(
        pl.struct(field=pl.lit("email"), column=pl.lit(HEADERS[1]), value="c1", code=pl.lit("email.syntax"), detail=pl.lit("no @ sign"),
                  suggestion=pl.lit(None, pl.String)),
        pl.struct(field=pl.lit("country"), column=pl.lit(HEADERS[2]), value="c2", code=pl.lit("tax_id.may_be_required"),
                  detail=pl.lit("CL"), suggestion=pl.lit(None, pl.String)),
    )  # fmt: skip
    return frame.with_columns(
        source=pl.lit("clientes.csv"), sheet=pl.lit(None, pl.String), status=pl.lit("invalid"), action=pl.lit("none"),
        id=pl.lit(None, pl.String), http_status=pl.lit(None, pl.Int32), attempts=pl.lit(0, pl.Int32),
        retryable=pl.lit(False), key=text, issues=issues.cast(pl.List(ISSUE)), changes=pl.lit(""),
    )  # fmt: skip


def batches(rows: int) -> Iterator[pl.DataFrame]:
    """The rows, a bounded number at a time."""
    for first in range(2, rows + 2, BATCH):
        yield batch(first, min(BATCH, rows + 2 - first))


def ours(rows: int, path: Path, *, plain: bool) -> float:
    """Write the workbook as a run does; the answer is the processor's seconds for making the rows, which do not count."""
    told = facts()
    plan, words, tally, values, aside = layout(told), Words("en"), Tally(told), Values(), 0.0
    with tempfile.TemporaryDirectory() as scratch:
        results = ResultBook(path, Path(scratch), plan, words) if plain else None
        errors = None if plain else ErrorBook(path, Path(scratch), plan, told, words)
        for frame in batches(rows):
            began = time.process_time()
            made = tell(frame)
            tally.add(made)
            helpers = helper_frame(made.frame, plan.helpers if plain else plan.error_helpers, told, advice=True)
            cells = made.frame.select(f"c{i}" for i in range(len(HEADERS)))
            aside += time.process_time() - began
            if results:
                results.write(helpers, cells)
            if errors:
                errors.write(helpers, cells, made.problems(made.frame["at"]))
                values.add(made)
        if results:
            results.finish()
        if errors:
            errors.finish("errors.xlsx", tally.counts(), tally.causes(), values.most())
    return aside


def peer(rows: int, path: Path, *, plain: bool) -> float:
    """The same cells, colours and notes, one by one, with openpyxl in write-only mode."""
    told = facts()
    plan, aside = layout(told), 0.0
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Rows")
    names = plan.helpers if plain else plan.error_helpers
    sheet.append([*names, *HEADERS])
    fills = {"error": PatternFill("solid", fgColor="FFC7CE"), "warning": PatternFill("solid", fgColor="FFEB9C")}
    at = {column: len(names) + index for index, column in enumerate(HEADERS)}
    top = Alignment(vertical="top")
    for frame in batches(rows):
        began = time.process_time()
        made = tell(frame)
        helpers = helper_frame(made.frame, names, told, advice=True).cast(pl.String)
        lines = side_by_side(helpers, made.frame.select(f"c{i}" for i in range(len(HEADERS))))
        notes: dict[int, list[tuple[str, str, str]]] = {}
        for row, column, severity, message, remedy in (
            made.problems(made.frame["at"]).select("at", "column", "severity", "message", "remedy").iter_rows()
        ):
            notes.setdefault(row, []).append((column, severity, f"{message}.\n{remedy}"))
        aside += time.process_time() - began
        for row, line in enumerate(lines.iter_rows()):
            cells = []
            for text in line:
                cell = WriteOnlyCell(sheet, text)
                cell.data_type, cell.number_format, cell.alignment = "s", "@", top
                cells.append(cell)
            for column, severity, note in [] if plain else notes[row]:
                cells[at[column]].fill = fills[severity]
                cells[at[column]].comment = Comment(note, "")
            sheet.append(cells)
    book.save(path)
    return aside


def main() -> None:
    """Write one workbook and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("writer", choices=["ours", "openpyxl"])
    parser.add_argument("rows", type=int)
    parser.add_argument("path", type=Path)
    parser.add_argument("--plain", action="store_true")
    given = parser.parse_args()
    began, spent = time.perf_counter(), time.process_time()
    aside = {"ours": ours, "openpyxl": peer}[given.writer](given.rows, given.path, plain=given.plain)
    wall, spent = time.perf_counter() - began, time.process_time() - spent
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    size = given.path.stat().st_size / 1e6
    print(
        f"{given.writer}: {wall:.2f} s wall, {spent:.2f} s processor ({aside:.2f} of it for the rows), {memory:.0f} MB, file {size:.1f} MB"
    )


if __name__ == "__main__":
    main()
