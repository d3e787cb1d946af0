"""Text: what is cleaned, what is said, and what is left alone."""

from __future__ import annotations

import unicodedata

import pytest
from columns.columns_around import mutated, told

from pipeline.columns.text import judge

CASES = [
    ("  José   Pérez ", "José Pérez", None),
    ("tab\there", "tab here", None),
    ("JosÃ© PÃ©rez", "José Pérez", "text.mojibake"),
    ("MUÃ‘OZ", "MUÑOZ", "text.mojibake"),
    ("IRMÃ DULCE", "IRMÃ DULCE", None),
    ("“IRMÔ", "“IRMÔ", None),
    ("ANTÃ”NIO", "ANTÔNIO", "text.mojibake"),
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
