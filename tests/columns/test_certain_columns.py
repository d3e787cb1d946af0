"""What a fast way decides about whole columns is what the way that reads everything says."""

from __future__ import annotations

import random

import polars as pl
import pytest
from columns.columns_around import around, mutated
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.columns import email, text, website
from pipeline.columns.numbering import plain

SIGNS = "aZ9.-_@+'/:# ,ñÁß\u00a0\u200b\u2013\u00c3\u00a9\u0130\u2019\n\t&=;"
EMAILS = ["ana.soto@empresa.cl", "pagos@gmail.com", "pagos@gmial.com", "a@b.con", "ana@EMPRESA.cl", "a@b.c.onion", "jo@x.local",
          "ana@www.gmail.com", "ana@hotmail.co", "a_b%c@sub.dominio-uno.com.mx", "a@b.c1.info", "ana@b--c.com"]  # fmt: skip
SITES = ["empresa.cl", "www.empresa.com.mx", "https://empresa.cl/a?b=c#d", "http://x.y.example", "www.cl", "https.//x.cl", "Empresa.CL",
         "empresa.zz", "empresa.museum", "www.empresa", "http.empresa.cl", "a-b.info/x", "HTTPS://empresa.cl"]  # fmt: skip
NAMES = ["José Núñez", "JosÃ© NuÃ±ez", "Sociedad  Ñandú SpA", "ÃÔÂ", "IRMÔ, IRMÃ’s", "Łódź Žižka", "Müller & Söhne", "12E45", "1.23E+11",
         "a\nb", " x ", "Œuvre Šimon", "Calle 1, N° 5", "00123", "4512 ", "９９", "99999999999999999999999"]  # fmt: skip


def _same(one, other):
    assert [part.to_list() for part in one] == [part.to_list() for part in other]


def test_addresses_that_are_certain_stay():
    """E-mail: the column says of each address what it says without its list of certain shapes."""
    cells = pl.Series(mutated(EMAILS, SIGNS, 6_000, seed=1) + EMAILS)
    _same(email.normalise(cells, around("email")), email._normalise(cells))


def test_websites_that_are_certain_stay():
    """The same of websites; a column that is short is read the other way, and says the same."""
    cells = pl.Series(mutated(SITES, SIGNS, 6_000, seed=2) + SITES)
    _same(website.normalise(cells, around("url")), website._normalise(cells))
    assert website.normalise(cells, around("url")).value.null_count() < len(cells)
    few, many = pl.Series(SITES), pl.concat([pl.Series(SITES)] * 80)
    whole = website.normalise(many, around("url"))
    _same(website.normalise(few, around("url")), [part.head(len(few)) for part in whole])


@pytest.mark.parametrize(("kind", "identifier"), [("name", False), ("text", False), ("text", True)])
def test_texts_that_are_certain_stay(kind, identifier):
    """The same of names, texts and codes, with letters that a wrong decoding leaves, and those it does not."""
    cells = pl.Series([*mutated(NAMES, SIGNS, 4_000, seed=3), *NAMES, None])
    known = around(kind, identifier=identifier)
    rest = text._normalise(cells, one_line=kind == "name", identifier=identifier)
    _same(text.normalise(cells, known), rest)
    again = pl.Series(
        [*NAMES, None] * 40 + ["b\u200b", "x  y", "1,23E11", None]
    )  # a column that repeats, and then does not
    _same(text.normalise(again, known), text._normalise(again, one_line=kind == "name", identifier=identifier))


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.lists(st.text(alphabet=" (+)05.-x", max_size=12), max_size=30))
def test_a_number_is_plainly_written_without_a_zero_decimal(texts):
    """Signs, one + in front, digits; ".0" behind is what a number cell leaves, and no part of a number."""
    shape = r"^[ (]*\+?[ (]*[0-9][0-9 ().-]*$"
    cells = pl.Series(texts, dtype=pl.String)
    meant = cells.str.contains(shape) & ~cells.str.ends_with(".0")
    digits = cells.filter(meant).str.replace_all("[^0-9]", "")
    found = plain(cells, pl.Series(["CL"] * len(cells), dtype=pl.String))
    assert found["at"].to_list() == meant.arg_true().to_list()
    assert found["digits"].to_list() == digits.to_list()
    assert found["plus"].to_list() == cells.filter(meant).str.contains("+", literal=True).to_list()


def test_any_order_of_columns_gives_the_same():
    """A shuffled column gets the same verdicts, in its own order."""
    cells = pl.Series(mutated(EMAILS, SIGNS, 2_000, seed=4))
    order = list(range(len(cells)))
    random.Random(5).shuffle(order)
    whole, shuffled = email.normalise(cells, around("email")), email.normalise(cells.gather(order), around("email"))
    _same([part.gather(order) for part in whole], shuffled)
