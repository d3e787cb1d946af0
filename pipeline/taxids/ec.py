"""Turn an Ecuadorian RUC into its compact form, which is also its normal one: `1792060346-001` -> `1792060346001`.

Ten digits, the person's cédula or the company's number with its check digit, and three of the establishment.
Source: https://www.sri.gob.ec (Ley del Registro Único de Contribuyentes; ficha técnica de comprobantes
electrónicos, table 6: 9999999999999 is the final consumer).

The SRI has numbers in use that do not fit their check digit, and asks for it no more: that is a doubt and no fault.

>>> compact("1792060346-001"), judge("1792060346001"), judge("1792060347001"), compact("260000250001")
('1792060346001', None, 'check_digit_doubtful', '0260000250001')
"""

from __future__ import annotations

from stdnum.ec import ci, ruc

from pipeline.taxids.interface import Reason
from pipeline.taxids.writing import bare, digits, reason

NAME = "RUC"
GENERIC = frozenset({"9999999999999", "9999999999"})
LABELS = ("RUC", "CEDULA", "CI", "EC", "NRO", "NO", "N")


def compact(text: str) -> str:
    """The thirteen digits, with a leading zero that the check digit proves."""
    number = bare(text, LABELS)
    if digits(number):
        if len(number) == 12 and ruc.is_valid("0" + number):
            return "0" + number
        if len(number) == 9 and ci.is_valid("0" + number):
            return "0" + number
    return number


def judge(compacted: str) -> Reason | None:
    """What is wrong; ten digits are a person's cédula."""
    if len(compacted) == 10 and digits(compacted):
        found: Reason | None = reason(ci.validate, compacted) or "other_document"
    else:
        found = reason(ruc.validate, compacted)
        if found and len(compacted) == 13 and compacted[10:] != "000" and ci.is_valid(compacted[:10]):
            return None  # a person's cédula may have a 6 in the third place, which was the State's alone
    return "check_digit_doubtful" if found == "check_digit" else found


def present(compacted: str) -> str:
    """The compact form: so the SRI writes it."""
    return compacted
