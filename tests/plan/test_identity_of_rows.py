"""The identity of a row is its own, whatever other rows stand beside it, and that of the first fields that are all there."""

from __future__ import annotations

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import identity
from pipeline.targets.interface import Identity

VALUES: dict[str, list[str | None]] = {
    "tax_id": ["76086428-5", "66.666.666-6", "ABC 1", None], "country": ["CL", "MX", None],
    "reference": [" a ", "A", "", None], "email": ["A@x.example", " ", None],
}  # fmt: skip
WAYS = [Identity(("tax_id", "country")), Identity(("reference",)), Identity(("email",)), Identity(("tax_id",))]


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    st.lists(st.fixed_dictionaries({n: st.sampled_from(v) for n, v in VALUES.items()}), max_size=5),
    st.lists(st.sampled_from(WAYS), max_size=3), st.sets(st.sampled_from(list(VALUES)), min_size=1),
)  # fmt: skip
def test_a_row_is_who_it_is(rows: list[dict[str, str | None]], ways: list[Identity], columns: set[str]) -> None:
    """All rows at once, row by row, and way by way: the same text, null where no way has all its fields."""
    record = pl.DataFrame(rows, schema=dict.fromkeys(VALUES, pl.String)).select(sorted(columns))
    made = identity.of_rows(record, ways)
    assert made.name == "identity" and made.dtype == pl.String and len(made) == len(rows)
    for at, text in enumerate(made):
        each = [identity.of_rows(record[at], [way])[0] for way in ways]
        assert text == next((one for one in each if one is not None), None)


def test_case_and_spaces_tell_nobody_apart() -> None:
    """Two spellings of one reference are one customer; a generic tax id and a blank are nobody."""
    record = pl.DataFrame({"tax_id": ["66.666.666-6", "76.086.428-5", None], "country": ["CL", "CL", "CL"],
                           "reference": [" Ab ", "aB", " "]})  # fmt: skip
    assert identity.of_rows(record, WAYS[:2]).to_list() == ["reference=ab", "tax_id=760864285|country=cl", None]
