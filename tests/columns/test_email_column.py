"""E-mail addresses: the table of right answers, the scalar library, and what people write around an address."""

from __future__ import annotations

import pytest
from columns.columns_around import mutated, oracle, told, verdict
from email_validator import EmailNotValidError, validate_email

from pipeline.columns.email import judge
from pipeline.columns.typos import corrected_domain

# Each of these the table calls invalid, as the library does with its default options.
DISPUTED = {
    "MyName <me@example.org>": "a display name is taken off, as the same table asks for 'Nea Nord <...>'",
    "Display Name <me@example.com>": "the same",
    '"Display Name" <me@example.com>': "the same",
    "Display.Name <me@example.com>": "the same; the dot of the name concerns no mail system",
    '"Display.Name" <me@example.com>': "the same",
    "my@example.com\n": "outer white space is trimmed in every cell, as the table asks for a no-break space",
}
FITS = {
    "valid": lambda value, code: verdict(code, value) == "valid",
    "valid_extract": lambda value, code: verdict(code, value) == "valid",
    "invalid": lambda value, code: verdict(code, value) == "error",
    "warn_intl": lambda value, code: code == "email.international" and value is not None,
    "ask": lambda value, code: verdict(code, value) == "error",
    "ask_multiple": lambda value, code: code == "email.several",
    "empty": lambda value, code: verdict(code, value) == "empty",
}


def test_the_table_of_right_answers():
    """Of the rows that do not contradict the rest of their table, every verdict is right."""
    rows = oracle("emails")
    answers = told("email", [row["input"] for row in rows])
    missed = {
        row["input"]
        for row, (value, code, *_) in zip(rows, answers, strict=True)
        if not FITS[row["expected"]](value, code)
    }
    assert missed <= set(DISPUTED)
    assert 1 - len(missed - set(DISPUTED)) / len(rows) >= 0.98


@pytest.mark.parametrize(
    ("cell", "value", "code", "suggestion"),
    [
        ("Ana.Soto@Empresa.CL", "Ana.Soto@empresa.cl", None, None),
        ("INFO@EMPRESA.CL", "INFO@empresa.cl", None, None),
        ("Ana Soto <ana@empresa.cl>", "ana@empresa.cl", None, None),
        ("<ana@empresa.cl>", "ana@empresa.cl", None, None),
        ("mailto:ana@empresa.cl?subject=x", "ana@empresa.cl", None, None),
        ("ana@empresa.cl (pagos)", "ana@empresa.cl", None, None),
        ("ana@empresa.cl; ana@EMPRESA.cl", "ana@empresa.cl", None, None),
        ("ana@empresa.cl; eva@empresa.cl", None, "email.several", "ana@empresa.cl"),
        ("ana@empresa.cl\neva@empresa.cl", None, "email.several", "ana@empresa.cl"),
        ("ana@gmial.com", "ana@gmial.com", "email.typo", "ana@gmail.com"),
        ("ana@hotmial.com", "ana@hotmial.com", "email.typo", "ana@hotmail.com"),
        ("ana@gmail.con", "ana@gmail.con", "email.typo", "ana@gmail.com"),
        ("ana@empresa.con", "ana@empresa.con", "email.typo", "ana@empresa.com"),
        ("peña@empresa.cl", "peña@empresa.cl", "email.international", None),
        ("ana@ñandú.cl", "ana@ñandú.cl", None, None),
        ("ana@empresa.cl.", None, "email.syntax", "ana@empresa.cl"),
        ("ana @empresa.cl", None, "email.syntax", "ana@empresa.cl"),
        ("ana@gmail,com", None, "email.syntax", "ana@gmail.com"),
        ("ana(at)empresa.cl", None, "email.syntax", "ana@empresa.cl"),
        ("'ana@empresa.cl", None, "email.syntax", "ana@empresa.cl"),
        ("ana@empresa.\u200bcl", "ana@empresa.cl", "text.invisible", None),
    ],
)
def test_what_people_write(cell, value, code, suggestion):
    """One cell: the address, what is said, and what would be accepted."""
    answer = told("email", [cell])[0]
    assert (answer[0], answer[1], answer[3]) == (value, code, suggestion)


@pytest.mark.parametrize("ending", ["example", "test", "invalid", "local"])
def test_domains_reserved_for_samples_are_accepted(ending):
    """Sample files use them; names of the network itself are refused all the same."""
    assert told("email", [f"Ana@Tienda.{ending.upper()}"])[0][:2] == (f"Ana@tienda.{ending}", None)
    assert told("email", ["ana@x.onion"])[0][1] == "email.syntax"


@pytest.mark.parametrize(
    "domain", ["gmail.com", "mail.com", "ymail.com", "email.com", "hotmail.es", "outlook.cl", "gail.com", "live.com"]
)
def test_real_domains_are_no_typos(domain):
    """A provider that is one letter away from another is not suspected."""
    assert corrected_domain(domain) is None


def test_long_cells_are_refused_quickly():
    """A page of text in the column costs no more than its length."""
    assert told("email", ["a" * 200_000, "a@" * 50_000, "\u0301" * 5_000])[0][1] == "email.syntax"


def test_the_column_says_what_the_library_says():
    """On mutated addresses the column, the rule for one cell and email-validator agree."""
    seeds = [
        "ana.soto@empresa.cl",
        "A_b+c@sub-dom.empresa.com.mx",
        "x@y.co",
        "info@gmail.com",
        "a.b.c@d-e.example",
        "x@shop.local",
        "j%k&l@q.org",
    ]
    cells = mutated(seeds, "aZ9.-_@+' ,ñ\u200b", 30_000, seed=2)
    answers = told("email", cells)
    assert answers == [tuple(judge(cell)) if cell.strip("\u200b ") else (None,) * 4 for cell in cells]
    for cell, (value, code, *_) in zip(cells, answers, strict=True):
        if (
            not cell.isascii()
            or cell.rpartition(".")[2].strip().lower() in ("local", "test", "invalid")
            or set(cell) & set("' ,")
        ):
            continue
        try:
            found = validate_email(cell, check_deliverability=False).normalized if cell else None
        except EmailNotValidError:
            found = None
        assert (found or "").lower() == (value or "").lower(), cell
        assert found is None or code in (None, "email.typo")
