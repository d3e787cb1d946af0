"""Turn what a command does to a run into lines of `run.log` in its folder, that anybody may read.

    2026-11-21T11:30:05.123Z 4711 begin    command=push version=0.1.0 python=3.12.1 system=linux flags=--rate=10/s,--yes
    2026-11-21T11:30:09.456Z 4711 stage    name=push seconds=3.2 done=50 unit=rows
    2026-11-21T11:30:09.458Z 4711 requests GET_200=2 POST_201=48 POST_lost=1 seconds=12.4
    2026-11-21T11:30:09.458Z 4711 waits    429=1 503=0 seconds=12.0
    2026-11-21T11:30:09.459Z 4711 rows     created=48 unknown=2 rounds=1
    2026-11-21T11:30:09.460Z 4711 end      code=1 seconds=4.4 stop=Interrupted

No text of a cell, of a header, of a message or of a path is ever among them, and of flags only what is a number, a
choice, or nothing but there. A command that only looks (status, bundle) writes no line. Where the file cannot be written
the command goes on: it is a help, not a record that anything depends on.
"""

from __future__ import annotations

import os
import platform
import re
import sys
import time
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from pipeline import wire
from pipeline.folder import RunFolder

FILE = "run.log"
LOOKING = ("status", "bundle")
PLAIN = re.compile(r"[0-9]{1,9}(\.[0-9]{1,6})?(%|/(s|sec|min|m|h))?")
"""What a flag's free text must be to stand in the log: a number, a share, a pace."""
LIBRARIES = ("polars", "httpx", "aiohttp", "pydantic")


class Log:
    """The lines of one command, kept until it is known which run they belong to."""

    def __init__(self, command: str, flags: list[str]) -> None:
        """`flags` without any text of a person."""
        self.command = command
        self._began = time.monotonic()
        self.folder: Path | None = None
        self._path: Path | None = None
        self._broken = False
        self._lines: list[str] = []
        self.requests: Counter[str] = Counter()
        self.spent = 0.0
        self.waits: Counter[str] = Counter()
        self.waited = 0.0
        self.counts: Mapping[str, int] = {}
        self.write("begin", command=command, version=_version("customer-import"), python=platform.python_version(),
                   system=sys.platform, flags=",".join(flags) or "-")  # fmt: skip

    def hear(self, what: wire.Ended | wire.Held) -> None:
        """Count a request, or a wait."""
        if isinstance(what, wire.Ended):
            self.requests[f"{what.method}_{what.status.replace(' ', '_')}"] += 1
            self.spent += what.seconds
        else:
            self.waits[str(what.status)] += 1
            self.waited += what.seconds

    def write(self, event: str, **content: Any) -> None:
        """Add a line."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        told = " ".join(f"{name}={value}" for name, value in content.items())
        self._lines.append(f"{now} {os.getpid()} {event:<8} {told}".rstrip() + "\n")
        self._flush()

    def attach(self, folder: Path) -> None:
        """From now on the lines go into this run's folder."""
        self.folder = folder
        if self.command not in LOOKING and self._path is None:
            self._path = folder / FILE
            libraries = {name: _version(name) for name in LIBRARIES}
            self.write("with", **{name: found for name, found in libraries.items() if found})

    def end(self, code: int, stop: str) -> None:
        """Write the sums, and how the command ended."""
        if self.requests:
            self.write("requests", **dict(sorted(self.requests.items())), seconds=f"{self.spent:.1f}")
        if self.waits:
            self.write("waits", **dict(sorted(self.waits.items())), seconds=f"{self.waited:.1f}")
        if self.counts:
            rounds = len(list(self._path.parent.glob("round-*/plan.json"))) if self._path else 0
            self.write("rows", **{n: c for n, c in self.counts.items() if c}, rounds=rounds)
        self.write(
            "end", code=code, seconds=f"{time.monotonic() - self._began:.1f}", **({"stop": stop} if stop else {})
        )

    def _flush(self) -> None:
        if self._path is None or self._broken:
            return
        lines, self._lines = self._lines, []
        try:
            handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0), 0o600)
            try:
                os.write(handle, "".join(lines).encode("ascii", "backslashreplace"))
            finally:
                os.close(handle)
        except OSError:
            self._broken = True  # said nowhere: the command itself goes on


_current: list[Log] = []
"""The log of the command that runs; at most one."""


def begin(context: click.Context) -> None:
    """Start the log of a command."""
    end(0)
    _current.append(
        Log(context.command.name or "", [_flag(context, p) for p in context.command.params if _said(context, p)])
    )
    wire.listeners.append(_current[0].hear)


def attach(folder: RunFolder) -> None:
    """Name the run that the command works on."""
    for log in _current:
        log.attach(folder.path)


def find(name: str) -> RunFolder:
    """The run folder called `name`, or the newest one for "latest"; the command works on it from here on.

    Raises:
        Misuse: there is none.
    """
    folder = RunFolder.find(name)
    attach(folder)
    return folder


def folder() -> Path | None:
    """The folder of the run that the command works on, as far as it is known."""
    return _current[0].folder if _current else None


def command() -> str:
    """The name of the command that runs; "" for none."""
    return _current[0].command if _current else ""


def stage(name: str, seconds: float, done: int, unit: str) -> None:
    """Note a stage that has ended."""
    for log in _current:
        log.write(
            "stage", name=name.replace(" ", "_"), seconds=f"{seconds:.2f}", done=done, unit=unit.replace(" ", "_")
        )


def rows(counts: Mapping[str, int]) -> None:
    """Note how many rows of the run have which status."""
    for log in _current:
        log.counts = dict(counts)


def end(code: int, stop: str = "") -> None:
    """End the log of the command, if there is one; `stop` is the name of what stopped it."""
    while _current:
        log = _current.pop()
        wire.listeners.remove(log.hear)
        log.end(code, stop)


def _said(context: click.Context, parameter: click.Parameter) -> bool:
    source = context.get_parameter_source(parameter.name or "")
    return isinstance(parameter, click.Option) and source not in (None, ParameterSource.DEFAULT)


def _flag(context: click.Context, parameter: click.Parameter) -> str:
    """A flag, with its value where that cannot be anybody's text."""
    name, value = max(parameter.opts, key=len), context.params.get(parameter.name or "")
    safe = isinstance(parameter.type, click.Choice | click.types.IntParamType | click.types.FloatParamType)
    if isinstance(value, bool) or not (safe or PLAIN.fullmatch(str(value))):
        return name
    return f"{name}={value}"


def _version(name: str) -> str:
    """The version of an installed distribution; "" where it is not installed."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(name)
    except PackageNotFoundError:
        return ""
