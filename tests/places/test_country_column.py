"""Countries as customer lists write them: spellings, doubts, the target's own list."""

from __future__ import annotations

import doctest
from importlib import import_module
from pathlib import Path

import polars as pl
import pycountry
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.columns.country import normalise
from pipeline.handoff import Around, Catalogue, Entry, Judged, Settings
from pipeline.schema import Column, Field

FIELD = Field("country", Column("country", "Country", "País"), required=True, nullable=False)
SPELLINGS = Path(__file__).with_name("country_spellings.txt")


def read(texts: list[str | None], offered: tuple[Entry, ...] | None = None, **others: list[str | None]) -> Judged:
    beside = {name: pl.Series(values, dtype=pl.String) for name, values in others.items()}
    around = Around(FIELD, None, beside, Settings(Catalogue(countries=offered)))
    return normalise(pl.Series(texts, dtype=pl.String), around)


def spellings() -> list[tuple[str, str]]:
    lines = [line for line in SPELLINGS.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    split = [line.split(":", 1) for line in lines]
    return [(code, text.strip().strip('"')) for code, texts in split for text in texts.split("|")]


def test_three_hundred_spellings() -> None:
    """Each spelling is the country that is meant; two meanings are asked, strangers are refused."""
    table = spellings()
    assert len(table) > 300
    judged = read([text for _, text in table])
    codes = {"?": "country.ambiguous", "!": "country.unknown"}
    expected = [(None, codes[code]) if code in codes else (code, None) for code, _ in table]
    got = list(zip(judged.value, judged.code, strict=True))
    assert [(t, g) for t, g, e in zip(table, got, expected, strict=True) if g != e] == []


def test_every_country_by_its_codes_and_official_names() -> None:
    """All of ISO 3166-1: alpha-2, alpha-3, numeric and the standard's own names; only what means two things is asked."""
    for country in pycountry.countries:
        names = {getattr(country, kind, country.name) for kind in ("name", "official_name", "common_name")}
        texts = [country.alpha_2, country.alpha_3.lower(), country.numeric, *sorted(names)]
        missed = [t for t, value in zip(texts, read(list(texts)).value, strict=True) if value != country.alpha_2]
        assert missed in ([], ["Georgia"], ["Congo"], ["NA"]), country.alpha_2


def test_a_name_with_two_meanings_is_settled_by_the_rest_of_the_row() -> None:
    """The row's state or city can be in only one of the countries."""
    texts = ["Georgia", "Georgia", "Corea", "Corea", "Georgia"]
    judged = read(list(texts), state=["Tbilisi", "Atlanta", "Seoul", None, None])
    assert judged.value.to_list() == ["GE", None, "KR", None, None]
    assert judged.detail[4] == "GE (Georgia), US-GA (Georgia, a state of United States)"


def test_a_near_miss_is_a_suggestion_and_no_match() -> None:
    """The value stays empty; the suggestion is a code that would be accepted."""
    judged = read(["Brazl", "Chlie", "Santiago, Chile", "Otro"])
    assert judged.value.to_list() == [None] * 4
    assert judged.suggestion.to_list() == ["BR", "CL", "CL", None]


def test_only_what_the_target_offers() -> None:
    """A country that the target's list lacks is refused; the list's own names are known."""
    offered = (Entry("CL", "Chile"), Entry("MX", "Mexico (MX)"), Entry("XK", "Kosovo"))
    judged = read(["Chile", "Perú", "México", "Kosovo", None, "-", " "], offered)
    assert judged.value.to_list() == ["CL", None, "MX", "XK", None, None, None]
    assert judged.code.to_list() == [None, "country.unsupported", None, None, None, None, None]


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    st.lists(st.none() | st.text(max_size=12) | st.sampled_from(["Chile", "CL", "Georgia", "Corea", "🇨🇱"]), max_size=8)
)
def test_any_text_gets_a_verdict(texts: list[str | None]) -> None:
    """A cell's verdict does not depend on its neighbours; there is a value or a code, never both."""
    judged = read(texts)
    for at, text in enumerate(texts):
        alone = read([text])
        assert (judged.value[at], judged.code[at]) == (alone.value[0], alone.code[0])
        assert judged.value[at] is None or judged.code[at] is None


@pytest.mark.parametrize("name", ["countries", "gazetteer", "naming", "subdivisions"])
def test_the_examples_in_the_documentation_hold(name: str) -> None:
    """Each module shows an example that runs."""
    outcome = doctest.testmod(import_module(f"pipeline.columns.{name}"))
    assert outcome.attempted
    assert outcome.failed == 0
