"""Turn source files into mapped sheets, and their columns into those of all sources together."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from pipeline import mapping, read
from pipeline.errors import Unreadable
from pipeline.handoff import Mapping, Sheet
from pipeline.options import RunOptions
from pipeline.progress import Progress
from pipeline.roundtrip import own_columns
from pipeline.schema import fields
from pipeline.targets.interface import Target

SAMPLE = 2_000
PLACES = ("city", "district", "commune")


@dataclass(frozen=True)
class Source:
    """One source, read and mapped; `places` maps its columns into those of all sources together."""

    sheet: Sheet
    mapping: Mapping
    places: tuple[int, ...]


def open_sources(options: RunOptions, target: Target, spool: Path, progress: Progress) -> tuple[Source, ...]:
    """Read and map every source; columns of the same name come together."""
    reading = read.ReadOptions(
        sheet=options.sheet, header_row=options.header_row, encoding=options.encoding,
        delimiter=options.delimiter, limit=options.limit,
    )  # fmt: skip
    request = mapping.MappingRequest(
        assigned=dict(options.assigned),
        file=mapping.load_file(options.mapping_file) if options.mapping_file else None,
        constants=dict(options.constants), defaults=dict(options.defaults), preset=options.preset,
    )  # fmt: skip
    places: dict[tuple[str, int], int] = {}
    found: list[Source] = []
    for number, name in enumerate(options.sources):
        scratch = spool / f"source{number}"
        scratch.mkdir(mode=0o700)
        sheet = own_columns(read.open_sheet(name if name == "-" else Path(name), reading, scratch, progress))
        first = next(iter(sheet.batches(SAMPLE)), None)
        if first is None:
            raise Unreadable(f"{name} has no rows", "Check the sheet and the header row.")
        decided = mapping.decide(sheet.headers, first.cells, target.record, request)
        seen: dict[str, int] = {}
        here = []
        for header in sheet.headers:
            seen[header] = seen.get(header, 0) + 1
            here.append(places.setdefault((header, seen[header]), len(places)))
        found.append(Source(sheet, decided, tuple(here)))
    return tuple(found)


def headers(sources: tuple[Source, ...]) -> tuple[str, ...]:
    """The columns of all sources together, as written, in order of first appearance."""
    named: dict[int, str] = {}
    for source in sources:
        named.update(zip(source.places, source.sheet.headers, strict=True))
    return tuple(named[i] for i in range(len(named)))


def mapped_fields(cells: pl.DataFrame, mapped_by: Mapping, target: Target) -> pl.DataFrame:
    """The fields of a batch as text; a required state that a city can tell gets a blank column."""
    mapped = mapping.apply(cells, mapped_by)
    known = fields(target.record)
    if "state" in known and "state" not in mapped.columns and any(f"~{n}" in mapped.columns for n in PLACES):
        mapped = mapped.with_columns(state=pl.lit(None, dtype=pl.String))
    return mapped


def placed(cells: pl.DataFrame, places: tuple[int, ...]) -> pl.DataFrame:
    """The cells of one source under the column names of all sources together."""
    return cells.rename({f"c{i}": f"p{place}" for i, place in enumerate(places)}).rename(
        {f"p{place}": f"c{place}" for place in places}
    )


def source_facts(source: Source) -> dict[str, Any]:
    """What plan.json keeps of a source: what was detected, and how it was mapped."""
    facts = source.sheet.facts
    return {
        **{n: getattr(facts, n) for n in ("name", "kind", "encoding", "delimiter", "sheet", "header_row", "rows", "sha256")},
        "notes": list(facts.notes), "places": list(source.places),
        "columns": [
            {"header": c.header, "field": c.field, "how": c.how, "reason": c.reason, "index": c.index}
            for c in source.mapping.choices
        ],
        "compose": dict(source.mapping.compose), "parts": {k: list(v) for k, v in source.mapping.parts.items()},
        "constants": dict(source.mapping.constants), "defaults": dict(source.mapping.defaults),
        "preset": source.mapping.preset, "mapping_notes": list(source.mapping.notes),
    }  # fmt: skip
