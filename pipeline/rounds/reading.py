"""Turn an error file that comes back into the run it belongs to and the lines in it: helper columns, own texts."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from pipeline import read, store
from pipeline.errors import Misuse, Unreadable
from pipeline.folder import RunFolder
from pipeline.handoff import READING_SCHEMA, Sheet
from pipeline.language import say, say_n
from pipeline.progress import Progress
from pipeline.read import ReadOptions
from pipeline.read.table import FOOTERS
from pipeline.report import RESERVED
from pipeline.rounds.belonging import KEEP_OURS, run_of
from pipeline.rounds.causes import Replacement, replacements
from pipeline.rounds.damage import kind
from pipeline.rounds.ours import may_be_ours
from pipeline.rounds.scrambled import unscrambled

NEEDED = ("_run", "_row", "_key")
HELPERS = ("_source", "_sheet", "_row", "_key")


@dataclass(frozen=True)
class Edits:
    """What came back of an error file.

    `rows` has `line` (UInt32, the row of the edited file), `_source`, `_sheet`, `_row`, `_key` and `c0`..`cN`
    (String; those of the run's columns that the file has). `issues` has READING_SCHEMA with `at` the position in
    `rows` and `place` the run's column: cells that could not be read with certainty. `workbook` says that the program that saved the file had
    every cell formatted as text. `notes` are sentences for the user. `round` is the round that the file was written
    after (0: the first plan); None where the edits were made on the run as it stands. `typed`: no spreadsheet program had the
    cells, so that every difference is an edit.
    """

    rows: pl.DataFrame
    issues: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=READING_SCHEMA))
    replacements: tuple[Replacement, ...] = ()
    workbook: bool = False
    notes: tuple[str, ...] = ()
    name: str = ""
    round: int | None = None
    typed: bool = False


def recognise(
    source: str, options: ReadOptions, out: Path | None, progress: Progress
) -> tuple[RunFolder, Edits] | None:  # fmt: skip
    """The run folder and the lines, where `source` is an error file of a run; None where it is something else.

    Raises:
        Misuse: it is one, but its run is not found or has moved on, or it cannot be matched.
        Unreadable: it cannot be read.
    """
    path = Path(source)
    if source == "-" or not may_be_ours(path):
        return None
    scratch = Path(tempfile.mkdtemp(prefix="customer-import-"))
    try:
        sheet = unscrambled(read.open_sheet(path, options, scratch, progress))
        if "_run" not in sheet.headers or not {"_row", "_key"} & set(sheet.headers):
            return None
        _must_have(sheet, path)
        cells, problems = _all(sheet)
        folder, facts, number = run_of(path, _named(sheet, cells), out)
        places, notes = _places(sheet, facts)
        theirs = pl.col("place").replace_strict(places, default=None, return_dtype=pl.UInt32)
        problems = problems.with_columns(place=theirs)
        rows = cells.select(
            pl.col("row").alias("line"), *(_helper(sheet, name) for name in HELPERS),
            *(pl.col(f"c{here}").alias(f"c{there}") for here, there in sorted(places.items(), key=lambda p: p[1])),
        )  # fmt: skip
        footers = say(FOOTERS, shown="")
        spoken = replacements(path, scratch / "causes", progress) if sheet.facts.delimiter is None else ()
        notes = [*(n for n in sheet.facts.notes if n.startswith(footers)), *notes]
        return folder, Edits(rows, problems, spoken, sheet.facts.delimiter is None, tuple(notes), path.name, number)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _must_have(sheet: Sheet, path: Path) -> None:
    gone = [name for name in NEEDED if name not in sheet.headers]
    if gone:
        raise Misuse(
            say(
                "{path} is an error file, but without its column {names} no row can be matched",
                path=path,
                names=say(" and ").join(gone),
            ),
            say(KEEP_OURS),
        )


def _all(sheet: Sheet) -> tuple[pl.DataFrame, pl.DataFrame]:
    """All rows at once: an error file has no more than a person corrects, or a program wrote in one go."""
    cells, problems, count = [], [pl.DataFrame(schema=READING_SCHEMA)], 0
    for batch in sheet.batches(store.ROWS):
        cells.append(batch.cells)
        problems.append(batch.issues.with_columns(pl.col("at") + count))
        count += batch.cells.height
    if not cells:
        raise Unreadable(
            say("the error file has no rows"), say("Correct the newest errors file of the run, and run it again.")
        )
    return pl.concat(cells), pl.concat(problems)


def _helper(sheet: Sheet, name: str) -> pl.Expr:
    if name not in sheet.headers:
        return pl.lit(None, dtype=pl.String).alias(name)
    text = pl.col(f"c{sheet.headers.index(name)}").str.strip_chars()
    return pl.when(text != "").then(text).alias(name)


def _named(sheet: Sheet, cells: pl.DataFrame) -> list[str]:
    """The different texts of the column `_run`."""
    return cells.select(_helper(sheet, "_run"))["_run"].drop_nulls().unique(maintain_order=True).to_list()


def _places(sheet: Sheet, facts: dict[str, Any]) -> tuple[dict[int, int], list[str]]:
    """Column of the file -> column of the run; a name that a program rewrote is found by what it can have been."""
    wanted = _numbered(own_names(facts))
    ours = {i for i, name in enumerate(sheet.headers) if name in RESERVED}
    given = _numbered([n for i, n in enumerate(sheet.headers) if i not in ours])
    indexes = [i for i in range(len(sheet.headers)) if i not in ours]
    found = {indexes[at]: wanted.index(name) for at, name in enumerate(given) if name in wanted}
    for at, name in enumerate(given):
        left = [i for i in range(len(wanted)) if i not in found.values()]
        same = [i for i in left if name[0] and wanted[i][0] and kind(wanted[i][0], name[0])]
        if indexes[at] not in found and same:
            found[indexes[at]] = same[0]
    notes = []
    gone = [wanted[i][0] or f"#{i + 1}" for i in range(len(wanted)) if i not in found.values()]
    if gone and len(gone) == len(wanted):
        raise Misuse(say("the error file has none of the run's own columns"), say(KEEP_OURS))
    if gone:
        notes.append(
            say_n(
                "the file has no column {names} any more; its cells stay as they were",
                "the file has no columns {names} any more; their cells stay as they were",
                len(gone),
                names=", ".join(gone),
            )
        )
    new = [given[at][0] for at in range(len(given)) if indexes[at] not in found and given[at][0]]
    if new:
        notes.append(
            say_n(
                "the run has no column {names}; it is left out",
                "the run has no columns {names}; they are left out",
                len(new),
                names=", ".join(new),
            )
        )
    return found, notes


def own_names(facts: dict[str, Any]) -> list[str]:
    """The run's columns under the names that they have in its result files."""
    taken = {*facts["headers"], *RESERVED}
    names = []
    for header in facts["headers"]:
        name, count = header, 0
        while header in RESERVED and name in taken:  # as report.columns names them
            count += 1
            name = f"{header} (original{f' {count}' if count > 1 else ''})"
        taken.add(name)
        names.append(name)
    return names


def _numbered(names: list[str]) -> list[tuple[str, int]]:
    seen: dict[str, int] = {}
    found = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        found.append((name, seen[name]))
    return found
