"""Turn states, regions and provinces as people write them into the ids by which the target knows them.

A state is read inside the row's country only: by the target's own id or name, by ISO 3166-2 code, by local code or
usual name (`subdivisions`). The target's entries are tied to ISO 3166-2 first, so the usual names work with any
catalogue. Where the state is blank, the row's commune, district or city gives it if the country's administrative
table has exactly one answer (`gazetteer`); it also tells which of two states a text means. A number that is one
state's id and another one's local code is asked for, unless the list of states is the user's own. A near miss is a
suggestion, never a match.
"""

from __future__ import annotations

import re
from functools import partial

import polars as pl

from pipeline import sparse
from pipeline.columns import cells as raw
from pipeline.columns import countries, gazetteer, repeated, subdivisions
from pipeline.columns.directory import Directory, directory
from pipeline.columns.distinct import Verdict
from pipeline.columns.naming import MOST, key, nearest, parts, seen
from pipeline.handoff import Around, Judged
from pipeline.language import say

__all__ = ["judge", "normalise"]

LONGEST = 60  # no state has a longer name that is worth comparing
PLACES = ("commune", "district", "city")
"""The raw columns from which a blank state is derived, and one of two meanings chosen; the most exact first."""
_OF_TARGET = re.compile(r"\d+ (?:from the target|remembered)")  # a list of the user's own says what its numbers mean


def normalise(cells: pl.Series, around: Around) -> Judged:
    """Normalise a column; the value is the target's id: Int64 where all its ids are integers, else String.

    Without a catalogue the value is the ISO 3166-2 code, with the warning `state.unchecked`.
    """
    near = [name for name in PLACES if name in around.others]
    states = directory(around.settings.catalogue.states)
    of_file = not _OF_TARGET.match(around.settings.catalogue.facts.get("states", "0 from the target"))
    nothing = sparse.nulls(len(cells))
    country = nothing if around.country is None else around.country
    dtype = pl.Int64 if states.numeric else pl.String

    rule = partial(judge, known=states, of_file=of_file)

    known = repeated.numbered(cells, country)
    found = repeated.answers(rule, dtype, cells.gather(known.rows), country.gather(known.rows))
    asked = (found.code == "state.ambiguous").fill_null(found.value.is_null())
    if not near or not asked.any():
        return repeated.spread(found, known)
    rows = asked.gather(known.place).arg_true()
    seen = [texts.gather(rows) for texts in (cells, country, *(around.others[name] for name in near))]
    others = repeated.numbered(*seen)
    told = repeated.answers(rule, dtype, *(texts.gather(others.rows) for texts in seen))
    both = Judged(*(pl.concat(parts) for parts in zip(found, told, strict=True)))
    return repeated.spread(both, repeated.merged(known, rows, others))


def judge(
    cell: str | None, country: str | None, *beside: str | None, known: Directory, of_file: bool = False
) -> Verdict:
    """The scalar rule: one cell, the country and the places of its row; `of_file`: the list of states is the user's own."""
    cell, places = seen(cell) if cell else None, [place for place in map(_tidy, beside) if place]
    if not cell or not key(cell) or _nothing(known, cell, country):
        return _derived(known, country, places) if country else Verdict()
    return _judge(known, cell, country, places, of_file)


def _tidy(text: str | None) -> str | None:
    return seen(text) if text and len(text) <= MOST else None


def _nothing(known: Directory, cell: str, country: str | None) -> bool:
    """Whether the cell stands for "nothing"; `ND` is North Dakota in the United States."""
    return cell.lower() in raw.STAND_INS and not (cell.isalpha() and country and known.find(country, cell))


def _judge(known: Directory, cell: str, country: str | None, places: list[str], of_file: bool) -> Verdict:
    entry = known.by_id(cell)
    if entry is not None and (country is None or entry.parent in (None, country)):
        meant = known.local(country, cell) if country and not of_file else []
        if meant in ([], [entry.id]):
            return Verdict(entry.id)
        found = list(dict.fromkeys([entry.id, *meant]))
    elif country is None:
        return _without_country(known, cell)
    elif len(cell) > MOST:
        return Verdict(None, "state.unknown", countries.name(country))
    else:
        found = known.find(country, cell) or known.find(country, _without_its_country(cell, country))
        found = found or _with_its_place(known, cell, country)
    if len(found) > 1 and country:
        found = _narrowed(known, country, found, places)
    if len(found) == 1:
        return _verdict(known, found[0])
    if found:
        return Verdict(None, "state.ambiguous", ", ".join(known.label(state) for state in found))
    if entry is not None and entry.parent is not None:
        return Verdict(None, "state.not_in_country", countries.name(entry.parent))
    return _not_found(known, cell, country or "")


