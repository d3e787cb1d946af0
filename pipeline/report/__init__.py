"""Turn the outcomes of a run into its result files: for people, for spreadsheet programs, for programs.

    every row ──tell──▶ helper columns, problems in words ──▶ results.csv results.xlsx errors.csv errors.xlsx
                                      └──tally, shown──▶ Summary ──▶ summary.json report.html

One pass over the rows, in bounded memory. All files are made in a private scratch folder and appear together.
"""

from __future__ import annotations

import tempfile
from contextlib import closing
from functools import partial
from pathlib import Path

from pipeline.errors import BrokenInvariant
from pipeline.folder import RunFolder, cannot_write
from pipeline.language import later, say
from pipeline.progress import Progress
from pipeline.report.columns import RESERVED
from pipeline.report.facts import STATUSES, TO_CORRECT, Cause, Change, Example, Facts, Summary, Table
from pipeline.report.files import Files
from pipeline.report.page import page
from pipeline.report.rows import tell
from pipeline.report.summary import document
from pipeline.report.words import Words
from pipeline.shellwords import command

__all__ = ["RESERVED", "STATUSES", "TO_CORRECT", "Cause", "Change", "Example", "Facts", "Summary", "Table", "write"]

SCRATCH = ".report-"
FILES = ("results.csv", "results.xlsx", "errors.csv", "errors.xlsx", "report.html", "summary.json")


def write(folder: RunFolder, table: Table, facts: Facts, progress: Progress) -> Summary:
    """Write all result files of a run.

    The error files are there only if there is a row to correct. Files that an earlier call left and that do
    not belong to this outcome are removed.

    Raises:
        BrokenInvariant: the rows by status do not add up to the rows that were read. The files are written
        all the
            same, and say so: after a live push they are the evidence.
        Misuse: the disk is full or read-only.
    """
    progress.begin(later("report"), facts.expected)
    try:
        with tempfile.TemporaryDirectory(prefix=SCRATCH, dir=folder.path) as scratch:
            summary = _write(folder, Path(scratch), table, facts, progress)
    except OSError as error:
        raise cannot_write(folder.path, error) from error
    finally:
        progress.end()
    if not summary.conservation:
        read = summary.rows if facts.expected is None else facts.expected
        raise BrokenInvariant(
            say("{told:n} rows have an outcome, and {read:n} were read", told=sum(summary.counts.values()), read=read),
            say(
                "This is a bug of the importer. Do not rely on {path}; please report it.",
                path=folder.file("results.csv"),
            ),
        )
    return summary


def _write(folder: RunFolder, scratch: Path, table: Table, facts: Facts, progress: Progress) -> Summary:
    words = Words(facts.lang)
    with closing(Files(scratch, facts, words)) as files:
        for told in map(partial(tell, lang=words.lang), table()):  # beside this the files take the batch before
            files.add(told)
            progress.advance(told.frame.height)
        files.settle()
        causes = files.tally.causes()
        files.finish(str(folder.file("errors.xlsx")), causes)
    summary = _summary(files, facts, causes)
    for name in files.written:
        with folder.writing(name) as path:
            (scratch / name).replace(path)
    book = next((name for name in ("errors.xlsx", "errors.csv") if name in summary.files), None)
    again = f"{command('run', str(folder.file(book)))} {facts.import_flags}".strip() if book else ""
    with folder.writing("report.html") as path:
        path.write_text(page(summary, facts, files.shown, words, again), encoding="utf-8")
    folder.write_json("summary.json", document(summary, facts))
    for name in set(FILES) - set(summary.files):
        folder.file(name).unlink(missing_ok=True)
    return summary


def _summary(files: Files, facts: Facts, causes: tuple[Cause, ...]) -> Summary:
    tally, counts = files.tally, files.tally.counts()
    return Summary(
        run=facts.run,
        rows=tally.rows,
        counts=counts,
        actions=dict(tally.actions),
        causes=causes,
        changes=tally.changes(),
        notes=tuple(files.notes),
        files=(*files.written, "report.html", "summary.json"),
        conservation=sum(counts.values()) == tally.rows and facts.expected in (None, tally.rows),
    )
