"""The tables of names that are kept in a file are the ones that the libraries' lists give."""

from __future__ import annotations

import datetime

import pytest
from babel.core import get_global
from babel.numbers import get_currency_precision, get_territory_currencies
from places.write_listed import OWNERS, PATH, worked_out

from pipeline.columns import currencies, listed, subdivisions


def test_the_kept_tables_are_those_of_the_lists() -> None:
    """After a change of a list, of a rule of folding or of a library: `python tests/places/write_listed.py`."""
    found = worked_out()
    assert len(OWNERS) == len({name.partition(".")[0] for name in listed.TABLES})
    text = PATH.read_text(encoding="utf-8")
    assert {line.partition("\t")[0] for line in text.split("\n")[1:-1]} == found.keys()
    if text.startswith(listed.written({})):
        assert text == listed.written(found)


def test_with_another_release_of_a_library_the_tables_are_worked_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """The file counts only for the libraries that it was made with."""
    asked = []

    def numbers() -> list[str]:
        asked.append(1)
        return ["one"]

    name = f"{numbers.__module__.rpartition('.')[2]}.numbers"
    try:
        listed._kept.cache_clear()
        monkeypatch.setattr(listed, "releases", lambda: {"babel": "0", "pycountry": "0"})
        table = listed.table(numbers)
        assert table() == ["one"] == table()
        assert asked == [1]
        assert listed._kept() == {}
    finally:
        listed._kept.cache_clear()
        del listed.TABLES[name]


@pytest.mark.parametrize("day", [None, "1990-06-30", "2001-12-31", "2002-03-01", "2023-01-01", "2026-01-01"])
def test_legal_tender_is_what_the_library_says_of_the_day(day: str | None) -> None:
    """Every country, today and on days when some of them changed their money."""
    when = day and datetime.date.fromisoformat(day)
    for country in (*get_global("territory_currencies"), "ZZ", "cl", ""):
        known = country.isupper() and len(country) == 2
        assert currencies.of_country(country, day or "") == (
            set(get_territory_currencies(country, when)) if known else set()
        )


def test_decimals_are_those_of_the_library() -> None:
    """Every currency that is in force or has decimals of its own, and one that nobody has."""
    for code in (*currencies.codes(), *get_global("currency_fractions"), "ZZZ"):
        assert currencies.decimals(code) == get_currency_precision(code)


def test_a_country_that_iso_does_not_divide_has_no_states() -> None:
    """And one that it does has those of its own code alone."""
    assert subdivisions.inside("ZZ") == ()
    assert {code[:3] for code in subdivisions.inside("CL")} == {"CL-"}
