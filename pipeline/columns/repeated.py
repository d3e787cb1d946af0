"""Turn a scalar rule into the verdicts of a column whose values repeat, such as countries and states.

Each row's keys become one text, each distinct text is judged once, and the answers are put back by position. For
columns of many distinct values `distinct` is the better way.
"""

from __future__ import annotations

import polars as pl

from pipeline.columns.distinct import Rule
from pipeline.handoff import Judged

__all__ = ["judge"]

_BETWEEN, _NULL = "\x1f", "\x00"


def judge(rule: Rule, dtype: pl.DataType | type[pl.DataType], *keys: pl.Series) -> Judged:
    """Ask `rule` about every row of `keys`, once per combination; it gets None for null."""
    frame = pl.DataFrame([key.alias(f"k{i}") for i, key in enumerate(keys)])
    joined = (
        frame["k0"]
        if len(keys) == 1
        else frame.select(pl.concat_str(pl.all().fill_null(_NULL), separator=_BETWEEN)).to_series()
    )
    first = joined.arg_unique()
    verdicts = [rule(*row) for row in frame[first].iter_rows()]
    numbers = pl.int_range(len(first), dtype=pl.get_index_type(), eager=True)
    position = joined.replace_strict(joined.gather(first), numbers) if len(first) else numbers
    value = pl.Series("value", [v.value for v in verdicts], dtype=dtype).gather(position)
    code, detail, suggestion = (
        _spread(part, [getattr(v, part) for v in verdicts], position) for part in ("code", "detail", "suggestion")
    )
    return Judged(value, code, detail, suggestion)


def _spread(name: str, answers: list[str | None], position: pl.Series) -> pl.Series:
    found = pl.Series(name, answers, dtype=pl.String)
    if found.null_count() == len(found):  # most columns have nothing to say
        return pl.Series(name, [None], dtype=pl.String).new_from_index(0, len(position))
    return found.gather(position)
