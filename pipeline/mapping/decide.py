"""Turn a header row, its first cells and the user's word into the mapping of a source to a target's fields."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import polars as pl
from pydantic import BaseModel

from pipeline.handoff import Mapping
from pipeline.language import later, say
from pipeline.mapping.assigned import assigned, check_fields
from pipeline.mapping.candidates import Plan
from pipeline.mapping.choose import choose
from pipeline.mapping.columns import Source, read_columns
from pipeline.mapping.compose import parse
from pipeline.mapping.missing import unknown_country
from pipeline.mapping.nulls import NULL_WORDS
from pipeline.mapping.presets import Preset, recognise
from pipeline.mapping.reasons import choice, notes
from pipeline.mapping.request import HELPERS, MappingFile, MappingRequest
from pipeline.schema import fields

DATES = later("The order of dates settles nothing here: the target has no date among its fields.")


def decide(headers: tuple[str, ...], sample: pl.DataFrame, record: type[BaseModel], request: MappingRequest) -> Mapping:
    """Decide what each column feeds.

    `sample` has the columns c0..cN (String) of up to 2,000 rows. The order of authority: flags, the mapping
    file, the preset, exact field names, aliases, what the cells look like. Required fields that nothing feeds
    are in `missing`; `missing_message` (`missing`) says them.

    Raises:
        Misuse: an unknown header, field or preset; two columns that are equally good for one field.
    """
    file = request.file or MappingFile()
    preset = recognise(headers, request.preset or file.options.get("preset"))
    constants = {**file.constants, **request.constants}
    defaults = {**file.defaults, **request.defaults}
    check_fields(record, request, file)
    sources = read_columns(headers, sample, record, preset)
    said = assigned(headers, record, request, file)
    composed = {
        field: parse(text, headers, file.where("compose", field)).indexes
        for field, text in file.compose.items()
        if field not in said.values()
    }
    plan = _planned(sources, record, preset, headers, file, said, composed, constants)
    _derived_state(plan, record, constants)
    fed = {*plan.fed, *constants, *defaults}
    made = Mapping(
        choices=tuple(
            choice(s, plan, record, preset, said=said, composed=composed, constants=constants) for s in sources
        ),
        compose=plan.compose,
        parts={field: plan.fed[field] for field in plan.compose},
        constants=constants,
        defaults=defaults,
        values=file.values,
        null_words=tuple(file.options.get("null_words", NULL_WORDS)),
        preset=preset.name if preset else None,
        missing=tuple(name for name, field in fields(record).items() if field.required and name not in fed),
        notes=(*notes(preset, plan), *([say(DATES)] if request.date_order or "date_order" in file.options else [])),
    )
    return replace(made, notes=(*made.notes, *unknown_country(made))) if not {"country", "~country"} & fed else made


def _planned(
    sources: list[Source], record: type[BaseModel], preset: Preset | None, headers: tuple[str, ...], file: MappingFile,
    said: dict[int, str], composed: dict[str, tuple[int, ...]], constants: Collection[str],
) -> Plan:  # fmt: skip
    """Choose among the columns that the user gave to no field, then add what he said.

    A column that is a part of a pattern of his stays free for other fields: a town in the address tells the state.
    """
    done = frozenset({*composed, *said.values(), *constants})
    plan = Plan(headers)
    if file.options.get("automatic", True):
        plan = choose([s for s in sources if s.index not in said], record, preset, headers, done)
    for field, indexes in composed.items():
        plan.compose[field], plan.fed[field] = file.compose[field], indexes
    for index, field in said.items():
        if field:
            plan.fed[field] = (index,)
    for field in HELPERS:
        if field in plan.fed and field not in plan.compose:
            plan.compose[field] = plan.text(sources[plan.fed[field][0]])
    return plan


def _derived_state(plan: Plan, record: type[BaseModel], given: Collection[str]) -> None:
    """Where no column holds the state, a town may tell it: an empty pattern stands for that."""
    towns = tuple(index for helper in ("~district", "~city") for index in plan.fed.get(helper, ()))
    if towns and "state" in fields(record) and "state" not in plan.fed and "state" not in given:
        plan.fed["state"] = tuple(dict.fromkeys(towns))
        plan.compose["state"] = ""