def _without_its_country(cell: str, country: str) -> str:
    """ "Jalisco" for "Jalisco, México" or "Jalisco México" in a row of Mexico."""
    head, _, last = cell.rpartition(" ")
    if head and not parts(cell) and countries.find(last) == {country}:
        return head
    return ", ".join(part for part in parts(cell) if countries.find(part) != {country})


def _with_its_place(known: Directory, cell: str, country: str) -> list[int | str]:
    """The state of "Guadalajara, Jal.": one part names it, and every other part is a place in it, or the country."""
    pieces = {part: known.find(country, part) for part in parts(cell) if countries.find(part) != {country}}
    named = {found[0] for found in pieces.values() if len(found) == 1}
    if len(named) != 1:
        return []
    inside = (known.tied(country, gazetteer.states(country, part)) for part, found in pieces.items() if len(found) != 1)
    return list(named) if all(named <= set(states) for states in inside) else []


def _narrowed(known: Directory, country: str, found: list[int | str], places: list[str]) -> list[int | str]:
    """Those of the states in which the row's commune, district or city is, if that leaves one; else all."""
    for place in places:
        inside = known.tied(country, gazetteer.states(country, place))
        both = [state for state in found if state in inside]
        if len(both) == 1:
            return both
    return found


def _without_country(known: Directory, cell: str) -> Verdict:
    """A full ISO 3166-2 code names its country."""
    code = cell.upper()
    found = known.find(code[:2], code) if len(code) > 3 and code[2] == "-" else []
    return _verdict(known, found[0]) if len(found) == 1 else Verdict(None, "state.no_country")


def _verdict(known: Directory, state: int | str) -> Verdict:
    return Verdict(state) if known.fetched else Verdict(state, "state.unchecked")


def _not_found(known: Directory, cell: str, country: str) -> Verdict:
    """Why nothing was found, and what may have been meant."""
    where = countries.name(country)
    local = key(cell)
    if country == "CL" and len(local) == 1 and local.isdigit():
        found = known.find(country, local.zfill(2))
        if found:
            said = say(
                "region {code} ({name}), or an id of the target", code=local.zfill(2), name=known.label(found[0])
            )
            return Verdict(None, "state.ambiguous", said)
    if not known.offers(country):
        if known.fetched:
            return Verdict(None, "state.unknown", say("{country}: the target lists none", country=where))
        return Verdict(cell, "state.unchecked")
    if not known.fetched and local.isdigit():  # it may be the target's own id
        return Verdict(cell, "state.unchecked")
    inside = known.tied(country, gazetteer.states(country, cell))
    if len(inside) == 1:
        said = say("{country}, but a place in {state}", country=where, state=known.label(inside[0]))
        return Verdict(None, "state.unknown", said, known.accepted(inside[0]))
    others = [other for other in subdivisions.everywhere(cell) if other != country]
    if others:
        said = ", ".join(countries.name(other) for other in others[:3])
        said = say("{countries} and others", countries=said) if len(others) > 3 else said
        return Verdict(None, "state.not_in_country", said)
    near = nearest(cell, known.names(country)) if len(cell) <= LONGEST else []
    said = ", ".join(f"{known.label(state)} {score} %" for state, score in near)
    best = known.accepted(near[0][0]) if near else None
    return Verdict(
        None, "state.unknown", say("{country} (nearest: {names})", country=where, names=said) if said else where, best
    )


def _derived(known: Directory, country: str, places: list[str]) -> Verdict:
    """The state of a row that names only a place."""
    asked: Verdict | None = None
    for place in places:
        found = known.tied(country, gazetteer.states(country, place))
        if len(found) == 1:
            return _verdict(known, found[0])._replace(detail=None if known.fetched else known.label(found[0]))
        if found and asked is None:
            states = ", ".join(known.label(state) for state in found)
            said = say("{place} is in {states}", place=raw.shown(place), states=states)
            asked = Verdict(None, "state.derived_ambiguous", said)
    return asked or Verdict()
