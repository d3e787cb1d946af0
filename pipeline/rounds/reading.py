"""Turn an error file that comes back into the run it belongs to and the lines in it: helper columns, own texts."""

from __future__ import annotations

import re
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from pipeline import read, store
from pipeline.errors import Misuse, Unreadable
from pipeline.folder import RunFolder
from pipeline.handoff import ISSUE_SCHEMA, Sheet
from pipeline.language import later, say, say_n
from pipeline.progress import Progress
from pipeline.read import ReadOptions
from pipeline.report import RESERVED
from pipeline.rounds.causes import Replacement, replacements
from pipeline.rounds.damage import kind
from pipeline.rounds.ours import may_be_ours
from pipeline.rounds.scrambled import unscrambled
from pipeline.shellwords import command

MARK = re.compile(r"(?P<run>.+)#(?P<plan>[0-9a-f]{12})(?:\.(?P<round>\d+))?")
NEEDED = ("_run", "_row", "_key")
HELPERS = ("_source", "_sheet", "_row", "_key")
WHERE = later("Keep the columns that begin with _ as they were in the error file, and run it again.")


@dataclass(frozen=True)
class Edits:
    """What came back of an error file.

    `rows` has `line` (UInt32, the row of the edited file), `_source`, `_sheet`, `_row`, `_key` and `c0`..`cN`
    (String; those of the run's columns that the file has). `issues` has ISSUE_SCHEMA with `at` the position in
    `rows`: cells that could not be read with certainty. `workbook` says that the program that saved the file had
    every cell formatted as text. `notes` are sentences for the user. `round` is the round that the file was written
    after (0: the first plan); None where the edits were made on the run as it stands. `typed`: no spreadsheet program had the
    cells, so that every difference is an edit.
    """

    rows: pl.DataFrame
    issues: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=ISSUE_SCHEMA))
    replacements: tuple[Replacement, ...] = ()
    workbook: bool = False
    notes: tuple[str, ...] = ()
    name: str = ""
    round: int | None = None
    typed: bool = False


def mark(folder: RunFolder, facts: dict[str, Any]) -> str:
    """What `_run` says in the error files of a run as it stands now."""
    number = facts.get("round")
    return f"{folder.path.resolve().name}#{str(facts['plan_sha256'])[:12]}" + (f".{number}" if number else "")


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
        folder, facts, number = _run_of(path, sheet, cells, out)
        places, notes = _places(sheet, facts)
        rows = cells.select(
            pl.col("row").alias("line"), *(_helper(sheet, name) for name in HELPERS),
            *(pl.col(f"c{here}").alias(f"c{there}") for here, there in sorted(places.items(), key=lambda p: p[1])),
        )  # fmt: skip
        from pipeline.read.table import FOOTERS  # loaded by now; at the top it would be loaded for every command

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
            say(WHERE),
        )


def _all(sheet: Sheet) -> tuple[pl.DataFrame, pl.DataFrame]:
    """All rows at once: an error file has no more than a person corrects, or a program wrote in one go."""
    cells, problems, count = [], [pl.DataFrame(schema=ISSUE_SCHEMA)], 0
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


def _run_of(
    path: Path, sheet: Sheet, cells: pl.DataFrame, out: Path | None
) -> tuple[RunFolder, dict[str, Any], int]:  # fmt: skip
    """The run that the file names, if it is there and has not moved on; its facts, and the round the file is of."""
    named = cells.select(_helper(sheet, "_run"))["_run"].drop_nulls().unique(maintain_order=True).to_list()
    if not named:
        raise Misuse(
            say("{path}: the column _run is blank in every row, so nothing says to which run it belongs", path=path),
            say(WHERE),
        )
    if len(named) > 1:
        raise Misuse(
            say("{path} holds rows of several runs ({names})", path=path, names=", ".join(named[:3])),
            say("Correct the rows of one run in one file."),
        )
    told = MARK.fullmatch(named[0])
    if told is None:
        raise Misuse(
            say("{path} names the run {run!r}, which no version of this program writes", path=path, run=named[0]),
            say(WHERE),
        )
    folder = _find(path, told["run"], told["plan"], out)
    facts = store.facts(folder)
    number, stands = int(told["round"] or 0), int(facts.get("round", 0))
    if number < stands and not (number == stands - 1 and store.unpushed(folder) == _start(folder)):
        raise Misuse(
            say(
                "{path} is from before the last correction of {folder} (it is of round {number}, the run is at round {now})",
                path=path,
                folder=folder.path,
                number=number,
                now=stands,
            ),
            say("Correct the newest file, then: {command}", command=command("run", str(newest_errors(folder)))),
        )
    if number > stands:
        message = say(
            "{path} is of round {number}, and {folder} has only {now}",
            path=path, number=number, folder=folder.path, now=stands,
        )  # fmt: skip
        raise Misuse(message, say("Use the run folder that the file was written in."))
    return folder, facts, number


def _start(folder: RunFolder) -> int:
    """The first seq of the last plan."""
    return int(store.own_facts(store.plans(folder)[-1]).get("first_seq", 0))


def newest_errors(folder: RunFolder) -> Path:
    """The error file to go on with."""
    return next((f for f in map(folder.file, ("errors.xlsx", "errors.csv")) if f.exists()), folder.file("results.csv"))


def _find(path: Path, run: str, plan: str, out: Path | None) -> RunFolder:
    """The run folder of that name and plan: where the user says, beside the file, or in runs/."""
    tried = [*([out] if out else []), path.parent, path.parent / run, Path("runs") / run, Path(run)]
    for one in tried:
        if (one / "plan.json").is_file() and str(store.own_facts(RunFolder(one)).get("plan_sha256", "")).startswith(
            plan
        ):
            return RunFolder(one)
        if out is not None and one == out:
            message = say(
                "{path} is an error file of another run ({run}), not of {folder}", path=path, run=run, folder=out
            )
            raise Misuse(message, say("Leave --out out, or name that run's folder with it."))
    raise Misuse(
        say(
            "{path} is an error file of the run {run}, whose folder is not found in {folder} nor beside the file",
            path=path,
            run=run,
            folder=Path("runs").resolve(),
        ),
        say("Start where that run was started, or name its folder with --out DIR."),
    )


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
        raise Misuse(say("the error file has none of the run's own columns"), say(WHERE))
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
