"""Turn whole columns of plainly written phone numbers into E.164, with the numbering plans of phonenumbers.

Only what phonenumbers itself would read the same way, and call valid, is decided: the plans' own patterns (`plans`)
must fit the national number, no international prefix may begin it, and no national prefix may be taken off.
Everything else stays null and goes to the scalar rule.
"""

from __future__ import annotations

import sys
from functools import cache

import polars as pl
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

from pipeline import sparse

__all__ = ["CHANGED", "OLD_FORMS", "PARTIAL", "calling_code", "e164", "is_worth_it", "plain"]

OLD_FORMS: dict[int, str] = {
    52: r"^(?:0?1|04[45])(\d{10})$",
    56: r"^0(\d{9})$",
}
"""National forms that are dialled no more, by calling code; the group is today's number.

Mexico gave up 01, 044, 045 and the 1 after +52 in August 2019 (IFT, Plan Técnico Fundamental de Numeración);
Chile gave up the trunk 0 in 2016 (Subtel, numeración de nueve dígitos).
"""

CHANGED: dict[int, str] = {
    55: r"^[0-9]{2}[6-9][0-9]{7}$",
    56: r"^[289][0-9]{7}$",
    57: r"^[1-8][0-9]{7}$",
}
"""National numbers from before a change of plan, by calling code, whose form of today can be told.

Brazil put a 9 before mobile numbers (Anatel, Resolução 553/2010), Chile a 2 or 9 before all (Subtel, 2012 and 2013),
Colombia 60 before fixed ones (CRC, Resolución 5826 de 2019).
"""

PARTIAL: dict[int, str] = {55: r"^(?:[2-5][0-9]{7}|9[0-9]{8})$"}
"""National numbers without their area code, by calling code, where other numbers of the plan are as long: Brazil's (4004 ...)."""

WORTH_IT = 100
"""Fewer numbers are left to the scalar rule, which is as quick."""

WORTH_LOADING = 3_000
"""So many numbers it takes until the scalar rule is slower than to load what judges columns."""

# Not with a zero decimal (".0") behind: that is what a number cell leaves, and no digit of the number.
_PLAINLY = r"^[ (]*\+?[ (]*(?:[0-9]|[0-9][0-9 ().-]*[1-9 ().-]|[0-9](?:[0-9 ().-]*[0-9 ()-])?0)$"
_SIGNS = list(" +().-")
_LONGEST = 20  # digits; no plan has numbers of more, with calling code and prefix


def is_worth_it(numbers: int, least: int) -> bool:
    """Whether so many numbers are judged as columns, from `least` on; until `plans` is loaded it takes more."""
    return numbers >= (least if "pipeline.columns.plans" in sys.modules else WORTH_LOADING)


@cache
def _calling_codes() -> str:
    return f"^({'|'.join(str(code) for code in COUNTRY_CODE_TO_REGION_CODE)})"


def calling_code(digits: pl.Expr) -> pl.Expr:
    """The calling code that `digits` begin with (String); null where there is none."""
    return digits.str.extract(_calling_codes())


def plain(text: pl.Series, country: pl.Series) -> pl.DataFrame:
    """The tidy texts that hold only the digits of one number, and signs that part them: at, digits, plus, country.

    `plus` is where a + stands in front.
    """
    column = pl.col("text")
    frame = pl.DataFrame({"text": text, "country": country}).with_row_index("at").filter(column.str.contains(_PLAINLY))
    digits, plus = column.str.replace_many(_SIGNS, [""]), column.str.contains("+", literal=True)
    return frame.select("at", "country", digits=digits, plus=plus).filter(pl.col("digits").str.len_bytes() <= _LONGEST)


def e164(text: pl.Series, country: pl.Series) -> pl.Series:
    """The E.164 form (String) of each tidy `text` that is decided; null for the others.

    `country` holds ISO 3166-1 alpha-2 codes, null where unknown; it matters only where there is no `+`.
    """
    nothing = sparse.nulls(len(text), name="number")
    if not is_worth_it(len(text) - text.null_count(), WORTH_IT):
        return nothing
    from pipeline.columns import plans

    written = plain(text, country)
    return nothing.scatter(written["at"], plans.e164(written))
