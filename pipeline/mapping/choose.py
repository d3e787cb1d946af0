"""Turn what the columns mean into one choice for each field: the best column, or a pattern of several.

A name is composed from company, name, first and last name in the order the preset or the usual one says;
an address from the columns of one place, the billing one first. Two equally good columns that differ stop
the run with the flag that settles it; two that are never filled in the same row complete each other.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import polars as pl
from pydantic import BaseModel

from pipeline.errors import Misuse
from pipeline.language import say
from pipeline.mapping.columns import TEMPLATE, Source
from pipeline.mapping.compose import placeholder
from pipeline.mapping.presets import NAME_ORDER, Preset
from pipeline.mapping.vocabulary import ADDRESS_ROLES, NAME_ROLES
from pipeline.mapping.words import fold
from pipeline.schema import fields

PLACES = ("billing", "plain", "neutral", "business", "mailing", "contact", "address")
_PENALTY = {"plain": 0, "billing": 1, "neutral": 2, "address": 2, "business": 3, "contact": 5, "mailing": 6}
PARTS = frozenset({*NAME_ROLES, *ADDRESS_ROLES, "check_digit"}) - {"state", "zip_code", "country"}
BARE_NUMBERS = frozenset({"n", "no", "nro", "num", "numero", "number"})
_ANCHORS = ("street", "address", "line")


@dataclass
class Plan:
    """What was chosen so far: `fed` field -> column indexes, `compose` field -> pattern, `why` index -> clause."""

    headers: tuple[str, ...]
    fed: dict[str, tuple[int, ...]] = field(default_factory=dict)
    compose: dict[str, str] = field(default_factory=dict)
    why: dict[int, str] = field(default_factory=dict)

    def feed(self, name: str, sources: list[Source], pattern: str | None = None) -> None:
        """Let `sources` feed the field `name`, through a pattern or as they are."""
        self.fed[name] = tuple(s.index for s in sources)
        if pattern is not None and pattern != f"{{{sources[0].header}}}":
            self.compose[name] = pattern

    def text(self, source: Source, needed: bool = False) -> str:
        """The column as a part of a pattern."""
        return placeholder(source.index, self.headers, needed=needed)


def choose(sources: list[Source], record: type[BaseModel], preset: Preset | None, headers: tuple[str, ...],
           done: frozenset[str]) -> Plan:  # fmt: skip
    """Choose for every field of `record` that is not `done` already.

    Raises:
        Misuse: two equally good columns for one field differ.
    """
    plan = Plan(headers)
    known = fields(record)
    if "name" in known and "name" not in done:
        _names(plan, sources, preset.name_order if preset else NAME_ORDER)
    for role in known:
        if role not in ("name", "address", "state", "zip_code", "country", *done):
            _single(plan, role, [s for s in sources if s.role == role])
    _address(plan, sources, record, done)
    for source in sources:
        if source.role.partition(".")[0] in known and known[source.role.partition(".")[0]].kind == "object":
            _single(plan, source.role, [s for s in sources if s.role == source.role])
    if "tax_id" in plan.fed and "~tax_id_check_digit" not in done:
        _single(plan, "~tax_id_check_digit", [s for s in sources if s.role == "check_digit"])
    return plan


def best(plan: Plan, role: str, candidates: list[Source]) -> list[Source]:
    """The best of the candidates; several where they complete each other row by row."""
    ranked = sorted(candidates, key=lambda s: (_score(s), s.index))
    if not ranked:
        return []
    equals = [s for s in ranked if _score(s) == _score(ranked[0])]
    if any(s.seen.known for s in equals):
        equals = [s for s in equals if s.seen.known]
    first, *others = equals
    differing = [s for s in others if not _same(first, s)]
    if differing and not all(_complete(a, b) for a in equals for b in differing if a.index != b.index):
        what = role.replace("_", " ") if role in PARTS else role
        message = say(
            "two columns are equally good for {field}: {first!r} and {second!r}",
            field=what, first=first.header, second=differing[0].header,
        )  # fmt: skip
        raise Misuse(message, _ways(role, (first, differing[0]), plan.headers))
    chosen = [first, *differing]
    for source in candidates:
        if source not in chosen:
            plan.why.setdefault(
                source.index, say("second candidate for {role} after {header!r}", role=role, header=first.header)
            )
    return chosen


def _ways(role: str, sources: tuple[Source, Source], headers: tuple[str, ...]) -> str:
    """The flags that settle a tie; of what is only a part of a field, the other column is left out."""
    names = [s.header if headers.count(s.header) == 1 else f"#{s.index + 1}" for s in sources]
    if role in PARTS:
        flags = say(" or ").join(f'--map "{name}=-"' for name in reversed(names))
        return say("Leave out the one it is not: {flags}.", flags=flags)
    flags = say(" or ").join(f'--map "{name}={role}"' for name in names)
    return say("Say which one it is: {flags}.", flags=flags)


def _single(plan: Plan, role: str, candidates: list[Source]) -> None:
    chosen = best(plan, role, candidates)
    if not chosen:
        return
    pattern = "|".join(map(plan.text, chosen)) if len(chosen) > 1 else None
    if (
        role.endswith("_cents")
        and len(chosen) == 1
        and any(w in chosen[0].header.lower() for w in ("cents", "centavos"))
    ):
        pattern = placeholder(chosen[0].index, plan.headers, cents=True)
    plan.feed(role, chosen, pattern)


def _score(source: Source) -> int:
    meaning = source.meaning
    later = 100 if meaning.number > 1 or meaning.group > 1 else 0
    return meaning.level * 10 + _PENALTY.get(meaning.context, 9) + later - (1 if meaning.how == "exact" else 0)


def _same(one: Source, other: Source) -> bool:
    return len(one.cells) > 0 and one.cells.equals(other.cells, null_equal=True)


def _complete(one: Source, other: Source) -> bool:
    if len(one.cells) == 0 or not (one.seen.known and other.seen.known):
        return False
    return not (_filled(one) & _filled(other)).any()


def _filled(source: Source) -> pl.Series:
    return source.cells.str.strip_chars().fill_null("").str.len_chars() > 0


def _names(plan: Plan, sources: list[Source], order: tuple[str, ...]) -> None:
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
    place = min((s.meaning for s in firsts), key=lambda m: (m.level, _PENALTY.get(m.context, 9), m.group))
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


def _address(plan: Plan, sources: list[Source], record: type[BaseModel], done: frozenset[str]) -> None:
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
    return any(s.meaning.reason == TEMPLATE for s in sources)


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
            (line.cells.eq_missing(n.cells) & _filled(line)).sum() >= 0.8 * line.seen.filled for n in names
        ):
            plan.why[line.index] = say("it repeats the name")
        else:
            kept.append(line)
    return kept
