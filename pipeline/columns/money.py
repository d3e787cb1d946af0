"""Turn amounts of money, as people and spreadsheets write them, into whole cents.

Exact from text to integer: no binary fractions anywhere. Thousands may be grouped by comma, point, apostrophe
or space, also in the Indian way; decimals follow comma or point. Which of the two is settled for the whole
column (`evidence`, `decimal_mark`); unsettled, a cell is read only if it has one reading. `1.234` has two.
The amount is in units of the account's currency; cents are always the amount times 100.
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
    """Cents (Int64): `money.syntax`, `.ambiguous`, `.too_precise`, `.range`, `.currency`."""
    field, settings = around.field, around.settings
    mark = settings.decimal.get(field.name)
    low, high = field.ge, field.le
    text = text_of.without_stand_ins(cells)
    bare = text
    if settings.business_currency is None or settings.business_currency in currencies.meanings("$"):
        bare = text.str.replace(r"^\$ ?", "")
    frame = pl.DataFrame({"text": bare}).with_columns(plain=pl.col("text").str.contains(shapes(mark)))
    digits = pl.col("text").str.replace_all("[^0-9]", "")
    places = pl.col("text").str.extract(r"[.,]([0-9]{1,2})$").str.len_bytes().fill_null(0)
    cents = digits.cast(pl.Int64, strict=False) * pl.lit(10, pl.Int64).pow(2 - places.cast(pl.Int64))
    signed = pl.when(pl.col("text").str.starts_with("-")).then(-cents).otherwise(cents)
    frame = frame.with_columns(decided=pl.when("plain").then(signed))
    decided = frame["decided"]
    if low is not None:
        decided = decided.set((decided < low).fill_null(False), None)
    if high is not None and high < _STAND_IN_CENTS:
        decided = decided.set((decided > high).fill_null(False), None)

    def rule(cell: str) -> Verdict:
        return judge(cell, mark, low, high, settings.business_currency)

    return settle(decided, decided.is_null() & text.is_not_null(), rule, text)
