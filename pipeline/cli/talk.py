"""Turn results and words into what a person reads at the terminal, and results into JSON; nothing else here prints.

Whatever a text holds, the terminal obeys none of it: see `screen`.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import click

from pipeline.cli import screen
from pipeline.errors import Stop
from pipeline.language import say

JSON_VERSION = 1
PRINTED: list[str] = []
"""The kinds of the results that were printed as JSON."""
YES, NO = ("y", "yes", "s", "si", "sí"), ("n", "no", "")
MEASURE = 80
"""Columns that a table is laid out in where nobody looks at a screen."""
SMALL = 60
"""Columns in which a line would lose too much if it were cut: it goes on below."""


def put(text: str = "") -> None:
    """Print a line of the result on stdout."""
    _write(text, sys.stdout, err=False)


def talk(text: str = "", *, quiet: bool = False) -> None:
    """Say something on stderr."""
    if not quiet:
        _write(text, sys.stderr, err=True)


def _write(text: str, stream: Any, *, err: bool) -> None:
    room = screen.room_of(stream)
    laid = screen.folded(text, room) if room else text
    shows = screen.is_terminal(stream)
    click.echo(screen.rendered(laid, colour=screen.in_colour(stream), isolate=shows), err=err, color=True)


def put_cut(text: str, room: int = screen.WIDEST) -> None:
    """Print a line on stdout, no wider than the screen, or than `room` where there is none; a small screen shows it whole."""
    found = screen.room_of(sys.stdout) or room
    put(screen.cut(text, found) if found >= SMALL else text.replace("\n", " "))


def measure() -> int:
    """Columns that a table on stdout is laid out in."""
    return min(screen.room_of(sys.stdout) or MEASURE, MEASURE)


def agrees(question: str) -> bool:
    """Ask on stderr, for yes or no in the spoken language or in English; no is the answer where nothing is typed."""
    asked = screen.rendered(question, colour=False, isolate=False)
    said = click.prompt(f"{asked} [{say('y/N')}]", default="", show_default=False, value_proc=_answer, err=True)
    return bool(said)


def _answer(typed: str) -> bool:
    word = typed.strip().lower()
    if word in YES:
        return True
    if word in NO:
        return False
    raise click.UsageError(say("answer {yes} or {no}", yes=say("yes"), no="no"))


def put_json(kind: str, content: dict[str, Any]) -> None:
    """Print a result as JSON on stdout."""
    PRINTED.append(kind)
    put_document({"schema": f"customer-import/{kind}/{JSON_VERSION}", **content})


def put_document(content: Any) -> None:
    """Print JSON on stdout; what a terminal would obey stands in it as `\\u009b`, which is the same JSON."""
    click.echo(screen.escaped(json.dumps(content, ensure_ascii=False, indent=1, default=str)))


def complain(stop: Stop) -> None:
    """Say why the command stopped, and what to type next."""
    first, *more = stop.message.split("\n")
    talk(f"{screen.style(say('stopped'), 'red', 'bold')}: {first}")
    for line in more:
        talk(f"  {line}")
    for number, line in enumerate(stop.remedy.split("\n") if stop.remedy else ()):
        talk(f"  {'  ' if number else '→ '}{line}")


def count(number: int, singular: str, plural: str | None = None) -> str:
    """`1 row`, `2 rows`, `12,430 rows`."""
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


def duration(seconds: float) -> str:
    """`45 s`, `8 min 18 s`, `1 h 6 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def cut(text: str, width: int) -> str:
    """`text` on one line of at most `width` columns."""
    return screen.cut(text, width)
