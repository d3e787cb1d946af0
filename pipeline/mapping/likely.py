"""Turn the examples of a list's columns into the country that they speak for: an example in a remedy, never a value.

A telephone prefix, the ending of an e-mail address and the name that a country has for its tax id each speak for one.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from pipeline.handoff import Choice, Mapping
from pipeline.mapping.words import fold

TAX_IDS = {"rut": "CL", "rfc": "MX", "nit": "CO", "cuit": "AR", "cnpj": "BR", "cpf": "BR", "ruc": "PE", "ein": "US", "nif": "ES",
           "cif": "ES"}  # fmt: skip
"""Whose tax id is mostly meant by a word of its column's header."""
PREFIXES = {
    "56": "CL",
    "52": "MX",
    "57": "CO",
    "54": "AR",
    "55": "BR",
    "51": "PE",
    "593": "EC",
    "598": "UY",
    "34": "ES",
}
ENDINGS = {*TAX_IDS.values(), *PREFIXES.values(), "BO", "CR", "DO", "GT", "PA", "PT", "PY", "SV"} - {"CO", "US"}
"""Countries whose own ending is used at home above all."""
_PREFIX = re.compile(r"\W*\+\W*(\d{1,3})")
_ENDING = re.compile(r"@\S*\.([a-z]{2})\W*$", re.IGNORECASE)


def country(mapping: Mapping) -> str | None:
    """The country (ISO 3166-1 alpha-2) that most of the examples speak for; None where none or several do."""
    votes = Counter(code for choice in mapping.choices for code in _votes(choice))
    first, second, *_ = [*votes.most_common(2), ("", 0), ("", 0)]
    return first[0] if first[1] > second[1] else None


def _votes(choice: Choice) -> Iterator[str]:
    if choice.field == "tax_id":
        yield from (TAX_IDS[word] for word in fold(choice.header).split() if word in TAX_IDS)
    if choice.field == "phone":
        for example in choice.examples:
            found = _PREFIX.match(example)
            yield from (code for digits, code in PREFIXES.items() if found and found[1].startswith(digits))
    if choice.field == "email":
        endings = {found[1].upper() for example in choice.examples if (found := _ENDING.search(example))}
        yield from sorted(endings & ENDINGS)
