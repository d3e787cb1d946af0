"""Turn the name of a town into the states it can be in, by the country's own administrative table (`places.csv`).

>>> states("CL", "Viña del Mar"), states("MX", "Monterrey"), states("DE", "Monterrey")
({'CL-VS'}, {'MX-NLE'}, set())
"""

from __future__ import annotations

import re
from functools import lru_cache

from pipeline.columns.naming import key, read

__all__ = ["states"]

_PREFIX = re.compile(
    r"^\s*(?:comuna|municipio|ciudad|cd\.?|alcald[ií]a|delegaci[oó]n)\s+(?:de\s+)?(?=\S)", re.IGNORECASE
)
_OF = re.compile(r"^(\S.*?)\s+de\s+\S.*$")


@lru_cache(maxsize=1)
def _places() -> tuple[dict[tuple[str, str], set[str]], dict[tuple[str, str], set[str]]]:
    """The states by country and key of the name; the same for names without their "de ..." (Pachuca de Soto)."""
    whole: dict[tuple[str, str], set[str]] = {}
    short: dict[tuple[str, str], set[str]] = {}
    for code, names in read("places.csv"):
        for name in names:
            whole.setdefault((code[:2], key(name)), set()).add(code)
            head = _OF.match(name)
            if head:
                short.setdefault((code[:2], key(head[1])), set()).add(code)
    return whole, short


def states(country: str, place: str) -> set[str]:
    """The ISO 3166-2 codes of the states that have a place of this name; none where the table has none."""
    whole, short = _places()
    first, _, rest = place.partition(",")
    forms = (place, first) if rest else (place,)
    for form in forms:
        for text in (form, _PREFIX.sub("", form)):
            found = whole.get((country, key(text))) or short.get((country, key(text)))
            if found:
                return found
    return set()
