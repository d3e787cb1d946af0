"""Turn the columns that hold parts of a customer's name into the pattern of its name.

Company, name, first and last name follow each other in the order that the preset or the usual one says; the first that
is there in a row is its name.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from pipeline.language import say
from pipeline.mapping.candidates import Plan, best, penalty
from pipeline.mapping.columns import Source
from pipeline.mapping.vocabulary import NAME_ROLES
from pipeline.mapping.words import fold


def choose_name(plan: Plan, sources: list[Source], order: tuple[str, ...]) -> None:
    """Feed the field `name`; `order` are roles, the preferred first."""
    sources = [s for s in sources if s.role in NAME_ROLES]
    first = _first_and_last(plan, sources)
    sources = [s for s in sources if s.role != "name" or s.index not in {f.index for f in first}]
    options: list[list[Source]] = []
    for role in order:
        if role == "first_name":
            whole = any(s.role in ("name", "company") for s in sources)
            if first and not (whole and first[0].meaning.context == "contact"):
                options.append(first)
        elif role != "person" or not options:
            chosen = best(plan, "name", [s for s in sources if s.role == role])
            options.extend([s] for s in chosen)
    if not options:
        return
    parts = [s for option in options for s in option]
    plan.feed("name", parts, "|".join(" ".join(map(plan.text, option)) for option in options))
    for source in sources:
        if source.index not in plan.fed["name"]:
            plan.why.setdefault(source.index, say("not needed for name beside {header!r}", header=parts[0].header))


def _first_and_last(plan: Plan, sources: list[Source]) -> list[Source]:
    """First, second, last and second last name; a column called just "Nombre" beside "Apellido" is the first."""
    lasts = [s for s in sources if s.role == "last_name"]
    firsts = [s for s in sources if s.role == "first_name"]
    if lasts and not firsts:
        firsts = [
            s
            for s in sources
            if s.role == "name" and s.meaning.level == 0 and " " not in s.header.strip() and not _contains(s, lasts[0])
        ]
    if firsts and not lasts and fold(firsts[0].header) in ("vorname", "prenom"):
        lasts = [
            replace(s, meaning=replace(s.meaning, role="last_name"))
            for s in sources
            if fold(s.header) in ("name", "nom")
        ]
        sources = [*sources, *lasts]
    if not firsts or not lasts:
        return []
    place = min((s.meaning for s in firsts), key=lambda m: (m.level, penalty(m), m.group))
    found: list[Source] = []
    for role in ("first_name", "second_name", "last_name", "second_last_name"):
        candidates = firsts if role == "first_name" else [s for s in sources if s.role == role]
        near = [s for s in candidates if (s.meaning.context, s.meaning.group) == (place.context, place.group)]
        found.extend(best(plan, role, near or candidates)[:1])
    return found


def _contains(whole: Source, part: Source) -> bool:
    """Whether the one column's cells already end with the other's, in most rows."""
    frame = pl.DataFrame({"whole": whole.cells, "part": part.cells}).drop_nulls()
    ends = frame.select(pl.col("whole").str.ends_with(pl.col("part")))[:, 0]
    return len(frame) > 0 and ends.sum() > 0.8 * len(frame)
