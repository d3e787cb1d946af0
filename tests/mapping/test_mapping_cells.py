"""Cells become one text column for each field: joined without stray commas, null words blank, nothing else touched."""

from __future__ import annotations

import re

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mapping.mapping_sources import frame, mapped

from pipeline.errors import Misuse
from pipeline.mapping import NULL_WORDS, MappingFile, MappingRequest, apply, joining
from pipeline.mapping.compose import parse, placeholder
from pipeline.mapping.joining import join, units

HEADERS = ["Calle", "Número", "Int.", "Ciudad"]
WORD = st.text(alphabet="abcñé1", min_size=1, max_size=4)


def joined(pattern: str, *cells: str | None, headers: list[str] | None = None) -> str | None:
    """The text of one row; the first alternative that is not blank."""
    names = headers or HEADERS[: len(cells)]
    parts = {i: pl.Series([cell], dtype=pl.String) for i, cell in enumerate(cells)}
    texts = [series[0] for series in join(parse(pattern, names), parts)]
    return next((text for text in texts if text is not None), None)


@pytest.mark.parametrize(
    ("cells", "text"),
    [(("Av. Sol", "12", "3B", "Maipú"), "Av. Sol 12 Int. 3B, Maipú"), (("Av. Sol", None, None, "Maipú"), "Av. Sol, Maipú"),
     (("Av. Sol", "12", None, None), "Av. Sol 12"), ((None, None, None, "Maipú"), "Maipú"), ((None, None, None, None), None),
     (("Av. Sol 12, Maipú", None, None, "maipú"), "Av. Sol 12, Maipú"), ((None, "12", "3B", None), "12 Int. 3B")],
)  # fmt: skip
def test_blank_parts_take_their_separators_with_them(cells: tuple[str | None, ...], text: str | None) -> None:
    """No stray comma, no orphaned word, no town twice."""
    assert joined("{Calle} {Número} Int. {Int.}, {Ciudad}", *cells) == text


@pytest.mark.parametrize(
    ("pattern", "cells", "text"),
    [("{a} ({b})", ("Acme", "Chile"), "Acme (Chile)"), ("{a} ({b})", ("Acme", None), "Acme"), ("{a}, Chile", ("Acme", None), "Acme, Chile"),
     ("{a}, Chile", (None, "x"), None), ("{a}|{b}", (None, "x"), "x"), ("Of. {b}", (None, "3"), "Of. 3"), ("{a} {a}", ("x", None), "x x"), ("{a}!, {b}", (None, "x"), None), ("{a}!, {b}", ("x", None), "x"),
     ("{a}/100 {b}", ("150", "x"), "1.50 x"), ("{a}!, {b}!", (None, "x"), "x")],
)  # fmt: skip
def test_text_around_parts_stays_as_long_as_it_says_something(
    pattern: str, cells: tuple[str | None, ...], text: str | None
) -> None:
    """Brackets go with their part; text at the ends needs any part."""
    assert joined(pattern, *cells, headers=["a", "b"]) == text


@given(st.lists(st.one_of(st.none(), WORD), min_size=4, max_size=4))
@settings(max_examples=150, deadline=None, derandomize=True)
def test_a_composed_address_has_no_stray_commas_and_loses_no_part(cells: list[str | None]) -> None:
    """Whatever is blank, the parts stand in order, with one separator between two of them."""
    text = joined("{Calle} {Número}, {Int.}, {Ciudad}", *cells)
    there = [cell for cell in cells if cell]
    if not there:
        assert text is None
    else:
        assert text is not None
        assert not re.search(r"^[ ,]|[ ,]$|,,| ,|  ", text)
        assert {w.lower() for w in re.split(r"[ ,]+", text)} == {w.lower() for w in there}


@given(st.lists(st.lists(st.one_of(st.none(), WORD), min_size=4, max_size=4), max_size=30))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_rows_do_not_influence_each_other(rows: list[list[str | None]]) -> None:
    """A batch gives what its rows give one by one."""
    mapping = mapped(HEADERS)
    whole = apply(frame(HEADERS, rows), mapping)
    assert whole.height == len(rows)
    for at, row in enumerate(rows):
        assert whole.row(at) == apply(frame(HEADERS, [row]), mapping).row(0)


@given(st.integers(min_value=-(10**15), max_value=10**15))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_cents_written_as_units_keep_every_digit(cents: int) -> None:
    """The text holds the same number of cents."""
    text = units(pl.Series([str(cents)]))[0]
    assert int(text.replace(".", "")) == cents
    assert re.fullmatch(r"-?\d+\.\d\d", text)


def test_single_columns_are_passed_on_exactly() -> None:
    """No trimming, no case, no zero is touched; that is the normalisers' work."""
    cells = ["  00123 ", "1.23E+11", "Ñandú\n", "NULL-Island"]
    made = apply(frame(["Referencia"], [[c] for c in cells]), mapped(["Referencia"]))
    assert made["reference"].to_list() == cells


@pytest.mark.parametrize("word", NULL_WORDS)
def test_null_words_are_blank(word: str) -> None:
    """In any case, with space around; an e-mail is never one of them."""
    made = apply(frame(["Correo"], [[f" {word.upper()} "], [word], [None]]), mapped(["Correo"]))
    assert made["email"].to_list() == [None, None, None]


