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

import polars as pl

from pipeline.columns import cells as text_of
from pipeline.columns import currencies
from pipeline.columns.amounts import judge
from pipeline.columns.decimals import Evidence, Mark, decimal_mark, evidence, shapes
from pipeline.columns.distinct import Verdict, settle
from pipeline.handoff import Around, Judged

__all__ = ["Evidence", "Mark", "decimal_mark", "evidence", "judge", "normalise"]

_STAND_IN_CENTS = 10**15 * 100  # what a decided cell can be at most: it fits 64 bits with room


def normalise(cells: pl.Series, around: Around) -> Judged:
    """Cents (Int64): `money.syntax`, `.ambiguous`, `.too_precise`, `.range`, `.currency`; warning `.no_cents`."""
    field, settings = around.field, around.settings
    mark = settings.decimal.get(field.name)
    low, high = field.ge, field.le
    text = text_of.without_stand_ins(cells)
    bare = text
    dollars = settings.business_currency is None or settings.business_currency in currencies.meanings("$")
    if dollars and text.str.starts_with("$").any():
        bare = text.str.replace(r"^\$ ?", "")
    plain = bare.set(~bare.str.contains(shapes(mark)).fill_null(False), None)
    whole = (
        plain.str.replace_all(".", "", literal=True).str.replace_all(",", "", literal=True).cast(pl.Int64, strict=False)
    )
    places = [plain.str.slice(-1 - count, 1).is_in([".", ","]) for count in (2, 1)]
    frame = pl.DataFrame({"whole": whole, "two": places[0], "one": places[1]})
    factor = (
        pl.when("two").then(pl.lit(1, pl.Int64)).when("one").then(pl.lit(10, pl.Int64)).otherwise(pl.lit(100, pl.Int64))
    )
    decided = frame.select(decided=pl.col("whole") * factor).to_series()
    if low is not None:
        decided = decided.set((decided < low).fill_null(False), None)
    if high is not None and high < _STAND_IN_CENTS:
        decided = decided.set((decided > high).fill_null(False), None)

    if settings.business_currency and currencies.decimals(settings.business_currency) == 0:
        decided = decided.set((decided % 100 != 0).fill_null(False), None)

    def rule(cell: str) -> Verdict:
        return judge(cell, mark, low, high, settings.business_currency)

    return settle(decided, decided.is_null() & text.is_not_null(), rule, text)
