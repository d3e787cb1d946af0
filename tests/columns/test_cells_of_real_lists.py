"""Cells that real lists have beside good ones: numbers given to foreigners, zeros for no phone, apostrophes of spreadsheets."""

from __future__ import annotations

import polars as pl
import pytest
from columns.columns_around import told
from stdnum.ec import ci

from pipeline import taxids


@pytest.mark.parametrize(("number", "normal"), [("XEXX010101000", "XEXX010101000"), ("xexx-010101-000", "XEXX010101000"),
                                                ("55.555.555-5", "55555555-5")])  # fmt: skip
@pytest.mark.parametrize("country", ["US", "ES", "DE", "MX", "CL", "JP"])
def test_a_number_given_to_customers_abroad_keeps_no_row_out(number: str, normal: str, country: str) -> None:
    """A Mexican exporter writes XEXX010101000 beside an address in Texas: that is no wrong EIN, and names nobody."""
    if (country, number) != ("ES", "55.555.555-5"):
        ((value, code, *_),) = told("tax_id", [number], countries=[country])
        assert (value, code) == (normal, "tax_id.generic")
    assert taxids.identity(country, number) is None


def test_other_numbers_abroad_are_judged_by_their_own_country() -> None:
    """Nine fives without a dash are no Chilean number in the United States, and two such customers would be one."""
    assert taxids.identity("US", "555555555") is not None
    assert told("tax_id", ["XEXX010101001"], countries=["US"])[0][0] is None


def test_customers_abroad_with_one_number_are_not_one_customer() -> None:
    """The whole column says what the single number says."""
    numbers = pl.Series(["XEXX010101000", "XEXX010101000", "12-3456789"])
    assert taxids.identity_series(pl.Series(["US", "JP", "US"]), numbers).to_list() == [None, None, "123456789"]


def test_an_ecuadorian_number_whose_check_digit_does_not_fit_goes_in_with_a_warning() -> None:
    """The authority has such numbers in use; a wrong province or an establishment 000 is still an error."""
    told_ = told("tax_id", ["1790012345001", "9912345678001", "1792060346000"], countries=["EC"] * 3)
    assert [code for _, code, *_ in told_] == ["tax_id.check_digit_doubtful", "tax_id.component", "tax_id.component"]


def test_a_person_of_ecuador_whose_third_digit_is_six_has_a_valid_ruc() -> None:
    """The six was kept for public bodies until the numbers of persons reached it."""
    (number,) = (found for digit in "0123456789" if ci.is_valid(found := f"176123456{digit}"))
    assert taxids.rule("EC").judge(f"{number}001") is None  # type: ignore[union-attr]


@pytest.mark.parametrize("cell", ["0", "00", "000000000", "000-0000", "(000) 000-0000", "0.0"])
@pytest.mark.parametrize("country", ["CL", "US", None])
def test_zeros_are_no_phone_and_no_fault(cell: str, country: str | None) -> None:
    """A system that has no number writes zeros; +56000000000 is nobody's."""
    assert told("phone", [cell], countries=[country]) == [(None, None, None, None)]


@pytest.mark.parametrize("cell", ["+", "0a", "1"])
def test_what_is_not_zeros_alone_is_still_no_phone(cell: str) -> None:
    """Only zeros stand for nothing."""
    assert told("phone", [cell], countries=["CL"])[0][1] == "phone.invalid"


@pytest.mark.parametrize("cell", ["L", "l", "L.", "Lps", "Lps."])
def test_the_sign_of_the_lempira_is_known(cell: str) -> None:
    """Honduras writes its currency so."""
    assert told("currency", [cell], countries=["HN"])[0][:2] == ("HNL", None)


@pytest.mark.parametrize(
    ("cell", "value"),
    [("'06600", "06600"), ("'6940095564", "6940095564"), ("'+525555", "+525555"), ("'2000-1", "2000-1"),
     ("'s-Gravenhage", "'s-Gravenhage"), ("'A-1", "'A-1"), ("'1'", "'1'"), ("''1", "''1"), ("'", "'"), ("1'", "1'")],
)  # fmt: skip
def test_an_apostrophe_that_keeps_a_number_as_text_is_no_part_of_a_code(cell: str, value: str) -> None:
    """Shopify and people write '06600 for spreadsheet programs; an apostrophe before letters may be meant."""
    assert told("text", [cell], identifier=True)[0][:2] == (value, None)
    assert told("text", [cell] * 3 + ["x"] * 2000, identifier=True)[0][0] == value
    assert told("text", [cell])[0][0] == cell


@pytest.mark.parametrize("cell", ["Mu?oz y C?a", "Avenida Espa??a 5", "Pe\ufffda"])
def test_a_name_with_a_question_mark_for_a_letter_is_said(cell: str) -> None:
    """An export that could not write a letter leaves its sign; the name goes in as it is, with a warning."""
    for many in ([], ["Ana"] * 2000):
        assert told("name", [cell, *many])[0][:2] == (cell, "text.lost_letters")


@pytest.mark.parametrize("cell", ["¿Qué Pasa?", "Why? Inc", "A ? B", "What?", "Km 5?2", "?"])
def test_a_question_mark_that_stands_for_no_letter_is_not_said(cell: str) -> None:
    """A firm may be called a question."""
    assert told("name", [cell])[0][:2] == (cell, None)


def test_a_question_mark_within_a_note_or_a_code_is_not_said() -> None:
    """There it can be part of an address of the web."""
    assert told("text", ["x?a=b", "si?no"]) == [("x?a=b", None, None, None), ("si?no", None, None, None)]
