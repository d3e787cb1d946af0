"""Texts with a value in the place of each mark, also in frames whose columns are cut into different pieces."""

from __future__ import annotations

import ast
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.columns.sentence import sentence

ROOT = Path(__file__).parents[2] / "pipeline"
TEXTS = st.lists(st.text(max_size=20) | st.none(), max_size=8)


@given(
    st.lists(st.tuples(TEXTS, TEXTS), max_size=5), st.integers(0, 5), st.sampled_from(["{} -> {}", "a{}b{}c", "{}{}"])
)
def test_it_is_the_text_with_the_values_whatever_the_pieces(
    pieces: list[tuple[list[str | None], list[str | None]]], kept: int, template: str
) -> None:
    """Columns in pieces of which a filter leaves some empty: the same as row by row."""
    lines = [line for left, right in pieces for line in zip(left, right, strict=False)]
    left = pl.concat([pl.Series("left", [], pl.String), *(pl.Series("left", [a for a, _ in zip(*piece, strict=False)], pl.String)
                                                          for piece in pieces)], rechunk=False)  # fmt: skip
    frame = pl.DataFrame({"left": left, "right": pl.Series([b for _, b in lines], dtype=pl.String)}).with_row_index(
        "at"
    )
    some = frame.filter(pl.col("at") >= kept)
    told = some.select(sentence(template, "left", pl.col("right")).alias("text"))["text"].to_list()
    assert told == [None if None in line else template.format(*line) for line in lines[kept:]]


def test_a_value_for_each_mark() -> None:
    """One too many or too few is a mistake of the caller's."""
    with pytest.raises(ValueError, match=r"\{\} and \{\}"):
        sentence("{} and {}", "left")


def test_nobody_uses_what_panics() -> None:
    """`polars.format` is not used: see `sentence`."""
    for path in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            assert not (
                isinstance(node, ast.Attribute) and node.attr == "format" and ast.unparse(node.value) == "pl"
            ), path
