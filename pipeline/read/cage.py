"""Turn a workbook of unknown origin into spooled rows, in a child process that may neither grow nor linger.

The parent gives a job and waits; the child limits itself before it opens the file, and leaves its rows and a
`result.json` in the scratch folder. Whatever happens to the child, the parent is alive and small.
"""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pipeline.errors import Stop, Unreadable
from pipeline.language import later, say, voice

MEMORY = 3 << 30  # bytes of address space
ALLOCATOR = {"_RJEM_MALLOC_CONF": "dirty_decay_ms:20000"}  # memory of one piece is kept for the next
MODULE = "pipeline.read.inside"
SECONDS = 60  # for the smallest workbook
SECONDS_PER_MEGABYTE = 20
SMALLER = later(
    "Open it in a spreadsheet program, save the sheet with the customers as CSV UTF-8, and run again with that."
)

_ready: list[subprocess.Popen[bytes]] = []
"""A child that waits for its job, at most one; it ends when its standard input does, with the parent at the latest."""


def get_ready() -> None:
    """Start a child before it is known what it shall read: it loads its libraries while the parent loads its own."""
    if not _ready:
        _ready.append(_child())
        atexit.register(_dismiss)


def _dismiss() -> None:
    """Send home whom nothing was given to do."""
    atexit.unregister(_dismiss)
    while _ready:
        with _ready.pop() as child:
            child.kill()


def run(path: Path, kind: str, name: str, sheet: str | None, scratch: Path, encoding: str = "") -> dict[str, Any]:
    """Read a workbook in a child process; `encoding` is that of a web page or of XML.

    Returns:
        What the child found; see `inside`.

    Raises:
        Unreadable: the child says so, or did not come to an end within its limits.
    """
    job = {"path": str(path.absolute()), "kind": kind, "name": name, "sheet": sheet, "encoding": encoding,
           "scratch": str(scratch.absolute()), "voice": voice()}  # fmt: skip
    result = scratch / "result.json"
    result.unlink(missing_ok=True)
    limit = SECONDS + SECONDS_PER_MEGABYTE * (path.stat().st_size >> 20)
    with _next() as child:
        try:
            child.communicate(json.dumps(job).encode(), timeout=limit)
        except subprocess.TimeoutExpired:
            raise Unreadable(
                say("{name} takes longer than {limit} seconds to read: it may be an attack", name=name, limit=limit),
                say(SMALLER),
            ) from None
        finally:
            child.kill()  # nothing happens to one that has ended
    if not result.is_file():
        raise Unreadable(
            say(
                "{name} is damaged, or needs more than {memory} GiB of memory to read: no reader survives it",
                name=name,
                memory=MEMORY >> 30,
            ),
            say(SMALLER),
        )
    found: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
    if "stop" in found:
        raise Unreadable(found["stop"], found["remedy"])
    return found


def _next() -> subprocess.Popen[bytes]:
    if _ready and _ready[0].poll() is None:
        return _ready.pop()
    _dismiss()
    return _child()


def _child() -> subprocess.Popen[bytes]:
    # The parent's own way to find the package counts, so that the child runs the same code; and (-P) nothing else, such
    # as a json.py that lies in the folder where the user happens to be.
    found = os.pathsep.join(p or os.getcwd() for p in sys.path)  # noqa: PTH109 - as Python itself reads a blank entry
    env = os.environ | {"PYTHONPATH": found, "POLARS_MAX_THREADS": "2", **ALLOCATOR}
    unheard = subprocess.DEVNULL
    return subprocess.Popen(  # noqa: S603 - our own module, no shell
        [sys.executable, "-P", "-m", MODULE], env=env, stdin=subprocess.PIPE, stdout=unheard, stderr=unheard
    )


def stopped(stop: Stop) -> dict[str, Any]:
    """The result of a child that found a reason to stop."""
    return {"stop": stop.message, "remedy": stop.remedy}


def sheet_facts(facts: Any) -> dict[str, Any]:
    """A sheet's facts as JSON."""
    return asdict(facts)
