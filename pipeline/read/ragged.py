"""Turn rows that have not the table's number of cells into problems, or into nothing where they omit blank cells only.

What tells a shifted row from one that leaves out its last blank cells are the kinds of values in each column, and
which columns are always filled.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from pipeline.language import say
from pipeline.read.grid import Row
from pipeline.read.kinds import kind

SHOWN = 300  # characters of a troubled row that an issue shows
MOST_JUDGED = 20_000  # irregular rows; a file with more is written so on purpose
FEWEST = 20  # rows that make a habit
RARE, FEW_OF = 20, 3  # one row in so many, of a long list and of a short one
Problem = tuple[int, int | None, str, str | None, str | None]


@dataclass(frozen=True)
class Odd:
    """A row with fewer cells than the table, or with more of which the last are blank."""

    number: int
    cells: tuple[str, ...]

    @property
    def text(self) -> str:
        """The row as an issue shows it."""
        return " | ".join(self.cells)[:SHOWN]

    def gap(self, width: int) -> bool:
        """Whether a blank cell stands before one that is not."""
        filled = [bool(cell.strip()) for cell in self.cells[:width]]
        return False in filled and True in filled[filled.index(False) :]


class Columns:
    """What the regular first rows have in each column: the usual kind of value, and whether it is ever blank."""

    def __init__(self, width: int, head: Sequence[Row], odd: set[int]) -> None:
        """Look at the first rows, without the header and the odd ones."""
        rows = [row for row in head[1:] if row.number not in odd]
        self.width, self.known = width, len(rows) >= FEWEST
        self.kinds: list[str] = []  # "" where there is no usual one, "blank" where nothing ever stands
        self.filled: list[bool] = []
        for i in range(width):
            found = Counter(kind(row.cells[i] or "") for row in rows if (row.cells[i] or "").strip())
            usual, count = found.most_common(1)[0] if found else ("blank", 0)
            sure = usual == "blank" or (count >= FEWEST // 2 and count >= 0.9 * found.total())
            self.kinds.append(usual if sure else "")
            self.filled.append(found.total() == len(rows))

    def strange(self, i: int, cell: str) -> bool:
        """Whether a cell is of another kind than its column."""
        usual, own = self.kinds[i], kind(cell)
        if not cell.strip() or not usual:
            return False
        # Names and texts may be anything but an address or a date; numbers and codes are easily taken for each other.
        return own in {"email", "url", "date"} if usual == "text" else own != usual

    def belongs(self, i: int, cell: str) -> bool:
        """Whether a cell is of just the kind that its column has, and that kind is telling."""
        return self.kinds[i] == kind(cell) != "text"

    def doubts(self, cells: Sequence[str]) -> bool:
        """Whether some cell is strange, or blank where it never is."""
        return self.misses(cells) or any(self.strange(i, cell) for i, cell in enumerate(cells))

    def misses(self, cells: Sequence[str]) -> bool:
        """Whether a cell is not there, or blank, that is always filled elsewhere."""
        return any(filled and not cell.strip() for filled, cell in zip_longest(self.filled, cells, fillvalue=""))


def judge(
    width: int, head: Sequence[Row], full: int, short: Sequence[Odd], padded: Sequence[Odd], unended: int | None
) -> Iterator[Problem]:
    """The problems of odd rows; `full` is how many rows have all cells, `unended` the last row if no line end follows."""
    told = {odd.number for odd in _cut_or_broken(width, head, full, short, unended)}
    columns = Columns(width, head, {odd.number for odd in (*short, *padded)})
    rare = 20 * len(short) <= full
    for odd in short:
        detail = say("{count} of {width} cells", count=len(odd.cells), width=width)
        if odd.number in told:
            yield odd.number, None, "row.too_few_cells", odd.text, detail
        elif columns.known and _fits_better(columns, odd.cells, _widened(len(odd.cells))):
            yield odd.number, None, "row.shifted", odd.text, None
        elif columns.known and rare and odd.number > head[0].number and columns.doubts(odd.cells):
            blank = say("{count} of {width} cells; the others are taken as blank", count=len(odd.cells), width=width)
            yield odd.number, None, "row.uneven", odd.text, blank
    for odd in padded:
        if columns.known and (
            _fits_better(columns, odd.cells, _narrowed(odd.cells, width)) or _fills_better(columns, odd.cells)
        ):
            yield odd.number, None, "row.shifted", odd.text, None
        elif _doubtful(columns, odd, full, len(padded)):
            detail = say(
                "{count} cells instead of {width}; the last are blank and left out", count=len(odd.cells), width=width
            )
            yield odd.number, None, "row.uneven", odd.text, detail


def _doubtful(columns: Columns, odd: Odd, full: int, like_it: int) -> bool:
    """Whether a row that is too long by blank cells may be shifted: few are so, and something in it is odd.

    Of a short list nothing tells what is odd; there a row is that has one delimiter too many when others have none.
    """
    if not columns.known:
        return FEW_OF * like_it <= full and len(odd.cells) == columns.width + 1
    return RARE * like_it <= full and (odd.gap(columns.width) or columns.doubts(odd.cells[: columns.width]))


def _cut_or_broken(
    width: int, head: Sequence[Row], full: int, short: Sequence[Odd], unended: int | None
) -> Iterator[Odd]:
    """A last record without line end, in a file whose other rows are complete, was cut by a broken transfer.

    Two neighbours that together have one cell more than the table were one row, broken by a line end in a
    cell without quotation marks.
    """
    rows = {odd.number: odd for odd in short}
    if unended in rows and full > max(1, len(rows) - 1):
        yield rows[unended]
    first = head[0].number if head else 0
    if full > len(rows):
        for number, odd in rows.items():
            other = rows.get(number + 1)
            if other and len(odd.cells) + len(other.cells) == width + 1 and number > first:
                yield odd
                yield other


def _fits_better(columns: Columns, cells: Sequence[str], moves: Iterator[Sequence[int]]) -> bool:
    """Whether moving cells to other columns leaves fewer of them strange, and some certainly in their own.

    A move says for each cell in which column it stands then, -1 for none.
    """
    now = [i < columns.width and columns.strange(i, cell) for i, cell in enumerate(cells)]
    if not any(now):
        return False
    for places in moves:
        then = sum(at >= 0 and columns.strange(at, cell) for at, cell in zip(places, cells, strict=True))
        home = any(
            odd and at >= 0 and columns.belongs(at, cell) for odd, at, cell in zip(now, places, cells, strict=True)
        )
        if home and then < sum(now):
            return True
    return False


def _fills_better(columns: Columns, cells: Sequence[str]) -> bool:
    """Whether a blank stands where one never does, and without it each column has what it always has."""
    width = columns.width
    if not columns.misses(cells[:width]):
        return False
    return any(
        not cells[i].strip() and not columns.doubts([*cells[:i], *cells[i + 1 : width + 1]]) for i in range(width)
    )


def _widened(count: int) -> Iterator[Sequence[int]]:
    return ([*range(i), *range(i + 1, count + 1)] for i in range(count))


def _narrowed(cells: Sequence[str], width: int) -> Iterator[Sequence[int]]:
    for i in range(width):
        if not cells[i].strip():
            yield [*range(i), -1, *range(i, width), *[-1] * (len(cells) - width - 1)]
