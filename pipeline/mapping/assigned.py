"""Turn what the user said of columns, by flags and in a mapping file, into the field of each of these columns."""

from __future__ import annotations

from pydantic import BaseModel

from pipeline.errors import Misuse
from pipeline.language import say
from pipeline.mapping.naming import find_loosely
from pipeline.mapping.request import HELPERS, MappingFile, MappingRequest
from pipeline.mapping.words import fold, nearest
from pipeline.schema import fields, find

LEAVE_OUT = ("", "-")
CUTTABLE = ("text", "name", "address")


def assigned(
    headers: tuple[str, ...], record: type[BaseModel], request: MappingRequest, file: MappingFile
) -> dict[int, str]:
    """Column index -> field ("" leaves it out), from the flags and the file, the flags first.

    Raises:
        Misuse: a column is not there, or two things are said of one column or field.
    """
    said: dict[int, str] = {}
    for header, name in request.assigned.items():
        _say(said, headers, record, header, name, f'--map "{header}={name}"')
    flagged = dict(said)
    rest = {h: name for h, name in file.columns.items() if name in LEAVE_OUT or name not in flagged.values()}
    _all_there(headers, file, rest)
    for header, name in rest.items():
        try:
            index = find_loosely(header, headers, file.where("columns", header))
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
    index = find_loosely(header, headers, where)
    name = "" if name in LEAVE_OUT else _field(record, name, where)
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


def check_fields(record: type[BaseModel], request: MappingRequest, file: MappingFile) -> None:
    """Hold every field that flags and the file name against the target's.

    Raises:
        Misuse: there is none of that name, or one is to be cut that cannot be.
    """
    tables = {"set": file.constants, "defaults": file.defaults, "values": file.values, "compose": file.compose}
    said = [(table, name, name) for table, names in tables.items() for name in names]
    for table, key, name in (*said, *(("columns", header, name) for header, name in file.columns.items())):
        if name not in LEAVE_OUT:
            _field(record, name, file.where(table, key))
    for flag, given in (("--set", request.constants), ("--default", request.defaults)):
        for name in given:
            _field(record, name, flag)
    _check_too_long(record, file)


def _check_too_long(record: type[BaseModel], file: MappingFile) -> None:
    """Hold `too_long` against the target: a text may be cut where the user says so, a code or an address of the net never."""
    for name, how in file.options.get("too_long", {}).items():
        where = f"{file.where('options', 'too_long')}: too_long.{name}"
        field = find(record, _field(record, name, where))
        if how == "truncate" and (field is None or field.column.identifier or field.kind not in CUTTABLE):
            names = [
                n for n, f in fields(record).items() if f.max_length and f.kind in CUTTABLE and not f.column.identifier
            ]
            raise Misuse(
                say("{where}: {name} cannot be cut: a part of it is another value", where=where, name=name),
                say("Cut only: {names}.", names=", ".join(names)),
            )


def _field(record: type[BaseModel], name: str, where: str) -> str:
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
