"""Turn a header row, its first cells and the user's word into the mapping of a source to a target's fields."""

from __future__ import annotations

from collections.abc import Collection

import polars as pl
from pydantic import BaseModel

from pipeline.errors import Misuse
from pipeline.handoff import Choice, Mapping
from pipeline.language import later, say
from pipeline.mapping.choose import Plan, choose
from pipeline.mapping.columns import Source, read_columns
from pipeline.mapping.compose import find_column, parse
from pipeline.mapping.nulls import NULL_WORDS
from pipeline.mapping.presets import Preset, recognise
from pipeline.mapping.request import HELPERS, MappingFile, MappingRequest
from pipeline.mapping.vocabulary import ADDRESS_ROLES, NAME_ROLES
from pipeline.mapping.words import fold, nearest
from pipeline.schema import fields, find

LEAVE_OUT = ("", "-")
CUTTABLE = ("text", "name", "address")
DATES = later("The mapping file's date_order is not used: the target has no date among its fields.")
EXAMPLES = 3


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
    _check_fields(record, request, file)
    _check_too_long(record, file)
    sources = read_columns(headers, sample, record, preset)
    said = _assigned(headers, record, request, file)
    composed = {
        field: parse(text, headers, file.where("compose", field)).indexes
        for field, text in file.compose.items()
        if field not in said.values()
    }
    plan = _planned(sources, record, preset, headers, file, said, composed, constants)
    _derived_state(plan, record, constants)
    fed = {*plan.fed, *constants, *defaults}
    choices = tuple(_choice(s, plan, said, constants, record, preset, composed) for s in sources)
    return Mapping(
        choices=choices,
        compose=plan.compose,
        parts={field: plan.fed[field] for field in plan.compose},
        constants=constants,
        defaults=defaults,
        values=file.values,
        null_words=tuple(file.options.get("null_words", NULL_WORDS)),
        preset=preset.name if preset else None,
        missing=tuple(name for name, field in fields(record).items() if field.required and name not in fed),
        notes=(*_notes(preset, plan), *([say(DATES)] if "date_order" in file.options else [])),
    )


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


def _check_fields(record: type[BaseModel], request: MappingRequest, file: MappingFile) -> None:
    for table, names in (
        ("set", file.constants),
        ("default", file.defaults),
        ("values", file.values),
        ("compose", file.compose),
        ("columns", file.columns.values()),
    ):
        for name in names:
            if name not in LEAVE_OUT:
                key = next((h for h, f in file.columns.items() if f == name), name) if table == "columns" else name
                check_field(record, name, file.where("defaults" if table == "default" else table, key))
    for flag, given in (("--set", request.constants), ("--default", request.defaults)):
        for name in given:
            check_field(record, name, flag)


def _check_too_long(record: type[BaseModel], file: MappingFile) -> None:
    """Hold `too_long` against the target: a text may be cut where the user says so, a code or an address of the net never."""
    for name, how in file.options.get("too_long", {}).items():
        where = f"{file.where('options', 'too_long')}: too_long.{name}"
        field = find(record, check_field(record, name, where))
        if how == "truncate" and (field is None or field.column.identifier or field.kind not in CUTTABLE):
            names = [
                n for n, f in fields(record).items() if f.max_length and f.kind in CUTTABLE and not f.column.identifier
            ]
            raise Misuse(
                say("{where}: {name} cannot be cut: a part of it is another value", where=where, name=name),
                say("Cut only: {names}.", names=", ".join(names)),
            )


def check_field(record: type[BaseModel], name: str, where: str) -> str:
    """`name` if it is a field, an entry of an object field, or a helper.

    Raises:
        Misuse: it is none; with the nearest field.
    """
    if find(record, name) or name in HELPERS:
        return name
    if f"~{name}" in HELPERS:
        return f"~{name}"
    names = list(fields(record))
    close = nearest(name, names, 60)
    hint = say("Did you mean {close!r}? ", close=close) if close else ""
    raise Misuse(
        say("{where}: there is no field {name!r}", where=where, name=name),
        say("{hint}The fields are: {names}.", hint=hint, names=", ".join(names)),
    )


