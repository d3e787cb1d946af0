"""Turn a row of the plan, and a record of the target, into names: where two are equal, they are the same customer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pipeline import identity as who
from pipeline.targets.interface import Identity, Record, Target

KEYED = "import key="


@dataclass(frozen=True)
class Wanted:
    """One identity to look for, and the field values it was made of, as they are sent.

    A row that has no identity is looked for by its import key, where the target keeps one: see `keyed`.
    """

    identity: str
    values: dict[str, str]


def keyed(key: str) -> str:
    """The name under which a row without an identity is looked for: a run that is repeated must find it."""
    return f"{KEYED}{key}"


def key_of(target: Target, record: Record) -> str | None:
    """The import key that one of the target's own records carries."""
    value: Any = record
    for part in (target.key_path or "").split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value if isinstance(value, str) else None


def wanted_of(text: str, payload: str, identities: Sequence[Identity]) -> Wanted:
    """The look-up for a row of the plan: its identity, and the values in its `payload` (JSON)."""
    sent = json.loads(payload)
    names = (n for i in identities for n in i.fields)
    return Wanted(text, {n: str(sent[n]) for n in names if sent.get(n) is not None and f"{n}=" in text})


def names_of(target: Target, records: Sequence[Record], identities: Sequence[Identity]) -> list[set[str]]:
    """Every name that each of the target's own records answers to."""
    names = who.of_records([target.view(r) for r in records], identities)
    for name, record in zip(names, records, strict=True):
        if (key := key_of(target, record)) is not None:
            name.add(keyed(key))
    return names


@dataclass
class Found:
    """Which records answer to which identity; `how` says how they were found, for the report."""

    records: dict[str, list[Record]] = field(default_factory=dict)
    how: str = ""

    def add(self, identity: str, record: Record) -> None:
        """Note a record once."""
        known = self.records.setdefault(identity, [])
        if all(r.get("id") != record.get("id") for r in known):
            known.append(record)
