"""Lifelike rows with known faults: the pipeline's verdicts are those of a plain loop over the scalar libraries."""

from __future__ import annotations

import pytest
from benchmarks.lifelike import FAULTS, rows
from benchmarks.reference import compare, piped


@pytest.mark.parametrize("target", ["piriod", "dayzero"])
def test_every_row_has_the_codes_of_the_reference(target):
    """Row by row the same codes, with a tenth of the rows wrong and with all of them wrong."""
    for count, faults in ((3_000, 0.1), (3_000, 1.0)):
        differing, ours, theirs = compare(count, 7, target, faults)
        assert [(row["_fault"], a, b) for row, a, b in differing] == []
        assert ours == theirs
        assert len(ours) > 20


def test_the_list_is_the_beginning_of_a_longer_one():
    """The same seed gives the same rows, whatever their number; every kind of fault is among them."""
    longer = list(rows(12_000, seed=3, faults=1.0))
    assert list(rows(10_500, seed=3, faults=1.0)) == longer[:10_500]
    assert {row["_fault"] for row in longer} - {""} == {
        f"{column}: {kind}" for column, kinds in FAULTS.items() for kind in kinds
    }
    assert not any(row["_fault"] for row in rows(100, faults=0.0))


@pytest.mark.parametrize("target", ["piriod", "dayzero"])
def test_a_wrong_country_is_one_issue(target):
    """What other cells cannot be without the country is no fault of theirs: one bad cell, one issue."""
    row = next(row for row in rows(50, faults=0.0) if row["phone"] and "+" not in row["phone"] and row["tax_id"])
    row |= {"currency": "CLP"}
    assert piped([row], target) == [[]]
    assert piped([row | {"country": "Atlántida"}], target) == [["country.unknown"]]
