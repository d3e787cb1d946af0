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

__all__ = ["Numbered", "judge", "numbered", "once"]

_ROOM = 1 << 20  # entries of a table that costs less than a hash of every row


class Numbered(NamedTuple):
    """The distinct texts of a column, null among them, and for each row its place there."""

    texts: pl.Series
    place: pl.Series


def judge(rule: Rule, dtype: pl.DataType | type[pl.DataType], first: Numbered, *keys: pl.Series) -> Judged:
    """Ask `rule` about every row of `first` and the `keys`, once per combination; it gets None for null."""
    position = first.place
    rows: list[tuple[str | None, ...]] = [(text,) for text in first.texts]
    for key in keys:
        if key.null_count() == len(key):
            rows = [(*row, None) for row in rows]
            continue
        listed, place = numbered(key)
        texts = listed.to_list()
        pairs, position = _pairs(position, place, len(texts))
        rows = [(*rows[pair // len(texts)], texts[pair % len(texts)]) for pair in pairs]
    verdicts = [rule(*row) for row in rows]
    value = pl.Series("value", [v.value for v in verdicts], dtype=dtype).gather(position)
    code, detail, suggestion = (
        _spread(pl.Series(part, [getattr(v, part) for v in verdicts], dtype=pl.String), position)
        for part in ("code", "detail", "suggestion")
    )
    return Judged(value, code, detail, suggestion)


def once(work: Callable[[pl.Series], Judged], cells: pl.Series) -> Judged:
    """`work(cells)`, for a rule that looks at nothing but the cell: each distinct one once where they repeat."""
    if cells.approx_n_unique() * 4 > len(cells):
        return work(cells)
    distinct, position = numbered(cells)
    answers = work(distinct)
    return Judged(answers.value.gather(position), *(_spread(part, position) for part in answers[1:]))


def numbered(cells: pl.Series) -> Numbered:
    """Find the distinct texts of a column."""
    first = cells.hash(0).arg_unique()  # finding them by hash is faster, and the next line sees whether one is missing
    try:
        return _placed(cells, cells.gather(first).drop_nulls())
    except pl.exceptions.InvalidOperationError:  # two texts of one hash
        return _placed(cells, cells.unique().drop_nulls())


def _placed(cells: pl.Series, texts: pl.Series) -> Numbered:
    place = cells.cast(pl.Enum(texts)).to_physical().cast(pl.get_index_type())
    if not cells.has_nulls():
        return Numbered(texts, place)
    return Numbered(texts.extend_constant(None, 1), place.fill_null(len(texts)))


def _pairs(one: pl.Series, other: pl.Series, width: int) -> tuple[list[int], pl.Series]:
    """The distinct pairs of two columns of places, as `one * width + other`, and for each row its place there."""
    joined = one.cast(pl.UInt64) * width + other
    found = joined.unique()
    numbers = pl.int_range(len(found), dtype=pl.get_index_type(), eager=True)
    most = found.max()
    if isinstance(most, int) and most < _ROOM:
        table = pl.Series([0], dtype=pl.get_index_type()).new_from_index(0, most + 1).scatter(found, numbers)
        return found.to_list(), table.gather(joined)
    return found.to_list(), joined.replace_strict(found, numbers) if len(found) else numbers


def _spread(found: pl.Series, position: pl.Series) -> pl.Series:
    if found.null_count() == len(found):  # most columns have nothing to say
        return pl.Series(found.name, [None], dtype=pl.String).new_from_index(0, len(position))
    return found.gather(position)
