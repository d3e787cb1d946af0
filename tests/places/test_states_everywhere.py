"""In which countries a name is one of a state: the same answer as asking each country, without asking each."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.columns import subdivisions
from pipeline.columns.naming import key, short_key
from pipeline.columns.naming import read as read_list

NAMES = [
    form
    for source in ("subdivision_names.csv", "state_aliases.csv")
    for _, forms in read_list(source)
    for form in forms
]
OFFICIAL = [subdivisions.name(code) for country in subdivisions._official() for code in subdivisions.inside(country)]
UNUSUAL = (
    "", "12", "XIII Región", "5ª Región", "13 region", "region 05", "V Región de Valparaíso", "05 Valparaíso", "5 Valparaíso",
    "13 Jalisco", "Nuevo León NL", "Nuevo León JA", "CL-RM", "AR-B", "US-GA", "0005", "٠٥ Lima", "Lima, 15", "Lima, 1", "RegiÃ³n",
    "La, de", "province", "Kanton", "東京都", "Córdoba (AR)", "Buenos Aires - Capital", "Lima/Callao", "Central", "Valparaiso nowhere",
)  # fmt: skip


def asked_of_each(text: str) -> tuple[str, ...]:
    """The plain rule: each country is asked; what is short or a number is no name."""
    if len(key(text)) < 4 or key(text).isdigit() or short_key(text).isdigit():
        return ()
    return tuple(sorted(country for country in subdivisions._index() if subdivisions.find(country, text)))


def written() -> Iterator[str]:
    """Names as people write them: whole, with a number, a code, another name, by a program that took them for cp1252."""
    chance = random.Random(7)
    for name in chance.sample(sorted({*NAMES, *OFFICIAL}), 120):
        other, number = chance.choice(NAMES), chance.randrange(1, 30)
        yield from (name, f"Prov. de {name}", f"{number:02} {name}", f"{number} {name}", f"{name}, {other}")
        yield from (
            f"{name} ({number})",
            f"{name} {other[:2].upper()}",
            f"{name}x",
            name.encode().decode("cp1252", "replace"),
        )


def test_the_index_says_what_each_country_says() -> None:
    """Thousands of answers, of names of one country, of several, and of none."""
    texts = [*UNUSUAL, *written()]
    answers = {text: subdivisions.everywhere(text) for text in texts}
    assert answers == {text: asked_of_each(text) for text in texts}
    assert {len(found) for found in answers.values()} >= {0, 1, 2, 5}


WORDS = st.sampled_from([*NAMES, "Región", "xyz", "05", "5", "CL", "RM", "Ã³", "de"])


@settings(max_examples=100)
@given(st.lists(WORDS, min_size=1, max_size=3), st.sampled_from([" ", ", ", " - ", " (", "/"]))
def test_whatever_is_put_together(words: list[str], between: str) -> None:
    """Names, words, numbers and codes in any order."""
    text = between.join(words)
    assert subdivisions.everywhere(text) == asked_of_each(text)


def test_no_country_is_asked_about_a_text_that_none_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    """A column of free text may hold thousands of them; two hundred countries for each is the time of a coffee."""
    asked: list[str] = []
    monkeypatch.setattr(subdivisions, "find", lambda country, _text: asked.append(country) or set())
    subdivisions.everywhere.cache_clear()
    syllables = ("xu", "qa", "zo", "wi", "kep")
    for word in map("".join, itertools.product(syllables, repeat=4)):
        for text in (f"Zzq{word}", f"{word} Zzq, 12", f"05 Zzq{word}", f"Zzq{word} NL"):
            assert subdivisions.everywhere(text) == ()
    subdivisions.everywhere.cache_clear()
    assert asked == []
