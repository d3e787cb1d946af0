"""Turn a Spanish NIF into its compact form, which is also its normal one: `ES B-58378431` -> `B58378431`.

A DNI (eight digits and a letter), a NIE (X, Y or Z first) or the number of an organisation (a letter first).
Source: https://sede.agenciatributaria.gob.es (Real Decreto 1065/2007, art. 18 to 28; Orden EHA/451/2008).

>>> compact("X-5253868-R"), judge("X5253868R"), judge("B64717839"), compact("5236281D")
('X5253868R', None, 'check_digit', '05236281D')
"""

from __future__ import annotations

from stdnum.es import dni, nif

from pipeline.taxids.interface import Reason
from pipeline.taxids.writing import bare, digits, reason

NAME = "NIF"
GENERIC: frozenset[str] = frozenset()
LABELS = ("NIF", "CIF", "DNI", "NIE", "VAT", "IVA", "ES")
SIZES = (9,)


def compact(text: str) -> str:
    """The nine characters, with the leading zeros of a DNI that its letter proves."""
    number = bare(text, LABELS, SIZES)
    short = digits(number[:-1]) and 6 <= len(number) <= 8 and number[-1].isalpha()
    return number.zfill(9) if short and dni.is_valid(number.zfill(9)) else number


def judge(compacted: str) -> Reason | None:
    """What is wrong."""
    if not (compacted.isascii() and compacted.isalnum()):
        return "format"
    if len(compacted) != 9:
        return "length"
    return reason(nif.validate, compacted)


def present(compacted: str) -> str:
    """The compact form."""
    return compacted
