"""Turn one job, given on standard input, into spooled rows: the child's side of the cage.

Started as `python -m pipeline.read.inside`, perhaps before its job is known.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from pathlib import Path
from typing import Any

from pipeline.errors import Unreadable
from pipeline.language import say, speak
from pipeline.read import cage

MOST_CELLS = 200_000_000
MOST_SHEETS = 1_000


def limit(seconds: int) -> None:
    """Take from this process the right to grow or to compute for ever."""
    try:
        import resource
    except ImportError:  # not a Unix system; the parent's time limit remains
        return
    limits = {resource.RLIMIT_AS: cage.MEMORY, resource.RLIMIT_CPU: seconds, resource.RLIMIT_CORE: 0}
    for what, most in limits.items():
        with contextlib.suppress(ValueError, OSError):  # macOS refuses the first; a lower limit is there already
            resource.setrlimit(what, (most, most))


def main() -> None:
    """Get the job, limit this process, write the result; without a job there is nothing to do."""
    from pipeline.read import choosing, ooxml, spooling  # noqa: F401 - large libraries, loaded while a job is waited for

    given = sys.stdin.buffer.read()
    if not given:
        return
    job = json.loads(given)
    limit(cage.SECONDS + cage.SECONDS_PER_MEGABYTE * (Path(job["path"]).stat().st_size >> 20))
    speak(*job["voice"])
    scratch = Path(job["scratch"])
    try:
        result = read(job)
    except Unreadable as stop:
        result = cage.stopped(stop)
    except (MemoryError, RecursionError):
        sys.exit(1)
    part = scratch / "result.part"
    part.write_text(json.dumps(result), encoding="utf-8")
    part.replace(scratch / "result.json")
    os._exit(0)  # the parent waits for the end: nothing is given back piece by piece


def read(job: dict[str, Any]) -> dict[str, Any]:
    """Choose the sheet, spool its rows.

    Returns:
        `sheet`, `sheets` (their facts, with `rows` seen: 0, 1 or more), `folder` of the spool, `parts`, `width`,
        `count` of rows, `problems` (row, column, code, value), `own` (we made the workbook), `values_only` (number
        formats and errors were not seen).
    """
    from pipeline.read.choosing import Chosen, choose
    from pipeline.read.spooling import spool

    book = _open(Path(job["path"]), job["kind"], job["name"], job.get("encoding", ""))
    facts = book.facts()
    if not facts:
        raise Unreadable(
            say("{name} has no sheets", name=job["name"]), say("Open it in a spreadsheet program and save it anew.")
        )
    if len(facts) > MOST_SHEETS:
        raise Unreadable(say("{name} has {count:n} sheets", name=job["name"], count=len(facts)), say(cage.SMALLER))
    told, name = job["sheet"], job["name"]
    chosen = choose(book, name) if told is None else Chosen(_named(told, [f.name for f in facts], name))
    found = spool(book, chosen.sheet, Path(job["scratch"]), name, MOST_CELLS)
    sheets = [cage.sheet_facts(f) | {"rows": chosen.seen.get(f.name, 0)} for f in facts]
    return found | {"sheet": chosen.sheet, "sheets": sheets, "own": chosen.own, "values_only": book.values_only}


def _open(path: Path, kind: str, name: str, encoding: str) -> Any:
    if kind == "xlsx":
        from pipeline.read.ooxml import Package

        return Package(path, name)
    if kind == "xls":
        from pipeline.read.biff import open_xls

        return open_xls(path, name)
    if kind == "ods":
        from pipeline.read.opendocument import OpenDocument

        return OpenDocument(path, name)
    if kind == "html":
        from pipeline.read.htmltable import HtmlTables

        return HtmlTables(path, name, encoding)
    if kind == "xml":
        from pipeline.read.spreadsheetml import XmlSpreadsheet

        return XmlSpreadsheet(path, name, encoding)
    from pipeline.read.binary import BinaryBook

    return BinaryBook(path, name)


def _named(wanted: str, names: list[str], name: str) -> str:
    for candidate in names:
        if candidate == wanted:
            return candidate
    loose = [c for c in names if c.strip().casefold() == wanted.strip().casefold()]
    if len(loose) == 1:
        return loose[0]
    shown = ", ".join(map(repr, names[:20]))
    raise Unreadable(
        say("{name} has no sheet {wanted!r}", name=name, wanted=wanted),
        say("Its sheets are {shown}; name one with --sheet.", shown=shown),
    )


if __name__ == "__main__":
    main()
