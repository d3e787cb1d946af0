"""The cells that may be blank or a null word are found whatever the column is like, and no column misses one."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.columns.repeated import SAMPLE
from pipeline.mapping.doubts import Columns
from pipeline.mapping.nulls import NULL_WORDS

ODD = ["", "  ", "\u00a0", " n/a", "N/A ", "\tpendiente", "SIN DATO", "Chile ", " 7", "na na", "İ", None]
LIKE = {
    "repeats": lambda at: ("Chile", "México", "Perú")[at % 3],
    "numbers": lambda at: f"{at:07}",
    "texts": lambda at: f"Comercial {at}",
    "mixed": lambda at: f"{at}" if at % 2 else f"A{at}",
}


@pytest.mark.parametrize("words", [NULL_WORDS, (), ("0000003", "x")], ids=["usual", "none", "a number"])
@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    st.lists(st.tuples(st.integers(0, 2 * SAMPLE - 1), st.sampled_from(ODD)), max_size=30), st.integers(0, 2 * SAMPLE)
)
def test_no_doubtful_cell_is_missed(words: tuple[str, ...], odd: list[tuple[int, str | None]], height: int) -> None:
    """Columns of every kind, looked at together, tell what each cell by itself does; and outer space is taken off."""
    made = {name: [make(at) for at in range(height)] for name, make in LIKE.items()}
    for at, text in odd:
        for cells in made.values():
            cells[at : at + 1] = [text] * len(cells[at : at + 1])
    frame = pl.DataFrame(
        {f"c{i}": cells for i, cells in enumerate(made.values())},
        schema_overrides=dict.fromkeys([f"c{i}" for i in range(4)], pl.String),
    )
    columns = Columns(frame, range(4), words)
    lower = {word.casefold() for word in words}
    for index in range(4):
        cells = columns[index]
        assert columns.doubtful(index).to_list() == columns.doubtful_of(cells).to_list()
        told = {
            at
            for at, text in enumerate(cells)
            if text is not None and (not text.strip() or text.strip().casefold() in lower)
        }
        assert told <= set(columns.doubtful(index))
        assert columns.bare(index).equals(cells.str.strip_chars())


def test_a_sheet_without_mapped_columns_has_no_doubts() -> None:
    """Where every field is a constant, no column is looked at."""
    columns = Columns(pl.DataFrame({"c0": ["n/a"]}), (), NULL_WORDS)
    assert columns.doubtful_of(pl.Series(["n/a", "x"])).to_list() == [0]
