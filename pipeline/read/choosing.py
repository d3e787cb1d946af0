"""Turn the first rows of a workbook's sheets into the one that holds the customers, or into a question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from pipeline.errors import Unreadable
from pipeline.language import say, say_n
from pipeline.read.book import HELPERS, RawRow
from pipeline.read.kinds import kind

PEEK = 40  # rows that show whether a sheet holds a table
MANY = 5  # rows below a header that make it a list, whatever they hold
ALIKE = 0.6  # share of the column names that two sheets of the same kind have in common
EXPLAINED = 0.8  # share of a list's column names that a sheet about it goes through
SHOWN = 4  # names


@dataclass(frozen=True)
class Chosen:
    """The sheet to read; how many rows were `seen` of others that may matter; whether the workbook is one we made."""

    sheet: str
    seen: dict[str, int] = field(default_factory=dict)
    own: bool = False


def choose(book: Any, name: str) -> Chosen:
    """The first visible sheet with a table (two rows and two columns), else the one with most rows seen.

    In an error file of ours the sheet with the rows comes second, behind their causes. A sheet that goes through the
    columns of another one is no list but explains that.

    Raises:
        Unreadable: another sheet has the same kind of header, and rows of its own.
    """
    names = [f.name for f in book.facts() if not f.hidden] or [f.name for f in book.facts()]
    if len(names) == 1:
        return Chosen(names[0])
    peeks: dict[str, list[RawRow]] = {}
    for sheet in names:
        peeks[sheet] = list(islice(book.rows(sheet), PEEK))
        if peeks[sheet] and set(peeks[sheet][0].cells.values()) >= HELPERS:
            return Chosen(sheet, own=True)
    wide = [n for n in names if len(peeks[n]) > 1 and max(len(row.cells) for row in peeks[n]) > 1]
    about = [n for n in names if any(_explains(peeks[n], peeks[other]) for other in wide if other != n)]
    tables = [n for n in wide if n not in about]
    tables = [n for n in tables if not _summary(peeks[n], [peeks[other] for other in tables])]
    chosen = next(iter(tables or wide or sorted(names, key=lambda n: -len(peeks[n]))))
    rivals = [n for n in tables if n != chosen and _rival(peeks[chosen], peeks[n])]
    if rivals:
        raise _question([chosen, *rivals], peeks, name)
    seen = {n: len(rows) for n, rows in peeks.items() if n not in about}
    return Chosen(chosen, seen, own=any(_explains(peeks[n], peeks[chosen]) for n in about))


def _header(rows: Sequence[RawRow]) -> int:
    """The place of the first row at least half as wide as the widest."""
    top = max((len(row.cells) for row in rows), default=0)
    return next((i for i, row in enumerate(rows) if len(row.cells) * 2 >= top), 0)


def _columns(rows: Sequence[RawRow]) -> dict[str, int]:
    """The names in the header, as they compare, and their columns."""
    cells = rows[_header(rows)].cells if rows else {}
    return {text.strip().casefold(): i for i, text in cells.items() if text.strip()}


def _summary(rows: Sequence[RawRow], tables: Sequence[Sequence[RawRow]]) -> bool:
    """Whether a sheet of few columns stands beside a table of many that has e-mail addresses, and has none itself."""
    few = len(_columns(rows))
    return not _has_emails(rows) and any(len(_columns(t)) > 2 * few and _has_emails(t) for t in tables)


def _has_emails(rows: Sequence[RawRow]) -> bool:
    return any(kind(text) == "email" for row in rows for text in row.cells.values())


def _explains(rows: Sequence[RawRow], table: Sequence[RawRow]) -> bool:
    """Whether the cells of one column are the column names of a table."""
    names = set(_columns(table))
    if len(names) < 2 or len(rows) <= EXPLAINED * len(names):
        return False
    listed: dict[int, set[str]] = {}
    for row in rows[1:]:
        for i, text in row.cells.items():
            listed.setdefault(i, set()).add(text.strip().casefold())
    return any(len(names & texts) >= EXPLAINED * len(names) for texts in listed.values())


def _rival(chosen: Sequence[RawRow], other: Sequence[RawRow]) -> bool:
    ours, theirs = _columns(chosen), _columns(other)
    shared = ours.keys() & theirs.keys()
    below, beside = chosen[_header(chosen) + 1 :], other[_header(other) + 1 :]
    if len(shared) < 2 or len(shared) < ALIKE * max(len(ours), len(theirs)):
        return _same_kinds(below, beside)
    if min(len(below), len(beside)) >= MANY:
        return True
    return any(_has_email(below, ours[n]) and _has_email(beside, theirs[n]) for n in shared)


def _same_kinds(below: Sequence[RawRow], beside: Sequence[RawRow]) -> bool:
    """Whether both have the same kinds of values in the same columns, e-mail addresses among them.

    So are a sheet `Clientes` and a sheet `Customers`, whose headers have no word in common.
    """
    width = max((i for rows in (below, beside) for row in rows for i in row.cells), default=-1) + 1
    ours, theirs = (
        [{kind(row.cells.get(i, "")) for row in rows} - {"text"} for i in range(width)] for rows in (below, beside)
    )
    pairs = list(zip(ours, theirs, strict=True))
    return ({"email"}, {"email"}) in pairs and all(a & b or not (a or b) for a, b in pairs)


def _has_email(rows: Sequence[RawRow], column: int) -> bool:
    return any(kind(row.cells.get(column, "")) == "email" for row in rows)


def _question(sheets: list[str], peeks: dict[str, list[RawRow]], name: str) -> Unreadable:
    def described(sheet: str) -> str:
        rows = peeks[sheet]
        at = _header(rows)
        texts = [text.strip() for text in rows[at].cells.values() if text.strip()]
        count = len(rows) - at - 1
        names = ", ".join(texts[:SHOWN]) + (" ..." if len(texts) > SHOWN else "")
        if len(rows) == PEEK:
            return say("{sheet!r} ({names}; {count} or more rows)", sheet=sheet, names=names, count=count)
        return say_n("{sheet!r} ({names}; {n} row)", "{sheet!r} ({names}; {n} rows)", count, sheet=sheet, names=names)

    shown = sheets[: SHOWN * 2]
    flags = say(" or ").join(f'--sheet "{sheet}"' for sheet in shown)
    return Unreadable(
        say(
            "{name} has {count} sheets that may be the customer list: {names}",
            name=name,
            count=len(sheets),
            names=", ".join(map(described, shown)),
        ),
        say("Choose one: {flags}. What the others hold can go in with a run of its own.", flags=flags),
    )
