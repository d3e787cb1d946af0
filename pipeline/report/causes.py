"""Turn causes and their values into the first sheet of errors.xlsx: what is wrong, what to do, and what to correct once.

Its second table has one line for each cause and value with a column for the replacement. A hidden row above it holds the
names that a program reads, the same in every language: CORRECTION.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.report.facts import TO_CORRECT, Cause, Facts
from pipeline.report.lists import OFFER, Lists
from pipeline.report.sheet import ERROR as RED
from pipeline.report.sheet import LONGEST_CELL, LOOKS, put
from pipeline.report.values import Value
from pipeline.report.words import Words
from pipeline.shellwords import quoted

if TYPE_CHECKING:
    from xlsxwriter import Workbook

CORRECTION = ("rows", "column", "value", "replacement", "message", "suggestion", "code", "field")
"""The columns of the corrections, as the hidden row names them."""

WIDTHS = (10, 24, 34, 30, 60, 24, 24, 18)
LINE = 15.0


@dataclass(frozen=True)
class Front:
    """What the first sheet tells; `path` is what the user will type, `left_out` are sentences."""

    path: str
    counts: dict[str, int]
    causes: Sequence[Cause]
    values: Sequence[Value]
    left_out: Sequence[str]


def draw_causes(book: Workbook, sheet: Any, front: Front, facts: Facts, lists: Lists, words: Words) -> None:
    """Draw the sheet: a title, what to do, the causes, and the values to correct once."""
    for column, width in enumerate(WIDTHS):
        sheet.set_column(column, column, width)
    sheet.hide_gridlines(2)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    count = sum(front.counts[status] for status in TO_CORRECT)
    put(
        sheet, 0, 0, words.counted("title_causes", count, count=count), book.add_format({"bold": True, "font_size": 16})
    )
    lines = _todo(front, facts, words)
    for row, line in enumerate(lines, 1):
        put(sheet, row, 0, line)
    after = _causes(book, sheet, len(lines) + 2, front, words)
    if front.values:
        _values(book, sheet, after + 1, front.values, lists, words)


def _todo(front: Front, facts: Facts, words: Words) -> list[str]:
    lines = [
        words("todo_1", rows=words("rows")),
        words("todo_2"),
        words("todo_3", path=f"{quoted(front.path)} {facts.import_flags}".strip()),
        *front.left_out,
    ]
    if (front.counts["failed"] or front.counts["not_attempted"]) and facts.next_command:
        lines.append(words("retry", command=facts.next_command))
    return lines


def _causes(book: Workbook, sheet: Any, top: int, front: Front, words: Words) -> int:
    """The causes by number of rows; the answer is the row after the last one."""
    bold = book.add_format({"bold": True, "bottom": 1, "bg_color": "#E7E6E6"})
    wrap = book.add_format({**LOOKS[0], "text_wrap": True})
    number = book.add_format({**LOOKS[RED], "num_format": "#,##0", "align": "center"})
    for column, head in enumerate(("c_rows", "c_column", "c_title", "c_example", "c_remedy", "c_code")):
        put(sheet, top, column, words(head), bold)
    errors = [cause for cause in front.causes if cause.severity == "error" and cause.code != "target.unknown"]
    for row, cause in enumerate(errors, top + 1):
        example = next((e.value for e in cause.examples if e.value), "")
        title = f"{cause.title}: {cause.detail}" if cause.detail else cause.title
        shown = (cause.column, title, example, cause.remedy, cause.code)
        sheet.set_row(row, _height(zip(shown, WIDTHS[1:6], strict=True)))
        sheet.write_number(row, 0, cause.rows, number)
        for column, text in enumerate(shown, 1):
            put(sheet, row, column, _short(text), wrap)
    return top + 1 + len(errors)


def _values(book: Workbook, sheet: Any, top: int, values: Sequence[Value], lists: Lists, words: Words) -> None:
    """The corrections: what is written into the coloured column goes into all rows that have the value."""
    bold = book.add_format({"bold": True, "bottom": 1, "bg_color": "#E7E6E6"})
    green = {"bg_color": "#E2F0D9", "border": 1, "border_color": "#70AD47"}
    fill_head, fill = book.add_format({"bold": True, **green}), book.add_format({**LOOKS[0], **green})
    wrap = book.add_format({**LOOKS[0], "text_wrap": True})  # what does not fit would lie over the green cell beside it
    number = book.add_format({"num_format": "#,##0", "valign": "top", "align": "center"})
    put(sheet, top, 0, words("once_title"), book.add_format({"bold": True, "font_size": 13}))
    put(sheet, top + 1, 0, words("once_lead"))
    sheet.set_row(top + 2, None, None, {"hidden": True})
    for column, name in enumerate(CORRECTION):
        put(sheet, top + 2, column, name)
        put(sheet, top + 3, column, words(f"once_{name}"), fill_head if name == "replacement" else bold)
    for row, value in enumerate(values, top + 4):
        sheet.write_number(row, 0, value.rows, number)
        for column, name in enumerate(CORRECTION[1:], 1):
            if name == "replacement":
                sheet.write_blank(row, column, None, fill)
                if source := lists.source(value.field):
                    sheet.data_validation(row, column, row, column, {**OFFER, "source": source})
                continue
            text = str(getattr(value, name))
            put(sheet, row, column, text if name == "value" else _short(text), wrap)
        sheet.set_row(row, _height((str(getattr(value, name)), WIDTHS[at]) for at, name in enumerate(CORRECTION)
                                   if name not in ("rows", "replacement")))  # fmt: skip


def _short(text: str) -> str:
    most = LONGEST_CELL // 2
    return text if len(text) <= most else text[: most - 1] + "…"


def _height(cells: Any) -> float:
    """The height of a row in points: no program grows rows by itself in a file."""
    return LINE * min(20, max(_lines(text, width) for text, width in cells))


def _lines(text: str, width: int) -> int:
    return sum(len(textwrap.wrap(line, width)) or 1 for line in text[:4000].splitlines()) or 1
