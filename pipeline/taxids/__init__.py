"""Turn tax ids into verdicts and identities: one module of this package for each country, one interface.

A module is called as the ISO 3166-1 alpha-2 code of its country in lower case (`cl`, `mx`; `eu` holds the member
states that have none of their own) and has the names of `interface.Rule`. Modules are found by walking the package:
a new country is one new file.

>>> rule("CL").present("760864285"), identity("CO", "NIT 900.227.140 - 3"), identity("CL", "66.666.666-6")
('76086428-5', '900227140-3', None)
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Mapping
from functools import lru_cache
from importlib import import_module
from types import MappingProxyType
from typing import cast

import polars as pl

from pipeline import sparse
from pipeline.taxids.abroad import given_by
from pipeline.taxids.interface import Completing, Fast, Reason, Remark, Remarking, Rule
from pipeline.taxids.writing import bare

__all__ = [
    "Completing",
    "Fast",
    "Reason",
    "Remark",
    "Remarking",
    "Rule",
    "accepted",
    "completing",
    "given_by",
    "identity",
    "identity_series",
    "remarking",
    "rule",
    "rules",
]


WORTH_IT = 100
"""Fewer numbers of a country are left to its scalar rule: what judges columns takes longer to load."""


@lru_cache(maxsize=1)
def rules() -> Mapping[str, Rule]:
    """Every rule there is, by ISO 3166-1 alpha-2 code."""
    found: dict[str, Rule] = {}
    for module in pkgutil.iter_modules(__path__):
        if len(module.name) != 2:  # the other modules are what the rules share
            continue
        loaded = import_module(f"{__name__}.{module.name}")
        found.update(loaded.members() if hasattr(loaded, "members") else {module.name.upper(): loaded})
    return MappingProxyType(dict(sorted(found.items())))


def rule(country: str | None) -> Rule | None:
    """The rule of `country` (ISO 3166-1 alpha-2); None where there is none or the country is not known."""
    return rules().get(country) if country else None


def identity(country: str | None, text: str) -> str | None:
    """What makes two tax ids of a country the same: the compact form; None where it identifies nobody.

    Without a rule for the country it is the text's letters and digits in upper case. What an authority gives to all
    customers abroad identifies nobody in any country.
    """
    if given_by(text):
        return None
    known = rule(country)
    if known is not None:
        compacted = known.compact(text)
        return None if not compacted or compacted in known.GENERIC else compacted
    compacted = bare(text)
    if country is None and any(r.compact(text) in r.GENERIC for r in _with_generic()):
        return None
    return compacted or None


@lru_cache(maxsize=1)
def _with_generic() -> tuple[Rule, ...]:
    return tuple(r for r in rules().values() if r.GENERIC)


def identity_series(country: pl.Series, value: pl.Series) -> pl.Series:
    """`identity` for whole columns of one length: String, null for generic ids and where `value` is null.

    A null country is a country that is not known.
    """
    frame = pl.DataFrame({"country": country.cast(pl.String), "value": value.cast(pl.String)})
    quick = _by_country(frame["country"], frame["value"], lambda known, text: known.accept(text))
    rest = frame.filter(quick.is_null() & frame["value"].is_not_null()).unique()
    texts = [identity(of, text) for of, text in rest.iter_rows()]
    slow = rest.with_columns(identity=pl.Series(texts, dtype=pl.String))
    joined = frame.join(slow, on=["country", "value"], how="left", nulls_equal=True, maintain_order="left")
    return quick.fill_null(joined["identity"]).alias("identity")


def accepted(country: pl.Series, text: pl.Series) -> pl.Series:
    """The normal form (String) where a column rule finds the number right; null where the scalar rule has to judge."""
    return _by_country(country, text, lambda known, cells: known.written(known.accept(cells)))


def _by_country(country: pl.Series, text: pl.Series, read: Callable[[Fast, pl.Series], pl.Series]) -> pl.Series:
    """What `read` makes of the texts of each country that has a column rule."""
    found = sparse.nulls(len(text), name="value")
    if len(text) < WORTH_IT:
        return found
    codes = _fast()
    place = country.cast(pl.Enum(codes), strict=False).to_physical()
    every = pl.int_range(len(text), dtype=pl.get_index_type(), eager=True)
    for code, count in place.value_counts(name="rows").drop_nulls().iter_rows():
        known = cast("Fast", rule(codes[code]))
        if count == len(text):
            return read(known, text).alias("value")
        if count >= WORTH_IT:
            there = place == code
            found = found.scatter(every.filter(there), read(known, text.filter(there)))
    return found


@lru_cache(maxsize=1024)
def remarking(country: str) -> Remarking | None:
    """The country's rule, if it can complete a number that is not written in full."""
    known = rule(country)
    return known if isinstance(known, Remarking) else None


@lru_cache(maxsize=1024)
def completing(country: str) -> Completing | None:
    """The country's rule, if it can suggest a check digit."""
    known = rule(country)
    return known if isinstance(known, Completing) else None


@lru_cache(maxsize=1)
def _fast() -> list[str]:
    """The countries that have a column rule."""
    return [country for country, known in rules().items() if isinstance(known, Fast)]
