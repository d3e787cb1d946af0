"""Turn the closed lists of a target, or ISO 3166 and ISO 4217 where it has none, into what drop-downs offer."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from pipeline.handoff import Catalogue

COUNTRIES_WITH_STATES = "AR BO BR CA CL CO CR CU DO EC ES GT HN MX NI PA PE PR PT PY SV US UY VE".split()  # noqa: SIM905


@dataclass(frozen=True)
class Lists:
    """Columns of the list sheet: countries, the states with their country's name beside, currencies."""

    countries: tuple[str, ...]
    states: tuple[tuple[str, str], ...]
    currencies: tuple[str, ...]
    terms: tuple[str, ...]


def lists(catalogue: Catalogue, lang: str) -> Lists:
    """The lists of a template, with the countries' names in its language, each in the order of the names."""
    import pycountry

    names = country_names(lang)
    if catalogue.countries is not None:
        names = {str(e.id): names.get(str(e.id), e.name) for e in catalogue.countries}
    if catalogue.states is not None:
        states = [(e.parent or "", e.name) for e in catalogue.states]
    else:
        top = [s for s in pycountry.subdivisions if s.country_code in COUNTRIES_WITH_STATES and s.parent_code is None]
        states = [(s.country_code, s.name) for s in top]
    named = sorted((names[country], state) for country, state in states if country in names)
    currencies = sorted(c.alpha_3 for c in pycountry.currencies)
    return Lists(
        tuple(sorted(names.values())), tuple(named), tuple(currencies), tuple(e.name for e in catalogue.terms or ())
    )  # fmt: skip


@lru_cache(maxsize=2)
def country_names(lang: str) -> dict[str, str]:
    """ISO 3166-1 alpha-2 code -> the country's name in a language."""
    import pycountry
    from babel import Locale

    territories = Locale.parse(lang).territories
    return {c.alpha_2: str(territories.get(c.alpha_2, c.name)) for c in pycountry.countries}
