"""Turn a header row into the system it was exported from, and what that system's headers mean.

A preset is one TOML file: `title`, `source`, `recognise` (lists of headers; all of one list must be there),
and only what the general vocabulary would not know or would get wrong: `[qualifiers]` word = "billing",
"neutral" or "excluded", `[columns]` header = role, `[left_out]` header = reason, `name_order`, `notes`, and
`[[left_out_rows]]`: `reason`, `where` header = the words of rows that are no customers (all must hold).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping as Dict
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

from pipeline.errors import Misuse
from pipeline.language import say
from pipeline.mapping.words import fold, nearest

NAME_ORDER = ("company", "name", "first_name", "person")


@dataclass(frozen=True)
class Preset:
    """What is known of one system's export; headers are folded."""

    name: str
    title: str
    source: str = ""
    recognise: tuple[frozenset[str], ...] = ()
    qualifiers: Dict[str, str] = field(default_factory=dict)
    columns: Dict[str, str] = field(default_factory=dict)
    left_out: Dict[str, str] = field(default_factory=dict)
    name_order: tuple[str, ...] = NAME_ORDER
    notes: tuple[str, ...] = ()
    left_out_rows: tuple[tuple[str, Dict[str, frozenset[str]]], ...] = ()


@lru_cache(maxsize=1)
def presets() -> dict[str, Preset]:
    """The presets that come with the importer, by name."""
    folder = resources.files("pipeline").joinpath("presets")
    found = {}
    for entry in sorted(folder.iterdir(), key=lambda e: e.name):
        stem, dot, ending = entry.name.rpartition(".")
        if dot and ending == "toml" and stem != "aliases":
            found[stem] = _read(stem, tomllib.loads(entry.read_text(encoding="utf-8")))
    return found


def recognise(headers: tuple[str, ...], asked: str | None) -> Preset | None:
    """The preset that was asked for, else the one whose headers are all there (the most of them), or None.

    Raises:
        Misuse: there is no preset of that name, or the file cannot be read.
    """
    if asked == "none":
        return None
    if asked is not None:
        return _asked(asked)
    there = {fold(header) for header in headers}
    fitting = [
        (len(signature), preset.name)
        for preset in presets().values()
        for signature in preset.recognise
        if signature <= there
    ]
    return presets()[max(fitting)[1]] if fitting else None


def _asked(name: str) -> Preset:
    if name in presets():
        return presets()[name]
    if not name.endswith(".toml"):
        close = nearest(name, presets(), 60)
        hint = say("Did you mean {close!r}? ", close=close) if close else ""
        raise Misuse(
            say("there is no preset {name!r}", name=name),
            say("{hint}Choose one of: {names}.", hint=hint, names=", ".join(presets())),
        )
    try:
        return _read(Path(name).stem, tomllib.loads(Path(name).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise Misuse(
            say("the preset {name} cannot be read: {error}", name=name, error=error),
            say("Correct the file, or leave out the preset."),
        ) from error


def _read(name: str, content: dict[str, Any]) -> Preset:
    unknown = set(content) - {
        "title",
        "source",
        "recognise",
        "qualifiers",
        "columns",
        "left_out",
        "name_order",
        "notes",
        "left_out_rows",
    }
    if unknown:
        raise ValueError(say("unknown key {key!r}", key=min(unknown)))
    return Preset(
        name=name,
        title=str(content.get("title", name)),
        source=str(content.get("source", "")),
        recognise=tuple(frozenset(map(fold, signature)) for signature in content.get("recognise", ())),
        qualifiers={fold(word): kind for word, kind in content.get("qualifiers", {}).items()},
        columns={fold(header): role for header, role in content.get("columns", {}).items()},
        left_out={fold(header): reason for header, reason in content.get("left_out", {}).items()},
        name_order=tuple(content.get("name_order", NAME_ORDER)),
        notes=tuple(content.get("notes", ())),
        left_out_rows=tuple((rule["reason"], _where(rule["where"])) for rule in content.get("left_out_rows", ())),
    )


def _where(rule: dict[str, list[str]]) -> dict[str, frozenset[str]]:
    return {fold(header): frozenset(word.lower() for word in words) for header, words in rule.items()}
