"""Turn entries of the journal, as they are committed, into what became of each row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from pipeline import store
from pipeline.folder import RunFolder
from pipeline.journal import Entry

NOT_TOLD = ("sent", "planned")
"""On its way, and taken back: nothing has become of such a row yet."""


@dataclass(frozen=True)
class RowOutcome:
    """What became of one row.

    `source` is the file's name where there are several, else ""; `row` is as a spreadsheet shows it, `status` as in
    results.csv, `id` that at the target. A row that is `unknown` is told again when it is settled.
    """

    source: str
    sheet: str | None
    row: int
    status: str
    id: str | None
    codes: tuple[str, ...]


class Watch:
    """Tells `tell` of each row whose outcome is on the disk; called by the journal, from a thread of its own.

    What `tell` raises must not stop a push in mid flight: it is kept in `raised`, and nothing more is told.
    """

    def __init__(self, folder: RunFolder, tell: Callable[[RowOutcome], None]) -> None:
        """`folder` has the plan that is pushed."""
        self._folder, self._tell = folder, tell
        self._places: pl.DataFrame | None = None
        self.raised: Exception | None = None

    def __call__(self, entries: list[Entry]) -> None:
        """Tell of the entries of one commit."""
        if self.raised is not None:
            return
        try:
            told = [e for e in entries if e.state not in NOT_TOLD]
            for entry, (source, sheet, row) in zip(told, self._where([e.seq for e in told]), strict=True):
                codes = tuple(dict.fromkeys(code for _, code, _ in entry.problems))
                self._tell(RowOutcome(source, sheet, row, entry.state, entry.id, codes))
        except Exception as error:  # noqa: BLE001 - the caller's own code may fail in any way
            self.raised = error

    def _where(self, seqs: list[int]) -> list[tuple[str, str | None, int]]:
        """Source, sheet and row of the plan's rows."""
        if self._places is None:
            found = list(store.batches(self._folder, ("seq", "source", "sheet", "row")))
            self._places = pl.concat(found).sort("seq") if found else pl.DataFrame()
        at = self._places["seq"].search_sorted(pl.Series(seqs, dtype=pl.UInt32))
        return self._places.select("source", "sheet", "row")[at].rows()
