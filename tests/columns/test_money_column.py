"""Amounts: the table of right answers, exactness against Decimal, and the decimal mark of a whole column."""

from __future__ import annotations

import ast
import random
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from columns.columns_around import oracle, told, verdict

from pipeline.columns import money
from pipeline.columns.amounts import judge
from pipeline.columns.decimals import Evidence, Mark, decimal_mark, evidence
from pipeline.handoff import Settings

MARKS = {
    "en-US": ".",
    "es-MX": ".",
    "en-GB": ".",
    "es-CL": ",",
    "es-CO": ",",
    "es-ES": ",",
    "pt-BR": ",",
    "id-ID": ",",
    "sv-SE": ",",
    "es-AR": ",",
}


def cents(cell, mark=None, business=None, **limits):
    settings = Settings(decimal={"x": mark} if mark else {}, business_currency=business)
    return told("cents", [cell], settings=settings, **limits)[0]


def test_the_table_of_right_answers():
    """Every row, and every reading that a locale settles, is right."""
    for row in oracle("money"):
        cell = "TRUE" if row["input"] is True else str(row["input"])
        settled = {k: v for k, v in row.get("by_locale", {}).items() if k in MARKS}
        for locale, expected in {row["locale"]: row["expected_cents"], **settled}.items():
            value, code, *_ = cents(cell, MARKS.get(locale))
            if isinstance(expected, int):
                assert value == expected or (code == "money.range" and expected > 2**63), (cell, locale)
            elif expected in ("ambiguous", "empty"):
                assert (code if expected == "ambiguous" else verdict(code, value)) in ("money.ambiguous", "empty"), cell
            else:
                assert verdict(code, value) == "error", (cell, locale)
                assert code != "money.ambiguous"


@pytest.mark.parametrize(
    ("cell", "mark", "value", "code"),
    [
        ("12,34,567.89", None, 123456789, None),
        ("1'234'567.5", None, 123456750, None),
        ("S/.500", None, 50000, None),
        ("Bs. 12,50", None, 1250, None),
        ("$ 1.234.567.-", None, 123456700, None),
        ("$5.000.-", None, 500000, None),
        ("1.665,-", None, 166500, None),
        ("5.-", None, 500, None),
        ("-$5", None, -500, None),
        ("($ 5)", None, -500, None),
        ("-(5)", None, None, "money.syntax"),
        ("1.5E3", None, 150000, None),
        ("1e30", None, None, "money.range"),
        ("9" * 5000, None, None, "money.range"),
        ("12.3400", None, 1234, None),
        ("12.345", ".", None, "money.too_precise"),
        ("1.234,50", ".", None, "money.ambiguous"),
        ("1.234", ",", 123400, None),
        ("$ 100 EUR", None, None, "money.syntax"),
        ("50%", None, None, "money.syntax"),
        ("1.5k", None, None, "money.syntax"),
        ("-0", None, 0, None),
        ("31.12.2024", None, None, "money.syntax"),
    ],
)
def test_what_people_write(cell, mark, value, code):
    """One cell, with or without a settled decimal mark."""
    assert cents(cell, mark)[:2] == (value, code)


def test_both_readings_are_named():
    """The person who is asked sees what the cell could mean."""
    assert cents("1,234")[2] == "1234 (with . for decimals) or 1.234 (with , for decimals)"


@pytest.mark.parametrize(
    ("cell", "business", "code"),
    [("USD 5", "CLP", "money.currency"), ("5 CLP", "CLP", None), ("$ 5", "CLP", None), ("$5", "EUR", "money.currency"), ("5 euros", "EUR", None),
     ("UF 5", None, "money.currency"), ("UF 5", "CLF", None), ("5 M.N.", "MXN", None)],
)  # fmt: skip
def test_another_currency_than_the_accounts_is_refused(cell, business, code):
    """A named currency must be the account's own; a sign must be able to mean it."""
    assert cents(cell, business=business)[1] == code


@pytest.mark.parametrize(
    ("cell", "business", "value", "code", "detail"),
    [
        ("1.500,00", "CLP", 150000, None, None), ("1500,50", "CLP", 150050, "money.no_cents", "CLP"), ("$ 1500,50", "CLP", 150050, "money.no_cents", "CLP"),
        ("1500", "JPY", 150000, None, None), ("1500,50", "MXN", 150050, None, None), ("1500,500", "KWD", 150050, None, None),
        ("1500,505", "KWD", None, "money.too_precise", "KWD has 3 decimals, and the target keeps two"), ("1500,505", "MXN", None, "money.too_precise", None),
    ],
)  # fmt: skip
def test_currencies_without_cents_and_with_thousandths(cell, business, value, code, detail):
    """Cents are the amount times 100 in every currency; what the currency does not have is said."""
    assert cents(cell, ",", business)[:3] == (value, code, detail)


