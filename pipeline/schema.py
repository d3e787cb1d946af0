"""Turn a target's pydantic record into the fields that every stage works with.

The record is the only place where a rule of the target is written: types, lengths, choices and ranges are
pydantic's own constraints, and one `Column` in each `Annotated[...]` says how people call the field and
which normaliser reads it. Mapping, validation, templates, help, JSON Schema and the sandbox derive from it.

    >>> from typing import Annotated
    >>> from pydantic import BaseModel, Field
    >>> class Record(BaseModel):
    ...     name: Annotated[str, Field(max_length=100), Column("text", "Name", "Nombre")]
    >>> fields(Record)["name"].max_length
    100
"""

from __future__ import annotations

import types
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin

import annotated_types
from pydantic import BaseModel

Kind = Literal[
    "text", "name", "address", "email", "phone", "url", "country", "state", "currency", "flag", "choice",
    "tax_id", "cents", "term", "object",
]  # fmt: skip


@dataclass(frozen=True)
class Column:
    """How people know a field, and which normaliser reads its cells.

    Attributes:
        kind: name of the normaliser.
        label: the English name a person reads; `label_es` the Spanish one.
        aliases: other headers that mean this field, in any language; matched without case, accents and
            punctuation. Whole-word look-alikes do not match: only what is listed.
        example: a valid cell, as a person would write it.
        help: one English sentence for the template and the docs; `help_es` the Spanish one.
        identifier: the cell is a code, not a number: digits and leading zeros are kept.
        sent: False for a field that only helps to read others (the country of a DayZero customer).
        clearable: False where the target documents no null for the field, so that it cannot be emptied.
    """

    kind: Kind
    label: str
    label_es: str
    aliases: tuple[str, ...] = ()
    example: str = ""
    help: str = ""
    help_es: str = ""
    identifier: bool = False
    sent: bool = True
    clearable: bool = True


@dataclass(frozen=True)
class Field:
    """One field of a target, derived from its record.

    `max_length` counts characters; `ge` and `le` bound integers; `choices` are the allowed words;
    `default` is what the target does where the field is absent (None: nothing).
    """

    name: str
    column: Column
    required: bool
    nullable: bool
    max_length: int | None = None
    ge: int | None = None
    le: int | None = None
    choices: tuple[str, ...] = ()
    default: Any = None

    @property
    def kind(self) -> Kind:
        """Name of the normaliser."""
        return self.column.kind

    @property
    def sent(self) -> bool:
        """Whether the field goes to the target."""
        return self.column.sent


@cache
def fields(record: type[BaseModel]) -> dict[str, Field]:
    """Derive the fields of `record`, in its order."""
    return {name: _field(name, info) for name, info in record.model_fields.items()}


def find(record: type[BaseModel], name: str) -> Field | None:
    """The field called `name`; `metadata.x` and `tax_settings.x` are entries of an object field."""
    known = fields(record)
    if name in known:
        return known[name] if known[name].kind != "object" else None
    parent, dot, key = name.partition(".")
    if dot and key and parent in known and known[parent].kind == "object":
        return Field(name, Column("text", name, name, identifier=True), required=False, nullable=True)
    return None


def _field(name: str, info: Any) -> Field:
    column = next((m for m in info.metadata if isinstance(m, Column)), None)
    if column is None:
        raise TypeError(f"field {name!r} has no Column(...) in its Annotated type")
    plain, nullable = _strip_none(info.annotation)
    limits: dict[str, Any] = {}
    for rule in info.metadata:
        if isinstance(rule, annotated_types.MaxLen):
            limits["max_length"] = rule.max_length
        elif isinstance(rule, annotated_types.Ge):
            limits["ge"] = rule.ge
        elif isinstance(rule, annotated_types.Le):
            limits["le"] = rule.le
    if get_origin(plain) is Literal:
        limits["choices"] = tuple(str(choice) for choice in get_args(plain))
    default = None if info.is_required() else info.get_default(call_default_factory=True)
    return Field(name, column, info.is_required(), nullable and column.clearable, default=default, **limits)


def _strip_none(annotation: Any) -> tuple[Any, bool]:
    if get_origin(annotation) in (Union, types.UnionType):
        rest = [arg for arg in get_args(annotation) if arg is not type(None)]
        nullable = len(rest) < len(get_args(annotation))
        return (rest[0] if len(rest) == 1 else Union[tuple(rest)]), nullable  # noqa: UP007
    return annotation, False
