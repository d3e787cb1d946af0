"""Turn amounts of money, as people and spreadsheets write them, into whole cents.

Exact from text to integer: no binary fractions anywhere. Thousands may be grouped by comma, point, apostrophe
or space, also in the Indian way; decimals follow comma or point. Which of the two is settled for the whole
column (`evidence`, `decimal_mark`); unsettled, a cell is read only if it has one reading. `1.234` has two.
The amount is in units of the account's currency; cents are always the amount times 100, also where the currency has
no cents (CLP, PYG, JPY: a fraction is doubtful) or thousandths (KWD: a third decimal is an error that says so).
`-`, `N/A` and the like are blank here too: the mapping's list of null words may be changed by its file, and these
are an amount in no case.
"""

from __future__ import annotations

from functools import partial

import polars as pl

from pipeline.columns import cells as text_of
from pipeline.columns import currencies
from pipeline.columns.amounts import judge
from pipeline.columns.decimals import Evidence, Mark, decimal_mark, evidence, shapes
from pipeline.columns.distinct import Verdict, settle
from pipeline.columns.repeated import once
from pipeline.handoff import Around, Judged, Settings
from pipeline.schema import Field

__all__ = ["Evidence", "Mark", "decimal_mark", "evidence", "judge", "normalise"]

_STAND_IN_CENTS = 10**15 * 100  # what a decided cell can be at most: it fits 64 bits with room
_EXACT = pl.Decimal(25, 2)  # an integer of hundredths: no binary fraction


def normalise(cells: pl.Series, around: Around) -> Judged:
    """Cents (Int64): `money.syntax`, `.ambiguous`, `.too_precise`, `.range`, `.currency`; warning `.no_cents`."""
    return once(partial(_normalise, field=around.field, settings=around.settings), cells)


def _normalise(cells: pl.Series, field: Field, settings: Settings) -> Judged:
    mark, business, low, high = settings.decimal.get(field.name), settings.business_currency, field.ge, field.le
    plain = _plain(cells, mark)
    decided = _cents(plain, mark)
    left = (plain.is_null() & cells.is_not_null()).arg_true()
    rest = text_of.without_stand_ins(cells.gather(left))
    if len(left):
        dollars = business is None or business in currencies.meanings("$")
        bare = rest.str.replace(r"^\$ ?", "") if dollars else rest
        decided = decided.clone().scatter(left, _cents(_plain(bare, mark), mark))
    decided = _without(decided, low, high, business)
    text = plain.clone().scatter(left, rest)

    def rule(cell: str) -> Verdict:
        return judge(cell, mark, low, high, business)

    return settle(decided, decided.is_null() & text.is_not_null(), rule, text)


def _plain(cells: pl.Series, mark: str | None) -> pl.Series:
    """The cells in plain shapes of `mark`; null for the others."""
    return cells.set(~cells.str.contains(shapes(mark)).fill_null(False), None)


def _cents(plain: pl.Series, mark: str | None) -> pl.Series:
    """The cents (Int64) of amounts in the plain shapes of `mark`."""
    if mark is None:
        return _cents_of_one_reading(plain)
    digits = plain.str.replace_all("," if mark == "." else ".", "", literal=True)
    if mark == ",":
        digits = digits.str.replace_all(",", ".", literal=True)
    return digits.cast(_EXACT, strict=False).to_physical().cast(pl.Int64)


def _cents_of_one_reading(plain: pl.Series) -> pl.Series:
    """The same where either sign may be the mark: the one that one or two last digits follow."""
    digits = plain.str.replace_all(".", "", literal=True).str.replace_all(",", "", literal=True)
    two, one = (plain.str.slice(-1 - count, 1).is_in([".", ","]) for count in (2, 1))
    frame = pl.DataFrame({"whole": digits.cast(pl.Int64, strict=False), "two": two, "one": one})
    factor = pl.when("two").then(1).when("one").then(10).otherwise(100)
    return frame.select(decided=pl.col("whole") * factor.cast(pl.Int64)).to_series()


def _without(decided: pl.Series, low: int | None, high: int | None, business: str | None) -> pl.Series:
    """The decided cents of which nothing is to be said: within the bounds, and with a fraction only where there is one."""
    if low is not None:
        decided = decided.set((decided < low).fill_null(False), None)
    if high is not None and high < _STAND_IN_CENTS:
        decided = decided.set((decided > high).fill_null(False), None)
    if business and currencies.decimals(business) == 0:
        decided = decided.set((decided % 100 != 0).fill_null(False), None)
    return decided