def test_bounds_are_in_cents():
    """Both bounds are allowed, and nothing beyond."""
    assert [cents(c, ge=0, le=500)[1] for c in ("-0.01", "0", "5.00", "5.01")] == [
        "money.range",
        None,
        None,
        "money.range",
    ]
    assert cents("92233720368547758.07", ge=0, le=2**63 - 1)[0] == 2**63 - 1
    assert cents("92233720368547758.08", ge=0, le=2**63 - 1)[1] == "money.range"


@pytest.mark.parametrize(("mark", "business"), [(".", None), (",", "CLP"), (None, None)])
def test_the_column_says_what_the_scalar_rule_and_decimal_say(mark, business):
    """Mutated amounts get the scalar rule's verdict, and what is read is Decimal's value times 100."""
    dice = random.Random(5)
    cells = []
    for _ in range(70_000):
        group, point = dice.choice((",.", ".,", "'.", " ,"))
        text = f"{dice.randrange(10 ** dice.randrange(1, 13)):,}".replace(",", group if dice.random() < 0.6 else "")
        text += dice.choice(
            (
                "",
                "",
                point + str(dice.randrange(10)),
                f"{point}{dice.randrange(100):02}",
                f"{point}{dice.randrange(1000):03}",
            )
        )
        text = dice.choice(("", "", "", "-", "$", "$ ", "-$", "(")) + text
        if dice.random() < 0.15:
            at = dice.randrange(len(text) + 1)
            text = text[:at] + dice.choice("0123456789.,- '$e)") + text[at + dice.randrange(2) :]
        cells.append(text)
    settings = Settings(decimal={"x": mark} if mark else {}, business_currency=business)
    answers = told("cents", cells, settings=settings, ge=-(10**9), le=10**12)
    for cell, answer in zip(cells, answers, strict=True):
        if cell.strip() not in ("", "-", "."):
            assert answer == tuple(judge(cell.strip(), mark, -(10**9), 10**12, business)), cell
        plain = cell.strip("$ ").replace("-$", "-").replace(" ", "").replace("'", "")
        if mark == "." and answer[0] is not None and plain.lstrip("-").replace(",", "").replace(".", "", 1).isdigit():
            assert answer[0] == Decimal(plain.replace(",", "")) * 100, cell


@pytest.mark.parametrize(
    ("cells", "mark"),
    [
        (["1.234", "12,50"], Mark.COMMA), (["1,234", "12.50"], Mark.DOT), (["1,234,567", "1,234"], Mark.DOT), (["$ 1.234.567", "1.234"], Mark.COMMA),
        (["1.234", "2.500"], Mark.UNDECIDABLE), (["1.234", "12.50", "12,50"], Mark.CONFLICT), (["12.50", "12,50"], Mark.UNNEEDED),
        (["100", "25", None, "-"], Mark.UNNEEDED), ([], Mark.UNNEEDED), (["abc", "1.2.3"], Mark.UNNEEDED), (["0.500", "1.500"], Mark.DOT),
    ],
)  # fmt: skip
def test_the_decimal_mark_of_a_column(cells, mark):
    """The column decides, says that it need not, or says that it cannot."""
    assert decimal_mark(pl.Series(cells, dtype=pl.String)) is mark
    assert mark.asks == (mark in (Mark.UNDECIDABLE, Mark.CONFLICT))


def test_evidence_adds_up_over_batches():
    """Batches in any cut come to the whole column's answer."""
    cells = pl.Series(["1.234", "12,50", "1.000", "7", "$ 3,5", "1.234.567"])
    whole = evidence(cells)
    for cut in range(len(cells) + 1):
        assert evidence(cells[:cut]) + evidence(cells[cut:]) == whole
    assert whole == Evidence(0, 3, 2, None, whole.comma_example, "1.234")


def test_no_float_touches_money():
    """The modules of money hold no float literal, no call of float, no true division."""
    folder = Path(money.__file__).parent
    for name in ("money", "amounts", "decimals"):
        for node in ast.walk(ast.parse((folder / f"{name}.py").read_text(encoding="utf-8"))):
            assert not (isinstance(node, ast.Constant) and isinstance(node.value, float))
            assert not (isinstance(node, ast.Name) and node.id == "float")
            assert not isinstance(node, ast.Div)
            assert not (isinstance(node, ast.Attribute) and node.attr in ("Float64", "Float32"))
