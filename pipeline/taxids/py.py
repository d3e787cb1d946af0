"""Turn a Paraguayan RUC into its compact form, which is also its normal one: `80.028.061-0` -> `80028061-0`.

The person's cédula, or eight digits beginning with 80 for a company, and a check digit modulo 11 after a dash.
Sources: https://www.dnit.gov.py (formerly SET; Decreto 10122 de 1991); Manual Técnico SIFEN: 44444401-7 is the
buyer without a name.

>>> compact("80028061-0"), compact("800280610"), compact("80028061"), judge("80028061-9")
('80028061-0', '80028061-0', '80028061-0', 'check_digit')
"""

from __future__ import annotations

import re

from stdnum.py import ruc

from pipeline.taxids.interface import Reason, Remark
from pipeline.taxids.writing import bare, digits

NAME = "RUC"
GENERIC = frozenset({"44444401-7", "66666601-6", "77777701-0", "88888801-5", "99999901-0"})
"""The buyer without a name, and the authority's codes for groups (diplomats, tourists, customers abroad)."""

LABELS = ("RUC", "CI", "PY", "NRO", "NO", "N")
_MARKED = re.compile(r"[0-9]\s*[-\u2010-\u2015\u2212]\s*[0-9]\s*$")
_COMPANY = re.compile(r"80[0-9]{6}")


def compact(text: str) -> str:
    """Digits, a dash, the check digit, which is computed where it is missing."""
    number = bare(text, LABELS)
    if not digits(number):
        return number
    if remark(text):
        return f"{number.lstrip('0')}-{ruc.calc_check_digit(number)}"
    if _two_readings(number, text):
        return number
    return f"{number[:-1].lstrip('0')}-{number[-1]}"


def remark(text: str) -> Remark | None:
    """Whether the check digit was computed: a company's eight digits, or digits whose last one does not fit."""
    number = bare(text, LABELS)
    if not digits(number) or _MARKED.search(text) or not 5 <= len(number) <= 8:
        return None
    missing = _COMPANY.fullmatch(number) or not _fits(number)
    return "check_digit_added" if missing else None


def judge(compacted: str) -> Reason | None:
    """What is wrong; bare digits are a number that can be read with and without a check digit."""
    number, dash, check = compacted.partition("-")
    if not digits(number) or (dash and not digits(check)):
        return "format"
    if not dash:
        return "two_readings" if 5 <= len(number) <= 8 else "length"
    if not 3 <= len(number) <= 8 or len(check) != 1:
        return "length"
    return None if ruc.calc_check_digit(number) == check else "check_digit"


def present(compacted: str) -> str:
    """The compact form: a dash before the check digit."""
    return compacted


def _fits(number: str) -> bool:
    calculated: str = ruc.calc_check_digit(number[:-1])
    return calculated == number[-1]


def _two_readings(number: str, text: str) -> bool:
    return not _MARKED.search(text) and 5 <= len(number) <= 8 and _fits(number)
