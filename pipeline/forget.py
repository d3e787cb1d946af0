"""Turn a finished run folder into one without personal data: what is left are counts, row numbers, statuses and ids.

    before  plan.parquet plan.json journal.db results.* errors.* report.html summary.json round-N/
    after   plan.json (counts) results.csv (row, sheet, status, action, id, codes) summary.json (counts) run.log

What is left is made first, and the rest removed as a whole file, not overwritten in place: no page of a database, no
column of a plan can be left behind in a file that stays. Killed in between, the same call goes on.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from pipeline import locks, outcomes, store, typed
from pipeline.errors import Misuse
from pipeline.folder import RunFolder, cannot_write
from pipeline.language import say, statuses
from pipeline.report.delimited import CsvFile
from pipeline.shellwords import command

KEPT = ("plan.json", "results.csv", "run.log", "summary.json")
"""What stays; run.log holds no text of anybody: times, counts of requests and of rows, flags without their texts."""
OURS = (
    "plan.parquet",
    "journal.*",
    "results.xlsx",
    "errors.*",
    "causes.*",
    "report.html",
    "mapping.toml",
    "undo.csv",
    "round-*",
    ".lock",
    ".journal.count",
    ".planning",
    ".request.json",
    ".review.*",
    ".round-*",
    ".report-*",
    ".spool",
    ".*.part",
    ".errors.*",
    ".results.*",
    ".~lock.*",
    "~$*",
)
"""What the tool writes into a run folder, and what editors (copies) and spreadsheet programs (the user's name) leave there.

A hidden file of another name is not ours: a folder that is also worked in may have its `.env`, or its `.git`."""

LOCKS = (".lock", ".report-lock")
"""What is held while the rest is removed."""
UNFINISHED = ("ready", "unknown", "failed", "not_attempted")
"""A row that can still change; without the plan nobody will know what became of it."""

_COLUMNS = {
    "_source": "source", "_row": "row", "_sheet": "sheet", "_status": "status", "_action": "action", "_id": "id",
    "_error_codes": "codes", "_http_status": "http_status", "_attempts": "attempts", "_retryable": "retryable",
}  # fmt: skip
_FACTS = ("target", "workspace", "mode", "base_url", "planned", "tool")


@dataclass(frozen=True)
class Forgotten:
    """What is left of a run: rows by status, ids kept, files removed; `others` are files that are not ours and stay."""

    run: str
    rows: int
    counts: Mapping[str, int]
    ids: int
    forgotten: str
    removed: int
    others: tuple[str, ...]


def counts(folder: RunFolder) -> dict[str, int]:
    """The rows of a run by status, as they stand.

    Raises:
        Misuse: the run was forgotten, or its plan cannot be read.
    """
    found: Counter[str] = Counter()
    for batch in _table(folder):
        found.update(dict(batch["status"].value_counts().iter_rows()))
    return dict(found)


def forget(folder: RunFolder, *, unfinished: bool = False) -> Forgotten:
    """Remove the personal data of a run.

    Args:
        folder: the run.
        unfinished: also where rows may still change; what became of them can then no longer be found out.

    Raises:
        Misuse: rows may still change, or a push is under way.
    """
    with _alone(folder):
        told = recall(folder)
        if told is None:
            told = _reduce(folder, unfinished=unfinished)
        removed, others = _remove(folder)
    for name in LOCKS:
        folder.file(name).unlink(missing_ok=True)
    return Forgotten(folder.path.name, told["rows"], told["counts"], told["ids"], told["forgotten"], removed, others)


def recall(folder: RunFolder) -> dict[str, Any] | None:
    """What a forgotten run still knows (`rows`, `counts`, `ids`, `forgotten`: when, `target`); None for any other run."""
    content = folder.read_json("plan.json")
    return content if isinstance(content, dict) and content.get("forgotten") else None


def _reduce(folder: RunFolder, *, unfinished: bool) -> dict[str, Any]:
    """Write what stays; plan.json comes last, so that until then the run is what it was."""
    facts = store.facts(folder)
    found = counts(folder)
    open_ = {name: found[name] for name in UNFINISHED if found.get(name)}
    if open_ and not unfinished:
        said = statuses.counted(open_, ", ")
        raise Misuse(
            say(
                "the run is not finished: {said}; without its plan nobody can find out what becomes of these rows",
                said=said,
            ),
            say(
                "Finish it: {finish}\nOr forget it all the same: {forget}",
                finish=typed.go_on(folder),
                forget=command("forget", str(folder.path), "--unfinished"),
            ),
        )
    ids = _results(folder, several=len(facts["sources"]) > 1)
    told = {
        "version": "forgotten", "forgotten": datetime.now(UTC).isoformat(timespec="seconds"), "rows": facts["rows"],
        "counts": found, "ids": ids, **{name: facts.get(name) for name in _FACTS},
        "sources": [{name: source.get(name) for name in ("name", "kind", "rows", "sha256")} for source in facts["sources"]],
    }  # fmt: skip
    folder.write_json("summary.json", {"schema_version": 1, "run": folder.path.name, **told})
    made = folder.file("plan.json").stat().st_mtime
    folder.write_json("plan.json", told)
    os.utime(folder.file("plan.json"), (made, made))  # `latest` stays the run that was planned last
    return told


def _results(folder: RunFolder, *, several: bool) -> int:
    """Write the results without a cell's text; the answer is how many rows have an id."""
    names = [name for name in _COLUMNS if several or name != "_source"]
    ids = 0
    with folder.writing("results.csv") as path, contextlib.closing(CsvFile(path, names, ",", raw=False)) as file:
        for batch in _table(folder):
            codes = pl.col("issues").list.eval(pl.element().struct.field("code")).list.unique(maintain_order=True)
            words = pl.when("retryable").then(pl.lit("true")).when(~pl.col("retryable")).then(pl.lit("false"))
            shown = batch.with_columns(codes=codes.list.join(";"), retryable=words)
            file.write(shown.select(pl.col(_COLUMNS[name]).cast(pl.String).alias(name) for name in names))
            ids += int(batch["id"].is_not_null().sum())
    return ids


def _table(folder: RunFolder) -> Iterator[pl.DataFrame]:
    yield from outcomes.table(folder, {}, pushed=folder.file("journal.db").exists())


def _remove(folder: RunFolder) -> tuple[int, tuple[str, ...]]:
    """Remove every file of ours but those that stay; the answer is how many, and the names of what is not ours."""
    ours = {path for pattern in OURS for path in folder.path.glob(pattern)}
    removed = 0
    for path in ours:
        if path.name in LOCKS:
            continue
        try:
            removed += sum(1 for inner in path.rglob("*") if inner.is_file()) if path.is_dir() else 1
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink(missing_ok=True)
        except OSError as error:
            raise cannot_write(path, error) from error
    _sync(folder.path)
    left = (path.name for path in folder.path.iterdir() if path.name not in (*KEPT, *LOCKS))
    return removed, tuple(sorted(left))


def _sync(path: Path) -> None:
    """Make the removal survive a power loss, where the system can."""
    with contextlib.suppress(OSError):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextlib.contextmanager
def _alone(folder: RunFolder) -> Iterator[None]:
    """Hold the lock that a push of this run holds, and let nobody write its result files meanwhile."""
    import filelock

    path = folder.file(".lock")
    try:
        with filelock.FileLock(path, timeout=0, mode=0o600), locks.reporting(folder):
            yield
    except filelock.Timeout as error:
        raise Misuse(
            say("a push of this run is under way"), say("Wait until it has finished, then forget it.")
        ) from error
    except OSError as error:
        raise cannot_write(path, error, say("Make room, or make the folder writable; then forget it.")) from error
