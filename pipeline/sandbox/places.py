"""Turn ISO 3166, ISO 4217 and CLDR into the vendor's catalogues of countries, states and currencies.

Names are in Spanish where the translation exists, as in the vendor's catalogue ("Carolina del Norte"). A
state's integer id is computed from its ISO 3166-2 code, so it stays the same in every release. A country
without subdivisions has one state with the country's own name, else nobody there could become a customer.
"""

from __future__ import annotations

import gettext
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import pycountry
from babel.numbers import get_territory_currencies
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

REGULATED = frozenset(
    ["AR", "BO", "BR", "CL", "CO", "CR", "DO", "EC", "GT", "HN", "MX", "NI", "PA", "PE", "PY", "SV", "UY"]
)
"""Countries whose customers need a tax id if the account is of the same country; the list is undocumented."""

_subdivisions: Callable[..., Any] = pycountry.subdivisions.get
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class Place:
    """A country (`parent` is empty) or a state: `code` is ISO 3166, `number` the integer id of a state."""

    code: str
    name: str
    parent: str = ""
    number: int = 0


@lru_cache(maxsize=1)
def countries() -> dict[str, Place]:
    """All countries by ISO 3166-1 alpha-2 code, in the order of the code."""
    spanish = _spanish("iso3166-1")
    names = {c.alpha_2: getattr(c, "common_name", c.name) for c in pycountry.countries}
    return {code: Place(code, spanish(names[code])) for code in sorted(names)}


@cache
def states(country: str) -> tuple[Place, ...]:
    """The states of a country, in the order of their names."""
    known = pycountry.countries.get(alpha_2=country)
    if known is None:
        return ()
    spanish = _spanish("iso3166-2")
    base = int(known.numeric) * 100_000
    found = [
        Place(s.code, spanish(s.name), country, base + _number(s.code.partition("-")[2]))
        for s in _subdivisions(country_code=country) or ()
        if s.parent_code is None
    ]
    found = found or [Place(country, countries()[country].name, country, base)]
    return tuple(sorted(found, key=lambda place: place.name))


@lru_cache(maxsize=4096)
def state(id_: int | str) -> Place | None:
    """The state with this id: an integer, its digits, or an ISO 3166-2 code."""
    text = str(id_)
    if text.isdecimal() and text.isascii() and len(text) < 12:
        known = pycountry.countries.get(numeric=f"{int(text) // 100_000:03}")
        return _pick(known.alpha_2, number=int(text)) if known else None
    return _pick(text[:2], code=text)


def _pick(country: str, number: int = -1, code: str = "") -> Place | None:
    return next((s for s in states(country) if s.number == number or s.code == code), None)


@cache
def country_object(code: str) -> dict[str, object]:
    """The vendor's Country: {id, name, code, has_regulation, currencies}."""
    dialled = _dialled().get(code)
    return {
        "id": code,
        "name": countries()[code].name,
        "code": f"+{dialled}" if dialled else "",
        "has_regulation": code in REGULATED,
        "currencies": legal_currencies(code),
    }


@cache
def _dialled() -> dict[str, int]:
    """The calling code of each country; the library's own function reads the whole plan of each."""
    return {region: code for code, regions in COUNTRY_CODE_TO_REGION_CODE.items() for region in regions}


def state_object(place: Place, as_text: bool) -> dict[str, object]:
    """The vendor's State: {id, name, country}; with text ids also its code, as in the older documents."""
    if as_text:
        short = place.code.partition("-")[2]
        return {"id": place.code, "name": place.name, "code": short, "country": place.parent}
    return {"id": place.number, "name": place.name, "country": place.parent}


@lru_cache(maxsize=1)
def currencies() -> dict[str, dict[str, object]]:
    """All currencies by ISO 4217 code."""
    spanish = _spanish("iso4217")
    return {c.alpha_3: {"id": c.alpha_3, "name": spanish(c.name)} for c in pycountry.currencies}


def default_currency(country: str) -> str | None:
    """The currency a customer of this country gets where none is named."""
    return next(iter(legal_currencies(country)), None)


def legal_currencies(country: str) -> list[str]:
    """The currencies in use in a country, the main one first; none for an unknown country."""
    return list(get_territory_currencies(country)) if country in countries() else []


def _number(code: str) -> int:
    total = 0
    for letter in code.lower():
        total = total * 37 + _DIGITS.index(letter) + 1
    return total


@cache
def _translation(domain: str) -> gettext.NullTranslations:
    return gettext.translation(domain, pycountry.LOCALES_DIR, languages=["es"], fallback=True)


def _spanish(domain: str) -> Callable[[str], str]:
    return _translation(domain).gettext
