"""What holds for the normaliser of every kind."""

from __future__ import annotations

import polars as pl
import pytest
from columns.columns_around import around, told
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.columns import MODULES, normaliser
from pipeline.columns.distinct import Verdict, judge, settle
from pipeline.handoff import Catalogue, Entry, Settings
from pipeline.issues import catalogue

OURS = ["text", "name", "address", "email", "phone", "url", "currency", "flag", "choice", "cents", "term"]
DTYPES = {"flag": pl.Boolean, "cents": pl.Int64}
LIMITS = {"choice": {"choices": ("active", "inactive", "blocked")}}
BLANKS = [None, "", " ", "\t\n", "\u00a0", "\u200b", " \ufeff\u00a0"]
WORDS = Settings(catalogue=Catalogue(terms=(Entry("t1", "Net 30"),)))


@pytest.mark.parametrize("kind", OURS)
def test_blank_cells_say_nothing(kind):
    """Null, white space and invisible characters alone are blank: no value, no code."""
    assert told(kind, BLANKS, **LIMITS.get(kind, {})) == [(None, None, None, None)] * len(BLANKS)


@pytest.mark.parametrize("kind", OURS)
def test_an_empty_batch_is_answered(kind):
    """No rows in, no rows out, in the right type."""
    judged = normaliser(kind)(pl.Series([], dtype=pl.String), around(kind, [], **LIMITS.get(kind, {})))
    assert [len(part) for part in judged] == [0, 0, 0, 0]
    assert judged.value.dtype == DTYPES.get(kind, pl.String)


@pytest.mark.parametrize("kind", OURS)
@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.none() | st.text(max_size=30), st.sampled_from(["CL", "MX", None, "ZZ"])), max_size=8))
def test_any_text_gets_one_verdict_in_its_place(kind, rows):
    """Length, order and types are kept; a code is in the catalogue; an error has no value, and a cell alone is judged as among others."""
    cells, countries = [row[0] for row in rows], [row[1] for row in rows]
    judged = normaliser(kind)(
        pl.Series(cells, dtype=pl.String), around(kind, countries, settings=WORDS, **LIMITS.get(kind, {}))
    )
    assert judged.value.dtype == DTYPES.get(kind, pl.String)
    assert [part.dtype for part in judged[1:]] == [pl.String] * 3
    assert {len(part) for part in judged} == {len(cells)}
    for i, (value, code) in enumerate(zip(judged.value, judged.code, strict=True)):
        assert code is None or code in catalogue()
        assert value is None or code is None or catalogue()[code].severity == "warning"
        assert value is not None or code is None or catalogue()[code].severity == "error"
        alone = told(kind, [cells[i]], countries=[countries[i]], settings=WORDS, **LIMITS.get(kind, {}))
        assert alone == [tuple(part[i] for part in judged)]


@pytest.mark.parametrize("kind", OURS)
def test_outer_white_space_changes_nothing(kind):
    """A padded column, as fixed-width exports have it, gets the verdicts of the bare one."""
    cells = [
        "Ana@Empresa.CL",
        "+56 9 8765 4321",
        "987654321",
        "empresa.cl",
        "pesos",
        "sí",
        "Activo",
        "1.234,56",
        "$ 500",
        "12",
        "Net 30",
        "-",
        "??",
    ]
    known = {"countries": ["CL"] * len(cells), "settings": WORDS, **LIMITS.get(kind, {})}
    assert told(kind, [f" {cell}\t\u3000" for cell in cells], **known) == told(kind, cells, **known)


@pytest.mark.parametrize("kind", ["email", "phone", "url", "currency", "text", "name"])
def test_a_normal_form_is_its_own_normal_form(kind):
    """What was normalised once is not changed again."""
    cells = ["Ana@Empresa.CL", "+56 9 8765 4321", "Empresa.cl/Ruta", "pesos chilenos", "  a  b ", "José\nPérez"]
    once = [value for value, *_ in told(kind, cells, countries=["CL"] * len(cells)) if value is not None]
    assert once
    assert [value for value, *_ in told(kind, once, countries=["CL"] * len(once))] == once


def test_every_kind_names_a_module_and_others_are_refused():
    """The table knows every kind that has cells, and says what there is where it does not."""
    assert set(OURS) <= set(MODULES)
    with pytest.raises(LookupError, match="phone"):
        normaliser("colour")


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.lists(st.tuples(st.sampled_from(["a", "b", None]), st.sampled_from(["CL", None]), st.booleans()), max_size=12)
)
def test_distinct_answers_come_back_to_their_rows(rows):
    """Null keys match, order holds, and each combination is asked once."""
    asked = []

    def rule(cell, country):
        asked.append((cell, country))
        return Verdict(f"{cell}/{country}", None if cell else "email.syntax", country)

    cells, countries, open_ = ([row[i] for row in rows] for i in range(3))
    keys = (pl.Series(cells, dtype=pl.String), pl.Series(countries, dtype=pl.String))
    judged = judge(rule, pl.String, *keys)
    assert judged.value.to_list() == [f"{a}/{b}" for a, b in zip(cells, countries, strict=True)]
    assert judged.detail.to_list() == countries
    assert len(asked) == len(set(asked))
    mixed = settle(pl.Series(["decided"] * len(rows), dtype=pl.String), pl.Series(open_, dtype=pl.Boolean), rule, *keys)
    assert mixed.value.to_list() == [
        f"{a}/{b}" if o else "decided" for a, b, o in zip(cells, countries, open_, strict=True)
    ]
    assert all(code is None for code, o in zip(mixed.code, open_, strict=True) if not o)
