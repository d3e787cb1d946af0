"""The catalogue of problems: complete in both languages, and saying the same."""

import re
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import issues

WORD = st.none() | st.sampled_from(["", " ", "{value}", "[[x]]", "José | <b>", "trailing  "]) | st.text(max_size=4)
CODES = [*issues.catalogue(), "of.no_catalogue", None]


def test_the_catalogue_says_the_same_in_both_languages():
    """Every code has Spanish words of its own, and each text fills in the same parts."""
    english, spanish = issues.catalogue("en"), issues.catalogue("es")
    parts = re.compile(r"\[\[|\]\]|\{\w+\}")
    assert list(english) == list(spanish)
    for code, kind in english.items():
        other = spanish[code]
        assert kind.severity == other.severity
        for name in ("title", "message", "remedy"):
            ours, theirs = getattr(kind, name), getattr(other, name)
            assert ours != theirs, code
            assert sorted(parts.findall(ours)) == sorted(parts.findall(theirs)), (code, name)
            assert set(re.findall(r"--[a-z-]+", ours)) == set(re.findall(r"--[a-z-]+", theirs)), (code, name)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(CODES), *[WORD] * len(issues.WORDS)), min_size=1, max_size=25),
    st.sampled_from(["en", "es"]),
)
def test_few_problems_are_put_into_the_words_of_many(rows: list[tuple[Any, ...]], lang: str) -> None:
    """Law: row by row, or an expression for each kind: every text is the same, blanks and braces in values too."""
    found = pl.DataFrame(rows, schema=dict.fromkeys(("code", *issues.WORDS), pl.String), orient="row")
    with pytest.MonkeyPatch.context() as patch:
        said = issues.render(found, lang)
        patch.setattr(issues, "FEW", -1)
        assert said.equals(issues.render(found, lang)) and said.schema == issues.render(found, lang).schema


def test_the_catalogue_names_nothing_but_the_words_of_a_problem() -> None:
    """A text that named anything else could not be filled in."""
    named = {word for lang in ("en", "es") for kind in issues.catalogue(lang).values() for name in issues.TEXTS
             for word in re.findall(r"\{(\w+)\}", getattr(kind, name))}  # fmt: skip
    assert named == set(issues.WORDS)


@pytest.mark.parametrize(("header", "end"), [("RFC", " RFC."), ("R.F.C.", " R.F.C."), ("Etc...", " Etc....")])
def test_a_sentence_ends_with_one_dot(header: str, end: str) -> None:
    """Also where the header that ends it has one; three dots stay."""
    words = {"column": header, "value": "1"}
    found = pl.DataFrame([{"code": "tax_id.length", **dict.fromkeys(issues.WORDS), **words}],
                         schema=dict.fromkeys(("code", *issues.WORDS), pl.String))  # fmt: skip
    assert issues.render(found)["remedy"][0].endswith(end)
