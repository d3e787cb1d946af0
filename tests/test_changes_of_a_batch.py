"""What a batch's values say of their changes is what each row says by itself, however many rows and changes there are."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import targets
from pipeline.columns.repeated import SAMPLE, usual
from pipeline.handoff import Catalogue, Entry, Mapping, Settings
from pipeline.normalise import FIRST, normalise

STATES = (
    Entry(13, "Metropolitana", "CL-RM", "CL"),
    Entry(5, "Coquimbo", "CL-CO", "CL"),
    Entry(21, "Jalisco", "MX-JAL", "MX"),
)
POOLS = {
    "name": ["Acme", " Acme ", "A  B", "Peñ\u0303a", None],
    "phone": ["+56 2 2345 6789", "+56223456789", "x", None],
    "country": ["Chile", "CL", "mx", "??", None],
    "state": ["RM", "13", "Jalisco", "zz", None],
    "send_invoices": ["sí", "No", "true", "quizás", None],
    "zip_code": ["8320000", "6700", " 06700", None],
    "reference": ["007", "A-7", "A-7 ", None],
    "~city": ["La Serena", "Guadalajara", None],
}
ROW = st.tuples(*(st.sampled_from(pool) for pool in POOLS.values()))


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.lists(ROW, min_size=1, max_size=12), st.sampled_from([1, 30]))
def test_changes_are_told_row_by_row(rows, times):
    """Each value that stands and is not its cell's text is told, in the order in which fields are read."""
    record = targets.load("piriod").record
    mapped = pl.DataFrame(rows * times, schema=dict.fromkeys(POOLS, pl.String), orient="row")
    clean = normalise(mapped, Mapping(()), record, Settings(Catalogue(states=STATES)))
    names = sorted((n for n in POOLS if n[0] != "~"), key=lambda n: FIRST.index(n) if n in FIRST else len(FIRST))
    shown = {str(state.id): f"{state.id} ({state.name})" for state in STATES}
    texts = clean.record.with_columns(pl.col(names).cast(pl.String)).to_dicts()
    for at, (before, after) in enumerate(zip(mapped.to_dicts(), texts, strict=True)):
        told = [
            f"{name}: {before[name] or ''} -> {shown.get(after[name], after[name]) if name == 'state' else after[name]}"
            for name in names
            if after[name] is not None and after[name] != before[name]
        ]
        assert clean.changes[at] == " | ".join(told)


@pytest.mark.parametrize(
    ("cells", "repeats"), [(["a", "b", None] * SAMPLE, True), (list(map(str, range(SAMPLE))), False), ([], False)]
)
def test_a_column_is_known_by_its_first_cells(cells, repeats):
    """Values that come again are usual, blanks are none of them."""
    found = usual(pl.Series(cells, dtype=pl.String))
    assert (found is not None) == repeats
    assert not repeats or set(found) == {"a", "b"}
