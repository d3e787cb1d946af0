"""Turn tax ids into verdicts and identities: one module of this package for each country, one interface.

A module is called as the ISO 3166-1 alpha-2 code of its country in lower case (`cl`, `mx`; `eu` holds the member
states that have none of their own) and has the names of `interface.Rule`. Modules are found by walking the package:
a new country is one new file.

>>> rule("CL").present("760864285"), identity("CO", "NIT 900.227.140 - 3"), identity("CL", "66.666.666-6")
('76086428-5', '900227140-3', None)
"""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from functools import lru_cache
from importlib import import_module
from types import MappingProxyType

import polars as pl

from pipeline.taxids.interface import Fast, Reason, Remark, Remarking, Rule
from pipeline.taxids.writing import bare

__all__ = ["Fast", "Reason", "Remark", "Remarking", "Rule", "accepted", "identity", "identity_series", "rule", "rules"]


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

    Without a rule for the country it is the text's letters and digits in upper case.
    """
    known = rule(country)
    if known is not None:
        compacted = known.compact(text)
        return None if not compacted or compacted in known.GENERIC else compacted
    compacted = bare(text)
    if country is None and any(r.compact(text) in r.GENERIC for r in rules().values()):
        return None
    return compacted or None


def identity_series(country: pl.Series, value: pl.Series) -> pl.Series:
    """`identity` for whole columns of one length: String, null for generic ids and where `value` is null.

    A null country is a country that is not known.
    """
    frame = pl.DataFrame({"country": country.cast(pl.String), "value": value.cast(pl.String)})
    quick = accepted(frame["country"], frame["value"])[0]
    rest = frame.filter(quick.is_null() & frame["value"].is_not_null()).unique()
    texts = [identity(of, text) for of, text in rest.iter_rows()]
    slow = rest.with_columns(identity=pl.Series(texts, dtype=pl.String))
    joined = frame.join(slow, on=["country", "value"], how="left", nulls_equal=True, maintain_order="left")
    return quick.fill_null(joined["identity"]).alias("identity")


def accepted(country: pl.Series, text: pl.Series) -> tuple[pl.Series, pl.Series]:
    """The compact and the normal form (String) where a column rule decides; null where `identity` has to."""
    nothing = pl.Series("value", [None], dtype=pl.String).new_from_index(0, len(text))
    compacted, normal = nothing, nothing
    for code, known in rules().items():
        if not isinstance(known, Fast):
            continue
        of_it = (country == code).fill_null(False)
        if not of_it.any():
            continue
        everywhere = bool(of_it.all())
        found = known.accept(text if everywhere else text.set(~of_it, None))
        compacted = found if everywhere else found.zip_with(of_it, compacted)
        normal = known.written(found) if everywhere else known.written(found).zip_with(of_it, normal)
    return compacted.alias("compact"), normal.alias("value")
