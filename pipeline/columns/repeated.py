"""Turn a rule into the verdicts of a column whose values repeat, such as countries, states and round amounts.

Each distinct combination of the row's keys is judged once, and the answers are put back by position. For columns of
many distinct values `distinct` is the better way.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import polars as pl

from pipeline.columns.distinct import Rule
from pipeline.handoff import Judged

__all__ = ["Numbered", "Repeated", "answers", "judge", "merged", "numbered", "once", "spread", "usual"]

SAMPLE = 500  # cells, by which a column is taken for one whose values repeat


class Numbered(NamedTuple):
    """A row for each distinct combination of some keys, and for every row the place of its combination among them."""

    rows: pl.Series
    place: pl.Series


class Repeated(Judged):
    """Verdicts of which rows of one combination of keys have the same: what follows from them is worked out once for each."""

    known: Numbered


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
    verdicts = [rule(*row) for row in zip(*keys, strict=True)]
    value = pl.Series("value", [v.value for v in verdicts], dtype=dtype)
    code, detail, suggestion = (
        pl.Series(part, [getattr(v, part) for v in verdicts], dtype=pl.String)
        for part in ("code", "detail", "suggestion")
    )
    return Judged(value, code, detail, suggestion)


def spread(distinct: Judged, known: Numbered) -> Repeated:
    """The verdicts on all rows, from those on each combination."""
    value = distinct.value.gather(known.place)
    repeated = Repeated(value, *(_spread(part, known.place) for part in distinct[1:]))
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
    hashed = filled[0].hash(0)
    for seed, key in enumerate(filled[1:], start=1):
        hashed = hashed ^ key.hash(seed)
    rows = hashed.arg_unique()
    if len(rows) == 0:
        return Numbered(rows, rows)
    place = hashed.replace_strict(hashed.gather(rows), pl.int_range(len(rows), dtype=pl.get_index_type(), eager=True))
    first = rows.gather(place)
    if all(key.gather(first).eq_missing(key).all() for key in filled):
        return Numbered(rows, place)
    return by_text(*filled)


def by_text(*keys: pl.Series) -> Numbered:
    """The same without hashes of our own."""
    frame = pl.DataFrame([key.alias(str(i)) for i, key in enumerate(keys)])
    found = frame.with_row_index("row").unique(frame.columns).with_row_index("place")
    placed = frame.join(found, on=frame.columns, how="left", nulls_equal=True, maintain_order="left")
    return Numbered(found["row"], placed["place"])


def _spread(found: pl.Series, place: pl.Series) -> pl.Series:
    if found.null_count() == len(found):  # most columns have nothing to say
        return pl.Series(found.name, [None], dtype=pl.String).new_from_index(0, len(place))
    return found.gather(place)


def usual(cells: pl.Series) -> pl.Series | None:
    """The values (String) that a column repeats, by its first cells; None where they hardly repeat."""
    sample = cells.head(SAMPLE).to_list()
    distinct = {text for text in sample if text is not None}
    return pl.Series("usual", list(distinct), dtype=pl.String) if len(distinct) * 2 < len(sample) else None
