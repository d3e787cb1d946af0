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

from pipeline import language
from pipeline.columns import subdivisions
from pipeline.columns.listed import table
from pipeline.columns.naming import key, read, short_key
from pipeline.language import say

__all__ = ["find", "name", "names", "spoken"]

LANGUAGES = ("en", "es", "es_MX", "pt", "pt_PT")
FURTHER = ("fr", "de", "it")


@table
def _codes() -> dict[str, str]:
    """Every country's three codes."""
    import pycountry

    found = {}
    for country in pycountry.countries:
        for code in (country.alpha_2, country.alpha_3, country.numeric):
            found[code] = country.alpha_2
    return found


@table
def _english() -> dict[str, str]:
    """The name of every country, as people say it."""
    import pycountry

    return {c.alpha_2: str(getattr(c, "common_name", c.name)) for c in pycountry.countries}


@table
def _spoken() -> dict[str, dict[str, str]]:
    """The names of the countries in the languages of the reports, by CLDR."""
    return {language: dict(_territories(language)) for language in ("en", "es")}


@table
def _names() -> list[dict[str, str]]:
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
    return [subdivisions.joined(whole), subdivisions.joined(short)]


def _official() -> list[tuple[str, str]]:
    import pycountry

    found = []
    for country in pycountry.countries:
        names_ = [getattr(country, kind, None) for kind in ("name", "common_name", "official_name")]
        found += [(country.alpha_2, form) for text in names_ if text for form in (text, _turned(text))]
    return found


def _turned(text: str) -> str:
    """ "Bolivia, Plurinational State of" as people say it."""
    return " ".join(reversed(text.split(", ", 1)))


def _territories(language: str) -> list[tuple[str, str]]:
    from babel import Locale

    known = set(_english())
    return [(code, text) for code, text in Locale.parse(language).territories.items() if code in known]


@lru_cache(maxsize=1)
def names() -> dict[str, str]:
    """Keys of names (four letters or more) that mean one country, and its code."""
    return {form: codes for form, codes in _names()[0].items() if len(form) > 3 and " " not in codes}


def spoken(language: str) -> dict[str, str]:
    """The name of each country by its alpha-2 code, in a language (`en`, `es`)."""
    of = _spoken()[language]
    return {code: of[code] for code in _english() if code in of}


def name(code: str) -> str:
    """The name of a country, or of the state or union that shares a country's name, in the spoken language."""
    if code == "EU":
        return say("the European Union")
    if "-" in code:
        return say("{state}, a state of {country}", state=subdivisions.name(code), country=name(code[:2]))
    names_ = _english() if language.spoken() == "en" else _spoken()[language.spoken()]
    return names_.get(code.upper(), code)


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
        return set(found.split())
    letters = key(text).upper()
    return {_codes()[letters]} if letters in _codes() and letters.isalpha() else set()


def _flag(text: str) -> str:
    """A flag emoji as the two letters it is made of."""
    letters = [unicodedata.name(c, "") for c in text.strip()]
    if len(letters) == 2 and all(n.startswith("REGIONAL INDICATOR SYMBOL LETTER ") for n in letters):
        return "".join(n[-1] for n in letters)
    return text
