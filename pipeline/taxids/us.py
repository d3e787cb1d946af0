"""Turn an employer identification number of the United States into its compact and its normal form: `91-1144442`.

Nine digits, of which the first two are one of the prefixes in use; there is no check digit. Nine digits grouped as
3-2-4 are a Social Security number and never taken for an EIN. Source: https://www.irs.gov (How EINs are assigned
and valid EIN prefixes; Publication 1635).

>>> compact("EIN 91-1144442"), judge("911144442"), present("911144442"), judge("071144442")
('911144442', None, '91-1144442', 'component')
>>> judge(compact("911-14-4442")), compact("42103594"), remark("42103594")
('format', '042103594', 'zeros_restored')
"""

from __future__ import annotations

import re
from functools import lru_cache

import polars as pl
from stdnum.us import ein

from pipeline.taxids.interface import Reason, Remark
from pipeline.taxids.writing import bare, digits, reason

NAME = "EIN"
GENERIC: frozenset[str] = frozenset()
LABELS = ("EIN", "FEIN", "FEI", "TIN", "FEDERAL", "FED", "IRS", "TAXID", "ID", "US", "NUMBER", "NO", "N")
_PERSONAL = re.compile(r"[0-9]{3}[-\s\u2010-\u2015][0-9]{2}[-\s\u2010-\u2015][0-9]{4}")


def compact(text: str) -> str:
    """The nine digits; a number in the groups of a Social Security number keeps its dashes."""
    personal = _PERSONAL.search(text)
    if personal:
        return personal[0].replace(" ", "-")
    number = bare(text, LABELS)
    return number.zfill(9) if remark(text) else number


def remark(text: str) -> Remark | None:
    """Whether a leading zero was restored: eight digits of which nothing proves that it was a zero."""
    number = bare(text, LABELS)
    return "zeros_restored" if len(number) == 8 and digits(number) and "-" not in text else None


def judge(compacted: str) -> Reason | None:
    """What is wrong."""
    if digits(compacted) and len(compacted) != 9:
        return "length"
    return reason(ein.validate, compacted)


def present(compacted: str) -> str:
    """Prefix, dash, number."""
    return f"{compacted[:2]}-{compacted[2:]}" if digits(compacted) else compacted


def accept(text: pl.Series) -> pl.Series:
    """The nine digits of the numbers written with a dash after the prefix, or without, whose prefix is in use."""
    plain = pl.col("text").str.replace("-", "", literal=True)
    shaped = pl.col("text").str.contains(r"^[0-9]{2}-?[0-9]{7}$")
    frame = pl.DataFrame({"text": text}).lazy().select(plain=pl.when(shaped).then(plain))
    used = pl.col("plain").str.head(2).is_in(_prefixes())
    return frame.select(text=pl.when(used).then("plain")).collect()["text"]


def written(compacted: pl.Series) -> pl.Series:
    """`present` for a whole column."""
    number = pl.col("compacted")
    frame = pl.DataFrame({"compacted": compacted}).lazy()
    return frame.select(text=pl.concat_str(number.str.head(2), pl.lit("-"), number.str.slice(2))).collect()["text"]


@lru_cache(maxsize=1)
def _prefixes() -> list[str]:
    return [prefix for prefix in (f"{n:02}" for n in range(100)) if ein.is_valid(f"{prefix}0000000")]
