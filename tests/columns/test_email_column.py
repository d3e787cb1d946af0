"""E-mail addresses: the table of right answers, the scalar library, and what people write around an address."""

from __future__ import annotations

import polars as pl
import pytest
from columns.columns_around import mutated, oracle, told, verdict
from email_validator import EmailNotValidError, validate_email
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.columns import mistyped
from pipeline.columns.email import judge
from pipeline.columns.typos import corrected_domain

# Each of these the table calls invalid, as the library does with its default options.
DISPUTED = {
    "MyName <me@example.org>": "a display name is taken off, as the same table asks for 'Nea Nord <...>'",
    "Display Name <me@example.com>": "the same",
    '"Display Name" <me@example.com>': "the same",
    "Display.Name <me@example.com>": "the same; the dot of the name concerns no mail system",
    '"Display.Name" <me@example.com>': "the same",
    "my@example.com\n": "outer white space is trimmed in every cell, as the table itself asks of a no-break space",
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
        ("ana@gmail .com", None, "email.syntax", "ana@gmail.com"),
        ("ana soto@empresa.cl", None, "email.syntax", None),
        ("Ana Soto ana@empresa.cl", None, "email.syntax", "ana@empresa.cl"),
        ("ana@empresa.cl casa matriz", None, "email.syntax", "ana@empresa.cl"),
        ("correo: ana@empresa.cl", "ana@empresa.cl", None, None),
        ("E-mail: ana@empresa.cl", "ana@empresa.cl", None, None),
        ("ana@empresa.cl;", "ana@empresa.cl", None, None),
        ("ana@empresa.cl, ", "ana@empresa.cl", None, None),
        ("(ana@empresa.cl)", "ana@empresa.cl", None, None),
        ("[ana@empresa.cl]", "ana@empresa.cl", None, None),
        ("Ana Soto (ana@empresa.cl)", "ana@empresa.cl", None, None),
        ("uno@empresa.cl (dos@empresa.cl)", None, "email.several", "uno@empresa.cl"),
        ("uno@empresa.cl; dos@empresa.cl;", None, "email.several", "uno@empresa.cl"),
        ("ana@gmail.coml", "ana@gmail.coml", "email.typo", "ana@gmail.com"),
        ("ana@empresa.clc", "ana@empresa.clc", "email.typo", "ana@empresa.cl"),
        ("ana@empresa.c", None, "email.syntax", None),
        ("ANA@EMPRESA.C", None, "email.syntax", None),
        ("ana arroba empresa.cl", None, "email.syntax", "ana@empresa.cl"),
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


SEEDS = [
    "ana.soto@empresa.cl",
    "A_b+c@sub-dom.empresa.com.mx",
    "x@y.co",
    "info@gmail.com",
    "a.b.c@d-e.example",
    "x@shop.local",
    "j%k&l@q.org",
]
MISTYPED = [
    "ana @empresa.cl",
    "ana@ gmail.com",
    "Ana Soto ana@empresa.cl",
    "a b@c d.cl",
    "eva @x .cl",
    "Ana ana@empresa.cl",
    "eva@empresa.cl casa",
    "ana@empresa.cl.",
    "no tiene correo",
    "www.empresa.cl",
    "eva@@x.com.mx",
    "eva@hotmail,com",
    "eva..soto@x.cl",
    "eva@x..cl",
    "eva@",
    "@x.cl",
    "eva@empresa",
    "eva@localhost",
    "eva@test",
    "eva@gmial.com",
    "eva@empresa.con",
]


def _as_one_by_one(count, seed):
    """The column's answers for mutated addresses, after they were compared with the rule for one cell."""
    cells = mutated(SEEDS + MISTYPED, "aZ9.-_@+' ,ñ\u200b@. ,", count, seed)
    answers = told("email", cells)
    nothing = (None,) * 4
    expected = [tuple(judge(cell)) if cell.strip("\u200b ") not in ("", "-", ".") else nothing for cell in cells]
    assert [pair for pair in zip(cells, answers, expected, strict=True) if pair[1] != pair[2]] == []
    return zip(cells, answers, strict=True)


def _as_the_library(told_of):
    """Compare with email-validator what both can be asked: no display names, no names reserved for tests, no ending of one letter."""
    for cell, (value, code, *_) in told_of:
        ending = cell.rpartition(".")[2].strip().lower()
        if not cell.isascii() or ending in ("local", "test", "invalid") or len(ending) == 1 or set(cell) & set("' ,"):
            continue
        try:
            found = validate_email(cell, check_deliverability=False).normalized if cell else None
        except EmailNotValidError:
            found = None
        assert (found or "").lower() == (value or "").lower(), cell
        assert found is None or code in (None, "email.typo")


def test_the_column_says_what_the_library_says():
    """On mutated addresses, right ones and mistyped ones, the column, the rule for one cell and email-validator agree."""
    _as_the_library(_as_one_by_one(25_000, seed=2))


@pytest.mark.slow
def test_the_column_says_what_the_rule_says_of_60_000():
    """The same of 60,000 more, of which only those are asked one by one that the column decides."""
    cells = pl.Series(mutated(SEEDS + MISTYPED, "aZ9.-_@+' ,ñ\u200b@. ,", 60_000, seed=12))
    slipped, _ = mistyped.judge(cells, judge)
    decided = cells.filter(slipped | cells.str.strip_chars().str.contains(mistyped.PLAIN)).to_list()
    assert len(decided) > 24_000
    pairs = zip(decided, told("email", decided), strict=True)
    assert [(cell, answer) for cell, answer in pairs if answer != tuple(judge(cell))] == []


@pytest.mark.parametrize("slip", mistyped.SLIPS, ids=lambda slip: slip.example)
def test_a_plain_slip_is_decided_on_the_column(slip):
    """The example of each shape is decided together with others, and as the rule for one cell says."""
    decided, judged = mistyped.judge(pl.Series([slip.example]), judge)
    assert decided.to_list() == [True]
    assert tuple(part[0] for part in judged) == tuple(judge(slip.example))
    assert judged.code[0] == "email.syntax"


PIECES = st.text("añüßÀÖØÞ÷×ãé0.+-_ e\u0301漢", min_size=1, max_size=40)


@settings(max_examples=400, deadline=None, derandomize=True)
@given(PIECES, st.sampled_from(["empresa.cl", "Mi-Empresa.com.mx", "a.example", "x.local", "niño.cl", "b.onion"]))
def test_latin_letters_before_the_at_sign_are_what_the_library_says(local: str, domain: str) -> None:
    """What is decided without it is what it gives: the address, and that it needs SMTPUTF8."""
    address = f"{local}@{domain}"
    if mistyped.is_international(address):
        found = validate_email(address.replace(".local", ".loca1x"), check_deliverability=False)
        assert (found.local_part, found.smtputf8, found.ascii_local_part) == (local, True, None)
        assert judge(address)[:2] == (f"{local}@{domain.lower()}", "email.international")


def test_usual_foreign_names_need_no_library() -> None:
    """They are a part of every list of the Americas."""
    assert all(map(mistyped.is_international, ("ñjose12@servicios8838.com.mx", "josé.muñoz@x.cl", "zoë@example.test")))
    assert not any(
        map(mistyped.is_international, ("ana@x.cl", "漢@x.cl", "e\u0301@x.cl", "ñ" * 99 + "@x.cl", "ñ@ñ.cl", "ñ@"))
    )


@pytest.mark.parametrize(
    ("cell", "meant"),
    [("ana@m\u0430il.example", "ana@mail.example"), ("ana@\u0440\u0430ypal.com", "ana@paypal.com"),
     ("ana@sub.g\u03bfogle.com", "ana@sub.google.com")],
)  # fmt: skip
def test_a_letter_of_another_alphabet_among_latin_ones_is_told(cell, meant):
    """It looks the same and is another domain: a warning with the address that was probably meant; sent as written."""
    assert judge(cell)[:2] == (cell, "email.typo")
    assert judge(cell).suggestion == meant


@pytest.mark.parametrize("cell", ["ana@\u0441\u043e\u0441\u043e.\u0440\u0444", "ana@ñandú.cl", "ana@\u03b1\u03b2\u03b3.gr", "ana@\u043c\u043e\u0439.com"])  # fmt: skip
def test_a_domain_in_one_alphabet_is_right(cell):
    """Cyrillic, Greek and Latin names beyond ASCII are names as others are."""
    assert judge(cell)[:2] == (cell, None)
