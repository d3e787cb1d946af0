"""Turn a mapping file (TOML) into what the user said, and a mapping into a file that is ready to edit.

[columns]          "Source header" = "field"; "" leaves the column out; "#3" or "#C" is the third column
[compose]          field = "{Calle} {Número}, {Ciudad}"; alternatives: "{Empresa}|{Nombre} {Apellido}"
[set]              field = "the same value in every row"
[defaults]         field = "value for blank cells"
[values.country]   "EEUU" = "US"; an empty value makes the cell blank
[skip]             "Tipo" = ["Proveedor"]: these rows are left out; "*" is any text, "" a blank cell
[options]          decimal, date_order, null_words, too_long, split, preset, automatic, all_rows
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pipeline.errors import Misuse
from pipeline.handoff import Choice, Mapping
from pipeline.language import later, say
from pipeline.mapping.compose import column_name
from pipeline.mapping.nulls import NULL_WORDS
from pipeline.mapping.request import MappingFile
from pipeline.mapping.words import nearest

LARGEST = 4 * 1024 * 1024
TABLES = ("columns", "compose", "set", "defaults", "values", "skip", "options")
OPTIONS = {
    "decimal": later('one of "," and "."'),
    "date_order": later('one of "dmy", "mdy" and "ymd"'),
    "null_words": later("a list of texts"),
    "too_long": later('a table: field = "error" or "truncate"'),
    "split": later("a table: field = the separator of its lists, of which the first entry is taken"),
    "preset": later("the name of a preset"),
    "automatic": later("true or false"),
    "all_rows": later("true or false"),
}


def load_file(path: Path) -> MappingFile:
    """Read a mapping file.

    Field names and headers are checked later, against the target and the source.

    Raises:
        Misuse: it cannot be read, is no TOML, or has a key that means nothing; with the line.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise Misuse(
                say("{path} is too large for a mapping file", path=path),
                say("Name the mapping file with --mapping FILE."),
            )
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise Misuse(
            say("the mapping file {path} cannot be read: {error}", path=path, error=error),
            say("Name an existing UTF-8 file with --mapping FILE."),
        ) from error
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Misuse(
            say("{path} is no valid TOML: {error}", path=path, error=error),
            say('Put headers and values in quotes: "Correo" = "email".'),
        ) from error
    lines = _lines(text)
    for table in content:
        if table not in TABLES:
            raise _wrong(path, lines, "", table, TABLES)
        if not isinstance(content[table], dict):
            raise Misuse(
                say("{at}: {table} must be a table", at=_at(path, lines, "", table), table=table),
                say("Write [{table}] on a line of its own.", table=table),
            )
    values = content.get("values", {})
    for name, entry in values.items():
        if not isinstance(entry, dict):
            raise Misuse(
                say("{at}: values.{name} must be a table", at=_at(path, lines, "values", name), name=name),
                say("Write [values.{name}] on a line of its own.", name=name),
            )
    return MappingFile(
        name=str(path),
        columns=_texts(path, lines, "columns", content.get("columns", {})),
        compose=_texts(path, lines, "compose", content.get("compose", {})),
        constants=_texts(path, lines, "set", content.get("set", {})),
        defaults=_texts(path, lines, "defaults", content.get("defaults", {})),
        values={name: _texts(path, lines, f"values.{name}", entry) for name, entry in values.items()},
        skip={header: _words(path, lines, header, words) for header, words in content.get("skip", {}).items()},
        options=_options(path, lines, content.get("options", {})),
        lines=lines,
    )


