"""Turn what happens during a run into lines of JSON (`--events FILE`), for a program that follows it.

One object a line, none of which holds a cell's text: `schema`, `at` (UTC), `event`, and

    stage     stage, total            a stage begins
    progress  stage, done, total      at most once a second
    row       source, sheet, row, status, action, id, codes    (a row that is told twice: the last line counts)
    planned   run, rows, counts       end  run, exit_code, rows, counts       stop  exit_code

`source` and `sheet` are places in the run's lists of sources and sheets, counted from 0.
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from pipeline.cli import details
from pipeline.cli.bar import Bar
from pipeline.cli.talk import talk
from pipeline.errors import Misuse
from pipeline.folder import RunFolder
from pipeline.language import say
from pipeline.language.system import why

if TYPE_CHECKING:
    from pipeline.watch import RowOutcome, Watch

SCHEMA = "customer-import/event/1"
EVERY = 1.0


class Log:
    """The file that events go to; where it cannot be written any more, the run goes on without."""

    def __init__(self, path: Path) -> None:
        """Open `path` to append to it.

        Raises:
            Misuse: it cannot be written.
        """
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
            self._file: TextIO | None = os.fdopen(os.open(path, flags, 0o600), "a", encoding="utf-8", buffering=1)
        except OSError as error:
            wrong = say("cannot write {file}: {why}", file=path, why=why(error))
            raise Misuse(wrong, say("Name another file with --events.")) from error

    def put(self, event: str, **content: Any) -> None:
        """Write one event."""
        if self._file is None:
            return
        line = {"schema": SCHEMA, "at": datetime.now(UTC).isoformat(timespec="milliseconds"), "event": event, **content}
        try:
            self._file.write(json.dumps(line, ensure_ascii=False) + "\n")
        except OSError as error:
            talk(say("events are no longer written: {why}", why=why(error)))
            self._file = None

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None


_open: list[Log] = []
"""The log of the command that runs; at most one."""


def option(command: Any) -> Any:
    """The flag `--events`, which opens the log before anything else is done."""
    return click.option(
        "--events", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", is_eager=True, expose_value=False,
        callback=_begin, help="Append what happens, one JSON object a line.",
    )(command)  # fmt: skip


def _begin(context: click.Context, _option: click.Parameter, path: Path | None) -> None:
    end()
    if path is not None and not context.resilient_parsing:
        _open.append(Log(path))


def put(event: str, **content: Any) -> None:
    """Write one event, where somebody wants them."""
    for log in _open:
        log.put(event, **content)


def end() -> None:
    """Close the log, if there is one."""
    while _open:
        _open.pop().close()


class Told(Bar):
    """A bar that writes events too."""

    _last = 0.0

    def begin(self, stage: str, total: int | None, unit: str = "rows") -> None:
        """Start a stage."""
        super().begin(stage, total, unit)
        self._last = time.monotonic()
        put("stage", stage=stage, total=total)

    def advance(self, count: int) -> None:
        """Count on."""
        super().advance(count)
        if time.monotonic() - self._last >= EVERY:
            self._last = time.monotonic()
            put("progress", stage=self._stage, done=self._done, total=self._total)


def bar(*, quiet: bool) -> Bar:
    """What shows progress: a bar, and the log of events where there is one."""
    return Told(quiet=quiet) if _open else Bar(quiet=quiet)


def planned(folder: RunFolder, *, pushed: bool) -> None:
    """Write what the plan has decided: all rows that will not be sent, in a dry run all rows."""
    if not _open:
        return
    import polars as pl

    from pipeline import outcomes

    places = _Places(folder)
    counts: Counter[str] = Counter()
    for table in outcomes.table(folder, {}, pushed=False):
        counts.update(dict(table["status"].value_counts().iter_rows()))
        codes = pl.col("issues").list.eval(pl.element().struct.field("code")).list.unique(maintain_order=True)
        told = table.filter(pl.col("status") != "ready") if pushed else table
        for source, sheet, *line in told.select("source", "sheet", "row", "status", "action", "id", codes).iter_rows():
            row, status, action, id_, named = line
            put("row", **places.of(source, sheet), row=row, status=status, action=action, id=id_, codes=named)
    put("planned", run=str(folder.path), rows=counts.total(), counts=dict(counts))


def watch(folder: RunFolder) -> Watch | None:
    """What the push is to tell of its rows; None where nobody wants it."""
    if not (_open or details.wanted()):
        return None
    from pipeline.watch import Watch

    places = _Places(folder)

    def tell(one: RowOutcome) -> None:
        details.row(one)
        put("row", **places.of(one.source, one.sheet), row=one.row, status=one.status, id=one.id, codes=list(one.codes))

    return Watch(folder, tell)


def ended(folder: RunFolder, code: int, rows: int, counts: Mapping[str, int]) -> None:
    """Write how the run ended."""
    put("end", run=str(folder.path), exit_code=code, rows=rows, counts={n: c for n, c in counts.items() if c})


class _Places:
    """Names of sources and sheets as numbers: a file's name may be that of a customer."""

    def __init__(self, folder: RunFolder) -> None:
        from pipeline import store

        sources = store.facts(folder)["sources"]
        self._sources = [s["name"] for s in sources]
        self._sheets = list(dict.fromkeys(s["sheet"] for s in sources))

    def of(self, source: str, sheet: str | None) -> dict[str, int]:
        """The two places."""
        at = self._sources.index(source) if source in self._sources else 0
        return {"source": at, "sheet": self._sheets.index(sheet) if sheet in self._sheets else 0}
