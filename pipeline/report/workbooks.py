"""Turn told batches into results.xlsx, and those of their rows that are not in into errors.xlsx."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

import polars as pl

from pipeline.report.columns import Layout
from pipeline.report.facts import TO_CORRECT, Cause, Facts
from pipeline.report.places import Places
from pipeline.report.sheet import MOST_ROWS, TextSheet, abandon, close, letters, open_book, put, texts, unfit
from pipeline.report.words import Words

MOST_NOTES = 20_000
LONGEST_NOTE = 1_000
_SHOWN = (
    "_source",
    "_row",
    "_status",
    "_errors",
)  # the others would push the user's own columns off the screen

CAUSE_WIDTHS = (9, 10, 24, 34, 30, 60, 24)
LINE = 15.0

_LOOK = {
    "error": {"num_format": "@", "valign": "top", "bg_color": "#FFC7CE", "font_color": "#9C0006"},
    "warning": {"num_format": "@", "valign": "top", "bg_color": "#FFEB9C", "font_color": "#7F6000"},
}


class ResultBook:
    """results.xlsx: every row, all cells text. `refusal` says why it cannot be written, if it cannot."""

    def __init__(self, path: Path, scratch: Path, layout: Layout, words: Words) -> None:
        """Begin the workbook."""
        self.refusal = ""
        self._words = words
        self._book = open_book(path, scratch)
        self._sheet = TextSheet(self._book, words("rows"), (*layout.helpers, *layout.own), len(layout.helpers))
        self._sheet.sheet.freeze_panes(1, layout.helpers.index("_status") + 1)

    def write(self, helpers: pl.DataFrame, cells: pl.DataFrame) -> None:
        """Append the rows of a batch, as long as the workbook can hold them all."""
        if self.refusal:
            return
        if self._sheet.count + cells.height > MOST_ROWS:
            self.refusal = self._words("limit_results", limit=MOST_ROWS)
            return
        long = unfit(cells)
        if long.any():
            self.refusal = self._words("long_cells_results", row=str(helpers["_row"].filter(long)[0]))
            return
        for values in pl.concat([texts(helpers), cells], how="horizontal").iter_rows():
            self._sheet.write(values, {})

    def finish(self) -> str:
        """Complete the file; the answer says why it is not to be used, "" where it is."""
        self._sheet.finish()
        close(self._book)
        return self.refusal

    def abandon(self) -> None:
        """Let go of a workbook that will not be completed; harmless after `finish`."""
        abandon(self._book)


class ErrorBook:
    """errors.xlsx: a sheet that sums up the causes, and a sheet with the rows to correct."""

    def __init__(self, path: Path, scratch: Path, layout: Layout, facts: Facts, words: Words) -> None:
        """Begin the workbook."""
        self._facts, self._words, self._places = facts, words, Places(facts)
        self._shift = len(layout.error_helpers)
        self._book = open_book(path, scratch)
        self._front: Any = self._book.add_worksheet(words("causes"))
        self._rows = TextSheet(self._book, words("rows"), (*layout.error_helpers, *layout.own), self._shift)
        self._looks = {severity: self._book.add_format(look) for severity, look in _LOOK.items()}
        self._marks = self._cut = self._long = 0
        self._first_long = ""
        self._show(layout)

    def write(self, helpers: pl.DataFrame, cells: pl.DataFrame, issues: pl.DataFrame) -> None:
        """Append rows; `issues` are theirs, with `at` counting from the first of these rows."""
        left = MOST_ROWS - self._rows.count
        self._cut += max(0, cells.height - left)
        helpers, cells = texts(helpers.head(left)), cells.head(left)
        long = unfit(cells)
        self._long += int(long.sum())
        if long.any() and not self._first_long:
            self._first_long = helpers["_row"].filter(long)[0]
        faults: dict[int, list[tuple[Any, ...]]] = {}
        for at, *fault in issues.select("at", "field", "column", "value", "severity", "message", "remedy").iter_rows():
            faults.setdefault(at, []).append(tuple(fault))
        for at, (ours, theirs) in enumerate(zip(helpers.iter_rows(), cells.iter_rows(), strict=True)):
            if not long[at]:
                marks = self._mark(theirs, faults.get(at, []))
                self._rows.write((*ours, *theirs), {column: self._looks[look] for column, (look, _) in marks.items()})
                self._note(marks)

    def finish(self, path: str, counts: dict[str, int], causes: Sequence[Cause]) -> list[str]:
        """Complete the file, and say what it leaves out; `path` is what the user will type to import it again."""
        if self._rows.count:
            self._choices()
        self._rows.finish()
        words, left_out = self._words, []
        if self._cut:
            left_out.append(words("limit_rows", limit=MOST_ROWS))
        if self._long:
            left_out.append(words("long_cells", count=self._long, row=self._first_long))
        if self._marks > MOST_NOTES:
            left_out.append(words("limit_notes", limit=MOST_NOTES))
        self._causes(path, counts, causes, left_out)
        close(self._book)
        return left_out

    def abandon(self) -> None:
        """Let go of a workbook that will not be completed; harmless after `finish`."""
        abandon(self._book)

    def _show(self, layout: Layout) -> None:
        sheet = self._rows.sheet
        sheet.freeze_panes(1, self._shift)
        for column, name in enumerate(layout.error_helpers):
            if name not in _SHOWN:
                sheet.set_column(column, column, 14, None, {"hidden": True, "level": 1})

    def _mark(self, cells: Sequence[str | None], faults: list[tuple[Any, ...]]) -> dict[int, tuple[str, str]]:
        """The cells to colour: column -> severity and note; an error wins over a warning."""
        marks: dict[int, tuple[str, str]] = {}
        for field, column, value, severity, message, remedy in faults:
            for place in self._places.of(field, column, value, cells):
                look, note = marks.get(place + self._shift, (severity, ""))
                said = f"{message}.\n{remedy}" if remedy else message
                worse = "error" if "error" in (look, severity) else severity
                marks[place + self._shift] = (worse, f"{note}\n\n{said}" if note else said)
        return marks

    def _note(self, marks: dict[int, tuple[str, str]]) -> None:
        for column, (_, note) in marks.items():
            self._marks += 1
            if self._marks <= MOST_NOTES:
                short = note if len(note) <= LONGEST_NOTE else note[: LONGEST_NOTE - 1] + "…"
                self._rows.sheet.write_comment(self._rows.count, column, short,
                                               {"x_scale": 2.4, "y_scale": 1.2 + len(short) / 160})  # fmt: skip

    def _choices(self) -> None:
        """A drop-down for each column that feeds a field with a closed list; other words stay possible."""
        lists = []
        for name, words in self._facts.choices.items():
            columns = [c.index for c in self._facts.mapping.choices if c.field == name]
            if words and columns:
                lists.append((columns, words))
        if not lists:
            return
        hidden: Any = self._book.add_worksheet(self._words("lists"))
        hidden.hide()
        for row, line in enumerate(zip_longest(*(words for _, words in lists))):
            for column, word in enumerate(line):
                if word is not None:
                    put(hidden, row, column, word)
        for index, (columns, words) in enumerate(lists):
            rule = {"validate": "list", "source": hidden_range(self._words("lists"), index, len(words)),
                    "error_type": "information", "ignore_blank": True}  # fmt: skip
            for column in columns:
                place = column + self._shift
                self._rows.sheet.data_validation(1, place, self._rows.count, place, rule)

    def _causes(self, path: str, counts: dict[str, int], causes: Sequence[Cause], left_out: list[str]) -> None:
        book, sheet, words = self._book, self._front, self._words
        big, bold = (
            book.add_format({"bold": True, "font_size": 16}),
            book.add_format({"bold": True, "bottom": 1}),
        )
        wrap = book.add_format({"num_format": "@", "text_wrap": True, "valign": "top"})
        number = book.add_format({"num_format": "#,##0", "valign": "top"})
        for column, width in enumerate(CAUSE_WIDTHS):
            sheet.set_column(column, column, width)
        sheet.hide_gridlines(2)
        sheet.set_landscape()
        lines = [
            words("todo_1", rows=words("rows")),
            words("todo_2"),
            words("todo_3", path=f"{path} {self._facts.import_flags}".strip()),
            *left_out,
        ]
        if (counts["failed"] or counts["not_attempted"]) and self._facts.next_command:
            lines.append(words("retry", command=self._facts.next_command))
        put(sheet, 0, 0, words("title_causes", count=sum(counts[status] for status in TO_CORRECT)), big)
        for row, line in enumerate(lines, 1):
            put(sheet, row, 0, line)
        top = len(lines) + 2
        heads = ("c_rows", "c_severity", "c_column", "c_title", "c_example", "c_remedy", "c_code")
        for column, head in enumerate(heads):
            put(sheet, top, column, words(head), bold)
        errors = [cause for cause in causes if cause.severity == "error" and cause.code != "target.unknown"]
        for row, cause in enumerate(errors, top + 1):
            example = next((e.value for e in cause.examples if e.value), "")
            title = f"{cause.title}: {cause.detail}" if cause.detail else cause.title
            texts_ = (cause.column, title, example, cause.remedy, cause.code)
            sheet.set_row(
                row, LINE * max(_lines(text, width) for text, width in zip(texts_, CAUSE_WIDTHS[2:], strict=True))
            )
            sheet.write_number(row, 0, cause.rows, number)
            put(sheet, row, 1, words(cause.severity), self._looks[cause.severity])
            for column, text in enumerate(texts_, 2):
                put(sheet, row, column, text, wrap)


def _lines(text: str, width: int) -> int:
    """How many lines `text` takes in a column of `width` characters: no program grows rows by itself in a file."""
    return sum(len(textwrap.wrap(line, width)) or 1 for line in text.splitlines()) or 1


def hidden_range(sheet: str, column: int, count: int) -> str:
    """A whole list on the sheet of lists, as a formula names it."""
    letter = letters(column)
    return f"='{sheet}'!${letter}$1:${letter}${count}"
