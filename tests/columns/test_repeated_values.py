"""The combinations of a column's values are numbered so that each row finds its own again, however many there are."""

from __future__ import annotations

import polars as pl
import pytest

from pipeline.columns import repeated
from pipeline.columns.distinct import FEW, Verdict, judge


@pytest.mark.parametrize("distinct", [1, 7, 300, 4_000, 70_000])
@pytest.mark.parametrize("height", [1, 100, repeated.WORTH_IT, 80_000])
def test_every_row_finds_its_own_combination(distinct, height):
    """By the table of first bits, and by the search where two hashes share them."""
    cells = pl.Series([None if at % distinct == 3 else f"v{at % distinct}" for at in range(height)], dtype=pl.String)
    other = pl.Series([None, "CL", "MX"], dtype=pl.String).gather(pl.Series([at % 3 for at in range(height)]))
    known = repeated.numbered(cells, other)
    found = pl.DataFrame({"cell": cells, "other": other})
    assert found[known.rows.gather(known.place)].equals(found)
    assert len(known.rows) == found.unique().height


def test_a_column_of_nulls_is_one_combination():
    """Nulls are one value."""
    known = repeated.numbered(pl.Series([None] * 9, dtype=pl.String))
    assert (len(known.rows), known.place.to_list()) == (1, [0] * 9)


@pytest.mark.parametrize("height", [0, 1, FEW, FEW + 1])
def test_few_rows_are_judged_as_many(height):
    """One by one, and by a join, each row has the answer for its own keys, null among them."""
    cells = pl.Series([None if at % 5 == 0 else f"v{at % 17}" for at in range(height)], dtype=pl.String)
    other = pl.Series([None if at % 3 == 0 else f"w{at % 4}" for at in range(height)], dtype=pl.String)
    asked = []

    def rule(cell, beside):
        asked.append((cell, beside))
        return Verdict(f"{cell}/{beside}", "x.y" if cell is None else None, beside, cell)

    judged = judge(rule, pl.String, cells, other)
    assert len(asked) == len(set(asked))
    assert list(zip(*judged, strict=True)) == [tuple(rule(*row)) for row in zip(cells, other, strict=True)]
