"""Turn a stream of workbook rows into spooled parts and a description of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from pipeline.language import say
from pipeline.read.book import RawRow, too_large
from pipeline.read.formats import FRACTION
from pipeline.read.grid import PART_ROWS, Spool, columns, problem_frame
from pipeline.read.quick import Irregular, Piece

MOST_PROBLEMS = 2_000_000
PART_CELLS = 1 << 20


def spool(book: Any, sheet: str, scratch: Path, name: str, most_cells: int) -> dict[str, Any]:
    """Write all rows of a sheet; each part is as wide as its widest row."""
    if hasattr(book, "pieces"):
        try:
            return _pieces(book.pieces(sheet), scratch, name, most_cells)
        except Irregular:
            pass
    return _rows(book.rows(sheet), scratch, name, most_cells)


def _pieces(pieces: Iterator[Piece], scratch: Path, name: str, most_cells: int) -> dict[str, Any]:
    target = Spool(scratch)
    problems: list[tuple[int, int, str, str | None]] = []
    width = count = cells = 0
    for piece in pieces:
        fraction = piece.problems["code"] == FRACTION
        if piece.cells.height:
            target.add(piece.cells, piece.problems.filter(fraction))
        count += piece.cells.height
        cells += piece.cells.height * piece.cells.width
        width = max(width, piece.cells.width - 1)
        problems += piece.problems.filter(~fraction).select("row", "col", "code", "value").rows()
        if cells > most_cells or len(problems) > MOST_PROBLEMS:
            raise too_large(name, say("more than {most_cells:n} cells", most_cells=most_cells))
    return _result(target, width, count, problems)


def _rows(rows: Iterator[RawRow], scratch: Path, name: str, most_cells: int) -> dict[str, Any]:
    target = Spool(scratch)
    waiting: list[RawRow] = []
    problems: list[tuple[int, int, str, str | None]] = []
    width = count = cells = 0
    for row in rows:
        waiting.append(row)
        count += 1
        cells += len(row.cells)
        problems += [(row.number, *problem) for problem in row.problems if problem[1] != FRACTION]
        if cells > most_cells or len(problems) > MOST_PROBLEMS:
            raise too_large(name, say("more than {most_cells:n} cells", most_cells=most_cells))
        if len(waiting) >= PART_ROWS or len(waiting) * max(1, width) > PART_CELLS:
            width = max(width, _write(target, waiting))
            waiting = []
    if waiting:
        width = max(width, _write(target, waiting))
    return _result(target, width, count, problems)


def _result(target: Spool, width: int, count: int, problems: list[Any]) -> dict[str, Any]:
    return {
        "folder": target.folder.name, "parts": target.parts, "width": width, "count": count, "problems": problems,
        "fractions": target.fractions,
    }  # fmt: skip


def _write(target: Spool, rows: list[RawRow]) -> int:
    width = max(max(row.cells, default=-1) for row in rows) + 1
    width = max(width, max((column for row in rows for column, _, _ in row.problems), default=-1) + 1)
    numbers = pl.Series("row", [row.number for row in rows], dtype=pl.UInt32)
    names = columns(width)
    cells = [pl.Series(names[i], [row.cells.get(i) for row in rows], dtype=pl.String) for i in range(width)]
    fractions = [(row.number, *problem, None) for row in rows for problem in row.problems if problem[1] == FRACTION]
    target.add(pl.DataFrame([numbers, *cells]), problem_frame(fractions))
    return width
