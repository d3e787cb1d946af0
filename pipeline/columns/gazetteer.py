"""Turn the name of a town into the states it can be in, by the country's own administrative table (`places.csv`).

>>> states("CL", "Viña del Mar"), states("MX", "Monterrey"), states("DE", "Monterrey")
({'CL-VS'}, {'MX-NLE'}, set())
"""

from __future__ import annotations

import re

from pipeline.columns.listed import parted
from pipeline.columns.naming import key, read
from pipeline.columns.subdivisions import joined

__all__ = ["states"]

_PREFIX = re.compile(
    r"^\s*(?:comuna|municipio|ciudad|cd\.?|alcald[ií]a|delegaci[oó]n)\s+(?:de\s+)?(?=\S)", re.IGNORECASE
)
_REMARK = re.compile(r"\s*(?:[,(/;]|\s[-–—]\s).*$")
"""What people write behind a town: "Providencia (RM)", "Vitacura - Santiago"."""
_SHORT = {
    "stgo": "santiago", "sn": "san", "sta": "santa", "sto": "santo", "pto": "puerto", "pta": "punta", "est": "estacion",
    "gral": "general", "pdte": "presidente", "fco": "francisco",
}  # fmt: skip
_WORD = re.compile(r"(\w+)\.?")
_OF_COUNTRY = re.compile(r"\s+de(?:l)?\s+(?:chile|m[eé]xico|colombia|per[uú])\s*$", re.IGNORECASE)
_OF = re.compile(r"^(\S.*?)\s+de\s+\S.*$")


@parted
def _places() -> dict[str, list[dict[str, str]]]:
    """By country: the states by key of the name; the same for names without their "de ..." (Pachuca de Soto)."""
    found: dict[str, tuple[dict[str, set[str]], dict[str, set[str]]]] = {}
    for code, names in read("places.csv"):
        whole, short = found.setdefault(code[:2], ({}, {}))
        for name in names:
            whole.setdefault(key(name), set()).add(code)
            head = _OF.match(name)
            if head:
                short.setdefault(key(head[1]), set()).add(code)
    return {country: [joined(index) for index in both] for country, both in found.items()}


def states(country: str, place: str) -> set[str]:
    """The ISO 3166-2 codes of the states that have a place of this name; none where the table has none.

    "San Pedro, Antofagasta" names two places of two states, and gives both: nothing is told.
    """
    whole, short = _places().get(country, ({}, {}))
    for form in dict.fromkeys((place, _REMARK.sub("", place), _OF_COUNTRY.sub("", place))):
        for text in (form, _PREFIX.sub("", form)):
            found = whole.get(key(text)) or short.get(key(text)) or whole.get(key(_in_full(text)))
            if found:
                behind = whole.get(key(_in_full(place.removeprefix(form).strip(" ,;/()-–—"))), "")
                return set(found.split()) | (set() if set(behind.split()) & set(found.split()) else set(behind.split()))
    return set()


def _in_full(text: str) -> str:
    """ "Puerto Montt" for "Pto. Montt"; a word that is short for nothing stays."""
    return _WORD.sub(lambda word: _SHORT.get(word[1].lower(), word[1]), text)
