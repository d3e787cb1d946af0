"""Turn what an error file says of its run into that run's folder, if it is there and has not moved on."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path
from typing import Any

from pipeline import store, typed
from pipeline.errors import Misuse
from pipeline.folder import RunFolder
from pipeline.language import later, say
from pipeline.shellwords import command

MARK = re.compile(r"(?P<run>.+)#(?P<plan>[0-9a-f]{12})(?:\.(?P<round>\d+))?")
KEEP_OURS = later("Keep the columns that begin with _ as they were in the error file, and run it again.")


def mark(folder: RunFolder, facts: dict[str, Any]) -> str:
    """What `_run` says in the error files of a run as it stands now."""
    number = facts.get("round")
    return f"{folder.path.resolve().name}#{str(facts['plan_sha256'])[:12]}" + (f".{number}" if number else "")


def run_of(path: Path, named: list[str], out: Path | None) -> tuple[RunFolder, dict[str, Any], int]:
    """The run that the file `path` names in its column `_run`; its facts, and the round the file is of.

    `named` are the different texts of that column; `out` is the folder that the user names.

    Raises:
        Misuse: it names none or several, or its run is not found, or has moved on.
    """
    if not named:
        raise Misuse(
            say("{path}: the column _run is blank in every row, so nothing says to which run it belongs", path=path),
            say(KEEP_OURS),
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
            say(KEEP_OURS),
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
            _instead(folder),
        )
    if number > stands:
        message = say(
            "{path} is of round {number}, and {folder} has only {now}",
            path=path, number=number, folder=folder.path, now=stands,
        )  # fmt: skip
        raise Misuse(message, say("Use the run folder that the file was written in."))
    return folder, facts, number


def _instead(folder: RunFolder) -> str:
    """What to do where a file is from before the last correction."""
    if not _reported(folder):
        return say("The last correction was interrupted. It goes on with: {command}", command=typed.go_on(folder))
    file = newest_errors(folder)
    if file.name == "results.csv":
        return say("No row is left to correct. How they stand: {command}", command=command("status", str(folder.path)))
    return say("Correct the newest file, then: {command}", command=typed.again(folder, file))


def _reported(folder: RunFolder) -> bool:
    """Whether the result files are those of the last plan; no clock tells it, as it may be set."""
    with contextlib.suppress(Misuse):
        told = folder.read_json("summary.json")
        plan = str(told.get("plan") or "").rpartition("#")[2]
        theirs = not plan or plan == mark(folder, store.facts(folder)).rpartition("#")[2]
        return theirs and not (told.get("dry_run") and store.unpushed(folder) is None)
    return False


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
