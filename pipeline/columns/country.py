"""Turn countries as people write them into ISO 3166-1 alpha-2 codes.

Codes, names in several languages and everyday names are known (`countries`). A name that means two things is asked
for, `Georgia` (the country, or the state of the USA) and `Korea` among them, unless the row's state or city is in only
one of them. One or two digits are no code: `56` is Belgium's number without its zero, and Chile's telephone prefix; `NA` is
Namibia, or nothing at all. A near miss is a suggestion, never a match.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType

import polars as pl

from pipeline.columns import cells as raw
from pipeline.columns import countries, gazetteer, repeated, subdivisions
from pipeline.columns.distinct import Verdict
from pipeline.columns.naming import MOST, key, nearest, parts, seen
from pipeline.handoff import Around, Entry, Judged
from pipeline.language import say

__all__ = ["judge", "normalise"]

LONGEST = 60  # no country has a longer name that is worth comparing
NOTHING: Mapping[str, str] = MappingProxyType({})
EVIDENCE = ("state", "city", "commune", "district")


def normalise(cells: pl.Series, around: Around) -> Judged:
    """Normalise a column; the value is the alpha-2 code (String)."""
    offered = around.settings.catalogue.countries
    supported = None if offered is None else _supported(offered)
    own = {} if offered is None else {key(entry.name): str(entry.id).upper() for entry in offered}

    rule = partial(judge, own=own, supported=supported)
    known = repeated.numbered(cells)
    unclear = [
        cell is not None and len(cell) <= MOST and len(countries.find(cell)) > 1 for cell in cells.gather(known.rows)
    ]
    if not any(unclear):
        return repeated.judge(rule, pl.String, cells, known=known)
    asked = pl.Series(unclear).gather(known.place)
    seen = [around.others[name] for name in EVIDENCE if name in around.others]
    return repeated.judge(rule, pl.String, cells, *(series.set(~asked, None) for series in seen))


def judge(
    cell: str | None, *evidence: str | None, own: Mapping[str, str] = NOTHING, supported: frozenset[str] | None = None
) -> Verdict:
    """The scalar rule: one cell, the places beside it, the target's own names, and what it offers (None: anything)."""
    cell = seen(cell) if cell else None
    if not cell or (cell.lower() in raw.STAND_INS and not (cell.isalpha() and countries.find(cell))):
        return Verdict()
    return _checked(_judge(cell, [e for e in evidence if e], own), supported)


def _judge(cell: str, evidence: list[str], own: Mapping[str, str]) -> Verdict:
    if len(cell) > MOST:
        return Verdict(None, "country.unknown")
    if cell.lower() in raw.STAND_INS:
        said = ", ".join(f"{code} ({countries.name(code)})" for code in sorted(countries.find(cell)))
        return Verdict(None, "country.ambiguous", say("{countries}, or nothing", countries=said))
    if cell.isdigit() and len(cell) < 3:
        padded = countries.find(cell.zfill(3))
        if padded:
            said = f"{countries.name(min(padded))} ({cell.zfill(3)})"
            return Verdict(None, "country.ambiguous", say("{countries}, or a telephone prefix", countries=said))
    found = countries.find(cell)
    if len(found) > 1:
        found = frozenset(code for code in found if _speaks_for(code, evidence)) or found
    if len(found) == 1:
        return Verdict(min(found))
    if found:
        named = (f"{code} ({countries.name(code)})" for code in sorted(found))
        return Verdict(None, "country.ambiguous", ", ".join(named))
    if key(cell) and len(own.get(key(cell), "")) == 2:
        return Verdict(own[key(cell)])
    return _unknown(cell)


def _unknown(cell: str) -> Verdict:
    """What may have been meant: the one country in "Santiago, Chile", else the nearest names."""
    if not key(cell):
        return Verdict()
    within = frozenset(code for part in parts(cell) for code in countries.find(part))
    if len(within) == 1:
        said = say("there is {country} in it", country=countries.name(min(within)))
        return Verdict(None, "country.unknown", said, min(within))
    near = nearest(cell, countries.names()) if len(cell) <= LONGEST else []
    said = ", ".join(f"{countries.name(code)} {score} %" for code, score in near)
    return Verdict(
        None, "country.unknown", say("nearest: {names}", names=said) if said else None, near[0][0] if near else None
    )


def _checked(verdict: Verdict, supported: frozenset[str] | None) -> Verdict:
    if verdict.code is not None or supported is None or verdict.value in supported:
        return verdict
    return Verdict(None, "country.unsupported", countries.name(verdict.value))


def _supported(offered: tuple[Entry, ...]) -> frozenset[str]:
    return frozenset(str(text).upper() for entry in offered for text in (entry.id, entry.code) if text)


def _speaks_for(code: str, evidence: list[str]) -> bool:
    """Whether a place of the row is in the country."""
    return any(subdivisions.find(code, place) or gazetteer.states(code, place) for place in evidence if len(place) > 3)
