"""Turn the corrected rows into a round that is planned, shown with its forecast, and pushed while the page looks on."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from pipeline import outcomes, rounds, run, store
from pipeline.errors import Misuse, Stop
from pipeline.language import say
from pipeline.options import PushOptions
from pipeline.review.desk import Desk, Servers
from pipeline.sources import origin

LAST = 50


@dataclass
class Told:
    """A `Progress` that a page asks for: the stage, how far it is, the note beside it, and the lines that stay."""

    stage: str = ""
    total: int | None = None
    done: int = 0
    beside: str = ""
    lines: list[str] = field(default_factory=list)

    def begin(self, stage: str, total: int | None, unit: str = "rows") -> None:  # noqa: ARG002 - the page shows rows
        """Start a stage."""
        self.stage, self.total, self.done, self.beside = stage, total, 0, ""

    def advance(self, count: int) -> None:
        """Count more units."""
        self.done += count

    def note(self, text: str) -> None:
        """Show a short state."""
        self.beside = text

    def end(self) -> None:
        """Finish the stage."""
        self.stage = ""

    def say(self, text: str) -> None:
        """Keep one line."""
        self.lines = [*self.lines[-LAST:], text]


class Pushing:
    """Plans a round, and pushes it in a thread of its own."""

    def __init__(self, desk: Desk, servers: Servers, options: PushOptions, told: Told) -> None:
        """`servers` gives the run's own server, or stops where its secrets are missing."""
        self._desk, self._servers, self._options, self.told = desk, servers, options, told
        self.result: dict[str, Any] | None = None
        self.planned: int | None = None  # the version of the edits that were planned last, and not taken back since
        self._thread: threading.Thread | None = None

    @property
    def running(self) -> bool:
        """Whether a push is under way."""
        return self._thread is not None and self._thread.is_alive()

    def plan(self) -> dict[str, Any]:
        """Plan the rows that were put right as a new round, with look-ups at the target; the forecast, and the counts.

        Raises:
            Stop: the target, the mapping or the edits do not allow it; nothing was changed.
        """
        desk = self._desk
        self.result = None
        self.cancel()
        with self._servers() as server:
            edits = desk.edits()
            counts: dict[str, int] = {}
            notes: tuple[str, ...] = ()
            if edits.rows.height and (desk.folded.anything or _retried(desk)):
                prepared = rounds.start(
                    desk.folder, edits, replace(server, pace=self._options), self.told, desk.folded.said()
                )
                counts, notes = prepared.counts, prepared.notes
                if counts:
                    desk.history.set_planned(store.own_facts(store.plans(desk.folder)[-1])["plan_sha256"])
            ahead = asdict(run.forecast(desk.folder, server, self._options))
        self.planned = desk.version
        return {"counts": counts, "notes": list(notes), "forecast": ahead, "live": ahead["mode"] == "LIVE"}

    def cancel(self) -> None:
        """Take the planned round back; the edits stay."""
        self.planned = None
        if plan := self._desk.history.planned():
            rounds.withdraw(self._desk.folder, plan)
            self._desk.history.set_planned("")

    def begin(self, ended: Callable[[], None]) -> None:
        """Push in a thread; `ended` is called when the results are written.

        Raises:
            Misuse: a push is under way already.
        """
        if self.running:
            raise Misuse(say("a push is under way"), say("Wait until it has finished."))
        self._desk.history.consume()  # from here on they are the run's, whatever happens
        self.result = self.planned = None
        self._thread = threading.Thread(target=self._push, args=(ended,), name="push", daemon=True)
        self._thread.start()

    def wait(self) -> None:
        """Wait for a push under way; it is not cut off in the middle of a request."""
        if self._thread is not None:
            self._thread.join()

    def _push(self, ended: Callable[[], None]) -> None:
        folder, started, stop = self._desk.folder, datetime.now(UTC), ""
        remedy, requests = "", 0
        try:
            with self._servers() as server:
                done, requests = run.push(folder, server, replace(self._options), self.told)
                stop = done.stopped or ""
        except Stop as error:
            stop, remedy = error.message, error.remedy
        except Exception as error:  # noqa: BLE001 - a thread has nobody above it; the page says it
            stop, remedy = f"{type(error).__name__}: {error}", say("This is a bug of the importer; please report it.")
        try:
            summary = run.write_report(folder, self._options, started, requests, pushed=True, progress=self.told)
            counts = {name: count for name, count in summary.counts.items() if count}
        except Stop as error:
            stop, remedy, counts = stop or error.message, remedy or error.remedy, {}
        ended()
        self.result = {"counts": counts, "stop": stop, "remedy": remedy}


def _retried(desk: Desk) -> bool:
    """Whether rows that need no correction are worth another try."""
    return any(name in ("failed", "not_attempted") for name in desk.counts())


def standing(desk: Desk) -> dict[str, int]:
    """All rows of the run by status, as they stand."""
    found: dict[str, int] = {}
    pushed = store.unpushed(desk.folder) is None
    for batch in outcomes.table(desk.folder, origin(desk.facts), pushed=pushed):
        for name, count in batch["status"].value_counts().iter_rows():
            found[name] = found.get(name, 0) + count
    return found
