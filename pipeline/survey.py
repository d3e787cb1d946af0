"""Turn whole sources into what only they can tell: their countries, and the decimal mark of each money column."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

import polars as pl

from pipeline import mapping
from pipeline.columns import decimals, normaliser
from pipeline.errors import Unreadable
from pipeline.handoff import Around
from pipeline.handoff import Mapping as ColumnMapping
from pipeline.language import later, say
from pipeline.options import RunOptions
from pipeline.progress import Progress
from pipeline.schema import fields, find
from pipeline.sources import Source
from pipeline.store import ROWS
from pipeline.targets.interface import Target

Amounts = dict[str, decimals.Evidence]


@dataclass
class Evidence:
    """`countries` are alpha-2 codes; `decimal` maps a money field to its mark.

    The marks of the fields in `presumed` are those of the first rows: see `confirmed`.
    """

    countries: set[str] = field(default_factory=set)
    decimal: dict[str, str] = field(default_factory=dict)
    presumed: frozenset[str] = frozenset()

    def confirmed(self, amounts: Amounts, label: Callable[[str], str]) -> bool:
        """Whether all `amounts` tell the marks that were presumed; else the marks are from now on those that they tell.

        Raises:
            Unreadable: they have two readings, and do not tell which.
        """
        told = {name: _mark(seen, name, label) for name, seen in amounts.items()}
        held = all(self.decimal.get(name) == mark for name, mark in told.items())
        self.presumed = frozenset()
        self.decimal = {n: mark for n, mark in {**self.decimal, **told}.items() if mark is not None}
        return held


def survey(
    options: RunOptions, target: Target, sources: tuple[Source, ...], progress: Progress,
    settled: Mapping[str, str] | None = None, countries: bool = True, presuming: bool = False,
) -> Evidence:  # fmt: skip
    """What only the whole file can tell: its countries, and the decimal mark of each money column.

    `settled` are marks that an earlier part of the run has settled. Without `countries` these are not asked for: the
    sources are read only where a money column is left to judge. With `presuming` no more than the first rows of a
    single source are read where they tell every mark, to spare the caller, who has to judge all rows anyhow and then
    asks whether the marks are `confirmed`, a second reading.
    """
    evidence = Evidence(decimal=dict(settled or {}))
    cents = [n for n, f in fields(target.record).items() if f.kind == "cents"]
    said = options.decimal or next((s.file.options["decimal"] for s in sources if "decimal" in s.file.options), None)
    if said and not evidence.decimal:
        evidence.decimal = dict.fromkeys(cents, said)
    amounts: Amounts = {}
    presuming = presuming and not countries and len(sources) == 1
    country = find(target.record, "country")
    asked = {n for n in cents if n not in evidence.decimal} | ({"country"} if countries and country else set())
    progress.begin(later("survey"), None)
    for source in sources:
        narrow = _only(source.mapping, asked)
        if not _feeds(narrow):
            continue
        for batch in source.sheet.batches(ROWS):
            mapped = mapping.apply(batch.cells, narrow)
            if country is not None and "country" in mapped.columns:
                distinct = mapped["country"].unique()
                judged = normaliser("country")(distinct, Around(country))
                evidence.countries.update(judged.value.drop_nulls().to_list())
            add(amounts, amounts_of(mapped, cents))
            progress.advance(batch.cells.height)
            if presuming and all(seen.mark.char is not None for seen in amounts.values()):
                evidence.presumed = frozenset(amounts)
                break
    progress.end()
    for name, seen in amounts.items():
        mark = _mark(seen, name, sources[0].mapping.label)
        if mark is not None:
            evidence.decimal[name] = mark
    return evidence


def amounts_of(mapped: pl.DataFrame, names: Iterable[str]) -> Amounts:
    """What the amounts of a batch tell about the marks of the money fields `names`."""
    return {name: decimals.evidence(mapped[name]) for name in names if name in mapped.columns}


def add(amounts: Amounts, more: Amounts) -> None:
    """Add what another batch tells to what those before told."""
    for name, seen in more.items():
        amounts[name] = amounts.get(name, decimals.Evidence()) + seen


def _mark(seen: decimals.Evidence, name: str, label: Callable[[str], str]) -> str | None:
    if seen.mark.asks:
        _ask(label(name), seen)
    return seen.mark.char


def _only(whole: ColumnMapping, asked: set[str]) -> ColumnMapping:
    """The mapping with no other fields than those of `asked`."""

    def kept(feeds: Mapping[str, str]) -> dict[str, str]:
        return {name: text for name, text in feeds.items() if name in asked}

    choices = tuple(c if c.field in asked else replace(c, field=None) for c in whole.choices)
    return replace(whole, choices=choices, compose=kept(whole.compose), constants=kept(whole.constants),
                   defaults=kept(whole.defaults))  # fmt: skip


def _feeds(mapped: ColumnMapping) -> bool:
    """Whether the mapping has any field left."""
    return bool(mapped.compose or mapped.constants or mapped.defaults) or any(c.field for c in mapped.choices)


def _ask(label: str, seen: decimals.Evidence) -> None:
    shown = [repr(text) for text in (seen.open_example, seen.dot_example, seen.comma_example) if text]
    raise Unreadable(
        say(
            "the amounts in {label!r} have two readings, for example {names}: the comma or the point can be what "
            "separates the decimals",
            label=label,
            names=", ".join(shown),
        ),
        say("Say which one does: --decimal , or --decimal ."),
    )
