"""What a user may say about a mapping: flags and a mapping file, as one value."""

from __future__ import annotations

from collections.abc import Mapping as Dict
from dataclasses import dataclass, field
from typing import Any

from pipeline.language import say

HELPERS = ("~city", "~district", "~tax_id_check_digit")
"""Raw texts that other fields' normalisers need; they are mapped like fields and never sent."""


@dataclass(frozen=True)
class MappingFile:
    """A mapping file as read: the tables of the TOML, `set` being `constants`.

    `skip` maps a header to the cells whose rows are left out. `options` may hold decimal, date_order,
    null_words, too_long, preset, automatic, all_rows. `lines` gives the line of each key as (table, key), for
    messages.
    """

    name: str = ""
    columns: Dict[str, str] = field(default_factory=dict)
    compose: Dict[str, str] = field(default_factory=dict)
    constants: Dict[str, str] = field(default_factory=dict)
    defaults: Dict[str, str] = field(default_factory=dict)
    values: Dict[str, Dict[str, str]] = field(default_factory=dict)
    skip: Dict[str, tuple[str, ...]] = field(default_factory=dict)
    options: Dict[str, Any] = field(default_factory=dict)
    lines: Dict[tuple[str, str], int] = field(default_factory=dict)

    def where(self, table: str, key: str) -> str:
        """The place of a key, for a message: "mapping.toml, line 7"."""
        line = self.lines.get((table, key))
        return say("{path}, line {line}", path=self.name, line=line) if line else self.name


@dataclass(frozen=True)
class MappingRequest:
    """What the user said: `assigned` header -> field ("" or "-" leaves the column out), and the like.

    `preset` is the name of one, the path of an own one (.toml), "none", or None: recognised by the headers.
    A flag beats the file.
    """

    assigned: Dict[str, str] = field(default_factory=dict)
    file: MappingFile | None = None
    constants: Dict[str, str] = field(default_factory=dict)
    defaults: Dict[str, str] = field(default_factory=dict)
    preset: str | None = None
    date_order: str | None = None
