"""Turn what people write in a currency column into the code of ISO 4217.

A code, a name in Spanish, Portuguese or English, or a sign. What means several currencies (`$`, `pesos`,
`kr`) is settled by the row's country where exactly one of them is tender there; else it is asked.
"""

from __future__ import annotations

import re

import polars as pl

from pipeline import sparse
from pipeline.columns import cells as text_of
from pipeline.columns import currencies, repeated
from pipeline.columns.distinct import Verdict
from pipeline.handoff import Around, Judged
from pipeline.language import say

__all__ = ["judge", "normalise"]

_CODE_AND_NAME = re.compile(r"^\W*(?P<code>[A-Za-z]{3})\s*[-–—:,/(\s]\s*(?P<name>\D+?)\)?\s*$")
_NAME_AND_CODE = re.compile(r"^(?P<name>\D+?)\s*[-–—:,/(\s]\s*(?P<code>[A-Za-z]{3})\W*$")


def normalise(cells: pl.Series, around: Around) -> Judged:
    """Codes of ISO 4217 (String): `currency.unknown`, `currency.ambiguous`."""
    country = around.country
    if country is None:
        country = sparse.nulls(len(cells))
    return repeated.judge(judge, pl.String, cells, country, tidied=text_of.without_stand_ins)


def judge(text: str | None, country: str | None) -> Verdict:
    """The scalar rule: one tidy cell, and the ISO code of its row's country."""
    if text is None:
        return Verdict()
    meant = _meant(text)
    tender = currencies.of_country(country) if country else frozenset()
    if meant == currencies.LOCAL:
        meant = tender
        if not meant:
            return Verdict(
                code="currency.ambiguous", detail=say("the national currency of a country that is not known")
            )
    if len(meant) > 1:
        meant = (meant & tender) or _abroad(text, meant, country)
    if len(meant) == 1:
        return Verdict(next(iter(meant)))
    if meant:
        return Verdict(code="currency.ambiguous", detail=_listed(meant))
    return Verdict(code="currency.unknown", suggestion=_near(text))


def _meant(text: str) -> frozenset[str]:
    """The codes a cell can mean: of the whole text, or of a code with its name beside it."""
    meant = frozenset(code for code in currencies.meanings(text) if not code.endswith("?"))
    if meant:
        return meant
    for pattern in (_CODE_AND_NAME, _NAME_AND_CODE):
        both = pattern.match(text)
        if both and both["code"].upper() in currencies.codes():
            named = currencies.meanings(both["name"])
            # The code and its name must agree; a name nobody lists does not contradict.
            if not named or named == currencies.LOCAL or both["code"].upper() in named:
                return frozenset({both["code"].upper()})
    return frozenset()


def _abroad(text: str, meant: frozenset[str], country: str | None) -> frozenset[str]:
    """Dollars in a country that has none of its own are those of the United States; so is `dólar` in Spanish."""
    word = text_of.fold(text)
    spanish = word in ("dolar", "dolares")
    return frozenset({"USD"}) if spanish or (country and word in ("dollar", "dollars")) else meant


def _listed(meant: frozenset[str]) -> str:
    common = [code for code in ("CLP", "MXN", "COP", "ARS", "UYU", "USD", "CAD", "DOP", "BRL", "PEN") if code in meant]
    rest = sorted(meant - set(common))
    named = (common + rest)[:6]
    return ", ".join(named) + (", ..." if len(meant) > len(named) else "")


def _near(text: str) -> str | None:
    """A code one letter away, if there is only one."""
    if not re.fullmatch(r"[A-Za-z]{3}", text):
        return None
    from rapidfuzz import process

    close = [code for code, score, _ in process.extract(text.upper(), list(currencies.codes()), limit=2) if score >= 66]
    return close[0] if len(close) == 1 else None
