"""Turn a batch of a source into what the plan keeps of it: map, normalise, validate, encode.

A batch needs nothing of the others, so that several are judged at once.
"""

from __future__ import annotations

import contextlib
import gc
from dataclasses import dataclass
from typing import NamedTuple

import polars as pl

from pipeline import mapping
from pipeline.handoff import Batch, Mapping, Settings
from pipeline.normalise import normalise
from pipeline.plan import Choices, Made, encoded
from pipeline.schema import fields
from pipeline.sources import Source, mapped_fields, placed
from pipeline.survey import Amounts, amounts_of
from pipeline.targets.interface import Target
from pipeline.validate import validate

JUDGED = 60_000
"""Rows of a batch that is judged: each column takes many short steps, which cost the same for few rows and for many."""

FEW, BATCHES = 20_000, 2
"""A shorter list is judged in so many batches, which are worked on at once; but in none of fewer rows."""

ABOVE = 300
"""So many more are in the first batch, with what stands above the rows: a last one of a few rows is dear."""

PUZZLING = "Peña..ÃƒÂ±@1 #"
"""A text that no kind of field takes without a second look."""

HELD = 10_000
"""Rows of a batch that must not be held for long: phonenumbers keeps exceptions that it has met, in circles with their
frames, and these hold all that their callers have at hand until somebody looks for garbage."""


def batch_rows(rows: int | None) -> int:
    """How many rows of a list of so many are judged at once."""
    return JUDGED if rows is None else min(JUDGED, max(FEW, rows // BATCHES + ABOVE))


def rehearse(target: Target) -> None:
    """Judge an example and a puzzling text for each field, so that all that judging needs has been loaded.

    For a long list, while its file is still being read.
    """
    shown = {n: [f.column.example, PUZZLING] for n, f in fields(target.record).items() if f.kind != "object"}
    with contextlib.suppress(Exception):  # it will be raised again, by a row
        from pipeline.columns import plans  # noqa: F401 - long columns of phone numbers need it

        normalise(pl.DataFrame(shown, schema=dict.fromkeys(shown, pl.String)), Mapping(()), target.record, Settings())


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
