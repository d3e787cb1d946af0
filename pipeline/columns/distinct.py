"""Turn a scalar rule into a column's verdicts by asking it once for each distinct combination of values.

Fast expressions decide most cells; `settle` hands only the open ones to the rule, and joins its answers back
with null keys matching (`nulls_equal`), in the order of the rows. Where one pattern proves most cells good as they are,
`beside` leaves the others alone to the way that reads everything.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import polars as pl

from pipeline.handoff import Judged

__all__ = ["Also", "Kept", "Rule", "Verdict", "beside", "judge", "placed", "settle"]


class Verdict(NamedTuple):
    """What a scalar rule makes of one cell: the four parts of `handoff.Judged`, for one row."""

    value: Any = None
    code: str | None = None
    detail: str | None = None
    suggestion: str | None = None


class Kept(Judged):
    """Verdicts that keep all cells as they are but those of the rows `rest` (None: it is not known of which)."""

    rest: pl.Series | None = None


_PARTS = ("code", "detail", "suggestion")

Rule = Callable[..., Verdict]

Also = Callable[..., tuple[pl.Series, Judged]]
"""A rule for columns: the keys of some rows go in; which of them it decides (Boolean), and their answers, come out."""


def judge(rule: Rule, dtype: pl.DataType | type[pl.DataType], *keys: pl.Series) -> Judged:
    """Ask `rule` about every row of `keys` (the cell first, then what it depends on), once per combination.

    The rule gets None for null. The answers have the order and length of the keys.
    """
    frame = pl.DataFrame([key.alias(f"k{i}") for i, key in enumerate(keys)])
    names = frame.columns
    distinct = frame.unique()
    verdicts = [rule(*row) for row in distinct.iter_rows()]
    answers = distinct.with_columns(
        pl.Series("value", [v.value for v in verdicts], dtype=dtype),
        *(pl.Series(part, [getattr(v, part) for v in verdicts], dtype=pl.String) for part in _PARTS),
    )
    joined = frame.join(answers, on=names, how="left", nulls_equal=True, maintain_order="left")
    return Judged(joined["value"], joined["code"], joined["detail"], joined["suggestion"])


def settle(decided: pl.Series, open_: pl.Series, rule: Rule, *keys: pl.Series, also: Also | None = None) -> Judged:
    """Keep what `decided` holds; where `open_` is true, take the answer of `rule` for that row's `keys`.

    `open_` is Boolean without nulls, all series have one length. Decided rows have no code. `also` is asked first
    about all open rows together, and must answer what `rule` would.
    """
    nothing = pl.Series("code", [None], dtype=pl.String).new_from_index(0, len(decided))
    if not open_.any():
        return Judged(decided.alias("value"), nothing, nothing.alias("detail"), nothing.alias("suggestion"))
    asked = [key.filter(open_) for key in keys]
    answers = judge(rule, decided.dtype, *asked) if also is None else _first(also, rule, decided.dtype, asked)
    judged = Judged(decided.alias("value"), nothing, nothing.alias("detail"), nothing.alias("suggestion"))
    return placed(judged, open_.arg_true(), answers)


def beside(cells: pl.Series, sure: pl.Series, decided: pl.Series, general: Callable[[pl.Series], Judged]) -> Judged:
    """Keep what `decided` holds where `sure` is true; judge the other cells, which are not null, by `general`.

    `decided` may hold anything in the other rows. Sure rows have no code.
    """
    rest = (~sure).arg_true()
    nothing = pl.Series("code", [None], dtype=pl.String).new_from_index(0, len(cells))
    judged = Judged(decided.alias("value"), nothing, nothing.alias("detail"), nothing.alias("suggestion"))
    judged = placed(judged, rest, general(cells.gather(rest))) if len(rest) else judged
    if decided is not cells:
        return judged
    kept = Kept(*judged)
    kept.rest = rest
    return kept


def placed(judged: Judged, rows: pl.Series, answers: Judged) -> Judged:
    """`judged` with the answers in these rows."""
    return Judged(*(_placed(whole, rows, part) for whole, part in zip(judged, answers, strict=True)))


def _placed(base: pl.Series, rows: pl.Series, answers: pl.Series) -> pl.Series:
    """`base` with the answers in these rows; most columns have nothing to say."""
    if base.null_count() == len(base) and answers.null_count() == len(answers):
        return base
    return base.clone().scatter(rows, answers)


def _first(also: Also, rule: Rule, dtype: pl.DataType, keys: list[pl.Series]) -> Judged:
    """The answers of `also` where it has one, else those of `rule`."""
    known, answers = also(*keys)
    rest = ~known
    if not rest.any():
        return answers
    more = judge(rule, dtype, *(key.filter(rest) for key in keys))
    place = _position(rest)
    value, code, detail, suggestion = (
        told.zip_with(known, single.gather(place)) for told, single in zip(answers, more, strict=True)
    )
    return Judged(value, code, detail, suggestion)


def _position(chosen: pl.Series) -> pl.Series:
    """Where each chosen row stands among the chosen ones; null for the others."""
    return (chosen.cum_sum().cast(pl.Int64) - 1).set(~chosen, None).cast(pl.get_index_type())
