"""Turn source files into mapped sheets, and their columns into those of all sources together."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as Dict
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import polars as pl

from pipeline import mapping, read, template
from pipeline.errors import Unreadable
from pipeline.handoff import Batch, Choice, Mapping, Sheet, SourceFacts
from pipeline.language import say, say_n
from pipeline.mapping import NULL_WORDS, MappingFile, RowRule
from pipeline.options import RunOptions
from pipeline.progress import Progress
from pipeline.roundtrip import own_columns
from pipeline.schema import fields
from pipeline.targets.interface import Target

SAMPLE = 2_000
PLACES = ("city", "district", "commune")


@dataclass(frozen=True)
class Source:
    """One source, read and mapped; `places` maps its columns into those of all sources together.

    `rules` say which rows are no customers, `file` is the mapping file, `examples` are the row numbers of a
    template's example rows, which no batch has: those of the first rows, and after a whole pass all of them.
    """

    sheet: Sheet
    mapping: Mapping
    places: tuple[int, ...]
    rules: tuple[RowRule, ...] = ()
    file: MappingFile = field(default_factory=MappingFile)
    examples: set[int] = field(default_factory=set)

    @property
    def cut(self) -> frozenset[str]:
        """The fields whose long texts are to be cut."""
        return frozenset(n for n, how in self.file.options.get("too_long", {}).items() if how == "truncate")

    @property
    def split(self) -> dict[str, str]:
        """The separators of the fields whose cells hold lists, of which the first entry is taken."""
        return dict(self.file.options.get("split", {}))

    @property
    def facts(self) -> SourceFacts:
        """What was detected, without the example rows, which are no data rows."""
        facts = self.sheet.facts
        if not self.examples:
            return facts
        count = len(self.examples)
        note = say_n(
            "row {first} is the template's example and is left out",
            "{n:n} rows are the template's example and are left out, the first is row {first}",
            count,
            first=min(self.examples),
        )
        return replace(facts, rows=None if facts.rows is None else facts.rows - count, notes=(*facts.notes, note))


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
        date_order=options.date_order,
    )  # fmt: skip
    places: dict[tuple[str, int], int] = {}
    found: list[Source] = []
    for number, name in enumerate(options.sources):
        scratch = spool / f"source{number}"
        scratch.mkdir(mode=0o700)
        sheet = own_columns(read.open_sheet(name if name == "-" else Path(name), reading, scratch, progress))
        first = next(iter(sheet.batches(SAMPLE)), None)
        if first is None:
            raise Unreadable(say("{name} has no rows", name=name), say("Check the sheet and the header row."))
        marked = template.is_example(first.cells)  # in any column: which one holds the name is not known yet
        seen_rows = first.cells if marked.all() else first.cells.filter(~marked)
        decided = mapping.decide(sheet.headers, seen_rows, target.record, request)
        named = _named(sheet, decided, target)
        example = template.is_example(first.cells.select("row", *named))
        if example.all() and first.cells.height < SAMPLE:
            raise Unreadable(
                say("{name} has no rows but the template's example", name=name), say("Fill in a row below it.")
            )
        rules = mapping.row_rules(sheet.headers, request)
        seen: dict[str, int] = {}
        here = []
        for header in sheet.headers:
            seen[header] = seen.get(header, 0) + 1
            here.append(places.setdefault((header, seen[header]), len(places)))
        examples = set(first.cells["row"].filter(example).to_list())
        found.append(Source(_without(sheet, named, examples), decided, tuple(here), rules,
                            request.file or MappingFile(), examples))  # fmt: skip
    return tuple(found)


def _named(sheet: Sheet, decided: Mapping, target: Target) -> list[str]:
    """The columns that hold the name: those that feed it, and a template's own one also where another feeds it."""
    own = template.name_headers(target)
    fed = {c.index for c in decided.choices if c.field == "name"} | set(decided.parts.get("name", ()))
    return [f"c{i}" for i, header in enumerate(sheet.headers) if i in fed or header in own]


