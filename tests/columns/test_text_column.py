"""Text: what is cleaned, what is said, and what is left alone."""

from __future__ import annotations

import unicodedata

import polars as pl
import pytest
from columns.columns_around import mutated, told

from pipeline.columns.text import judge, normalise
from pipeline.handoff import Around
from pipeline.schema import Column, Field

CASES = [
    ("  José   Pérez ", "José Pérez", None),
    ("tab\there", "tab here", None),
    ("JosÃ© PÃ©rez", "José Pérez", "text.mojibake"),
    ("MUÃ‘OZ", "MUÑOZ", "text.mojibake"),
    ("IRMÃ DULCE", "IRMÃ DULCE", None),
    ("“IRMÔ", "“IRMÔ", None),
    ("ANTÃ”NIO", "ANTÔNIO", "text.mojibake"),
    ("MARÃ\x8dA Ã\x81LVAREZ", "MARÍA ÁLVAREZ", "text.mojibake"),
    ("PEÃ\x91A", "PEÑA", "text.mojibake"),
    ("GarcÃ\xada", "García", "text.mojibake"),
    ("Ã\x00", None, "cell.control_character"),
    ("It\x92s", "It’s", "text.mojibake"),
    ("Jos\ufffd", "Jos\ufffd", "text.lost_letters"),
    ("a\u00a0b", "a b", "text.invisible"),
    ("x\u200by", "xy", "text.invisible"),
    ("Jose\u0301", "José", None),
    ("می\u200cخواهم", "می\u200cخواهم", None),
    ("bell\x07", None, "cell.control_character"),
    ("AÑÓ° Åßociação São Łódź", "AÑÓ° Åßociação São Łódź", None),
    ("1.23E+11", "1.23E+11", None),
]


@pytest.mark.parametrize(("cell", "value", "code"), CASES)
def test_plain_text(cell, value, code):
    """One cell, one form, one code."""
    assert told("text", [cell])[0][:2] == (value, code)


def test_line_breaks_are_joined_in_names_and_kept_in_notes():
    """A name and an address are one line; a note is not."""
    cell = "Av. Uno 1,\r\n Santiago\nChile"
    assert told("address", [cell])[0][:2] == ("Av. Uno 1, Santiago, Chile", "text.line_breaks")
    assert told("text", [cell])[0][:2] == (cell, None)


@pytest.mark.parametrize("code", ["00123", "A  1", "12E45", "1E10", "C-1"])
def test_an_identifier_keeps_every_character(code):
    """Only outer space is taken off a code."""
    assert told("text", [f" {code} "], identifier=True)[0] == (code, None, None, None)


@pytest.mark.parametrize("shown", ["1.23E+11", "1,23E+11", "7.6086E+07", "-5E+20"])
def test_a_rounded_identifier_is_refused(shown):
    """A number that a spreadsheet program rounded is not the code any more."""
    assert told("text", [shown], identifier=True)[0][:2] == (None, "cell.precision_lost")


@pytest.mark.parametrize(("one_line", "identifier"), [(True, False), (False, False), (False, True)])
def test_the_column_says_what_the_scalar_rule_says(one_line, identifier):
    """The expressions for plain cells and the rule for one cell agree on mutated names and notes."""
    seeds = [
        "José Pérez",
        "Compañía Ñandú Ltda.",
        "São Paulo — Brasil",
        "l’été “x”",
        "A-1  B",
        "uno\ndos",
        "1.5E+20",
        "JosÃ© ",
        "Ørsted €5",
    ]
    cells = mutated(seeds, "aÉñÃ© \t\n\r\u00a0\u200b\u00ad\u0301\ufffd\x92\x01Â±", 100_000, seed=1)
    kind = "name" if one_line else "text"
    expected = [tuple(judge(cell, one_line, identifier)) for cell in cells]
    assert told(kind, cells, identifier=identifier) == expected
    assert all(unicodedata.is_normalized("NFC", value) for value, *_ in expected if value)


@pytest.mark.parametrize(
    ("country", "cell", "value", "warned"),
    [
        ("MX", "6700", "06700", True), ("MX", "37000", "37000", False), ("MX", "37000.0", "37000", False), ("MX", "6700.0", "06700", True),
        ("US", "2108", "02108", True), ("US", "2108-1234", "02108-1234", True), ("US", "02108-1234", "02108-1234", False), ("US", "501", "501", False), ("US", "901", "00901", True), ("US", "123", "123", False),
        ("PR", "901", "00901", True), ("ES", "8001", "08001", True), ("BR", "1310100", "01310100", True), ("BR", "1310-100", "01310-100", True),
        ("BR", "20040002", "20040002", False), ("BR", "20040-002", "20040-002", False), ("IT", "184", "00184", True), ("DE", "1067", "01067", True),
        ("CL", "750000", "750000", False), ("CL", "7500000.0", "7500000", False), ("CO", "50001", "50001", False), ("AR", "C1043AAZ", "C1043AAZ", False),
        ("AR", "1900", "1900", False), ("PT", "1000-205", "1000-205", False), ("US", "K1A 0B1", "K1A 0B1", False), (None, "6700", "6700", False),
        (None, "6700.0", "6700", False), ("MX", "0670", "0670", False), ("MX", "123", "123", False), ("MX", None, None, False),
        ("MX", "6700\u200b", "6700", False),
    ],
)  # fmt: skip
def test_zeros_that_a_postal_code_lost_are_restored_and_said(country, cell, value, warned):
    """Only where the country's codes have one length and may begin with a zero; in any other country a code stays."""
    zip_code = Field("zip_code", Column("text", "Zip", "CP", identifier=True), required=False, nullable=True)
    judged = normalise(pl.Series([cell], dtype=pl.String), Around(zip_code, pl.Series([country], dtype=pl.String)))
    assert judged.value.to_list() == [value]
    assert (judged.code[0] == "zip_code.zeros_restored") == warned
    assert judged.suggestion[0] == (value if warned else None)


def test_only_a_postal_code_gets_zeros():
    """A reference of four digits is no postal code."""
    assert told("text", ["6700"], countries=["MX"], identifier=True)[0][:2] == ("6700", None)
