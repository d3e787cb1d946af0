"""Name and address folded as octets say exactly what they say folded text by text."""

from __future__ import annotations

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.plan.likeness import WORTH_IT, _of_any, _of_latin, likeness

TEXT = st.one_of(
    st.none(), st.text("aZ1 .-ÁñºªÆßÿ¼µ°", max_size=6), st.text(st.characters(codec="utf-8", max_codepoint=0x24F), max_size=5),
    st.text(st.characters(codec="utf-8"), max_size=4),
)  # fmt: skip


def record(pairs: list[tuple[str | None, str | None]]) -> pl.DataFrame:
    return pl.DataFrame(pairs, schema={"name": pl.String, "address": pl.String}, orient="row")


def test_every_character_is_folded_alike() -> None:
    """Each character of the first planes but the separators, alone and between others: both ways give the same text."""
    points = [chr(p) for p in range(0x20000) if not 0xD800 <= p < 0xE000 and chr(p) not in "\x1e\x1f"]
    every = record([(f"x{c}É1 ", f"{c}Ñ") for c in points])
    quick = _of_latin(every)
    assert quick is not None and quick.equals(_of_any(every))


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.lists(st.tuples(TEXT, TEXT), max_size=6))
def test_both_ways_give_the_same(pairs: list[tuple[str | None, str | None]]) -> None:
    """Also where one of both is blank; a text that holds a separator is not for the quick way."""
    quick = _of_latin(record(pairs))
    here = "".join(f"{name}{address}" for name, address in pairs if name is not None and address is not None)
    if "\x1e" in here or "\x1f" in here:
        assert quick is None
    else:
        assert quick is not None and quick.to_list() == _of_any(record(pairs)).to_list()


def test_a_separator_in_a_text_of_a_long_list_does_no_harm() -> None:
    """Such a list is folded text by text."""
    rows = record([("Ñandú\x1eS.A.", "Av. 1\x1f"), ("NANDU SA", "av 1")] * WORTH_IT)
    assert set(likeness(rows)) == {"nandusa|av1"}