def _without(sheet: Sheet, named: list[str], examples: set[int]) -> Sheet:
    """The sheet without the rows `examples`, and without later ones that are marked so in the columns `named`.

    Later ones are added to `examples`.
    """

    def known() -> pl.Series:
        return pl.Series(sorted(examples), dtype=pl.UInt32).implode()

    def batches(size: int) -> Iterator[Batch]:
        for batch in sheet.batches(size):
            example = template.is_example(batch.cells.select("row", *named)) | batch.cells["row"].is_in(known())
            if example.any():
                examples.update(batch.cells["row"].filter(example).to_list())
                batch = _kept(batch, ~example)
            if batch.cells.height:
                yield batch

    return replace(sheet, batches=batches)


def _kept(batch: Batch, kept: pl.Series) -> Batch:
    """The rows of a batch for which `kept` holds, with their issues."""
    at = pl.DataFrame({"at": pl.int_range(len(kept), dtype=pl.UInt32, eager=True)}).filter(kept)
    moved = batch.issues.join(at.with_row_index("new"), on="at", how="inner", maintain_order="left")
    issues = moved.with_columns(at=pl.col("new").cast(pl.UInt32)).select(batch.issues.columns)
    return Batch(batch.cells.filter(kept), issues)


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
    facts = source.facts
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
        "values": {n: dict(table) for n, table in source.mapping.values.items()},
        "null_words": list(source.mapping.null_words),
        "skip": {header: list(words) for header, words in source.file.skip.items()}, "file": dict(source.file.options),
        "rules": [[rule.reason, [[at, sorted(words)] for at, words in rule.tests]] for rule in source.rules],
    }  # fmt: skip


def mapping_of(source: Dict[str, Any]) -> Mapping:
    """The mapping of a source, as plan.json keeps it."""
    return Mapping(
        choices=tuple(Choice(c["index"], c["header"], c["field"], c["how"], c["reason"]) for c in source["columns"]),
        compose=source["compose"], parts={k: tuple(v) for k, v in source["parts"].items()},
        constants=source["constants"], defaults=source["defaults"], values=source.get("values", {}),
        null_words=tuple(source.get("null_words", NULL_WORDS)), preset=source["preset"],
        notes=tuple(source["mapping_notes"]),
    )  # fmt: skip


def file_of(source: Dict[str, Any]) -> MappingFile:
    """What a mapping file said of a source besides columns, as plan.json keeps it."""
    skip = {header: tuple(words) for header, words in source.get("skip", {}).items()}
    return MappingFile(skip=skip, options=source.get("file", {}))


def rules_of(source: Dict[str, Any]) -> tuple[RowRule, ...]:
    """Which rows of a source are no customers, as plan.json keeps it."""
    return tuple(
        RowRule(reason, tuple((at, frozenset(words)) for at, words in tests))
        for reason, tests in source.get("rules", [])
    )


def source_of(source: Dict[str, Any]) -> SourceFacts:
    """What was detected about a source, as plan.json keeps it."""
    names = ("name", "kind", "encoding", "delimiter", "sheet", "header_row", "rows", "sha256")
    return SourceFacts(**{n: source[n] for n in names}, notes=tuple(source["notes"]))


def origin(facts: Dict[str, Any]) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Field -> the header that feeds it and the cells it is read from, over all sources of a run."""
    found: dict[str, tuple[str, tuple[str, ...]]] = {}
    for source in facts["sources"]:
        mapped = mapping_of(source)
        for choice in mapped.choices:
            if choice.field:
                found.setdefault(choice.field, (mapped.label(choice.field), (f"c{source['places'][choice.index]}",)))
        for name, parts in mapped.parts.items():
            found.setdefault(name, (mapped.label(name), tuple(f"c{source['places'][i]}" for i in parts)))
    return found
