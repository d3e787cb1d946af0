"""Turn a batch of a source into what the plan keeps of it: map, normalise, validate, encode.

A batch needs nothing of the others, so that several are judged at once.
"""

from __future__ import annotations

import gc
from dataclasses import dataclass
from typing import NamedTuple

from pipeline import mapping
from pipeline.handoff import Batch, Settings
from pipeline.normalise import normalise
from pipeline.plan import Choices, Made, encoded
from pipeline.sources import Source, mapped_fields, placed
from pipeline.survey import Amounts, amounts_of
from pipeline.targets.interface import Target
from pipeline.validate import validate

JUDGED = 60_000
"""Rows of a batch that is judged: each column takes many short steps, which cost the same for few rows and for many."""

HELD = 10_000
"""Rows of a batch that must not be held for long: phonenumbers keeps exceptions that it has met, in circles with their
frames, and these hold all that their callers have at hand until somebody looks for garbage."""


class JudgedBatch(NamedTuple):
    """A judged batch: the countries of its customers, what its amounts tell about their marks, and what is kept."""

    countries: set[str]
    amounts: Amounts
    made: Made


@dataclass(frozen=True)
class Judge:
    """What judges the batches of one source.

    `named` is how the rows call their source; "" where there is one only. `presumed` are the fields whose decimal mark
    is presumed (see `survey`).
    """

    source: Source
    target: Target
    settings: Settings
    choices: Choices
    named: str
    presumed: frozenset[str]

    def __call__(self, batch: Batch) -> JudgedBatch:
        """Judge a batch; changes nothing."""
        source, target, told = self.source, self.target, self.source.mapping
        mapped = mapped_fields(batch.cells, told, target)
        clean = normalise(mapped, told, target.record, self.settings, source.cut, source.split)
        checked = validate(clean, mapped, told, target.record, self.settings, batch.issues, target.regulated)
        made = encoded(target, self.choices, placed(batch.cells, source.places), checked, mapped, self.named,
                       source.sheet.facts.sheet, mapping.left_out(batch.cells, source.rules))  # fmt: skip
        if batch.cells.height > HELD:
            gc.collect(1)
        countries = clean.record["country"].unique().drop_nulls() if "country" in clean.record.columns else ()
        return JudgedBatch(set(countries), amounts_of(mapped, self.presumed), made)
