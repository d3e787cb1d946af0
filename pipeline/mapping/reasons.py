"""Turn what was chosen into what becomes of each column, with the reason, in words for a person."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from pydantic import BaseModel

from pipeline.handoff import Choice
from pipeline.language import say
from pipeline.mapping.candidates import Plan
from pipeline.mapping.columns import Source
from pipeline.mapping.presets import Preset
from pipeline.mapping.vocabulary import ADDRESS_ROLES, NAME_ROLES
from pipeline.schema import fields, find

EXAMPLES = 3


def choice(
    source: Source, plan: Plan, record: type[BaseModel], preset: Preset | None, *,
    said: Mapping[int, str], composed: Collection[str], constants: Mapping[str, str],
) -> Choice:  # fmt: skip
    """What becomes of a column.

    `said` are the columns that the user gave to a field ("": left out), `composed` the fields of his patterns.
    """
    fed = [name for name, indexes in plan.fed.items() if source.index in indexes]
    own = (
        [name for name in fed if name not in plan.compose] or [name for name in fed if not name.startswith("~")] or fed
    )
    field, how = None, "none"
    if source.index in said:
        field, how = said[source.index] or None, "mapping"
        reason = say("as you said") if field else say("left out, as you said")
    elif own:
        by_file = any(name in composed for name in fed) or not source.meaning.role
        field, how = own[0], "mapping" if by_file else source.meaning.how
        reason = _reason(source, field, plan, preset)
    else:
        reason = _unused(source, plan, record, constants)
    return Choice(source.index, source.header, field, how, reason, source.seen.values[:EXAMPLES])


def _unused(source: Source, plan: Plan, record: type[BaseModel], constants: Mapping[str, str]) -> str:
    """Why a column feeds nothing."""
    role = source.role
    if role and role in constants:
        return say("{flag} holds for every row", flag=f"--set {role}={constants[role]}")
    if source.index in plan.why:
        return plan.why[source.index]
    if role in (*NAME_ROLES, *ADDRESS_ROLES) and role not in fields(record):
        if "address" in plan.fed:
            return say("not needed beside the columns that were chosen")
        return say("no address without a street")
    if role and find(record, role) is None:
        return say("the target has no field for it")
    return source.meaning.reason or say("another column feeds {role}", role=role)


def _reason(source: Source, field: str, plan: Plan, preset: Preset | None) -> str:
    if field in plan.compose and len(plan.fed[field]) > 1:
        return (
            say("helps to derive the state")
            if not plan.compose[field]
            else say("part of {field}: {pattern}", field=field, pattern=plan.compose[field])
        )
    if source.meaning.how == "preset" and preset:
        return say("as {title} calls it", title=say(preset.title))
    return source.meaning.reason or {
        "exact": say("the field's own name"),
        "alias": say("a known name of {field}", field=field),
    }.get(source.meaning.how, say("as its cells look"))


def notes(preset: Preset | None, plan: Plan) -> list[str]:
    """What to say of the mapping as a whole."""
    found = []
    if preset:
        found.append(say("This looks like {title}.", title=say(preset.title)))
        found.extend(say(note) for note in preset.notes)
    if plan.compose.get("state") == "":
        found.append(
            say(
                "No column holds the state: it is derived from the town where the country's own table has exactly "
                "one answer."
            )
        )
    return found
