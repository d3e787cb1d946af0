"""Websites, currencies, flags, choices and payment terms: what people write, and what it means."""

from __future__ import annotations

import pytest
from columns.columns_around import mutated, told

from pipeline.columns.website import judge as judge_website
from pipeline.handoff import Catalogue, Entry, Settings

STATUS = ("active", "inactive", "blocked")
TERMS = (
    Entry("t1", "Net 30"),
    Entry("t2", "Net 60"),
    Entry("t3", "Due on receipt"),
    Entry("t4", "2/10 Net 30"),
    Entry("t5", "30 días fin de mes"),
)


@pytest.mark.parametrize(
    ("cell", "value", "code", "suggestion"),
    [
        ("www.empresa.cl", "https://www.empresa.cl", None, None),
        ("HTTP://Empresa.CL/Ruta?A=b#C", "http://empresa.cl/Ruta?A=b#C", None, None),
        ("empresa.cl:8080/x", "https://empresa.cl:8080/x", None, None),
        ("https://ñandú.cl", "https://ñandú.cl", None, None),
        ("my_shop.blogspot.com", "https://my_shop.blogspot.com", None, None),
        ("instagram.com/tienda", "https://instagram.com/tienda", None, None),
        ("ana@empresa.cl", None, "website.handle", "https://empresa.cl"),
        ("ana@gmail.com", None, "website.handle", None),
        ("@tienda", None, "website.handle", "https://instagram.com/tienda"),
        ("Facebook: tienda", None, "website.handle", "https://facebook.com/tienda"),
        ("empresa", None, "website.syntax", None),
        ("www.empresa", None, "website.syntax", None),
        ("empresa.cl:99999", None, "website.syntax", None),
        ("https://a:b@empresa.cl", None, "website.syntax", None),
        ("ftp://empresa.cl", None, "website.syntax", None),
        ("htpp://empresa.cl", None, "website.syntax", "https://empresa.cl"),
        ("https://https://empresa.cl", None, "website.syntax", "https://empresa.cl"),
        ("www,empresa.cl", None, "website.syntax", "https://www.empresa.cl"),
        ("uno.cl / dos.cl", None, "website.syntax", "https://uno.cl"),
        ("1.2.3.400", None, "website.syntax", None),
        ("1.2.3.4", "https://1.2.3.4", None, None),
        ("no.tiene", "https://no.tiene", "website.ending", None),
        ("empresa.con", "https://empresa.con", "website.ending", None),
        ("tienda.store", "https://tienda.store", None, None),
        ("empresa.example", "https://empresa.example", None, None),
        ("http://пример.рф", "http://пример.рф", None, None),
    ],
)
def test_websites(cell, value, code, suggestion):
    """One cell: the address, what is said, what would be accepted."""
    answer = told("url", [cell])[0]
    assert (answer[0], answer[1], answer[3]) == (value, code, suggestion)


@pytest.mark.slow
def test_the_website_column_says_what_the_scalar_rule_says():
    """Plain shapes decided together, and one by one: the same on mutated addresses."""
    seeds = [
        "https://www.empresa.cl",
        "empresa.com.mx/a?b=c",
        "http://Sub-dom.EMPRESA.org/",
        "www.x.co",
        "https://a.b.c.example/~d#e",
    ]
    cells = [cell for cell in mutated(seeds, "aZ9.-_/:?#@ w,ñ", 60_000, seed=6) if cell.strip() not in ("", "-", ".")]
    assert told("url", cells) == [tuple(judge_website(cell.strip())) for cell in cells]


