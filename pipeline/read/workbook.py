"""Turn a workbook into a Grid: its sizes are checked, a caged child reads it, its rows come from the spool."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from pipeline.errors import Unreadable
from pipeline.handoff import SourceFacts
from pipeline.language import later, say, say_n
from pipeline.progress import Progress
from pipeline.read import cage, declared, package
from pipeline.read.grid import (
    HEAD_ROWS,
    TAIL_ROWS,
    Grid,
    Row,
    columns,
    filled,
    fractions_name,
    no_problems,
    part_name,
    problem_frame,
)
from pipeline.read.source import Source

DECLARED = {
    "html": later("the table of a web page (HTML) was read, its text as {encoding}"),
    "xml": later("an XML spreadsheet (Excel 2003) was read, its text as {encoding}"),
}
"""Kinds of workbooks that are text, and say themselves in what encoding."""


def read(
    source: Source, sheet: str | None, scratch: Path, progress: Progress, told_encoding: str | None = None
) -> tuple[Grid, SourceFacts]:
    """The grid of a workbook's sheet, and what was detected; `told_encoding` counts for a web page and for XML alone.

    Raises:
        Unreadable: it is damaged, protected, too large, empty, or has no such sheet.
    """
    progress.begin(later("reading"), None, later("rows"))
    kind = package.kind(source.path, source.name)
    encoding, notes = "", source.notes
    if kind in DECLARED:
        text = declared.encoding(source.path, told_encoding, source.name)
        encoding = text.name
        note = say(DECLARED[kind], encoding=encoding)
        notes = (*notes, f"{note}; {text.note}" if text.note else note)
    found = cage.run(source.path, kind, source.name, sheet, scratch, encoding)
    progress.advance(found["count"])
    progress.end()
    if not found["count"]:
        others = ", ".join(repr(s["name"]) for s in found["sheets"] if s["hidden"])
        raise Unreadable(
            say("{name} has no rows in its sheet {sheet!r}", name=source.name, sheet=found["sheet"]),
            say("Name a sheet with --sheet (hidden ones: {others}).", others=others)
            if others
            else say("Export the customer list again."),
        )
    frames = _Parts(scratch / found["folder"], found["parts"], found["width"], found["fractions"])
    head, tail = _ends(frames)
    problems = problem_frame([(row, col, code, value, encoding or None) for row, col, code, value in found["problems"]])
    grid = Grid(
        found["width"], frames, head, tail, found["count"], problems, tuple(_notes(found, kind)),
        fractions=frames.fractions if found["fractions"] else None,
    )  # fmt: skip
    facts = SourceFacts(source.name, kind, sheet=found["sheet"], sha256=source.sha256, notes=notes)
    return grid, facts


@dataclass(frozen=True)
class _Parts:
    """The spooled rows, as wide as the widest."""

    folder: Path
    parts: int
    width: int
    parted: Sequence[tuple[int, int, int]]  # the parts with fractions, their first and last row

    def __call__(self, size: int) -> Iterator[pl.DataFrame]:
        return filled(map(self.part, range(self.parts)), size)

    def part(self, number: int) -> pl.DataFrame:
        """The rows of one part."""
        frame = pl.read_ipc(self.folder / part_name(number))
        missing = columns(self.width)[frame.width - 1 :]
        nothing = pl.lit(None, dtype=pl.String)
        return frame.with_columns(nothing.alias(name) for name in missing) if missing else frame

    def fractions(self, first: int, last: int) -> pl.DataFrame:
        """The numbers with a fraction in these rows."""
        here = [part for part, begin, end in self.parted if begin <= last and first <= end]
        found = [pl.read_ipc(self.folder / fractions_name(part)) for part in here]
        return pl.concat([no_problems(), *found]).filter(pl.col("row").is_between(first, last))


def _ends(frames: _Parts) -> tuple[tuple[Row, ...], tuple[Row, ...]]:
    """The first and the last rows, from the parts that hold them."""
    head: list[Row] = []
    tail: list[Row] = []
    for part in range(frames.parts):
        head += _rows(frames.part(part).head(HEAD_ROWS - len(head)))
        if len(head) == HEAD_ROWS:
            break
    for part in reversed(range(frames.parts)):
        tail = _rows(frames.part(part).tail(TAIL_ROWS - len(tail))) + tail
        if len(tail) == TAIL_ROWS:
            break
    return tuple(head), tuple(tail)


def _rows(frame: pl.DataFrame) -> list[Row]:
    return [Row(row[0], row[1:]) for row in frame.iter_rows()]


def _notes(found: dict[str, Any], kind: str) -> Iterator[str]:
    chosen = next(s for s in found["sheets"] if s["name"] == found["sheet"])
    others = [s["name"] for s in found["sheets"] if s["rows"] and s["name"] != found["sheet"]]
    if others:
        shown = ", ".join(map(repr, others[:10])) + (" ..." if len(others) > 10 else "")
        yield say(
            "only the sheet {sheet!r} was read; other sheets have rows too: {shown} (--sheet reads one)",
            sheet=found["sheet"],
            shown=shown,
        )
    hidden = [s["name"] for s in found["sheets"] if s["hidden"] and s["name"] != found["sheet"]]
    if hidden and not found["own"]:  # the lists that its drop-downs offer
        yield say_n(
            "a hidden sheet was not read: {names}",
            "hidden sheets were not read: {names}",
            len(hidden),
            names=", ".join(map(repr, hidden[:10])),
        )
    if chosen["hidden_rows"]:
        yield say_n(
            "{n:n} hidden row was read like all others",
            "{n:n} hidden rows were read like all others",
            chosen["hidden_rows"],
        )
    if chosen["hidden_columns"]:
        yield say("hidden columns were read like all others")
    if chosen["merged"]:
        yield say_n(
            "{n:n} merged range: only its first cell has a value, the others are blank",
            "{n:n} merged ranges: only their first cells have values, the others are blank",
            chosen["merged"],
        )
    if chosen["hidden_texts"]:
        yield say_n(
            "{n:n} text that the page hides (display:none) was not read",
            "{n:n} texts that the page hides (display:none) were not read",
            chosen["hidden_texts"],
        )
    if chosen["unended"]:
        yield say("the table has no end in the file, which may be cut: check that the last customer is there")
    if found["values_only"]:
        yield say(
            "this damaged {kind} file could only be read by its values: zeros that a number format shows are "
            "missing, error cells are blank, hidden rows are not told; save it as .xlsx to have them",
            kind=kind,
        )
