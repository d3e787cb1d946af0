"""Turn told batches into results.xlsx, and those of their rows that are not in into errors.xlsx."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from pipeline.report import marks
from pipeline.report.causes import Front, draw_causes
from pipeline.report.columns import Layout
from pipeline.report.facts import Cause, Facts
from pipeline.report.lists import Lists
from pipeline.report.places import Places
from pipeline.report.sheet import LOOKS, MOST_ROWS, draw_rows, looks_of, tall, texts, unfit, wide
from pipeline.report.streamed import Streamed
from pipeline.report.values import Value
from pipeline.report.words import Words

if TYPE_CHECKING:
    from xlsxwriter import Workbook

MOST_NOTES = 20_000
_SHOWN = ("_source", "_row", "_status", "_errors")  # the others would push the user's own columns off the screen


class ResultBook:
    """results.xlsx: every row, all cells text. `refusal` says why it cannot be written, if it cannot."""

    def __init__(self, path: Path, scratch: Path, layout: Layout, facts: Facts, words: Words) -> None:
        """Begin the workbook."""
        self.refusal = ""
        self._words = words
        headers, helpers = (*layout.helpers, *layout.own), len(layout.helpers)
        self._looks, widths = looks_of(headers, helpers), wide(layout.own, facts.mapping)

        def draw(book: Workbook, looks: Sequence[Any], rows: int) -> Any:
            sheet: Any = book.add_worksheet(words("rows"))
            draw_rows(sheet, headers, widths, looks, rows)
            sheet.freeze_panes(1, layout.helpers.index("_status") + 1)
            return sheet

        self._book = Streamed(path, scratch, draw, LOOKS, notes=False)

    def write(self, helpers: pl.DataFrame, cells: pl.DataFrame) -> None:
        """Append the rows of a batch, as long as the workbook can hold them all."""
        if self.refusal:
            return
        if self._book.count + helpers.height > MOST_ROWS:
            self.refusal = self._words("limit_results", limit=MOST_ROWS)
            return
        long = unfit(cells)
        if long.any():
            self.refusal = self._words("long_cells_results", row=str(helpers["_row"].filter(long)[0]))
            return
        self._book.write(side_by_side(texts(helpers), cells), self._looks, {}, tall(helpers))

    def finish(self) -> str:
        """Complete the file; the answer says why it is not to be used, "" where it is."""
        self._book.finish()
        return self.refusal

    def abandon(self) -> None:
        """Let go of a workbook that will not be completed; harmless after `finish`."""
        self._book.abandon()


class ErrorBook:
    """errors.xlsx: a sheet that sums up the causes, and a sheet with the rows to correct."""

    def __init__(self, path: Path, scratch: Path, layout: Layout, facts: Facts, words: Words) -> None:
        """Begin the workbook."""
        self._facts, self._words, self._places, self._layout = facts, words, Places(facts), layout
        self._headers = (*layout.error_helpers, *layout.own)
        self._shift = len(layout.error_helpers)
        self._looks = looks_of(self._headers, self._shift)
        self._lists = Lists(facts, words)
        self._front: Front | None = None
        self._marked = self._cut = self._long = 0
        self._first_long = ""
        self._book = Streamed(path, scratch, self._draw, LOOKS, notes=True)

    def write(self, helpers: pl.DataFrame, cells: pl.DataFrame, issues: pl.DataFrame) -> None:
        """Append rows; `issues` are theirs, with `at` counting from the first of these rows."""
        left = MOST_ROWS - self._book.count
        self._cut += max(0, helpers.height - left)
        helpers, cells = texts(helpers.head(left)), cells.head(left)
        long = unfit(cells) if cells.width else pl.Series([False] * helpers.height, dtype=pl.Boolean)
        if long.any():
            self._long += int(long.sum())
            self._first_long = self._first_long or helpers["_row"].filter(long)[0]
        kept = pl.DataFrame({"at": (~long).arg_true()}).with_row_index("here")
        theirs = issues.join(kept, on="at", how="inner", maintain_order="left").drop("at").rename({"here": "at"})
        helpers, cells = helpers.filter(~long), cells.filter(~long) if cells.width else cells
        self._lists.see(cells)
        marked = marks.faulty(theirs, cells, self._places)
        self._note(marked)
        whole = self._layout.error_helpers.index("_errors")
        coloured = marks.looks(marked, helpers.height, self._shift, whole)
        self._book.write(side_by_side(helpers, cells), self._looks, coloured, tall(helpers))

    def finish(self, path: str, counts: dict[str, int], causes: Sequence[Cause], values: Sequence[Value]) -> list[str]:
        """Complete the file, and say what it leaves out; `path` is what the user will type to import it again."""
        words, left_out = self._words, []
        if self._cut:
            left_out.append(words("limit_rows", limit=MOST_ROWS))
        if self._long:
            left_out.append(words.counted("long_cells", self._long, count=self._long, row=self._first_long))
        if self._marked > MOST_NOTES:
            left_out.append(words("limit_notes", limit=MOST_NOTES))
        self._front = Front(path, counts, causes, values, left_out)
        self._book.finish()
        return left_out

    def abandon(self) -> None:
        """Let go of a workbook that will not be completed; harmless after `finish`."""
        self._book.abandon()

    def _note(self, marked: pl.DataFrame) -> None:
        assert self._book.notes is not None
        cells = marked.filter(pl.col("place").is_not_null())
        left = max(0, MOST_NOTES - self._marked)
        self._marked += cells.height
        self._book.notes.add(
            cells.head(left).select(
                (pl.col("at") + self._book.count + 2).alias("line"),
                (pl.col("place") + self._shift).alias("place"),
                "note",
            )
        )

    def _draw(self, book: Workbook, looks: Sequence[Any], rows: int) -> Any:
        front: Any = book.add_worksheet(self._words("causes"))
        sheet: Any = book.add_worksheet(self._words("rows"))
        draw_rows(sheet, self._headers, wide(self._layout.own, self._facts.mapping), looks, rows)
        sheet.freeze_panes(1, self._shift)
        for column, name in enumerate(self._layout.error_helpers):
            if name not in _SHOWN:
                sheet.set_column(column, column, 14, looks[self._looks[column]], {"hidden": True, "level": 1})
        sheet.write_comment(0, 0, ".")  # its parts are replaced by those of the notes
        self._lists.draw(book, sheet, self._shift, rows)
        if self._front:
            draw_causes(book, front, self._front, self._facts, self._lists, self._words)
        return sheet


def side_by_side(helpers: pl.DataFrame, cells: pl.DataFrame) -> pl.DataFrame:
    """Our columns and theirs as one frame."""
    return pl.concat([helpers, cells], how="horizontal") if cells.width else helpers
