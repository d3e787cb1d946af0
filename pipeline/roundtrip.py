"""Turn one of our own result files back into the user's table: our helper columns go, theirs stay.

A source is such a file when its header carries the columns that all our result files have. What the helper
columns say is not needed to import the rows again: their numbers and statuses belong to the earlier run.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import polars as pl

from pipeline.handoff import Batch, Sheet
from pipeline.language import say
from pipeline.report import RESERVED

MARKS = {"_row", "_status", "_error_codes", "_key"}


def own_columns(sheet: Sheet) -> Sheet:
    """The sheet without our helper columns; any other sheet as it is."""
    if not set(sheet.headers) >= MARKS:
        return sheet
    kept = [i for i, header in enumerate(sheet.headers) if header not in RESERVED]
    moved = pl.DataFrame({"place": kept, "now": range(len(kept))}, schema={"place": pl.UInt32, "now": pl.UInt32})

    def _moved(issues: pl.DataFrame) -> pl.DataFrame:
        both = issues.join(moved, on="place", how="left", maintain_order="left")
        return both.with_columns(place="now").drop("now")

    def batches(size: int) -> Iterator[Batch]:
        for batch in sheet.batches(size):
            named = {f"c{i}": f"c{n}" for n, i in enumerate(kept)}
            yield Batch(batch.cells.select("row", *named).rename(named), _moved(batch.issues))

    note = say("this is a result file of an earlier import; its helper columns are left out")
    facts = replace(sheet.facts, notes=(*sheet.facts.notes, note))
    return Sheet(facts, tuple(sheet.headers[i] for i in kept), batches)
