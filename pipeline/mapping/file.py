"""Turn a mapping file (TOML) into what the user said; `saved` writes such a file.

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
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from pipeline.errors import Misuse
from pipeline.language import later, say
from pipeline.mapping.request import MappingFile
from pipeline.mapping.saved import key_text
from pipeline.mapping.words import nearest

LARGEST = 4 * 1024 * 1024  # bytes
TABLES = ("columns", "compose", "set", "defaults", "values", "skip", "options")


class _Option(NamedTuple):
    """What an option may be, in words, and whether a value of the TOML is that."""

    kind: str
    fits: Callable[[Any], bool]


OPTIONS = {
    "decimal": _Option(later('one of "," and "."'), lambda v: v in (",", ".")),
    "date_order": _Option(later('one of "dmy", "mdy" and "ymd"'), lambda v: v in ("dmy", "mdy", "ymd")),
    "null_words": _Option(
        later("a list of texts"), lambda v: isinstance(v, list) and all(isinstance(word, str) for word in v)
    ),
    "too_long": _Option(
        later('a table: field = "error" or "truncate"'),
        lambda v: isinstance(v, dict) and all(how in ("error", "truncate") for how in v.values()),
    ),
    "split": _Option(
        later("a table: field = the separator of its lists, of which the first entry is taken"),
        lambda v: isinstance(v, dict) and all(isinstance(sign, str) and sign for sign in v.values()),
    ),
    "preset": _Option(later("the name of a preset"), lambda v: isinstance(v, str)),
    "automatic": _Option(later("true or false"), lambda v: isinstance(v, bool)),
    "all_rows": _Option(later("true or false"), lambda v: isinstance(v, bool)),
}


def load_file(path: Path) -> MappingFile:
    """Read a mapping file.

    Field names and headers are checked later, against the target and the source.

    Raises:
        Misuse: it cannot be read, is no TOML, or has a key that means nothing; with the line.
    """
    text = _text_of(path)
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Misuse(
            say("{path} is no valid TOML: {error}", path=path, error=error),
            say('Put headers and values in quotes: "Correo" = "email".'),
        ) from error
    file = MappingFile(name=str(path), lines=_lines(text))
    _check_tables(file, content)
    values = content.get("values", {})
    return replace(
        file,
        columns=_texts(file, "columns", content.get("columns", {})),
        compose=_texts(file, "compose", content.get("compose", {})),
        constants=_texts(file, "set", content.get("set", {})),
        defaults=_texts(file, "defaults", content.get("defaults", {})),
        values={name: _texts(file, f"values.{name}", entry) for name, entry in values.items()},
        skip={header: _words(file, header, words) for header, words in content.get("skip", {}).items()},
        options=_options(file, content.get("options", {})),
    )


def _text_of(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST:
            raise Misuse(
                say("{path} is too large for a mapping file", path=path),
                say("Name the mapping file with --mapping FILE."),
            )
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise Misuse(
            say("the mapping file {path} cannot be read: {error}", path=path, error=error),
            say("Name an existing UTF-8 file with --mapping FILE."),
        ) from error


def _check_tables(file: MappingFile, content: dict[str, Any]) -> None:
    """Stop at a name at the top that means nothing, or that is no table."""
    for table in content:
        if table not in TABLES:
            raise _wrong(file, "", table, TABLES)
        if not isinstance(content[table], dict):
            raise Misuse(
                say("{at}: {table} must be a table", at=file.where("", table), table=table),
                say("Write [{table}] on a line of its own.", table=table),
            )
    for name, entry in content.get("values", {}).items():
        if not isinstance(entry, dict):
            raise Misuse(
                say("{at}: values.{name} must be a table", at=file.where("values", name), name=name),
                say("Write [values.{name}] on a line of its own.", name=name),
            )


def _options(file: MappingFile, options: dict[str, Any]) -> dict[str, Any]:
    for key, value in options.items():
        if key not in OPTIONS:
            raise _wrong(file, "options", key, OPTIONS)
        if not OPTIONS[key].fits(value):
            raise Misuse(
                say("{at}: {key} cannot be {value!r}", at=file.where("options", key), key=key, value=value),
                say("It is {kind}.", kind=say(OPTIONS[key].kind)),
            )
    return options


def _words(file: MappingFile, header: str, words: Any) -> tuple[str, ...]:
    given = words if isinstance(words, list) else [words]
    if not given or not all(isinstance(word, str) for word in given):
        raise Misuse(
            say("{at}: {key} cannot be {value!r}", at=file.where("skip", header), key=header, value=words),
            say('Write the cells whose rows are left out: {key} = ["Proveedor"].', key=key_text(header)),
        )
    return tuple(given)


def _texts(file: MappingFile, table: str, entries: dict[str, Any]) -> dict[str, str]:
    texts = {}
    for key, value in entries.items():
        if not isinstance(value, str | int):
            raise Misuse(
                say("{at}: {key} cannot be {value!r}", at=file.where(table, key), key=key, value=value),
                say('Write the value in quotes: {key} = "...".', key=key_text(key)),
            )
        texts[key] = str(value).lower() if isinstance(value, bool) else str(value)
    return texts


def _wrong(file: MappingFile, table: str, key: str, known: Iterable[str]) -> Misuse:
    close = nearest(key, known, 60)
    hint = say("Did you mean {close!r}? ", close=close) if close else ""
    at = file.where(table, key)
    wrong = (
        say("{at}: there is no option {key!r}", at=at, key=key)
        if table
        else say("{at}: there is no table {key!r}", at=at, key=key)
    )
    return Misuse(wrong, say("{hint}There are: {names}.", hint=hint, names=", ".join(known)))


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
