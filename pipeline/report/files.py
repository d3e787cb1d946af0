"""Turn batches of outcomes into result files, in one pass, in a scratch folder until all of them are whole."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import polars as pl

from pipeline.report.beside import Beside
from pipeline.report.columns import layout
from pipeline.report.delimited import CsvFile
from pipeline.report.facts import TO_CORRECT, Cause, Facts
from pipeline.report.rows import Told, helper_frame
from pipeline.report.sheet import fits
from pipeline.report.shown import Shown
from pipeline.report.tally import Tally
from pipeline.report.values import Values
from pipeline.report.words import Words
from pipeline.report.workbooks import ErrorBook, ResultBook

ENOUGH = 3_000
"""Rows to correct that are written at once: of most lists few rows of a batch are, and each writing has its price."""


class Wrong(NamedTuple):
    """Rows to correct that are not written yet; `issues` are theirs, with `at` counting from the first of these rows."""

    frames: list[pl.DataFrame]
    issues: list[pl.DataFrame]

    @property
    def height(self) -> int:
        """How many rows they are."""
        return sum(frame.height for frame in self.frames)


class Files:
    """The result files of a run; `notes` are sentences for the user, `written` names what is complete."""

    def __init__(self, scratch: Path, facts: Facts, words: Words) -> None:
        """Open results.csv, and results.xlsx for a workbook; the error files wait for an error."""
        self.tally = Tally(facts)
        self.shown = Shown(facts)
        self.values = Values()
        self.written: list[str] = []
        self._scratch, self._facts, self._words = scratch, facts, words
        self._layout = layout(facts)
        self.notes = list(self._layout.notes)
        self._books = fits((*self._layout.error_helpers, *self._layout.own))
        if not self._books:
            self.notes.append(words("limit_columns"))
        headers = (*self._layout.helpers, *self._layout.own)
        self._csv = CsvFile(self._new("results.csv"), headers, facts.delimiter, raw=facts.raw_csv)
        self._book: ResultBook | None = None
        self._wrong = Wrong([], [])
        self._error_csv: CsvFile | None = None
        self._error_book: ErrorBook | None = None
        self._hands = [Beside(work) for work in (self._add_errors, self._add_results, self._count)]
        if facts.workbook and self._books:
            self._hands.append(Beside(self._add_to_book, first=self._begin_book))
        self._writing = Beside(self._write_errors)  # seldom and long, so that nobody waits for it

    def add(self, told: Told) -> None:
        """Append one batch to every file: they are written beside one another, and while the next batch is made."""
        for hand in self._hands:
            hand.take(told)

    def settle(self) -> None:
        """Wait until all that was added is in the files, and counted."""
        errors, *others = self._hands
        errors.settle()
        if self._wrong.height:
            self._writing.take(self._wrong)
        for hand in others:
            hand.settle()
        self._csv.close()
        self._writing.settle()

    def finish(self, path: str, causes: tuple[Cause, ...]) -> None:
        """Complete all files, once they are settled; `path` is where errors.xlsx will be."""
        self.written.append("results.csv")
        if self._book:
            refusal = self._book.finish()
            if refusal:
                self.notes.append(refusal)
            else:
                self.written.append("results.xlsx")
        if self._error_csv:
            self._error_csv.close()
            self.written.append("errors.csv")
        if self._error_book:
            self.notes += self._error_book.finish(path, self.tally.counts(), causes, self.values.most())
            self.written.append("errors.xlsx")

    def close(self) -> None:
        """Let go of the files, complete or not."""
        for hand in self._hands:
            hand.close()
        self._writing.close()
        for opened in (self._csv, self._error_csv):
            if opened:
                opened.close()
        for book in (self._book, self._error_book):
            if book:
                book.abandon()

    def _add_results(self, told: Told) -> None:
        helpers = helper_frame(told.frame, self._layout.helpers, self._facts, advice=False)
        self._csv.write(helpers, self._cells(told.frame))

    def _begin_book(self) -> None:
        self._book = ResultBook(self._new("results.xlsx"), self._scratch, self._layout, self._facts, self._words)

    def _add_to_book(self, told: Told) -> None:
        if self._book:
            helpers = helper_frame(told.frame, self._layout.helpers, self._facts, advice=False)
            self._book.write(helpers, self._cells(told.frame))

    def _add_errors(self, told: Told) -> None:
        wrong = told.frame.filter(pl.col("status").is_in(TO_CORRECT))
        if wrong.is_empty():
            return
        theirs = told.problems(wrong["at"])
        here = wrong["at"].search_sorted(theirs["at"]).cast(pl.UInt32) + self._wrong.height
        self._wrong = Wrong([*self._wrong.frames, wrong], [*self._wrong.issues, theirs.with_columns(here.alias("at"))])
        if self._wrong.height >= ENOUGH:
            self._writing.take(self._wrong)
            self._wrong = Wrong([], [])
            if wrong.height >= ENOUGH:  # where most rows are wrong, no second batch of them is to be in memory
                self._writing.settle()

    def _write_errors(self, rows: Wrong) -> None:
        wrong, issues = pl.concat(rows.frames), pl.concat(rows.issues)
        plan = self._layout
        if self._error_csv is None:
            headers = (*plan.error_helpers, *plan.own)
            self._error_csv = CsvFile(self._new("errors.csv"), headers, self._facts.delimiter, raw=self._facts.raw_csv)
            if self._books:
                self._error_book = ErrorBook(self._new("errors.xlsx"), self._scratch, plan, self._facts, self._words)
        helpers = helper_frame(wrong, plan.error_helpers, self._facts, advice=True)
        cells = self._cells(wrong)
        self._error_csv.write(helpers, cells)
        if self._error_book:
            self._error_book.write(helpers, cells, issues)

    def _count(self, told: Told) -> None:
        self.tally.add(told)
        self.shown.add(told)
        self.values.add(told)

    def _cells(self, frame: pl.DataFrame) -> pl.DataFrame:
        return frame.select(f"c{index}" for index in range(len(self._facts.headers)))

    def _new(self, name: str) -> Path:
        path = self._scratch / name
        path.touch(mode=0o600)
        return path
