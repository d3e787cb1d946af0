"""Turn numbers of things, and names that are the same in every language, into words of the spoken one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pipeline.cli import screen
from pipeline.language import later, number, say, say_n, statuses

MODE = {"LIVE": later("LIVE"), "test": later("test"), "sandbox": later("sandbox")}
"""What a server's data are: see `Server.mode`."""


def rows(count: int) -> str:
    """`12,430 rows`."""
    return say_n("{n:n} row", "{n:n} rows", count)


def customers(count: int) -> str:
    """`12,430 customers`."""
    return say_n("{n:n} customer", "{n:n} customers", count)


def requests(count: int) -> str:
    """`12,430 requests`."""
    return say_n("{n:n} request", "{n:n} requests", count)


def mode(name: str) -> str:
    """The mode of a run, as a person reads it."""
    return say(MODE.get(name, name))


def when(moment: str) -> str:
    """`2026-11-21 15:30 UTC`, of an ISO 8601 time as the run folder keeps it; what is none stays as it is."""
    try:
        return datetime.fromisoformat(moment).astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
    except ValueError:
        return moment


def pace(rate: float | None, seconds: str) -> str:
    """How fast requests are sent, and how long that takes at least."""
    if not rate:
        return say("at no set pace")
    return say("at {rate} requests a second, at least {seconds}", rate=number(rate), seconds=seconds)


def conservation(read: int, counts: Mapping[str, int]) -> str:
    """The line that proves that no row is lost."""
    return say_n(
        "{n:n} row read = {counts}", "{n:n} rows read = {counts}", read, counts=statuses.counted(counts) or say("none")
    )


def unread(facts: Mapping[str, Any]) -> int:
    """Rows that --limit has left unread; `facts` are those of the run's first plan."""
    limit = facts["options"].get("limit")
    return sum(max(0, (source["rows"] or 0) - limit) for source in facts["sources"]) if limit else 0


def unread_line(facts: Mapping[str, Any]) -> str | None:
    """What is said of rows that --limit has left unread; None where there are none."""
    limit = facts["options"].get("limit")
    if limit and any(source["rows"] is None for source in facts["sources"]):
        return say("the rest of the file was not read (--limit {limit:n})", limit=limit)
    left = unread(facts)
    return say_n(
        "{n:n} further row was not read (--limit {limit:n})", "{n:n} further rows were not read (--limit {limit:n})", left,
        limit=limit,
    ) if left else None  # fmt: skip


def cause(
    count: int, title: str, column: str | None, examples: Sequence[tuple[int, str | None]], detail: str = ""
) -> str:  # fmt: skip
    """Why so many rows are not in: `     8 × The tax id is not valid in RUT (row 12: 7.654-K)`; `detail` is what the target said."""
    found = [
        say("row {row}: {value}", row=row, value=screen.shown(value)) if value else say("row {row}", row=row)
        for row, value in examples
    ]
    said = say("{title} in {column}", title=title, column=screen.shown(column)) if column else title
    said = f"{said}: {screen.shown(detail).rstrip('.')}" if detail else said
    shown = f" ({'; '.join(found)})" if found else ""
    return f"  {number(count):>6} × {said}{shown}"
