"""Turn values that a plan could not look up (states, payment terms) into the target's ids, before anything is sent.

A plan made without requests keeps such a value as text. The rows whose text the target's list does not know
are refused here, as our own checks would have refused them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import polars as pl

from pipeline import issues, lookups
from pipeline.client import Client
from pipeline.columns import normaliser
from pipeline.handoff import Around, Catalogue, Settings
from pipeline.language import say
from pipeline.schema import find
from pipeline.targets.interface import Target

FIELDS = {"states": "state", "terms": "default_payment_term_id"}


class Resolver:
    """Looks values up in a catalogue that was fetched for this push; without one, payloads stay as they are."""

    def __init__(self, target: Target, unresolved: Sequence[str], catalogue: Catalogue) -> None:
        """`unresolved` are the lists that the plan was made without."""
        self._target, self._settings = target, Settings(catalogue)
        self._fields = [FIELDS[name] for name in unresolved]
        self._known: dict[tuple[str, str, str | None], tuple[object, str | None]] = {}

    def resolve(self, payload: str) -> tuple[str, tuple[str, str, str] | None]:
        """The payload with ids, and the problem (field, code, detail) where a value is not in the list."""
        if not self._fields:
            return payload, None
        record = json.loads(payload)
        for name in self._fields:
            if isinstance(record.get(name), str):
                value, code = self._look_up(name, record[name], record.get("country"))
                if code is not None:
                    return payload, (name, code, say("{value!r} is not in the target's list", value=record[name]))
                record[name] = value
        return json.dumps(record, ensure_ascii=False, separators=(",", ":")), None

    def _look_up(self, name: str, text: str, country: str | None) -> tuple[object, str | None]:
        asked = (name, text, country)
        if asked not in self._known:
            field = find(self._target.record, name)
            assert field is not None
            where = pl.Series([country], dtype=pl.String)
            judged = normaliser(field.kind)(pl.Series([text]), Around(field, where, {}, self._settings))
            code = judged.code[0]
            wrong = code in issues.errors() or (code is None and judged.value[0] is None)
            self._known[asked] = (judged.value[0], (code or "field.required") if wrong else None)
        return self._known[asked]


async def resolver(client: Client, target: Target, unresolved: Sequence[str], countries: Sequence[str]) -> Resolver:
    """Fetch the lists that the plan was made without.

    Raises:
        Unavailable: the target cannot be asked.
    """
    catalogue = await lookups.fetch(client, target, countries) if unresolved else Catalogue()
    return Resolver(target, unresolved, catalogue)
