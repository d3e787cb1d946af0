"""Number formats: what changes an identifier is applied, what only decorates is not."""

import doctest
from decimal import Decimal
from importlib import import_module

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.read.formats import FRACTION, LOST, Formats


def show(number: str, code: str, old: bool = False) -> str:
    return Formats([code], old).show(number, 0)[0]


@pytest.mark.parametrize(
    ("number", "code", "text"),
    [
        ("5", "000;-000;\"-\"", "005"), ("-5", "000;(000)", "-005"), ("0", "000", "000"),
        ("123456", "000", "123456"), ("1.5", "000", "1.5"), ("7.256", "000.00", "007.26"),
        ("123456789", "000-00-0000", "123-45-6789"), ("5551234567", "(###) ###-####", "(555) 123-4567"),
        ("3", "0_);[Red](0)", "3"), ("1234.5", '_-* #,##0.00\\ "€"_-', "1234.5"), ("12", "#,##0\\ [$CLP]", "12"),
        ("0.125", "0.0%", "12.5%"), ("1E+2", "General", "100"), ("1.0", "@", "1"),
        ("43831", "[$-409]d\\-mmm\\-yy;@", "2020-01-01"), ("43831.75", "m/d/yy h:mm", "2020-01-01 18:00:00"),
        ("0.5", "h:mm AM/PM", "12:00:00"), ("1.5", "[h]:mm", "36:00:00"), ("59", "yyyy", "1900-02-28"), ("60", "yyyy", "1900-02-29"),
        ("60.5", "yyyy-mm-dd h:mm", "1900-02-29 12:00:00"), ("1_000", "General", "1_000"), ("\u0663\u0665", "0", "\u0663\u0665"),
        ("61", "yyyy", "1900-03-01"), ("-1", "yyyy-mm-dd", "-1"), ("junk", "0000", "junk"),
    ],
)  # fmt: skip
def test_shown_text(number, code, text):
    assert show(number, code) == text


def test_the_1904_date_system():
    assert show("0", "yyyy-mm-dd", old=True) == "1904-01-01"


@given(st.integers(0, 10**15 - 1), st.integers(1, 14))
@settings(derandomize=True, deadline=None, max_examples=200)
def test_zero_formats_never_change_the_digits(number, width):
    """A format of zeros pads to its width and keeps every digit."""
    assert show(str(number), "0" * width) == str(number).zfill(width)


@given(st.decimals(-(10**12), 10**12, places=6).map(lambda d: FLOAT(d)))
@settings(derandomize=True, deadline=None, max_examples=200)
def test_numbers_are_plain_and_exact_to_15_digits(value):
    """No exponent, and no more than the 15 digits a spreadsheet keeps."""
    text = show(repr(value), "General")
    assert "E" not in text.upper()
    assert abs(Decimal(text) - Decimal(repr(value))) <= abs(Decimal(repr(value))) * Decimal("1e-14")


FLOAT = float


@pytest.mark.parametrize(
    ("number", "code", "problem"),
    [
        ("999999999999999", "General", ""), ("1000000000000000", "General", LOST), ("1.2E+19", "0.00", LOST), ("12.0", "General", ""),
        ("12.5", "General", FRACTION), ("12.5", "0.00", FRACTION), ("1.25E1", "#,##0.00", FRACTION), ("-0.5", "@", FRACTION),
        ("12.5", "00", FRACTION), ("12.5", "00.00", ""), ("12.5", "0%", ""), ("12.5", "yyyy-mm-dd", ""), ("12.x", "General", ""),
        ("0.1234567890123456", "General", FRACTION), ("12.0000000000000001", "General", ""),
    ],
)  # fmt: skip
def test_what_a_stored_number_may_have_lost(number, code, problem):
    """Digits beyond the 15th, and the zeros at the end of a fraction, where no mask says how many it has."""
    assert Formats([code], False).show(number, 0)[1] == problem


@pytest.mark.parametrize("name", ["eastasian", "formats", "look", "moments", "sheeterrors", "webpage", "xmlfile"])
def test_the_examples_of_the_readers_hold(name):
    """What the docstrings show is what happens."""
    outcome = doctest.testmod(import_module(f"pipeline.read.{name}"))
    assert outcome.attempted and not outcome.failed
