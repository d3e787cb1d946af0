"""Turn the columns that mean the same into the best of them for a field, and keep what was chosen, and why.

Two equally good columns that differ stop the run with the flag that settles it; two that are never filled in the same
row complete each other.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from pipeline.columns.cells import shown
from pipeline.errors import Misuse
from pipeline.language import say
from pipeline.mapping.columns import Source
from pipeline.mapping.compose import placeholder
from pipeline.mapping.vocabulary import ADDRESS_ROLES, NAME_ROLES, Meaning
from pipeline.spreadsheet import letters

PARTS = frozenset({*NAME_ROLES, *ADDRESS_ROLES, "check_digit"}) - {"state", "zip_code", "country"}
_PENALTY = {"plain": 0, "billing": 1, "neutral": 2, "address": 2, "business": 3, "contact": 5, "mailing": 6}


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
            "two columns are equally good for {field}: {first} and {second}",
            field=what, first=_named(first, plan.headers), second=_named(differing[0], plan.headers),
        )  # fmt: skip
        raise Misuse(message, _ways(role, (first, differing[0]), plan.headers))
    chosen = [first, *differing]
    for source in candidates:
        if source not in chosen:
            plan.why.setdefault(
                source.index, say("second candidate for {role} after {header!r}", role=role, header=first.header)
            )
    return chosen


def feed_best(plan: Plan, role: str, candidates: list[Source]) -> None:
    """Let the best of the candidates feed the field `role`, cents as units where the header says that it holds them."""
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


def _ways(role: str, sources: tuple[Source, Source], headers: tuple[str, ...]) -> str:
    """The flags that settle a tie; of what is only a part of a field, the other column is left out."""
    names = [s.header if headers.count(s.header) == 1 else f"#{s.index + 1}" for s in sources]
    if role in PARTS:
        flags = say(" or ").join(f'--map "{name}=-"' for name in reversed(names))
        return say("Leave out the one it is not: {flags}.", flags=flags)
    flags = say(" or ").join(f'--map "{name}={role}"' for name in names)
    return say("Say which one it is: {flags}.", flags=flags)


def _named(source: Source, headers: tuple[str, ...]) -> str:
    """The column as a message names it; where several have its header, with its letter and a cell."""
    if headers.count(source.header) == 1 or not source.seen.values:
        return repr(source.header)
    where, cell = letters(source.index), shown(source.seen.values[0])
    return say("{header!r} (column {letters}, with {cell})", header=source.header, letters=where, cell=cell)


def _score(source: Source) -> int:
    meaning = source.meaning
    later = 100 if meaning.number > 1 or meaning.group > 1 else 0
    return meaning.level * 10 + penalty(meaning) + later - (1 if meaning.how == "exact" else 0)


def penalty(meaning: Meaning) -> int:
    """How far the place that a column is of is from the customer's own; 0 is nearest."""
    return _PENALTY.get(meaning.context, 9)


def _same(one: Source, other: Source) -> bool:
    return len(one.cells) > 0 and one.cells.equals(other.cells, null_equal=True)


def _complete(one: Source, other: Source) -> bool:
    if len(one.cells) == 0 or not (one.seen.known and other.seen.known):
        return False
    return not (filled(one) & filled(other)).any()


def filled(source: Source) -> pl.Series:
    """Which cells of a column's sample are not blank (Boolean)."""
    return source.cells.str.strip_chars().fill_null("").str.len_chars() > 0
