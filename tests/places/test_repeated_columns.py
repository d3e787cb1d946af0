"""Columns whose values repeat: 200,000 mutated rows get what the rule for one cell says, nulls beside them included."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import polars as pl
import pytest
from columns.columns_around import mutated
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.columns import choice, country, currency, flag, normaliser, state, term
from pipeline.columns.cells import STAND_INS, visible
from pipeline.columns.directory import directory
from pipeline.columns.distinct import Verdict
from pipeline.columns.repeated import by_text, judge, numbered, once
from pipeline.handoff import Around, Catalogue, Entry, Judged, Settings
from pipeline.schema import Column, Field, Kind

ROWS = 200_000
CHOICES = ("active", "inactive", "blocked")
TERMS = (Entry("t1", "Net 30"), Entry("t2", "30 días"), Entry("t3", "Contado"), Entry("t4", "2/10 Net 30"))
STATES = (Entry(5, "Coquimbo", "CL-CO", "CL"), Entry(13, "Metropolitana", "CL-RM", "CL"), Entry(7, "Valparaíso", "CL-VS", "CL"),
          Entry(21, "Jalisco", "MX-JAL", "MX"), Entry(22, "México", "MX-MEX", "MX"), Entry(23, "Ciudad de México", "MX-CMX", "MX"),
          Entry(31, "Antioquia", "CO-ANT", "CO"), Entry(32, "Valle del Cauca", "CO-VAC", "CO"))  # fmt: skip
SEEDS: dict[Kind, list[str]] = {
    "country": ["Chile", "México", "Georgia", "Corea", "EE.UU.", "CL", "NA", "56", "152", "Congo", "Brasil"],
    "state": ["RM", "México", "Jalisco", "5", "13", "Valle", "V Región", "Antioquia, Colombia", "CL", "N/A", "MX-JAL"],
    "flag": ["sí", "No", "VERDADERO", "1", "x", "✓", "não", "quizás"],
    "term": ["Net 30", "30 días", "contado", "2/10 net 30", "t1", "60", "a 30 dias"],
    "currency": ["CLP", "$", "pesos", "US$", "dólar", "pesos mexicanos", "USD - Dólar", "kr", "Bs.", "M.N."],
    "choice": ["activo", "Inactive", "bloqueado", "no", "sí", "de baja", "suspendido"],
}
BESIDE = {"city": ["Coyoacán", "Toluca", "Ñuñoa", "Armenia", "Atlanta", None], "commune": ["Viña del Mar", "x", None]}


def blank(cell: str) -> bool:
    return visible(cell) == "" or visible(cell).lower() in STAND_INS


def scalar(kind: Kind) -> Callable[..., Verdict]:
    """The rule for one cell, its country, commune and city."""
    known = directory(STATES)
    simple: dict[Kind, Callable[[str | None, str | None], Verdict]] = {
        "flag": lambda cell, _: flag.judge(cell), "term": lambda cell, _: term.judge(cell, TERMS),
        "choice": lambda cell, _: choice.judge(cell, CHOICES), "currency": currency.judge,
    }  # fmt: skip
    if kind == "country":
        return lambda cell, _, commune, city: country.judge(cell, city, commune)
    if kind == "state":
        return lambda cell, of, commune, city: state.judge(cell, of, commune, city, known=known)
    return lambda cell, of, *_: simple[kind](None if cell is None or blank(cell) else visible(cell), of)


@pytest.mark.parametrize("kind", list(SEEDS))
def test_the_column_says_what_the_scalar_rule_says(kind: Kind) -> None:
    """Every row has the verdict of its own cell and neighbours, in its place, whatever the other rows are."""
    dice = random.Random(kind)
    pool = [None, "", " ", *SEEDS[kind], *mutated(SEEDS[kind], "aeé .,-'(1\u00a0\u200b", 1_200, seed=3)]
    rows = [
        (dice.choice(pool), dice.choice(["CL", "MX", "CO", "US", None]), dice.choice(BESIDE["commune"]), dice.choice(BESIDE["city"]))
        for _ in range(ROWS)
    ]  # fmt: skip
    cells, of, commune, city = (pl.Series([row[i] for row in rows], dtype=pl.String) for i in range(4))
    field = Field(
        "x", Column(kind, "x", "x"), required=False, nullable=True, choices=CHOICES if kind == "choice" else ()
    )
    given_ = Settings(Catalogue(states=STATES, terms=TERMS))
    around = Around(field, None if kind == "country" else of, {"commune": commune, "city": city}, given_)
    judged = normaliser(kind)(cells, around)
    assert {len(part) for part in judged} == {ROWS}
    rule, known = scalar(kind), dict[Sequence[Any], tuple[Any, ...]]()
    for row, answer in zip(rows, zip(*judged, strict=True), strict=True):
        depends = row if kind == "state" else (row[0], None, *row[2:]) if kind == "country" else (*row[:2], None, None)
        if depends not in known:
            known[depends] = tuple(rule(*depends))
        assert answer == known[depends], row


KEYS = st.lists(st.tuples(*[st.none() | st.sampled_from(["", "a", "b", "ab", "\x00"])] * 3), max_size=12)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(KEYS)
def test_combinations_are_numbered_with_and_without_hashes(rows: list[tuple[str | None, ...]]) -> None:
    """Both ways find each distinct combination once, and lead every row to its own."""
    keys = [pl.Series([row[i] for row in rows], dtype=pl.String) for i in range(3)]
    for find in (numbered, by_text):
        found = find(*keys)
        assert [rows[found.rows[place]] for place in found.place] == rows
        assert len(found.rows) == len(set(rows))
    asked: list[tuple[str | None, ...]] = []

    def rule(*row: str | None) -> Verdict:
        asked.append(row)
        return Verdict(repr(row))

    assert judge(rule, pl.String, *keys).value.to_list() == [repr(row) for row in rows]
    assert sorted(map(repr, asked)) == sorted(map(repr, set(rows)))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.none() | st.sampled_from(["a", "b", "c"]), max_size=40))
def test_a_column_that_repeats_is_worked_on_once(cells: list[str | None]) -> None:
    """The answers are those of the whole column; where values repeat, each is asked once."""
    sizes = []

    def work(asked: pl.Series) -> Judged:
        sizes.append(len(asked))
        return Judged(asked.str.to_uppercase(), asked, asked, asked)

    judged = once(work, pl.Series(cells, dtype=pl.String))
    assert judged.value.to_list() == [cell and cell.upper() for cell in cells]
    assert judged.code.to_list() == cells
    assert len(cells) < 20 or sizes == [len(set(cells))]
