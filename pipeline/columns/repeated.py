"""Turn a rule into the verdicts of a column whose values repeat, such as countries, states and round amounts.

Each distinct combination of the row's keys is judged once, and the answers are put back by position. For columns of
many distinct values `distinct` is the better way.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from operator import xor
from typing import NamedTuple

import polars as pl

from pipeline import sparse
from pipeline.columns.distinct import Rule, told
from pipeline.handoff import Judged

__all__ = ["Numbered", "Repeated", "answers", "judge", "merged", "numbered", "once", "spread", "usual"]

SAMPLE = 500  # cells, by which a column is taken for one whose values repeat
WORTH_IT = 5_000
"""Fewer cells are numbered sooner than numpy is loaded."""

_SLOTS = 1 << 16


class Numbered(NamedTuple):
    """A row for each distinct combination of some keys, and for every row the place of its combination among them."""

    rows: pl.Series
    place: pl.Series


class Repeated(Judged):
    """Verdicts of which rows of one combination of keys have the same: what follows from them is worked out once for each."""

    known: Numbered | None = None


def judge(
    rule: Rule, dtype: pl.DataType | type[pl.DataType], cells: pl.Series, *keys: pl.Series, known: Numbered | None = None,
    tidied: Callable[[pl.Series], pl.Series] | None = None,
) -> Repeated:  # fmt: skip
    """Ask `rule` about every cell and its row's `keys`, once per combination (`known`, if it was found before); null is None.

    `tidied` makes the distinct cells fit to be asked about.
    """
    known = known or numbered(cells, *keys)
    distinct = cells.gather(known.rows)
    asked = (tidied(distinct) if tidied else distinct, *(key.gather(known.rows) for key in keys))
    return spread(answers(rule, dtype, *asked), known)


def answers(rule: Rule, dtype: pl.DataType | type[pl.DataType], *keys: pl.Series) -> Judged:
    """What `rule` says of each row of the keys."""
    return told([rule(*row) for row in zip(*(key.to_list() for key in keys), strict=True)], dtype)


def spread(distinct: Judged, known: Numbered) -> Repeated:
    """The verdicts on all rows, from those on each combination."""
    # Most columns have nothing to say: that is not told row by row.
    kept = {name: part for name, part in distinct._asdict().items() if name == "value" or part.null_count() < len(part)}
    rows = pl.DataFrame(kept).select(pl.all().gather(known.place))
    nothing = sparse.nulls(len(known.place))
    repeated = Repeated(*(rows[name] if name in kept else nothing.alias(name) for name in Judged._fields))
    repeated.known = known
    return repeated


def merged(known: Numbered, rows: pl.Series, others: Numbered) -> Numbered:
    """The combinations of both, where those of `rows` are the `others`, numbered among these rows."""
    place = known.place.clone().scatter(rows, others.place + len(known.rows))
    return Numbered(pl.concat([known.rows, rows.gather(others.rows)]), place)


def once(work: Callable[[pl.Series], Judged], cells: pl.Series) -> Judged:
    """`work(cells)`, for a rule that looks at nothing but the cell: each distinct one once where they repeat."""
    distinct = cells.approx_n_unique()
    if not isinstance(distinct, int) or distinct * 4 > len(cells):
        return work(cells)
    known = numbered(cells)
    return spread(work(cells.gather(known.rows)), known)


def numbered(*keys: pl.Series) -> Numbered:
    """Number the distinct combinations of `keys`, by a hash of each row; that no two share one is looked at."""
    filled = [key for key in keys if key.null_count() < len(key)] or [keys[0]]
    frame = pl.DataFrame([key.alias(str(seed)) for seed, key in enumerate(filled)])
    hashed = frame.select(reduce(xor, (pl.col(name).hash(int(name)) for name in frame.columns))).to_series()
    rows = hashed.arg_unique()
    if len(rows) == 0:
        return Numbered(rows, rows)
    place = _places(hashed, rows)
    first = rows.gather(place)
    alike = (pl.col(name).gather(first).eq_missing(pl.col(name)).all() for name in frame.columns)
    if frame.select(pl.all_horizontal(alike)).item():
        return Numbered(rows, place)
    return by_text(*filled)


def _places(hashed: pl.Series, rows: pl.Series) -> pl.Series:
    """The place of each hash among those of `rows`, which are all there are."""
    if len(hashed) >= WORTH_IT and len(rows) < _SLOTS:
        import numpy as np

        # Hashes that differ in their first bits are looked up by these in a table, which takes a tenth of a search.
        slots = (hashed.to_numpy() >> np.uint64(48)).astype(np.uint16)
        slots_, places = slots[rows.to_numpy()], np.arange(len(rows), dtype=np.uint32)
        table = np.zeros(_SLOTS, dtype=np.uint32)
        table[slots_] = places
        if (table[slots_] == places).all():
            return pl.Series(table[slots], dtype=pl.get_index_type())
    known = pl.int_range(len(rows), dtype=pl.get_index_type(), eager=True)
    return hashed.replace_strict(hashed.gather(rows), known)


def by_text(*keys: pl.Series) -> Numbered:
    """The same without hashes of our own."""
    frame = pl.DataFrame([key.alias(str(i)) for i, key in enumerate(keys)])
    found = frame.with_row_index("row").unique(frame.columns).with_row_index("place")
    placed = frame.join(found, on=frame.columns, how="left", nulls_equal=True, maintain_order="left")
    return Numbered(found["row"], placed["place"])


def usual(cells: pl.Series) -> pl.Series | None:
    """The values (String) that a column repeats, by its first cells; None where they hardly repeat."""
    sample = cells.head(SAMPLE).to_list()
    distinct = {text for text in sample if text is not None}
    return pl.Series("usual", list(distinct), dtype=pl.String) if len(distinct) * 2 < len(sample) else None
