"""Turn the name or code of a country into its ISO 3166-1 alpha-2 code.

Codes (two letters, three letters, three digits) and names come from pycountry and the Unicode CLDR (babel: English,
Spanish, Portuguese, then French, German, Italian), what people write besides from `country_aliases.csv`. A name may
mean several countries; then all of them are found. `US-GA` is the state that shares its name with a country.

>>> set(find("EE.UU.")), set(find("Rep. Dominicana")), set(find("152")), sorted(find("Corea"))
({'US'}, {'DO'}, {'CL'}, ['KP', 'KR'])
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

import pycountry
from babel import Locale

from pipeline.columns import subdivisions
from pipeline.columns.naming import key, read, short_key

__all__ = ["find", "name", "names"]

LANGUAGES = ("en", "es", "es_MX", "pt", "pt_PT")
FURTHER = ("fr", "de", "it")


@lru_cache(maxsize=1)
def _codes() -> dict[str, str]:
    """Every country's three codes."""
    found = {}
    for country in pycountry.countries:
        for code in (country.alpha_2, country.alpha_3, country.numeric):
            found[code] = country.alpha_2
    return found


@lru_cache(maxsize=1)
def _names() -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """Alpha-2 codes by `key` and by `short_key`; the aliases overrule the lists, English overrules French."""
    whole: dict[str, set[str]] = {}
    short: dict[str, set[str]] = {}

    def add(texts: list[tuple[str, set[str]]]) -> None:
        for index, form in ((whole, key), (short, short_key)):
            layer: dict[str, set[str]] = {}
            for text, codes in texts:
                if form(text):
                    layer.setdefault(form(text), set()).update(codes)
            for word, codes in layer.items():
                index.setdefault(word, codes)

    add([(name_, set(codes.split())) for codes, names_ in read("country_aliases.csv") for name_ in names_])
    add([(name_, {code}) for code, name_ in _official()])
    for languages in (LANGUAGES, FURTHER):
        add([(name_, {code}) for language in languages for code, name_ in _territories(language)])
    return whole, short


def _official() -> list[tuple[str, str]]:
    found = []
    for country in pycountry.countries:
        names_ = [getattr(country, kind, None) for kind in ("name", "common_name", "official_name")]
        found += [(country.alpha_2, form) for text in names_ if text for form in (text, _turned(text))]
    return found


def _turned(text: str) -> str:
    """ "Bolivia, Plurinational State of" as people say it."""
    return " ".join(reversed(text.split(", ", 1)))


def _territories(language: str) -> list[tuple[str, str]]:
    known = {country.alpha_2 for country in pycountry.countries}
    return [(code, text) for code, text in Locale.parse(language).territories.items() if code in known]


@lru_cache(maxsize=1)
def names() -> dict[str, str]:
    """Keys of names (four letters or more) that mean one country, and its code."""
    return {form: next(iter(codes)) for form, codes in _names()[0].items() if len(form) > 3 and len(codes) == 1}


def name(code: str) -> str:
    """The English name of a country, or of the state or union that shares a country's name."""
    if code == "EU":
        return "the European Union"
    if "-" in code:
        return f"{subdivisions.name(code)}, a state of {name(code[:2])}"
    country = pycountry.countries.get(alpha_2=code)
    return str(getattr(country, "common_name", country.name)) if country else code


@lru_cache(maxsize=65536)
def find(text: str) -> frozenset[str]:
    """The codes that `text` means; none where it is not known."""
    text = _flag(text)
    plain = text.strip().upper()
    if plain in _codes():
        return frozenset({_codes()[plain]})
    return frozenset(subdivisions.matches(text, _look))


def _look(text: str) -> set[str]:
    whole, short = _names()
    plain = text.strip().upper()
    if plain in _codes():
        return {_codes()[plain]}
    found = whole.get(key(text)) or short.get(short_key(text)) or short.get(key(text))
    if found:
        return found
    letters = key(text).upper()
    return {_codes()[letters]} if letters in _codes() and letters.isalpha() else set()


def _flag(text: str) -> str:
    """A flag emoji as the two letters it is made of."""
    letters = [unicodedata.name(c, "") for c in text.strip()]
    if len(letters) == 2 and all(n.startswith("REGIONAL INDICATOR SYMBOL LETTER ") for n in letters):
        return "".join(n[-1] for n in letters)
    return text