def _assigned(
    headers: tuple[str, ...], record: type[BaseModel], request: MappingRequest, file: MappingFile
) -> dict[int, str]:
    """Column index -> field ("" leaves it out), from the flags and the file, the flags first."""
    said: dict[int, str] = {}
    for header, name in request.assigned.items():
        _say(said, headers, record, header, name, f'--map "{header}={name}"')
    flagged = dict(said)
    rest = {h: name for h, name in file.columns.items() if name in LEAVE_OUT or name not in flagged.values()}
    _all_there(headers, file, rest)
    for header, name in rest.items():
        try:
            index = _column(header, headers, file.where("columns", header))
        except Misuse:
            # A file that was written for another month's export may name a column to leave out that is not there.
            if name in LEAVE_OUT:
                continue
            raise
        if index not in flagged:
            _say(said, headers, record, header, name, file.where("columns", header))
    return said


def _all_there(headers: tuple[str, ...], file: MappingFile, said: dict[str, str]) -> None:
    """Name every column of the file that the source lacks, not only the first."""
    gone = [h for h, name in said.items() if name not in LEAVE_OUT and not _there(h, headers)]
    if len(gone) > 1:
        named = ", ".join(
            say("{header!r} (line {line})", header=h, line=file.lines.get(("columns", h), "?")) for h in gone
        )
        raise Misuse(
            say("{name}: the source has no columns {named}", name=file.name, named=named),
            say(
                "Write the headers of this source there, or remove these lines; `customer-import inspect SOURCE` "
                "without the file lists the columns."
            ),
        )


def _there(header: str, headers: tuple[str, ...]) -> bool:
    return header in headers or header.startswith("#") or any(fold(h) == fold(header) for h in headers)


def _say(
    said: dict[int, str], headers: tuple[str, ...], record: type[BaseModel], header: str, name: str, where: str
) -> None:
    index = _column(header, headers, where)
    name = "" if name in LEAVE_OUT else check_field(record, name, where)
    if name and name in said.values():
        raise Misuse(
            say("{where}: another column feeds {name} already", where=where, name=name),
            say(
                'Leave one of the two out with --map "{header}=-", or join them in a mapping file: [compose] {name} = '
                '"{{Header A}}, {{Header B}}".',
                header=header,
                name=name,
            ),
        )
    if index in said:
        raise Misuse(
            say("{where}: something else is said about this column already", where=where), say("Keep one of the two.")
        )
    said[index] = name


def _column(header: str, headers: tuple[str, ...], where: str) -> int:
    exact = [i for i, h in enumerate(headers) if h == header]
    folded = [i for i, h in enumerate(headers) if fold(h) == fold(header) and fold(header)]
    if len(exact) == 1 or len(folded) == 1:
        return (exact if len(exact) == 1 else folded)[0]
    return find_column(header, headers, where)


def _choice(
    source: Source,
    plan: Plan,
    said: dict[int, str],
    constants: dict[str, str],
    record: type[BaseModel],
    preset: Preset | None,
    composed: Collection[str],
) -> Choice:
    examples = source.seen.values[:EXAMPLES]
    fed = [name for name, indexes in plan.fed.items() if source.index in indexes]
    own = (
        [name for name in fed if name not in plan.compose] or [name for name in fed if not name.startswith("~")] or fed
    )
    if source.index in said:
        name = said[source.index]
        return Choice(
            source.index,
            source.header,
            name or None,
            "mapping",
            say("as you said") if name else say("left out, as you said"),
            examples,
        )
    if own:
        by_file = any(name in composed for name in fed) or not source.meaning.role
        return Choice(
            source.index,
            source.header,
            own[0],
            "mapping" if by_file else source.meaning.how,
            _reason(source, own[0], plan, preset),
            examples,
        )
    role = source.role
    if role and role in constants:
        reason = say("{flag} holds for every row", flag=f"--set {role}={constants[role]}")
    elif role in (*NAME_ROLES, *ADDRESS_ROLES) and role not in fields(record) and source.index not in plan.why:
        reason = (
            say("not needed beside the columns that were chosen")
            if "address" in plan.fed
            else say("no address without a street")
        )
    elif role and source.index not in plan.why and find(record, role) is None:
        reason = say("the target has no field for it")
    else:
        reason = plan.why.get(source.index) or source.meaning.reason or say("another column feeds {role}", role=role)
    return Choice(source.index, source.header, None, "none", reason, examples)


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


def _notes(preset: Preset | None, plan: Plan) -> tuple[str, ...]:
    notes = []
    if preset:
        notes.append(say("This looks like {title}.", title=say(preset.title)))
        notes.extend(say(note) for note in preset.notes)
    if plan.compose.get("state") == "":
        notes.append(
            say(
                "No column holds the state: it is derived from the town where the country's own table has exactly "
                "one answer."
            )
        )
    return tuple(notes)
