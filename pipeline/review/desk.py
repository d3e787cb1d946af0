"""Turn edits into rows that were judged anew, by the same pipeline that judged them first.

A desk holds the rows of a run that are not in. Each edit is written to the history, then only the rows that it can
concern are checked again.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace

import polars as pl

from pipeline import rounds, store, targets
from pipeline.errors import Misuse, Stop
from pipeline.folder import RunFolder
from pipeline.handoff import Mapping as ColumnMapping
from pipeline.language import say
from pipeline.options import Server
from pipeline.progress import Progress
from pipeline.review.concerned import concerned
from pipeline.review.edits import Folded, fold
from pipeline.review.history import Entry, History
from pipeline.review.state import CHECKED, judged, load, overlaid
from pipeline.sources import mapping_of, origin

Servers = Callable[[], AbstractContextManager[Server]]


class Changed(Misuse):
    """Somebody else has changed what an edit was about: another page on the same run."""


class Desk:
    """The rows of a run that are not in, with the edits that stand."""

    def __init__(self, folder: RunFolder, history: History, progress: Progress, servers: Servers | None = None) -> None:
        """`servers` gives the server that a check may ask, for the closed lists of an embedded sandbox."""
        self.folder, self.history, self._progress, self._servers = folder, history, progress, servers
        self.load()

    def load(self) -> None:
        """Take the run as it stands, and the edits since its last push."""
        _withdraw(self.folder, self.history)
        self.facts = store.facts(self.folder)
        self.target = targets.load(self.facts["target"])
        self._rounds = len(store.plans(self.folder))
        self.base = load(self.folder)
        self.now = self.base
        self.folded = Folded()
        self._settle(fold(self.history.entries()))

    @property
    def version(self) -> int:
        """Grows with every change."""
        return self.history.version

    @property
    def headers(self) -> list[str]:
        """The columns of the run."""
        return list(self.facts["headers"])

    @property
    def mapping(self) -> ColumnMapping:
        """The mapping of the first source, as the run has it."""
        return mapping_of(self.facts["sources"][0])

    def look(self) -> None:
        """Take the run anew where a correction was made elsewhere, in a terminal; the edits stand.

        Raises:
            Changed: it was.
        """
        if len(store.plans(self.folder)) != self._rounds + bool(self.history.planned()):
            self.load()
            self.history.touch()
            raise Changed(
                say("the run was corrected elsewhere"), say("The page shows how it stands now, with your edits.")
            )

    def cell_of(self, field: str | None) -> int | None:
        """The one column that feeds a field; None where there is none, or several."""
        _, cells = origin(self.facts).get(field or "", ("", ()))
        return int(cells[0][1:]) if len(cells) == 1 else None

    def change(self, entry: Entry, version: int | None = None) -> None:
        """Keep an edit, and judge what it concerns.

        Raises:
            Changed: somebody else has changed it since.
            Misuse: it cannot be applied; it is not kept.
        """
        self._fresh(version)
        if entry["kind"] in ("map", "default", "once"):
            self.rehearse(fold([*self.history.entries(), entry]))
        self.history.add(entry)
        self._settle(fold(self.history.entries()))

    def edit(self, origin_: int, column: int, before: str | None, text: str | None) -> None:
        """Change one cell; `before` is what the page showed.

        Raises:
            Changed: the cell has another text by now.
            Misuse: there is no such cell.
        """
        at = self.base.positions(pl.Series([origin_]))
        if not len(at) or not 0 <= column < len(self.headers):
            raise Changed(say("this row is not to be corrected any more"), say("Look at the page again."))
        now = self.now.cells[f"c{column}"][at[0]]
        if (now or "") != (before or ""):
            raise Changed(
                say("the cell was changed elsewhere: it holds {text!r} now", text=now or ""),
                say("Look at it, and edit it again."),
            )
        if (text or "") != (now or ""):
            self.change({"kind": "cells", "cells": [[origin_, column, text if (text or "").strip() else None]]})

    def accept_all(self, code: str, column: str, version: int) -> int:
        """Put every suggestion of one cause into its cell; the answer is how many."""
        self._fresh(version)
        hits = self.now.problems.filter(
            (pl.col("code") == code) & (pl.col("column").fill_null("") == column) & pl.col("suggestion").is_not_null()
        ).unique("pos", keep="first", maintain_order=True)
        origins = self.base.place["origin"]
        cells = []
        for pos, field, text in hits.select("pos", "field", "suggestion").iter_rows():
            if (place := self.place_of(field, column)) is not None:
                cells.append([origins[pos], place, text])
        if cells:
            self.change({"kind": "cells", "cells": cells})
        return len(cells)

    def place_of(self, field: str | None, column: str | None) -> int | None:
        """The one cell that a problem is about."""
        found = self.cell_of(field)
        if found is None and not field and self.headers.count(column or "") == 1:
            found = self.headers.index(column or "")
        return found

    def undo(self, version: int) -> bool:
        """Take the last edit back; whether there was one."""
        self._fresh(version)
        done = self.history.undo()
        self._settle(fold(self.history.entries()))
        return done is not None

    def redo(self, version: int) -> bool:
        """Make the last edit again that was taken back; whether there was one."""
        self._fresh(version)
        done = self.history.redo()
        self._settle(fold(self.history.entries()))
        return done is not None

    def check_all(self) -> dict[str, int]:
        """Judge every row with every other; the counts by status."""
        self._judge(self.folded, pl.int_range(self.base.height, dtype=pl.UInt32, eager=True), asking=True)
        return self.counts()

    def counts(self) -> dict[str, int]:
        """The rows to correct by status as it would be now."""
        return dict(self.now.status.value_counts().iter_rows())

    def edits(self, positions: pl.Series | None = None) -> rounds.Edits:
        """The rows as a correction brings them; without `positions` those that are to go into the round."""
        rows = self.base.place.hstack(self.now.cells).with_row_index("pos")
        if positions is None:
            stay = (pl.Series(self.now.status) == "rejected") & ~rows["origin"].is_in(list(self.folded.cells))
            rows = rows.filter(~stay)
        else:
            rows = rows.filter(pl.col("pos").is_in(positions.implode()))
        frame = rows.select(
            (pl.col("pos") + 2).alias("line"), pl.when(pl.col("source") != "").then("source").alias("_source"),
            pl.col("sheet").alias("_sheet"), pl.col("row").cast(pl.String).alias("_row"), pl.col("key").alias("_key"),
            *self.now.cells.columns,
        )  # fmt: skip
        return rounds.Edits(frame, replacements=self.folded.replacements, name=say("the review"), typed=True)

    def rehearse(self, folded: Folded) -> None:
        """Judge one row as `folded` says, and keep nothing.

        Raises:
            Stop: the pipeline cannot apply it.
        """
        if self.base.height:
            before = self.folded
            self.folded = folded
            try:
                self._checked(self.edits(pl.Series([0], dtype=pl.UInt32)), folded, asking=False)
            finally:
                self.folded = before

    def _fresh(self, version: int | None) -> None:
        if version is not None and version != self.version:
            raise Changed(
                say("another page has changed this run"), say("The page shows it now; look, and do it again.")
            )

    def _settle(self, folded: Folded) -> None:
        """Make `folded` what stands, and judge the rows that it concerns."""
        scope = concerned(self.base, self.now, self.folded, folded, self.place_of)
        changed = folded.cells != self.folded.cells
        self.folded = folded
        if changed:
            self.now = replace(self.now, cells=overlaid(self.base.cells, self.base.place, folded.cells))
        if len(scope):
            self._judge(folded, scope)

    def _judge(self, folded: Folded, scope: pl.Series, *, asking: bool = False) -> None:
        rows = pl.DataFrame(schema=CHECKED)
        if folded.anything or asking:
            rows = self._checked(self.edits(scope), folded, asking=asking)
        status, problems = judged(self.base, self.now, rows, scope, folded.cells.keys())
        self.now = replace(self.now, status=status, problems=problems)

    def _checked(self, edits: rounds.Edits, folded: Folded, *, asking: bool) -> pl.DataFrame:
        sandbox = bool(self.facts["sandbox"])
        if self._servers is None or not (sandbox or asking):
            return rounds.check(self.folder, edits, folded.said(), progress=self._progress).rows
        try:
            with self._servers() as server:
                return rounds.check(self.folder, edits, folded.said(), progress=self._progress, server=server).rows
        except Stop:
            if sandbox:
                raise
            return rounds.check(self.folder, edits, folded.said(), progress=self._progress).rows


def _withdraw(folder: RunFolder, history: History) -> None:
    """Take back the round that a page has planned and nobody has pushed: its edits are all in the history."""
    if plan := history.planned():
        rounds.withdraw(folder, plan)
        history.set_planned("")
