"""Turn batches of outcomes into result files, in one pass, in a scratch folder until all of them are whole."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import polars as pl

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
        if facts.workbook and self._books:
            self._book = ResultBook(self._new("results.xlsx"), scratch, self._layout, words)
        self._error_csv: CsvFile | None = None
        self._error_book: ErrorBook | None = None
        self._hands = ThreadPoolExecutor(2, thread_name_prefix="files")

    def add(self, told: Told) -> None:
        """Append one batch to every file; the files are written beside one another."""
        beside = [self._hands.submit(self._add_results, told), self._hands.submit(self._add_errors, told)]
        try:
            self.tally.add(told)
            self.shown.add(told)
            self.values.add(told)
        finally:
            wait(beside)
        for done in beside:
            done.result()

    def finish(self, path: str, causes: tuple[Cause, ...]) -> None:
        """Complete all files; `path` is where errors.xlsx will be."""
        self._csv.close()
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
        self._hands.shutdown()
        for opened in (self._csv, self._error_csv):
            if opened:
                opened.close()
        for book in (self._book, self._error_book):
            if book:
                book.abandon()

    def _add_results(self, told: Told) -> None:
        helpers = helper_frame(told.frame, self._layout.helpers, self._facts, advice=False)
        cells = self._cells(told.frame)
        self._csv.write(helpers, cells)
        if self._book:
            self._book.write(helpers, cells)

    def _add_errors(self, told: Told) -> None:
        wrong = told.frame.filter(pl.col("status").is_in(TO_CORRECT))
        if wrong.is_empty():
            return
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
            theirs = told.problems(wrong["at"])
            here = wrong["at"].search_sorted(theirs["at"]).cast(pl.UInt32).alias("at")
            self._error_book.write(helpers, cells, theirs.with_columns(here))

    def _cells(self, frame: pl.DataFrame) -> pl.DataFrame:
        return frame.select(f"c{index}" for index in range(len(self._facts.headers)))

    def _new(self, name: str) -> Path:
        path = self._scratch / name
        path.touch(mode=0o600)
        return path
