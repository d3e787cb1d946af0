"""Turn a batch of a source into what the plan keeps of it: map, normalise, validate, encode.

A batch needs nothing of the others, so that several are judged at once, in other processes too.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import polars as pl

from pipeline import mapping, targets, workers
from pipeline.ahead import ahead
from pipeline.handoff import ISSUE_SCHEMA, Batch, Mapping, Settings
from pipeline.mapping import RowRule
from pipeline.normalise import normalise
from pipeline.plan import Choices, Made, encoded
from pipeline.read.source import BOOKS
from pipeline.schema import fields
from pipeline.sources import Source, mapped_fields, placed
from pipeline.survey import Amounts, amounts_of
from pipeline.validate import validate

JUDGED = 60_000
"""Rows of a batch that is judged: each column takes many short steps, which cost the same for few rows and for many."""


SHARED = 80_000
"""So many rows are worth the start of another process."""

WARMED = ("CL", "MX", "CO", "BR", "US", "ES", "PE", "AR")
"""Countries whose customers most lists hold."""

LARGE = (20 << 20, 10 << 20)
"""Bytes of a text file, and of a workbook, that hold so many rows or more."""


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


def judged_by(judge: Judge, source: Source, spool: Path, limit: int | None) -> Iterator[JudgedBatch]:
    """Every batch of a source judged, in order; what is worth it is shared with other processes."""
    rows = min(source.sheet.facts.rows or 0, limit or sys.maxsize)
    if rows < SHARED:
        yield from ahead(source.sheet.batches(JUDGED), judge)
        return
    with closing(workers.Hands(judge, _needs(judge.target), spool, workers.spare())) as hands:
        size = min(JUDGED, -(-rows // (2 * hands.count)))  # no hand is to wait long for the last one
        yield from ahead(source.sheet.batches(size), hands, hands.count)


def get_ready(sources: Sequence[str], target: str) -> None:
    """Start who will judge, where the files are large: other processes load what they need while these are looked at."""
    paths = [Path(name) for name in sources if name != "-"]
    if any(path.is_file() and path.stat().st_size > LARGE[path.suffix.lower() in BOOKS] for path in paths):
        workers.get_ready(_needs(target), workers.spare())


def _needs(target: str) -> workers.Needs:
    return __name__, target


def warm(target: str) -> None:
    """Judge the target's own examples, and what is nearly one: what is made once for all batches is made then."""
    known = targets.load(target)
    record = known.record
    examples = {n: f.column.example or "1" for n, f in fields(record).items() if f.kind != "object"}
    cells = {n: [x, f"{x}?", x[1:], x[:-1], x.replace(" ", ""), x.lower()] * len(WARMED) for n, x in examples.items()}
    mapped = pl.DataFrame(cells).with_columns(pl.Series(WARMED * 6).alias("country"))
    clean = normalise(mapped, Mapping(()), record, Settings())
    validate(clean, mapped, Mapping(()), record, Settings(), pl.DataFrame(schema=ISSUE_SCHEMA), known.regulated)
