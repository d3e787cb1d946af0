"""Turn what became of row after row into the decision to stop: too many errors, no answers, nothing accepted."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from pipeline.journal import IN, PLANNED, Entry
from pipeline.language import say
from pipeline.push.queue import Row

BREAKER = 40
"""So many rows in a row without any usable answer mean that the target is down."""
UPLOADS = 3
"""So many uploads in a row without one mean the same."""
LONGEST = 600.0
"""So do fewer rows, where so many seconds have passed since the first: a target that asks to wait spaces them out."""
HOPELESS = 100
"""Where so many rows were refused and none was ever accepted, the mistake is not in the rows."""
CAUSES = 3
SILENT = ("target.failed", "target.unknown", "target.unknown_created")


@dataclass
class Rules:
    """Hears of every row; `causes` are the first different reasons, for the operator."""

    max_errors: Callable[[int, int], bool] | None = None
    clock: Callable[[], float] = time.monotonic
    causes: list[str] = field(default_factory=list)
    _silent: float = 0
    _since: float | None = None
    _refused: int = 0
    _accepted: bool = False

    def hear(self, row: Row, entry: Entry, counts: Counter[str], *, share: float = 1.0) -> str | None:
        """Why the push has to stop now, or None; `counts` are the states so far, `share` the row's part of a request."""
        quiet = entry.state not in IN and any(code in SILENT for _, code, _ in entry.problems)
        self._silent = self._silent + share if quiet else 0
        self._since = (self.clock() if self._since is None else self._since) if quiet else None
        self._accepted = self._accepted or entry.state in ("created", "updated", "unchanged")
        self._refused += entry.state == "rejected"
        if entry.state not in (*IN, PLANNED) and entry.problems:
            self._note(row, entry)
        if self.max_errors and self.max_errors(counts["rejected"] + counts["failed"], counts.total()):
            return "max_errors"
        if self._silent >= BREAKER or (self._since is not None and self.clock() - self._since >= LONGEST):
            return "unreachable"
        return "hopeless" if self._refused >= HOPELESS and not self._accepted and not self.max_errors else None

    def _note(self, row: Row, entry: Entry) -> None:
        name, _, said = entry.problems[0]
        text = f"{name}: {said}" if name else said
        if len(self.causes) < CAUSES and not any(known.endswith(f": {text}") for known in self.causes):
            self.causes.append(say("row {row}: {text}", row=row.row, text=text))