@pytest.mark.parametrize(
    ("cell", "country", "value", "code"),
    [
        ("clp", None, "CLP", None), ("Peso chileno", None, "CLP", None), ("pesos mexicanos", None, "MXN", None), ("Reais", None, "BRL", None),
        ("US$", "CL", "USD", None), ("dólar", "CL", "USD", None), ("dollars", "CA", "CAD", None), ("dollars", None, None, "currency.ambiguous"),
        ("$", "CL", "CLP", None), ("$", "EC", "USD", None), ("$", None, None, "currency.ambiguous"), ("$", "ES", None, "currency.ambiguous"),
        ("pesos", "CO", "COP", None), ("pesos", None, None, "currency.ambiguous"), ("Bs", "BO", "BOB", None), ("UF", "CL", "CLF", None),
        ("M.N.", "MX", "MXN", None), ("USD - Dólar", None, "USD", None), ("Peso (MXN)", None, "MXN", None), ("USD - Euro", None, None, "currency.unknown"),
        ("PTE", None, None, "currency.unknown"), ("oro", None, None, "currency.unknown"), ("kr", "SE", "SEK", None), ("£", "GB", "GBP", None),
        ("dlls.", "MX", "USD", None), ("pesos m/cte", "CO", "COP", None), ("Pesos M.N.", "MX", "MXN", None), ("M/CTE", "CO", "COP", None), ("RMB", "CN", "CNY", None),
    ],
)  # fmt: skip
def test_currencies(cell, country, value, code):
    """Codes, names and signs; what means several is settled by the country or asked."""
    assert told("currency", [cell], countries=[country])[0][:2] == (value, code)


def test_flags():
    """Yes and no in three languages, as words, numbers and marks; nothing else is guessed."""
    yes, no, neither = (
        ["Sí", "yes", "1", "1.0", "X", "✓", "VERDADERO", "sim", "true"],
        ["No", "0", "não", "FALSO", "n", "✗", "off"],
        ["quizás", "2", "siempre"],
    )
    assert [answer[0] for answer in told("flag", yes)] == [True] * len(yes)
    assert [answer[0] for answer in told("flag", no)] == [False] * len(no)
    assert [answer[:2] for answer in told("flag", neither)] == [(None, "flag.unknown")] * len(neither)


@pytest.mark.parametrize(
    ("cell", "value"),
    [("Activo", "active"), ("ativa", "active"), ("VIGENTE", "active"), ("sí", "active"), ("no", "inactive"), ("Inativo", "inactive"),
     ("de baja", "inactive"), ("no vigente", "inactive"), ("Suspendido", "blocked"), ("bloqueada", "blocked"), ("blocked", "blocked")],
)  # fmt: skip
def test_status_words(cell, value):
    """What other systems call a status."""
    assert told("choice", [cell], choices=STATUS)[0] == (value, None, None, None)


def test_a_near_miss_is_a_suggestion():
    """An unknown word is never matched, and the allowed ones are named."""
    assert told("choice", ["actvo", "B"], choices=STATUS) == [
        (None, "choice.unknown", "active, inactive, blocked", "active"),
        (None, "choice.unknown", "active, inactive, blocked", None),
    ]
    assert told("choice", ["sí"], choices=("red", "blue"))[0][1] == "choice.unknown"


@pytest.mark.parametrize(
    ("cell", "value", "code"),
    [("net 30", "t1", None), ("NET-60", "t2", None), ("30", "t1", None), ("30 días", "t1", None), ("a 60 dias", "t2", None), ("Contado", "t3", None),
     ("t4", "t4", None), ("2/10 net 30", "t4", None), ("30 dias fin de mes", "t5", None), ("45", None, "term.unknown"), ("quincenal", None, "term.unknown")],
)  # fmt: skip
def test_payment_terms(cell, value, code):
    """By id, by name, or by the days, where exactly one term has them."""
    assert told("term", [cell], settings=Settings(catalogue=Catalogue(terms=TERMS)))[0][:2] == (value, code)


def test_terms_that_cannot_be_told_apart_are_asked():
    """Two terms of 30 days: only the name tells which."""
    twice = Settings(catalogue=Catalogue(terms=(Entry("a", "Net 30"), Entry("b", "30 días"))))
    assert told("term", ["30", "30 dias"], settings=twice)[0][:2] == (None, "term.ambiguous")
    assert told("term", ["30", "30 dias"], settings=twice)[1][:2] == ("b", None)


def test_terms_without_a_list_are_kept_and_said():
    """What could not be looked up passes with a warning."""
    assert told("term", [" Net 30 "])[0] == ("Net 30", "term.unchecked", None, None)
