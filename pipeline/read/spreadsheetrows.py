"""Turn the elements of one sheet of an XML spreadsheet into rows of shown text and their problems."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from pipeline.language import say
from pipeline.read.book import RawRow, damaged, too_large
from pipeline.read.moments import Moments
from pipeline.read.sheetxml import LAST_ROW, LONGEST_CELL, local_name

LAST_COLUMN = 1 << 14  # spreadsheet programs stop there
WORKSHEET, TABLE, ROW, CELL, DATA = range(1, 6)
"""Within how many elements each of these stands."""
TRUTH = {"1": "TRUE", "0": "FALSE", "true": "TRUE", "false": "FALSE"}
GENERAL = 0
YES = frozenset({"1", "true"})
short = lru_cache(1 << 10)(local_name)


class TablePass:
    """The handlers that turn one sheet into rows: the one at `place` among all."""

    def __init__(self, place: int, moments: Moments, styles: Mapping[str, int], name: str) -> None:
        """Begin before the first sheet of a document; `styles` are their places among the formats."""
        self.moments, self.formats, self.styles, self.name = moments, moments.formats, styles, name
        self.rows: list[RawRow] = []
        self.hidden = self.hidden_columns = self.merged = 0
        self.over = False
        self._before = place + 1  # sheets that begin until it has begun
        self._path: list[str] = []
        self._is_ours = False
        self._top = self._left = 0  # rows and columns before the table
        self._next_row = self._next_column = 1  # counted from there
        self._last = 0
        self._table_style = self._row_style = GENERAL
        self._column_styles: dict[int, int] = {}
        self._covered: dict[int, int] = {}  # column -> the last row that a merged cell above reaches
        self._row: RawRow | None = None
        self._column = self._behind = 0  # of the cell, and of the next one
        self._style = GENERAL
        self._is_uncomputed = self._is_covered = False
        self._kind = ""  # of the value, while it is read
        self._pieces: list[str] = []
        self._size = 0

    def taken(self) -> list[RawRow]:
        """The rows finished since the last call."""
        rows, self.rows = self.rows, []
        return rows

    def start(self, tag: str, given: dict[str, str]) -> None:
        """An element begins."""
        path, depth = self._path, len(self._path)
        local = short(tag)
        path.append(local)
        if depth >= CELL:
            if self._row is None:
                return
            if depth == CELL and local == "Cell":
                self._begin_cell(self._row, named(given))
            elif depth == DATA and local == "Data" and path[CELL] == "Cell":
                self._kind, self._pieces, self._size = named(given).get("Type", "String"), [], 0
        elif depth == WORKSHEET and local == "Worksheet":
            self._before -= 1
            self._is_ours = self._before == 0
        elif not self._is_ours or depth < TABLE or path[TABLE] != "Table":
            pass
        elif local == "Row":
            self._begin_row(named(given))
        elif local == "Column":
            self._begin_column(named(given))
        elif depth == TABLE:
            given = named(given)
            self._top, self._left = _count(given, "TopCell", 1) - 1, _count(given, "LeftCell", 1) - 1
            self._table_style = self._styled(given, GENERAL)

    def data(self, text: str) -> None:
        """Characters."""
        if self._kind:
            self._size += len(text)
            if self._size > 4 * LONGEST_CELL:
                raise too_large(self.name, say("a cell of {count:n} characters", count=self._size))
            self._pieces.append(text)

    def end(self, _: str) -> None:
        """An element ends."""
        self._path.pop()
        depth, row = len(self._path), self._row
        if row is not None:
            if depth == DATA and self._kind:
                self._end_data(row)
            elif depth == CELL and self._is_uncomputed:
                row.problems.append((self._column, "cell.formula_without_value", None))
                self._is_uncomputed = False
            elif depth == ROW:
                if row.cells or row.problems:
                    self.rows.append(row)
                self._row = None
        elif depth == WORKSHEET and self._is_ours:
            self._is_ours, self.over = False, True

    def _begin_column(self, given: dict[str, str]) -> None:
        first = _count(given, "Index", self._next_column)
        span = min(_count(given, "Span", 0), LAST_COLUMN)
        self._next_column = first + span + 1
        self.hidden_columns += (span + 1) * (given.get("Hidden") in YES)
        if "StyleID" in given:
            columns = range(self._left + first - 1, min(self._left + first + span, LAST_COLUMN))
            self._column_styles |= dict.fromkeys(columns, self._styled(given, GENERAL))

    def _begin_row(self, given: dict[str, str]) -> None:
        number, span = self._top + _count(given, "Index", self._next_row), _count(given, "Span", 0)
        if not self._last < number < LAST_ROW:
            raise damaged(self.name, say("row {number} stands after row {last}", number=number, last=self._last))
        self._last = number
        self._next_row = number - self._top + span + 1
        self._row, self._row_style, self._behind = RawRow(number, {}, []), self._styled(given, -1), self._left
        self.hidden += (span + 1) * (given.get("Hidden") in YES)

    def _begin_cell(self, row: RawRow, given: dict[str, str]) -> None:
        column, across, down = self._behind, 0, 0
        if len(given) > 1 or "StyleID" not in given:
            column = self._left + _count(given, "Index", column - self._left + 1) - 1
            across, down = _count(given, "MergeAcross", 0), _count(given, "MergeDown", 0)
        if column < self._behind:
            raise self._overlap(row)
        if column + across >= LAST_COLUMN:
            raise too_large(self.name, say("{column:n} columns", column=column + across + 1))
        self._column, self._behind = column, column + across + 1
        self._style = self._styled(given, self._row_style)
        if self._style < 0:
            self._style = self._column_styles.get(column, self._table_style)
        self._is_uncomputed = "Formula" in given
        self._is_covered = row.number <= self._covered.get(column, 0)
        if across or down:
            self.merged += 1
            if down:
                self._covered |= dict.fromkeys(range(column, self._behind), row.number + down)

    def _end_data(self, row: RawRow) -> None:
        text, kind = "".join(self._pieces), self._kind
        self._kind, self._pieces = "", []
        text, problem = self._shown(text, kind)
        if text or kind == "String":
            self._is_uncomputed = False
        if not text:
            return
        if len(text) > LONGEST_CELL:
            raise too_large(self.name, say("a cell of {count:n} characters", count=len(text)))
        if self._column in row.cells or self._is_covered:
            raise self._overlap(row)
        row.cells[self._column] = text
        if problem:
            row.problems.append((self._column, problem, text))
        if "\ufffd" in text:
            row.problems.append((self._column, "cell.undecodable", text))

    def _shown(self, text: str, kind: str) -> tuple[str, str]:
        """The text of a value of a kind, and its problem ("" if none)."""
        if kind == "Number":
            return self.formats.show(text.strip(), self._style) if text.strip() else ("", "")
        if kind == "DateTime":
            return self.moments.show(text.strip(), self._style), ""
        if kind == "Boolean":
            return TRUTH.get(text.strip(), text.strip()), ""
        if kind == "Error":
            return text.strip(), "cell.spreadsheet_error" if text.strip() else ""
        return text, ""

    def _overlap(self, row: RawRow) -> Exception:
        return damaged(self.name, say("in row {number} a cell stands where another one is", number=row.number))

    def _styled(self, given: dict[str, str], otherwise: int) -> int:
        """The format of the style that an element names; a style that there is not shows numbers as they are."""
        return self.styles.get(given["StyleID"], GENERAL) if "StyleID" in given else otherwise


def named(given: dict[str, str]) -> dict[str, str]:
    """Attributes by their names without the prefix, which documents choose and some forget."""
    return {short(name): value for name, value in given.items()}


def _count(given: dict[str, str], name: str, otherwise: int) -> int:
    text = given.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else otherwise
