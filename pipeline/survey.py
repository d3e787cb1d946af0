"""Turn whole sources into what only they can tell: their countries, and the decimal mark of each money column."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

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


@dataclass
class Evidence:
    """`countries` are alpha-2 codes; `decimal` maps a money field to its mark."""

    countries: set[str] = field(default_factory=set)
    decimal: dict[str, str] = field(default_factory=dict)


def survey(
    options: RunOptions, target: Target, sources: tuple[Source, ...], progress: Progress,
    settled: Mapping[str, str] | None = None, countries: bool = True,
) -> Evidence:  # fmt: skip
    """What only the whole file can tell: its countries, and the decimal mark of each money column.

    `settled` are marks that an earlier part of the run has settled. Without `countries` these are not asked for: the
    sources are read only where a money column is left to judge.
    """
    evidence = Evidence(decimal=dict(settled or {}))
    cents = [n for n, f in fields(target.record).items() if f.kind == "cents"]
    said = options.decimal or next((s.file.options["decimal"] for s in sources if "decimal" in s.file.options), None)
    if said and not evidence.decimal:
        evidence.decimal = dict.fromkeys(cents, said)
    amounts: dict[str, decimals.Evidence] = {}
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
            for name in cents:
                if name in mapped.columns:
                    amounts[name] = amounts.get(name, decimals.Evidence()) + decimals.evidence(mapped[name])
            progress.advance(batch.cells.height)
    progress.end()
    for name, seen in amounts.items():
        if seen.mark.asks:
            _ask(sources[0].mapping.label(name), seen)
        if seen.mark.char is not None:
            evidence.decimal[name] = seen.mark.char
    return evidence


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
