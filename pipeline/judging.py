"""Turn a batch of a source into what the plan keeps of it: map, normalise, validate, encode.

A batch needs nothing of the others, so that several are judged at once, in other processes too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from pipeline import mapping, targets
from pipeline.handoff import Batch, Mapping, Settings
from pipeline.mapping import RowRule
from pipeline.normalise import normalise
from pipeline.plan import Choices, Made, encoded
from pipeline.sources import Source, mapped_fields, placed
from pipeline.survey import Amounts, amounts_of
from pipeline.validate import validate


class JudgedBatch(NamedTuple):
    """A judged batch: the countries of its customers, what its amounts tell about their marks, and what is kept."""

    countries: set[str]
    amounts: Amounts
    made: Made


@dataclass(frozen=True)
class Judge:
    """What judges the batches of one source: values only, so that another process can have it.

    `named` is how the rows call their source; "" where there is one only. `presumed` are the fields whose decimal mark
    is presumed (see `survey`).
    """

    target: str
    settings: Settings
    choices: Choices
    mapping: Mapping
    places: tuple[int, ...]
    rules: tuple[RowRule, ...]
    cut: frozenset[str]
    split: dict[str, str]
    sheet: str | None
    named: str
    presumed: frozenset[str]

    @classmethod
    def of(
        cls, source: Source, target: str, settings: Settings, choices: Choices, named: str, presumed: frozenset[str]
    ) -> Judge:
        """The judge of a source."""
        return cls(target, settings, choices, source.mapping, source.places, source.rules, source.cut, source.split,
                   source.sheet.facts.sheet, named, presumed)  # fmt: skip

    def __call__(self, batch: Batch) -> JudgedBatch:
        """Judge a batch; changes nothing."""
        target = targets.load(self.target)
        mapped = mapped_fields(batch.cells, self.mapping, target)
        clean = normalise(mapped, self.mapping, target.record, self.settings, self.cut, self.split)
        checked = validate(clean, mapped, self.mapping, target.record, self.settings, batch.issues, target.regulated)
        made = encoded(target, self.choices, placed(batch.cells, self.places), checked, mapped, self.named, self.sheet,
                       mapping.left_out(batch.cells, self.rules))  # fmt: skip
        countries = clean.record["country"].unique().drop_nulls() if "country" in clean.record.columns else ()
        return JudgedBatch(set(countries), amounts_of(mapped, self.presumed), made)
