"""Spooled rows come back in frames as large as asked for, in order and complete."""

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.read import grid
from pipeline.read.grid import filled


@settings(max_examples=60, derandomize=True, deadline=None)
@given(heights=st.lists(st.integers(0, 9), max_size=8), size=st.integers(1, 12), width=st.integers(1, 3))
def test_parts_fill_frames_and_lose_nothing(heights, size, width):
    """Whatever the parts are, the frames hold their rows in order, and all but the last one are full."""
    starts = [sum(heights[:i]) for i in range(len(heights))]
    parts = [
        pl.DataFrame({f"c{i}": range(start, start + height) for i in range(width)}, schema_overrides={"c0": pl.Int64})
        for start, height in zip(starts, heights, strict=True)
    ]
    found = list(filled(iter(parts), size))
    assert [row[0] for frame in found for row in frame.rows()] == list(range(sum(heights)))
    assert all(frame.height == size for frame in found[:-1])
    assert all(0 < frame.height <= size for frame in found)


def test_frames_of_very_many_columns_have_fewer_rows(monkeypatch):
    """A frame that is put together stays within the cells that memory is meant for."""
    monkeypatch.setattr(grid, "MOST_CELLS", 12)
    parts = [pl.DataFrame({f"c{i}": [1, 2, 3] for i in range(5)})] * 3
    assert [frame.height for frame in filled(iter(parts), 100)] == [2, 2, 2, 2, 1]
