"""Turn the difference between two sets of edits into the rows that it can concern, which are judged anew."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from pipeline.review.edits import Folded
from pipeline.review.state import State

FEW = 2_000
"""So many edited rows are checked with each other after every edit, which finds two that became the same customer."""


def concerned(
    base: State, now: State, old: Folded, new: Folded, place_of: Callable[[str | None, str | None], int | None]
) -> pl.Series:
    """The positions (UInt32) of the rows that the difference between `old` and `new` can concern.

    `base` are the rows as the run has them, `now` as they stand with `old`; `place_of` gives the index of the column that
    feeds a field, or has a header.
    """
    everything = pl.int_range(base.height, dtype=pl.UInt32, eager=True)
    if (old.assigned, old.defaults) != (new.assigned, new.defaults):
        return everything
    differing = {k for k in {*old.once, *new.once} if old.once.get(k) != new.once.get(k)}
    touched = {o for o in {*old.cells, *new.cells} if old.cells.get(o) != new.cells.get(o)}
    if not differing and not touched:
        return everything.head(0)
    hit = [base.positions(pl.Series(sorted(touched), dtype=pl.UInt32))]
    for field, column, value in differing:
        place = place_of(field, column)
        if place is None or not value:
            return everything
        text = now.cells[f"c{place}"].fill_null("").str.strip_chars().str.to_lowercase()
        hit.append(everything.filter(text == value))
    if len(new.cells) <= FEW:
        hit.append(base.positions(pl.Series(sorted(new.cells), dtype=pl.UInt32)))
        alike = now.problems.filter(pl.col("code").str.starts_with("duplicate."))["pos"].unique()
        hit += [alike] if len(alike) <= FEW else []
    return pl.concat(hit).unique().sort()
