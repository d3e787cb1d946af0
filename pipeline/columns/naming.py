"""Turn names of places as people write them into the keys by which they are compared, and read the lists of names.

>>> key("Bío-Bío"), key("EE. UU."), short_key("V Región de Valparaíso"), repaired("RegiÃ³n")
('biobio', 'eeuu', 'vvalparaiso', 'Región')
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from functools import lru_cache
from importlib import resources
from typing import TypeVar

from pipeline.columns.cells import fold, visible

__all__ = ["MOST", "key", "nearest", "parts", "read", "repaired", "seen", "short_key"]

MOST = 1_000
"""Characters of a cell that names a country, a state or a place, with whatever stands beside it."""
KINDS = frozenset({
    "region", "reg", "estado", "edo", "est", "departamento", "depto", "dpto", "dep", "dept", "provincia", "prov",
    "pcia", "comunidad", "autonoma", "state", "province", "department", "county", "canton", "republica", "rep",
    "republic", "kingdom", "reino", "commonwealth",
    "gobierno", "regional",
    "of", "the", "de", "del", "la", "las", "los", "el", "do", "da", "dos", "das", "d",
})  # fmt: skip
"""Words that say what a place is, or join words, and that people add or leave out."""

Named = TypeVar("Named", str, int | str)

_PARTS = re.compile(r"\s*[()\[\],;/|]\s*|\s+[-–—]\s+")
# Where the accent of a mojibake was taken off afterwards: "A±" for "Ã±", the two characters of "ñ".
_BARE_MOJIBAKE = re.compile("A(?=[\u0080-\u00bf‘’“”„…†‡ˆ‰‹›€ŠŒŽžœšŸ™˜–—•])")


@lru_cache(maxsize=65536)
def key(text: str) -> str:
    """`text` without case, accents, punctuation and spaces."""
    return fold(text.replace("'", "").replace("’", "").replace("´", "")).replace(" ", "")


@lru_cache(maxsize=65536)
def short_key(text: str) -> str:
    """`key` without the words of KINDS; empty where nothing else is left."""
    words = fold(text.replace("'", "").replace("’", "").replace("´", "")).split()
    return "".join(word for word in words if word not in KINDS)


def parts(text: str) -> list[str]:
    """The parts of "Chile (CL)", "CL - Chile" or "Jalisco, México"; nothing where there is only one."""
    found = [part for part in _PARTS.split(text) if part]
    return found if len(found) > 1 else []


def seen(text: str) -> str:
    """`text` without what is invisible; of mojibake that is half a letter ("Ã" and a soft hyphen are í), so it is repaired first."""
    return visible((repaired(text) if "\u00ad" in text else None) or text)


@lru_cache(maxsize=4096)  # each country's states are asked for the same text
def repaired(text: str) -> str | None:
    """`text` that was decoded with the wrong encoding once, put right; None where it was not."""
    try:
        again = _BARE_MOJIBAKE.sub("Ã", text).encode("cp1252").decode("utf-8")
    except UnicodeError:
        return None
    return again if again != text else None


def read(name: str) -> Iterator[tuple[str, list[str]]]:
    """The rows of a list beside this module: what is named, and its names."""
    text = resources.files("pipeline.columns").joinpath(name).read_text(encoding="utf-8")
    rows = csv.reader(line for line in text.splitlines() if not line.startswith("#"))
    next(rows)
    for named, names in rows:
        yield named, [part for part in names.split("|") if part]


def nearest(text: str, names: dict[str, Named], least: float = 74.0) -> list[tuple[Named, int]]:
    """At most three of the values of `names` whose keys are nearest to `text`, with a score of 0 to 100."""
    from rapidfuzz import fuzz, process

    found: dict[Named, int] = {}
    for match, score, _ in process.extract(key(text), list(names), scorer=fuzz.ratio, score_cutoff=least, limit=12):
        found.setdefault(names[match], round(score))
    return list(found.items())[:3]