@pytest.mark.parametrize(
    ("header", "cell", "target"),
    [
        ("País", "NA", "piriod"),
        ("State", "ND", "piriod"),
        ("Category", "Pendiente", "dayzero"),
        ("Nombre", "Nil", "piriod"),
    ],
)
def test_a_null_word_that_is_a_value_of_the_field_stands(header: str, cell: str, target: str) -> None:
    """Namibia, North Dakota and a firm called Nil are not blank."""
    mapping = mapped([header], to=target)
    name = next(c.field for c in mapping.choices)
    assert apply(frame([header], [[cell]]), mapping)[name or ""].to_list() == [cell]


def test_null_words_in_parts_spare_names_and_houses_without_number() -> None:
    """A family called Null keeps its name, `s/n` its place; a blank company makes way."""
    headers = ["Empresa", "Nombre", "Apellido", "Calle", "Número", "Ciudad"]
    rows = [["N/A", "Jennifer", "Null", "Av. Sol", "s/n", "-"]]
    made = apply(frame(headers, rows), mapped(headers, rows))
    assert made["name"].to_list() == ["Jennifer Null"]
    assert made["address"].to_list() == ["Av. Sol s/n"]


def test_value_map_then_null_word_then_default_and_constant_over_all() -> None:
    """The order in which a cell becomes a value."""
    file = MappingFile("m.toml", columns={"P": "country", "M": "currency"}, values={"country": {"EEUU": "US", "interno": ""}},
                       defaults={"country": "CL", "phone": "600"}, constants={"currency": "CLP"})  # fmt: skip
    rows = [["eeuu ", "USD"], ["interno", None], ["N/A", None], ["Perú", "PEN"]]
    made = apply(frame(["P", "M"], rows), mapped(["P", "M"], rows, request=MappingRequest(file=file)))
    assert made["country"].to_list() == ["US", "CL", "CL", "Perú"]
    assert made["currency"].to_list() == ["CLP"] * 4
    assert made["phone"].to_list() == ["600"] * 4


def test_own_null_words_replace_the_list() -> None:
    """`[options] null_words` is the whole list."""
    file = MappingFile("m.toml", options={"null_words": ["vacante"]})
    made = apply(frame(["Ejecutivo"], [["Vacante"], ["N/A"]]), mapped(["Ejecutivo"], request=MappingRequest(file=file)))
    assert made["manager"].to_list() == [None, "N/A"]


@pytest.mark.parametrize(("word", "cells"), [("Weiß nicht", ("Weiß nicht", "weiß nicht ", "WEISS NICHT")),
                                             ("ΚΑΝΕΝΑΣ", ("ΚΑΝΕΝΑΣ", "κανενας")), (" ninguno ", ("Ninguno",))])  # fmt: skip
def test_own_null_words_are_compared_without_case_in_any_alphabet(word: str, cells: tuple[str, ...]) -> None:
    """Letters whose upper case is two letters, or that have a form of their own at the end of a word."""
    file = MappingFile("m.toml", options={"null_words": [word]})
    made = apply(frame(["Ejecutivo"], [[c] for c in cells]), mapped(["Ejecutivo"], request=MappingRequest(file=file)))
    assert made["manager"].to_list() == [None] * len(cells)


def test_a_mapping_of_nothing_still_has_no_columns_and_no_error() -> None:
    """A source whose headers mean nothing."""
    assert apply(frame(["zzz"], [["1"]]), mapped(["zzz"])).columns == []


@pytest.mark.parametrize("header", ["a|b", "a{b", "a}b", "#3", "", "x!", "x/100", "two\nlines"])
def test_any_header_can_be_named_in_a_pattern(header: str) -> None:
    """Headers with signs of the pattern language go by their number."""
    headers = [header, "other"]
    assert parse(placeholder(0, headers), headers).indexes == (0,)


@pytest.mark.parametrize("pattern", ["{Calle", "Calle}", "{Cale}", "just text", "{Calle}|text"])
def test_a_wrong_pattern_is_refused_with_its_place(pattern: str) -> None:
    """Open braces, unknown headers and alternatives without a column."""
    with pytest.raises(Misuse, match="here"):
        parse(pattern, HEADERS, "here")


_PART = st.none() | st.sampled_from(
    ["a", "A", "b", "\u0130", "i\u0307", "a,b", "a, B", "Ñ", "ñ 1", "n. a", "\u03a3", "\u03c3", "1,"]
)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    st.lists(st.tuples(_PART, _PART, _PART, _PART), min_size=1, max_size=12),
    st.sampled_from(["{A}, {B}", "{A} {B}", "({A}!), n. {B}", "{A}!; {B}, fin", "{A} {B}, {C} {D}", "{A}, {B} ({C}), {D}",
                     "x {A}, n. {B}!, a, {C} - {D}!,", "{A}{B}, {C},{D}", "{A}/100, {B}, {A}, {C}"]),
)  # fmt: skip
def test_rows_of_the_same_parts_are_joined_as_any_are(rows, pattern):
    """Columns are put together for many rows at once as they are part by part, whatever is blank or repeated."""
    alternative = parse(pattern, ("A", "B", "C", "D")).alternatives[0]
    columns = {at: pl.Series([row[at] for row in rows] * joining.WORTH_IT, dtype=pl.String) for at in range(4)}
    parts = pl.DataFrame([joining._cells(p, columns).alias(str(at)) for at, p in enumerate(alternative.parts)])
    whole = joining._together(alternative, parts)
    assert whole.to_list() == joining._part_by_part(alternative, parts).to_list()
    assert whole.to_list() == join(parse(pattern, ("A", "B", "C", "D")), columns)[0].to_list()
