"""Turn batches of outcomes into the bounded choice of rows that the report page shows."""

from __future__ import annotations

from typing import Any

import polars as pl

from pipeline.report.facts import NOT_IN, Facts
from pipeline.report.rows import Told

MOST_ROWS = 1_000
MOST_COLUMNS = 40
LONGEST_CELL = 160
LONGEST_TEXT = 400
MOST_PROBLEMS = 12

_REACHED = tuple(status for status in NOT_IN if status != "not_attempted")


class Shown:
    """The rows of the page: all rows of a small run, else the first rows that are not in.

    `rows` are in input order; rows that the run did not reach come last, as there is nothing to say about
    them. `complete` says that they are all the rows of the run.
    """

    def __init__(self, facts: Facts) -> None:
        """Begin with no row."""
        self.complete = True
        self._width = min(len(facts.headers), MOST_COLUMNS)
        self._seen = 0
        self._all: list[dict[str, Any]] = []
        self._wrong: list[dict[str, Any]] = []
        self._waiting: list[dict[str, Any]] = []

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The rows to show, at most MOST_ROWS; see `_row` for their shape."""
        if self.complete:
            return self._all
        return (self._wrong + self._waiting)[:MOST_ROWS]

    def add(self, told: Told) -> None:
        """Take what the page needs from one told batch."""
        frame = told.frame
        self.complete = self.complete and self._seen + frame.height <= MOST_ROWS
        if self.complete:
            self._all += self._take(told, frame, MOST_ROWS - self._seen)
        self._seen += frame.height
        for kept, statuses in ((self._wrong, _REACHED), (self._waiting, ("not_attempted",))):
            if len(kept) < MOST_ROWS and (these := frame["status"].is_in(statuses)).any():
                kept += self._take(told, frame.filter(these), MOST_ROWS - len(kept))

    def _take(self, told: Told, frame: pl.DataFrame, most: int) -> list[dict[str, Any]]:
        frame = frame.head(most)
        if frame.is_empty():
            return []
        problems: dict[int, list[list[str | None]]] = {}
        for at, *problem in (
            told.problems(frame["at"])
            .select("at", "severity", "code", "column", "field", "value", "message", "remedy", "suggestion")
            .iter_rows()
        ):
            found = problems.setdefault(at, [])
            if len(found) < MOST_PROBLEMS:
                found.append([cut(text, LONGEST_TEXT) for text in problem])
        cells = frame.select(f"c{index}" for index in range(self._width)).iter_rows()
        known = frame.select("at", "row", "sheet", "source", "status", "id").iter_rows()
        return [
            _row(own, [cut(text, LONGEST_CELL) for text in texts], problems.get(own[0], []))
            for own, texts in zip(known, cells if self._width else ((),) * frame.height, strict=True)
        ]


def _row(own: tuple[Any, ...], cells: list[str | None], problems: list[list[str | None]]) -> dict[str, Any]:
    """A row as the page's script reads it; a problem is severity, code, column, field, value, message, remedy."""
    _, row, sheet, source, status, id_ = own
    return {"r": row, "h": sheet, "o": source, "s": status, "i": id_, "c": cells, "p": problems}


def cut(text: str | None, most: int) -> str | None:
    """Shorten a text to at most `most` characters, with an ellipsis where something is left out."""
    return text if text is None or len(text) <= most else text[: most - 1] + "…"
