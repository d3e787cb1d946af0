"""Turn the edits that stand into what they say together: cells by row, replacements by value, mapping and defaults."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from pipeline import rounds
from pipeline.mapping import MappingRequest


@dataclass
class Folded:
    """What all edits come to.

    `cells` has new texts by origin and column index (None: blank). `once` has the replacements by field or column, and
    value. `assigned` is header -> field ("" leaves the column out), `defaults` field -> value.
    """

    cells: dict[int, dict[int, str | None]] = field(default_factory=dict)
    once: dict[tuple[str, str, str], rounds.Replacement] = field(default_factory=dict)
    assigned: dict[str, str] = field(default_factory=dict)
    defaults: dict[str, str] = field(default_factory=dict)

    @property
    def replacements(self) -> tuple[rounds.Replacement, ...]:
        """The replacements, in the order in which they were said."""
        return tuple(self.once.values())

    @property
    def maps(self) -> bool:
        """Whether the mapping or a default was changed."""
        return bool(self.assigned or self.defaults)

    @property
    def anything(self) -> bool:
        """Whether any edit stands."""
        return bool(self.cells or self.once or self.maps)

    def said(self) -> rounds.Said:
        """The mapping and the defaults as a correction says them."""
        return rounds.Said({}, MappingRequest(assigned=self.assigned, defaults=self.defaults))


def fold(entries: Iterable[dict[str, Any]]) -> Folded:
    """What the edits come to; a later one beats an earlier one."""
    found = Folded()
    for entry in entries:
        if entry["kind"] == "cells":
            for origin, column, text in entry["cells"]:
                found.cells.setdefault(origin, {})[column] = text
        elif entry["kind"] == "once":
            one = rounds.Replacement(
                entry["field"], entry["value"], entry["replacement"], entry["code"], entry["column"]
            )
            key = (one.field, "" if one.field else one.column, one.value.strip().lower())
            found.once.pop(key, None)
            found.once[key] = one
        elif entry["kind"] == "map":
            found.assigned[entry["header"]] = entry["field"]
        elif entry["kind"] == "default":
            found.defaults[entry["field"]] = entry["value"]
    return found
