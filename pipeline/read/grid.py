"""Turn the cells of any source into one shape: numbered rows of text, as often as asked, with their problems.

A grid knows nothing of headers; `table` finds the customer list in it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import polars as pl

HEAD_ROWS = 300  # the rows in which the table is looked for
TAIL_ROWS = 30  # the rows in which totals and footers are looked for
PART_ROWS = 16_384  # rows of one spooled part
MOST_CELLS = 2 << 20  # of a frame that is put together from parts

PROBLEM_SCHEMA = {
    "row": pl.UInt32,
    "col": pl.UInt32,  # 0-based; null where the problem is of the whole row
    "code": pl.String,
    "value": pl.String,
    "detail": pl.String,
}


@dataclass(frozen=True)
class Row:
    """A row that is not blank: its number as a spreadsheet shows it, and its cells (None: blank)."""

    number: int
    cells: Sequence[str | None]

    def filled(self) -> Sequence[int]:
        """The columns whose cells show something."""
        return self._filled

    @cached_property
    def _filled(self) -> tuple[int, ...]:  # asked for many times while a header is looked for
        return tuple([i for i, cell in enumerate(self.cells) if cell is not None and cell.strip()])


@dataclass(frozen=True)
class Grid:
    """The cells of one sheet or text file.

    `frames(size)` starts anew each time and yields frames with `row` (UInt32) and `c0`..`c{width-1}` (String,
    blank: null), at most `size` rows each, without blank rows, at the latest from the first row of `head` on
    that `first` names. `problems` has PROBLEM_SCHEMA, in row order. `count` is the number of rows not blank.
    `fractions(first, last)` are the problems of numbers with a fraction in these rows, of which there may be as many
    as cells; None where there are none.
    """

    width: int
    frames: Callable[[int], Iterator[pl.DataFrame]]
    head: tuple[Row, ...]
    tail: tuple[Row, ...]
    count: int
    problems: pl.DataFrame
    notes: tuple[str, ...] = ()
    first: int = 1
    fractions: Callable[[int, int], pl.DataFrame] | None = None


def columns(width: int) -> list[str]:
    """The names of the cell columns."""
    return [f"c{i}" for i in range(width)]


def no_problems() -> pl.DataFrame:
    """An empty frame of problems."""
    return pl.DataFrame(schema=PROBLEM_SCHEMA)


def blank_to_null(frame: pl.DataFrame) -> pl.DataFrame:
    """Empty cells become null; cells of blanks stay."""
    cells = pl.col(frame.columns[1:])
    return frame.with_columns(pl.when(cells != "").then(cells))


def without_blank_rows(frame: pl.DataFrame, keep: pl.Series | None = None) -> pl.DataFrame:
    """Only rows with a cell that is not null, or whose number is in `keep`."""
    shows = pl.any_horizontal(pl.col(frame.columns[1:]).is_not_null())
    return frame.filter(shows if keep is None or keep.is_empty() else shows | pl.col("row").is_in(keep.implode()))


class Spool:
    """Rows on disk: written once in parts, read as often as asked."""

    def __init__(self, scratch: Path) -> None:
        """Use a new folder of `scratch`."""
        self.folder = scratch / f"spool-{secrets.token_hex(4)}"
        self.folder.mkdir(mode=0o700)
        self.parts = 0
        self.fractions: list[tuple[int, int, int]] = []  # in which parts they are, and their first and last row

    def add(self, frame: pl.DataFrame, fractions: pl.DataFrame | None = None) -> None:
        """Append a part of rows in their order, and the problems of its numbers with a fraction."""
        _write(frame, self.folder / part_name(self.parts))
        if fractions is not None and fractions.height:
            _write(fractions, self.folder / fractions_name(self.parts))
            self.fractions.append((self.parts, int(fractions["row"][0]), int(fractions["row"][-1])))
        self.parts += 1

    def frames(self, size: int) -> Iterator[pl.DataFrame]:
        """All rows again, at most `size` a time."""
        return filled((pl.read_ipc(self.folder / part_name(part)) for part in range(self.parts)), size)


def _write(frame: pl.DataFrame, path: Path) -> None:
    # Neither packed nor in the newest form: it is read soon and once or twice, and so it is quickest.
    frame.write_ipc(path, compat_level=pl.CompatLevel.oldest())


def part_name(number: int) -> str:
    """The file of a part in the folder of its spool."""
    return f"{number:06}.arrow"


def fractions_name(number: int) -> str:
    """The file of a part's numbers with a fraction."""
    return f"{number:06}.fractions.arrow"


def filled(parts: Iterable[pl.DataFrame], size: int) -> Iterator[pl.DataFrame]:
    """The rows of all parts in frames of `size` rows, since who works on whole columns pays for each frame.

    Frames of very many columns have fewer rows, to fit into memory.
    """
    waiting: list[pl.DataFrame] = []
    rows = 0
    for part in parts:
        most = max(1, min(size, MOST_CELLS // part.width))
        rest = part
        while rows + rest.height >= most:
            waiting.append(rest.head(most - rows))
            rest = rest.slice(most - rows)
            yield pl.concat(waiting, rechunk=True)
            waiting, rows = [], 0
        if rest.height:
            waiting.append(rest)
            rows += rest.height
    if waiting:
        yield pl.concat(waiting, rechunk=True)


def problem_frame(found: Sequence[tuple[int, int | None, str, str | None, str | None]]) -> pl.DataFrame:
    """Problems (row, column, code, value, detail) as a frame."""
    return pl.DataFrame(found, schema=PROBLEM_SCHEMA, orient="row") if found else no_problems()
