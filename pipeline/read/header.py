"""Turn the first rows of a grid into the place of the table: its header row, and where another table begins.

The header is the first row about as wide as the table. What stands in its cells is compared with the kinds of
values below: a header names, data repeat. Where the rows allow two readings the run stops and shows both.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.errors import Unreadable
from pipeline.language import say, say_n
from pipeline.read.grid import Row
from pipeline.read.kinds import LOOK_BELOW, contrast, kind, usual
from pipeline.spreadsheet import letters

LABEL = 80  # characters; names of columns are shorter


@dataclass(frozen=True)
class Place:
    """Where the header stands: its row number (0: there is none), its cells, and sentences for the user.

    `end` is the row where another table begins below, which is no part of this one.
    """

    number: int
    cells: tuple[str, ...]
    notes: tuple[str, ...] = ()
    end: int | None = None


def find(head: Sequence[Row], width: int, told: int | None, name: str) -> Place:
    """The header row among the first rows of a grid, or the one that the user named (0: none).

    Raises:
        Unreadable: there are no rows, no header, or several rows may be it.
    """
    if not head:
        raise Unreadable(
            say("{name} has no rows", name=name), say("Export the customer list again, and check that it has rows.")
        )
    if told == 0:
        return Place(0, tuple(f"Column {i + 1}" for i in range(width)))
    if told is not None:
        row = next((r for r in head if r.number == told), None)
        if row is None:
            raise Unreadable(
                say("row {told} of {name} is blank or not among the first rows", told=told, name=name),
                say(
                    "Name the row that holds the column names, for example --header-row {number}.",
                    number=head[0].number,
                ),
            )
        return _place(row, width, head)
    at = _widest_first(head)
    if _certainly_data(head, at):
        shown = ", ".join(repr((head[at].cells[i] or "")[:30]) for i in head[at].filled()[:4])
        note = say(
            "there is no header: row {number} ({shown}) is data, and the columns are called Column 1, Column 2 ...",
            number=head[at].number,
            shown=shown,
        )
        return Place(0, tuple(f"Column {i + 1}" for i in range(width)), (note,))
    if at + 1 < len(head):
        _refuse_data(head, at, name)
        _refuse_several(head, at, name)
        _refuse_loose(head, at, name)
        _refuse_two(head, at, name)
    elif any(kind(head[at].cells[i] or "") != "text" for i in head[at].filled()):
        _no_header(head[at], name)
    return _place(head[at], width, head)


def _place(row: Row, width: int, head: Sequence[Row]) -> Place:
    cells = tuple((row.cells[i] if i < len(row.cells) else None) or "" for i in range(width))
    notes = []
    before = sum(r.number < row.number for r in head)
    if before:
        notes.append(
            say_n(
                "the header is row {number}; the row with text above it was left out",
                "the header is row {number}; the {n:n} rows with text above it were left out",
                before,
                number=row.number,
            )
        )
    twice = [text for text, count in Counter(c.strip() for c in cells if c.strip()).items() if count > 1]
    if twice:
        notes.append(say("the header {names} stands over more than one column", names=", ".join(map(repr, twice))))
    below = [r for r in head if r.number > row.number]
    nameless = [i for i in range(width) if not cells[i].strip() and any(i in r.filled() for r in below[:LOOK_BELOW])]
    if nameless:
        notes.append(
            say_n(
                "column {names} has cells but no header",
                "columns {names} have cells but no header",
                len(nameless),
                names=", ".join(letters(i) for i in nameless),
            )
        )
    other = another(head, next(i for i, r in enumerate(head) if r.number == row.number))
    return Place(row.number, cells, tuple(notes), other[0] if other else None)


def _widest_first(head: Sequence[Row]) -> int:
    """The first row at least half as wide as the widest, unless a much wider one of names follows soon."""
    fills = [len(row.filled()) for row in head]
    top = max(fills)
    at = next(i for i, fill in enumerate(fills) if fill * 2 >= top and (fill > 1 or top == 1))
    for later in range(at + 1, min(at + 8, len(head))):
        names = [head[later].cells[i] or "" for i in head[later].filled()]
        wider = fills[later] >= 1.5 * fills[at] and all(kind(c) == "text" and len(c) <= LABEL for c in names)
        if wider and (contrast(head, later)[0] or later + 1 == len(head)):
            return later
    return at


def _certainly_data(head: Sequence[Row], at: int) -> bool:
    """The first row of all holds what stands below it, in kinds of values that no header has beside each other.

    Numbers alone prove nothing: years make good headers.
    """
    if at or len(head) < 3:
        return False
    names, repeats = contrast(head, at)
    kinds = {kind(head[at].cells[i] or "") for i in head[at].filled()} & {"email", "url", "date", "code"}
    return not names and repeats >= 3 and len(kinds) >= 2


def _refuse_data(head: Sequence[Row], at: int, name: str) -> None:
    names, repeats = contrast(head, at)
    if repeats and repeats >= 2 * names:
        _no_header(head[at], name)


def _no_header(row: Row, name: str) -> None:
    shown = ", ".join(repr((row.cells[i] or "")[:30]) for i in row.filled()[:4])
    raise Unreadable(
        say(
            "no row of {name} looks like a header: row {number} ({shown}) looks like data",
            name=name,
            number=row.number,
            shown=shown,
        ),
        say(
            "If row {number} holds the column names, add --header-row {number}; if the list has no header, add "
            "--header-row 0 (its columns are then called Column 1, Column 2 ...).",
            number=row.number,
        ),
    )


def _refuse_several(head: Sequence[Row], at: int, name: str) -> None:
    """Two rows of names, where the lower fills the gaps of the upper (groups over columns)."""
    upper, lower = head[at], head[at + 1]
    gaps = set(lower.filled()) - set(upper.filled())
    texts = [lower.cells[i] or "" for i in lower.filled()]
    if lower.number != upper.number + 1 or not gaps or len(head) <= at + 2:
        return
    names, same = contrast(head, at + 1)
    if len(gaps) == 1 and (len(texts) < 2 or set(upper.filled()) <= set(lower.filled()) or not names or same):
        return
    plain = all(kind(text) == "text" for text in texts)
    grouped = all(min(upper.filled()) < gap for gap in gaps)  # the name of a group stands left of its gaps
    if not plain or not (grouped or names):
        return
    raise Unreadable(
        say(
            "{name} seems to have several header rows: row {upper} and row {lower}",
            name=name,
            upper=upper.number,
            lower=lower.number,
        ),
        say(
            "Choose one with --header-row {upper} or --header-row {lower}, or merge them into one row.",
            upper=upper.number,
            lower=lower.number,
        ),
    )


def another(head: Sequence[Row], at: int) -> tuple[int, int] | None:
    """The numbers of the row where another table begins below the one whose header is `head[at]`, and of its header.

    That header stands after a blank row, with or without a title, names what stands below it, and is neither a row of
    the table above nor its header again.
    """
    for i in range(at + 2, len(head) - 1):
        titled = len(head[i - 1].filled()) == 1 and i > at + 2
        start = i - 1 if titled else i
        if head[start].number > head[start - 1].number + 1 and _names_others(head, at, i, start):
            return head[start].number, head[i].number
    return None


def _names_others(head: Sequence[Row], at: int, i: int, start: int) -> bool:
    filled = head[i].filled()
    texts = [head[i].cells[k] or "" for k in filled]
    if len(filled) < 2 or any(kind(c) != "text" or len(c) > LABEL for c in texts) or repeats(head[i], head[at]):
        return False
    names, same = contrast(head, i)
    if names < 2 or same:
        return False
    # Where the columns go on with the same kinds of values, this is a row of the same table, whatever is wrong in it.
    below = head[i + 1 : i + 1 + LOOK_BELOW]
    return any(usual(head[at + 1 : start], k) != usual(below, k) for k in filled)


def repeats(row: Row, header: Row) -> bool:
    """Whether a row has the same cells as the header, as on every page of a printed list."""
    texts = [cell or "" for cell in row.cells]
    if texts:  # where files with byte order marks were joined, one is left in the first cell
        texts[0] = texts[0].removeprefix("\ufeff")
    return texts == [c or "" for c in header.cells]


def _refuse_two(head: Sequence[Row], at: int, name: str) -> None:
    if (other := another(head, at)) is not None:
        first, second = head[at].number, other[1]
        raise Unreadable(
            say(
                "{name} holds two tables: one with its header in row {first}, another in row {second}",
                name=name,
                first=first,
                second=second,
            ),
            say(
                "Choose one: --header-row {first} reads the rows before row {second}, --header-row {second} those "
                "below it.",
                first=first,
                second=second,
            ),
        )


def _refuse_loose(head: Sequence[Row], at: int, name: str) -> None:
    """Most rows below fill a single one of three or more columns, so they are no list."""
    below = head[at + 1 :]
    width = len(head[at].filled())
    lonely = sum(len(row.filled()) == 1 for row in below)
    if width >= 3 and len(below) >= 3 and lonely * 2 > len(below):
        raise Unreadable(
            say(
                "no table was found for sure in {name}: {lonely} of {count} rows have a single cell",
                name=name,
                lonely=lonely,
                count=len(below),
            ),
            say("If row {number} holds the column names, add --header-row {number}.", number=head[at].number),
        )
