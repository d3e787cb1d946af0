"""Turn a mapping into a mapping file (TOML) that is ready to edit; reading it back (`file`) gives the same mapping."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pipeline.errors import Misuse
from pipeline.handoff import Choice, Mapping
from pipeline.language import say
from pipeline.mapping.naming import column_name
from pipeline.mapping.nulls import NULL_WORDS
from pipeline.mapping.request import MappingFile


def write_file(path: Path, mapping: Mapping, headers: tuple[str, ...], file: MappingFile | None = None) -> None:
    """Write a mapping as a commented file. No cell goes into it.

    What the earlier mapping file `file` said besides columns is kept.

    Raises:
        Misuse: the file cannot be written.
    """
    try:
        path.write_text("\n".join(_document(mapping, headers, file or MappingFile())) + "\n", encoding="utf-8")
    except OSError as error:
        raise Misuse(
            say("cannot write {path}: {why}", path=path, why=error.strerror),
            say("Choose another place with --save FILE."),
        ) from error


def _document(mapping: Mapping, headers: tuple[str, ...], file: MappingFile) -> Iterable[str]:
    yield say("# How the columns of the source become fields. Edit it, then: customer-import run SOURCE --mapping FILE")
    yield say('# "" leaves a column out. Fields and their limits: customer-import targets TARGET')
    yield ""
    yield "[columns]"
    for choice in mapping.choices:
        yield _column_line(choice, mapping, headers)
    yield from (
        "",
        say(
            "# A field made of several columns; blank parts leave no stray commas. `|` separates alternatives; "
            "`{A}!` must be there; `{A}/100` is cents."
        ),
        "[compose]",
    )
    for field, pattern in mapping.compose.items():
        helper = say("  # not sent; helps to read other fields") if field.startswith("~") else ""
        if pattern:
            yield f"{key_text(field)} = {_text(pattern)}{helper}"
        else:
            yield say(
                "# {field} is derived from {columns} where the cell is blank",
                field=field,
                columns=_on_one_line(mapping.label(field)),
            )
    yield from ("", say("# The same value in every row."), "[set]")
    yield from (f"{key_text(field)} = {_text(value)}" for field, value in mapping.constants.items())
    for field in mapping.missing:
        yield say('# {key} = ""  # required, and no column feeds it', key=key_text(field))
    yield from ("", say("# A value for blank cells."), "[defaults]")
    yield from (f"{key_text(field)} = {_text(value)}" for field, value in mapping.defaults.items())
    yield from ("", say('# Other words for values: [values.country], then "EEUU" = "US".'))
    for field, table in mapping.values.items():
        yield f"[values.{key_text(field)}]"
        yield from (f"{key_text(text)} = {_text(value)}" for text, value in table.items())
        yield ""
    yield from (
        "",
        say('# Rows that are no customers: header = the cells whose rows are left out ("*": any text, "": blank).'),
        "[skip]",
    )
    yield from (f"{key_text(header)} = [{', '.join(map(_text, words))}]" for header, words in file.skip.items())
    yield from _options_lines(mapping, file)


def _options_lines(mapping: Mapping, file: MappingFile) -> Iterable[str]:
    yield from ("", "[options]")
    if mapping.preset:
        yield f"preset = {_text(mapping.preset)}"
    words = "" if mapping.null_words != NULL_WORDS else "# "
    yield f"{words}null_words = [{', '.join(map(_text, mapping.null_words))}]  # {say('cells that mean blank')}"
    for name, example, remark in (
        ("decimal", ",", say("where a column leaves the decimal mark open")),
        ("too_long", {"address": "truncate"}, say("instead of an error")),
        ("split", {"email": ";"}, say("of a list in one cell the first entry is taken")),
        ("automatic", False, say("map only what this file names")),
        ("all_rows", True, say("take the rows that the preset leaves out")),
    ):
        given = file.options.get(name)
        yield f"{'# ' if given is None else ''}{name} = {_toml(example if given is None else given)}  # {remark}"


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{key_text(k)} = {_text(v)}' for k, v in value.items())} }}"
    return json.dumps(value)


def _column_line(choice: Choice, mapping: Mapping, headers: tuple[str, ...]) -> str:
    header = column_name(choice.index, headers)
    remark = _on_one_line(f"{choice.how}: {choice.reason}" if choice.reason else choice.how)
    if choice.field is None and not choice.header.strip():
        return say("# {header} has no header and is left out", header=header)
    if choice.field is not None and choice.field in mapping.compose:
        return say("# {key} is a part of {field}, in [compose]", key=key_text(header), field=choice.field)
    return f"{key_text(header)} = {_text(choice.field or '')}  # {remark}"


def _on_one_line(text: str) -> str:
    """A text, perhaps of the source, as a comment of TOML can hold it: no line breaks, no control characters."""
    return " ".join(re.sub(r"[\x00-\x1f\x7f]", " ", text).split())


def key_text(text: str) -> str:
    """A key as it stands in TOML: bare, or in quotes."""
    return text if re.fullmatch(r"[A-Za-z0-9_-]+", text) else _text(text)


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
