"""Turn a Spanish NIF into its compact form, which is also its normal one: `ES B-58378431` -> `B58378431`.

A DNI (eight digits and a letter), a NIE (X, Y or Z first) or the number of an organisation (a letter first).
Source: https://sede.agenciatributaria.gob.es (Real Decreto 1065/2007, art. 18 to 28; Orden EHA/451/2008).

>>> compact("X-5253868-R"), judge("X5253868R"), judge("B64717839"), compact("5236281D")
('X5253868R', None, 'check_digit', '05236281D')
"""

from __future__ import annotations

import re

from stdnum.es import dni, nie, nif
from stdnum.eu import vat

from pipeline.taxids.interface import Reason
from pipeline.taxids.writing import bare, digits, reason

NAME = "NIF"
GENERIC = frozenset({"00000000T", "99999999R", "X0000000T", "A00000000", "B00000000"})
"""Numbers of nobody, with which forms and tests are filled."""
LABELS = ("NIF", "CIF", "DNI", "NIE", "VAT", "IVA", "ES")
SIZES = (9,)
_LONG_NIE = re.compile("[XYZ]0[0-9]{7}[A-Z]")  # until 2008 a NIE had eight digits, the first a zero


def compact(text: str) -> str:
    """The nine characters, with the leading zeros of a DNI, and without the one of an old NIE, that the letter proves."""
    number = bare(text, LABELS, SIZES)
    if _LONG_NIE.fullmatch(number) and nie.is_valid(number[0] + number[2:]):
        return number[0] + number[2:]
    short = digits(number[:-1]) and 6 <= len(number) <= 8 and number[-1].isalpha()
    return number.zfill(9) if short and dni.is_valid(number.zfill(9)) else number


def judge(compacted: str) -> Reason | None:
    """What is wrong; a VAT number of another member state is unusual."""
    if not (compacted.isascii() and compacted.isalnum()):
        return "format"
    if len(compacted) != 9 or compacted[1].isalpha():
        return "unusual" if vat.is_valid(compacted) else "length" if len(compacted) != 9 else "format"
    return reason(nif.validate, compacted)


def present(compacted: str) -> str:
    """The compact form."""
    return compacted
