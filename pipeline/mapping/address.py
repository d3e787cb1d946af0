"""Turn the columns of one place, the billing one first, into an address, and into what else a place tells of a customer.

What belongs to another place is left out, for a street here and a town there are no address.
"""

from __future__ import annotations

from pydantic import BaseModel

from pipeline.language import say
from pipeline.mapping.candidates import Plan, best, filled
from pipeline.mapping.columns import Source
from pipeline.mapping.words import fold
from pipeline.schema import fields

PLACES = ("billing", "plain", "neutral", "business", "mailing", "contact", "address")
BARE_NUMBERS = frozenset({"n", "no", "nro", "num", "numero", "number"})
_ANCHORS = ("street", "address", "line")


def choose_address(plan: Plan, sources: list[Source], record: type[BaseModel], done: frozenset[str]) -> None:
    """Feed `address`, `state`, `zip_code` and `country`, and the towns that tell a state, but those that are `done`."""
    known = fields(record)
    place = _place(sources)
    taken = {
        role: _of_place(plan, sources, role, place)
        for role in ("district", "municipality", "city", "state", "zip_code", "country")
    }
    for role in ("state", "zip_code", "country"):
        if role in known and role not in done and taken[role]:
            plan.feed(role, taken[role])
    if "address" in known and "address" not in done:
        full = "state" not in known and not _is_template(sources)
        _compose_address(plan, sources, place, taken, full, known["address"].required)
    if "state" in known:
        for helper, role in (("~city", "city"), ("~district", "municipality")):
            if taken[role] and helper not in done:
                plan.feed(helper, taken[role], plan.text(taken[role][0]))
                plan.compose[helper] = plan.text(taken[role][0])


def _is_template(sources: list[Source]) -> bool:
    """A template's address is the whole one, as its help says; nothing is added to it."""
    return any(s.label for s in sources)


def _place(sources: list[Source]) -> tuple[str, int] | None:
    """Whose address it is: the billing one first, never a second one of the same kind."""
    places = {(s.meaning.context, s.meaning.group) for s in sources if s.role in _ANCHORS and s.meaning.group < 2}
    return min(places, key=lambda p: (PLACES.index(p[0]) if p[0] in PLACES else 9, p[1]), default=None)


def _of_place(plan: Plan, sources: list[Source], role: str, place: tuple[str, int] | None) -> list[Source]:
    """The column of a role that belongs to the place; else one that belongs to no place in particular."""
    candidates = [s for s in sources if s.role == role and s.meaning.group < 2]
    near = [s for s in candidates if place and s.meaning.context == place[0]]
    loose = [s for s in candidates if place is None or role == "country" or s.meaning.context in ("plain", "neutral")]
    others = [s for s in candidates if s not in (near or loose)]
    chosen = best(plan, role, near or loose)
    for source in others:
        why = (
            say("second candidate for {role} after {header!r}", role=role, header=chosen[0].header)
            if chosen
            else say("second candidate for {role}", role=role)
        )
        plan.why.setdefault(source.index, why)
    return chosen[:1]


def _compose_address(plan: Plan, sources: list[Source], place: tuple[str, int] | None,
                     taken: dict[str, list[Source]], full: bool, required: bool) -> None:  # fmt: skip
    if place is None:
        return
    here = [s for s in sources if (s.meaning.context, s.meaning.group) == place]
    whole = [s for s in here if s.role in ("address", "street") and s.meaning.number < 2]
    streets = best(plan, "address", [s for s in whole if s.role == "street"] or whole)
    lines = [s for s in here if s.role == "line" or (s.role in ("address", "street") and s.meaning.number > 1)]
    lines = _without_name(plan, sources, sorted(lines, key=lambda s: (s.meaning.number, s.index)))
    for source in whole:
        if source not in streets:
            plan.why.setdefault(
                source.index, say("second candidate for address after {header!r}", header=streets[0].header)
            )
    near = (
        [s for s in sources if s.role in ("number", "unit") and (s in here or s.meaning.context == "plain")]
        if streets
        else []
    )
    numbers = [s for s in near if s.role == "number" and _beside(s, streets)][:1]
    parts = [
        (s, " " if s in numbers else ", ")
        for s in (*streets, *numbers, *[s for s in near if s.role == "unit"][:1], *lines)
    ]
    parts += [(s, ", ") for role in ("district", "municipality", "city") for s in taken[role]]
    if full:
        parts += [(s, ", ") for s in taken["state"]]
        parts += [(s, " " if taken["state"] else ", ") for s in taken["zip_code"]]
        parts += [(s, ", ") for s in taken["country"]]
    if streets or lines:
        # Where an address is required, a town without a street is a blank one, not a short one.
        needed = (*streets, *lines) if required and len(parts) > len(streets) + len(lines) else ()
        text = "".join((gap if at else "") + plan.text(s, s in needed) for at, (s, gap) in enumerate(parts))
        plan.feed("address", [s for s, _ in parts], text)


def _beside(number: Source, streets: list[Source]) -> bool:
    """Whether a column is a house number: one called just "N°" is the row's or customer's unless it follows the street."""
    bare = fold(number.header) in BARE_NUMBERS
    return not bare or any(0 < number.index - street.index < 3 for street in streets)


def _without_name(plan: Plan, sources: list[Source], lines: list[Source]) -> list[Source]:
    """Leave out an address line that repeats the name, as printed address blocks do."""
    names = [s for s in sources if s.index in plan.fed.get("name", ())]
    kept = []
    for line in lines:
        if line.seen.filled and any(
            (line.cells.eq_missing(n.cells) & filled(line)).sum() >= 0.8 * line.seen.filled for n in names
        ):
            plan.why[line.index] = say("it repeats the name")
        else:
            kept.append(line)
    return kept
