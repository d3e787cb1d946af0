"""Turn progress and results into what a person sees at the terminal, and results into JSON."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import click
from tqdm import tqdm

JSON_VERSION = 1
PRINTED: list[str] = []
"""The kinds of the results that were printed as JSON."""
FRESH = 0.5
"""Seconds after which a note is drawn although the bar did not move."""


class Bar:
    """A `Progress` drawn with tqdm on stderr; stages shorter than a second leave no trace."""

    def __init__(self, *, quiet: bool) -> None:
        """`quiet` shows nothing; where stderr is no terminal, only what `say` tells."""
        self._quiet = quiet
        self._drawn = not quiet and sys.stderr.isatty()
        self._bar: tqdm[Any] | None = None
        self._noted = 0.0

    def begin(self, stage: str, total: int | None, unit: str = "rows") -> None:
        """Start a bar for `stage`."""
        self.end()
        self._bar = tqdm(
            desc=f"{stage:<8}", total=total, unit=f" {unit}", file=sys.stderr, disable=not self._drawn, leave=False,
            delay=0.5, dynamic_ncols=True, mininterval=0.2,
        )  # fmt: skip

    def advance(self, count: int) -> None:
        """Move the bar."""
        if self._bar is not None:
            self._bar.update(count)

    def note(self, text: str) -> None:
        """Show `text` behind the bar."""
        if self._bar is not None:
            now = time.monotonic()
            self._bar.set_postfix_str(text, refresh=now - self._noted > FRESH)
            self._noted = now if now - self._noted > FRESH else self._noted

    def end(self) -> None:
        """Remove the bar."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def say(self, text: str) -> None:
        """Tell one line, above the bar."""
        if not self._quiet:
            tqdm.write(text, file=sys.stderr)


def talk(text: str = "", *, quiet: bool = False) -> None:
    """Say something on stderr."""
    if not quiet:
        click.echo(text, err=True)


def put_json(kind: str, content: dict[str, Any]) -> None:
    """Print a result as JSON on stdout."""
    PRINTED.append(kind)
    click.echo(
        json.dumps(
            {"schema": f"customer-import/{kind}/{JSON_VERSION}", **content}, ensure_ascii=False, indent=1, default=str
        )
    )


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
    """`text` on one line of at most `width` characters."""
    line = text.replace("\n", " ").replace("\r", " ")
    return line if len(line) <= width else line[: width - 1] + "…"
