"""Turn a scalar rule into a column's verdicts by asking it once for each distinct combination of values.

Fast expressions decide most cells; `settle` hands only the open ones to the rule, and joins its answers back
with null keys matching (`nulls_equal`), in the order of the rows. Where one pattern proves most cells good as they are,
`beside` leaves the others alone to the way that reads everything.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import polars as pl

from pipeline import sparse
from pipeline.handoff import Judged

__all__ = ["Also", "Kept", "Rule", "Verdict", "beside", "judge", "placed", "settle", "told"]


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
FEW = 1_000
"""So many rows are told apart one by one in the time that polars takes to set out."""

Rule = Callable[..., Verdict]

Also = Callable[..., tuple[pl.Series, Judged]]
"""A rule for columns: the keys of some rows go in; which of them it decides (Boolean), and their answers, come out."""


def judge(rule: Rule, dtype: pl.DataType | type[pl.DataType], *keys: pl.Series) -> Judged:
    """Ask `rule` about every row of `keys` (the cell first, then what it depends on), once per combination.

    The rule gets None for null. The answers have the order and length of the keys.
    """
    if len(keys[0]) <= FEW:
        rows = list(zip(*(key.to_list() for key in keys), strict=True))
        known = {row: rule(*row) for row in dict.fromkeys(rows)}
        return told([known[row] for row in rows], dtype)
    frame = pl.DataFrame([key.alias(f"k{i}") for i, key in enumerate(keys)])
    names = frame.columns
    distinct = frame.unique()
    answers = distinct.with_columns(*told([rule(*row) for row in distinct.iter_rows()], dtype))
    joined = frame.join(answers, on=names, how="left", nulls_equal=True, maintain_order="left")
    return Judged(joined["value"], joined["code"], joined["detail"], joined["suggestion"])


def told(verdicts: list[Verdict], dtype: pl.DataType | type[pl.DataType]) -> Judged:
    """The verdicts on some cells as columns."""
    value = pl.Series("value", [verdict.value for verdict in verdicts], dtype=dtype)
    parts = (pl.Series(part, [getattr(v, part) for v in verdicts], dtype=pl.String) for part in _PARTS)
    return Judged(value, *parts)


def settle(decided: pl.Series, open_: pl.Series, rule: Rule, *keys: pl.Series, also: Also | None = None) -> Judged:
    """Keep what `decided` holds; where `open_` is true, take the answer of `rule` for that row's `keys`.

    `open_` is Boolean without nulls, all series have one length. Decided rows have no code. `also` is asked first
    about all open rows together, and must answer what `rule` would.
    """
    nothing = sparse.nulls(len(decided), name="code")
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
    nothing = sparse.nulls(len(cells), name="code")
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
    rest = (~known).arg_true()
    if not len(rest):
        return answers
    return placed(answers, rest, judge(rule, dtype, *(key.gather(rest) for key in keys)))