def write_file(path: Path, mapping: Mapping, headers: tuple[str, ...], file: MappingFile | None = None) -> None:
    """Write a mapping as a commented file; reading it back gives the same mapping. No cell goes into it.

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
            yield f"{_key(field)} = {_text(pattern)}{helper}"
        else:
            yield say(
                "# {field} is derived from {columns} where the cell is blank", field=field, columns=mapping.label(field)
            )
    yield from ("", say("# The same value in every row."), "[set]")
    yield from (f"{_key(field)} = {_text(value)}" for field, value in mapping.constants.items())
    for field in mapping.missing:
        yield say('# {key} = ""  # required, and no column feeds it', key=_key(field))
    yield from ("", say("# A value for blank cells."), "[defaults]")
    yield from (f"{_key(field)} = {_text(value)}" for field, value in mapping.defaults.items())
    yield from ("", say('# Other words for values: [values.country], then "EEUU" = "US".'))
    for field, table in mapping.values.items():
        yield f"[values.{_key(field)}]"
        yield from (f"{_key(text)} = {_text(value)}" for text, value in table.items())
        yield ""
    yield from (
        "",
        say('# Rows that are no customers: header = the cells whose rows are left out ("*": any text, "": blank).'),
        "[skip]",
    )
    yield from (f"{_key(header)} = [{', '.join(map(_text, words))}]" for header, words in file.skip.items())
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
        return f"{{ {', '.join(f'{_key(k)} = {_text(v)}' for k, v in value.items())} }}"
    return json.dumps(value)


def _column_line(choice: Choice, mapping: Mapping, headers: tuple[str, ...]) -> str:
    header = column_name(choice.index, headers)
    remark = " ".join(f"{choice.how}: {choice.reason}".split()) if choice.reason else choice.how
    if choice.field is None and not choice.header.strip():
        return say("# {header} has no header and is left out", header=header)
    if choice.field is not None and choice.field in mapping.compose:
        return say("# {key} is a part of {field}, in [compose]", key=_key(header), field=choice.field)
    return f"{_key(header)} = {_text(choice.field or '')}  # {remark}"


def _key(text: str) -> str:
    return text if re.fullmatch(r"[A-Za-z0-9_-]+", text) else _text(text)


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _options(path: Path, lines: dict[tuple[str, str], int], options: dict[str, Any]) -> dict[str, Any]:
    good = {
        "decimal": lambda v: v in (",", "."),
        "date_order": lambda v: v in ("dmy", "mdy", "ymd"),
        "null_words": lambda v: isinstance(v, list) and all(isinstance(word, str) for word in v),
        "too_long": lambda v: isinstance(v, dict) and all(how in ("error", "truncate") for how in v.values()),
        "split": lambda v: isinstance(v, dict) and all(isinstance(sign, str) and sign for sign in v.values()),
        "preset": lambda v: isinstance(v, str),
        "automatic": lambda v: isinstance(v, bool),
        "all_rows": lambda v: isinstance(v, bool),
    }
    for key, value in options.items():
        if key not in OPTIONS:
            raise _wrong(path, lines, "options", key, OPTIONS)
        if not good[key](value):
            raise Misuse(
                say("{at}: {key} cannot be {value!r}", at=_at(path, lines, "options", key), key=key, value=value),
                say("It is {kind}.", kind=say(OPTIONS[key])),
            )
    return options


def _words(path: Path, lines: dict[tuple[str, str], int], header: str, words: Any) -> tuple[str, ...]:
    given = words if isinstance(words, list) else [words]
    if not given or not all(isinstance(word, str) for word in given):
        raise Misuse(
            say("{at}: {key} cannot be {value!r}", at=_at(path, lines, "skip", header), key=header, value=words),
            say('Write the cells whose rows are left out: {key} = ["Proveedor"].', key=_key(header)),
        )
    return tuple(given)


def _texts(path: Path, lines: dict[tuple[str, str], int], table: str, entries: dict[str, Any]) -> dict[str, str]:
    texts = {}
    for key, value in entries.items():
        if not isinstance(value, str | int):
            raise Misuse(
                say("{at}: {key} cannot be {value!r}", at=_at(path, lines, table, key), key=key, value=value),
                say('Write the value in quotes: {key} = "...".', key=_key(key)),
            )
        texts[key] = str(value).lower() if isinstance(value, bool) else str(value)
    return texts


def _wrong(path: Path, lines: dict[tuple[str, str], int], table: str, key: str, known: Iterable[str]) -> Misuse:
    close = nearest(key, known, 60)
    hint = say("Did you mean {close!r}? ", close=close) if close else ""
    at = _at(path, lines, table, key)
    wrong = (
        say("{at}: there is no option {key!r}", at=at, key=key)
        if table
        else say("{at}: there is no table {key!r}", at=at, key=key)
    )
    return Misuse(wrong, say("{hint}There are: {names}.", hint=hint, names=", ".join(known)))


def _at(path: Path, lines: dict[tuple[str, str], int], table: str, key: str) -> str:
    line = lines.get((table, key))
    return say("{path}, line {line}", path=path, line=line) if line else str(path)


def _lines(text: str) -> dict[tuple[str, str], int]:
    """The line of each key as (table, key); a key that spreads over lines counts where it begins."""
    found: dict[tuple[str, str], int] = {}
    table = ""
    for number, line in enumerate(text.splitlines(), 1):
        head = re.match(r"\s*\[\s*([^\[\]]+?)\s*\]", line)
        entry = re.match(r"""\s*("(?:[^"\\]|\\.)*"|'[^']*'|[A-Za-z0-9_.-]+)\s*=""", line)
        if head:
            table = re.sub(r"""["']""", "", head[1])
            found.setdefault(("", table), number)
            found.setdefault(("", table.partition(".")[0]), number)
            found.setdefault((table.partition(".")[0], table.partition(".")[2]), number)
        elif entry:
            found.setdefault((table, _unquoted(entry[1])), number)
    return found


def _unquoted(key: str) -> str:
    if key.startswith('"'):
        try:
            return str(json.loads(key))
        except ValueError:
            return key[1:-1]
    return key.strip("'")
