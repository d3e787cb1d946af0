"""Turn the name of a town into the states it can be in, by the country's own administrative table (`places.csv`).

>>> states("CL", "Viña del Mar"), states("MX", "Monterrey"), states("DE", "Monterrey")
({'CL-VS'}, {'MX-NLE'}, set())
"""

from __future__ import annotations

import re

from pipeline.columns.listed import table
from pipeline.columns.naming import key, read
from pipeline.columns.subdivisions import joined

__all__ = ["states"]

_PREFIX = re.compile(
    r"^\s*(?:comuna|municipio|ciudad|cd\.?|alcald[ií]a|delegaci[oó]n)\s+(?:de\s+)?(?=\S)", re.IGNORECASE
)
_OF = re.compile(r"^(\S.*?)\s+de\s+\S.*$")


@table
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
    """The ISO 3166-2 codes of the states that have a place of this name; none where the table has none."""
    whole, short = _places().get(country, ({}, {}))
    first, _, rest = place.partition(",")
    forms = (place, first) if rest else (place,)
    for form in forms:
        for text in (form, _PREFIX.sub("", form)):
            found = whole.get(key(text)) or short.get(key(text))
            if found:
                return set(found.split())
    return set()
