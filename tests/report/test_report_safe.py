"""The apostrophe rule: nothing that looks like a formula stays bare, and every value comes back byte for byte."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.report.safe import STARTERS, escape, escape_text, unescape

CELLS = st.lists(
    st.none()
    | st.text(max_size=12)
    | st.builds(lambda start, rest: start + rest, st.sampled_from(STARTERS + '",;'), st.text(max_size=8)),
    max_size=30,
)


@settings(max_examples=200, deadline=None)
@given(CELLS)
def test_every_value_comes_back_byte_for_byte(cells: list[str | None]) -> None:
    column = pl.Series("x", cells, dtype=pl.String)
    there = column.to_frame().select(escape(pl.col("x")))["x"]
    back = there.to_frame().select(unescape(pl.col("x")))["x"]
    assert back.to_list() == cells
    assert all(cell is None or not cell or cell[0] == "'" or cell[0] not in STARTERS for cell in there)


@settings(max_examples=200, deadline=None)
@given(CELLS)
def test_one_text_and_a_whole_column_are_treated_alike(cells: list[str | None]) -> None:
    column = pl.Series("x", cells, dtype=pl.String)
    there = column.to_frame().select(escape(pl.col("x")))["x"].to_list()
    assert there == [None if cell is None else escape_text(cell) for cell in cells]


@pytest.mark.parametrize("start", list("=+-@＝＋－＠\t\r\n'"))
def test_each_dangerous_start_gets_exactly_one_apostrophe(start: str) -> None:
    cell = f"{start}1+1"
    assert pl.select(escape(pl.lit(cell))).item() == f"'{cell}"


@pytest.mark.parametrize("cell", ["", "76.086.428-5", " =1", "a=1", "00123", "ñandú", "x'", "1.23E+19"])
def test_other_cells_stay_as_they_are(cell: str) -> None:
    assert pl.select(escape(pl.lit(cell))).item() == cell
