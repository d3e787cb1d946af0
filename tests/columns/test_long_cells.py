"""A cell of a megabyte, in whatever column, is judged like any other: time grows with its length, not with the square of it."""

from __future__ import annotations

import polars as pl
import pytest

from pipeline.columns import normaliser
from pipeline.handoff import Around, Settings
from pipeline.schema import Field, fields
from pipeline.targets import load, names

PATTERNS = ("1 2 ", "ab c", "a.b-", "+56 9 6123 4567 / ", "a@b.c, ", "((", "x\n", "1,", "Ã© ")
FIELDS = {
    (field.kind, field.column.identifier): field
    for name in names() for field in fields(load(name).record).values() if field.kind != "object"
}  # fmt: skip
"""One field for each way of reading cells."""


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("field", FIELDS.values(), ids=lambda field: field.name)
def test_a_megabyte_is_judged(field: Field, pattern: str) -> None:
    """Where the square of the length counted, this test would not end; only free text, and terms that could not be looked up, may stand."""
    cells = pl.Series([pattern * ((1 << 20) // len(pattern))])
    others = {} if field.name == "city" else {"city": cells}
    judged = normaliser(field.kind)(cells, Around(field, pl.Series(["CL"]), others, Settings()))
    assert field.kind in ("text", "name", "address", "term") or judged.value.is_null().all()
