"""Turn a Dominican RNC or cédula into its compact form, which is also its normal one: `1-01-85004-3` -> `101850043`.

Nine digits for companies, eleven for persons, both with a check digit; some old numbers that do not fit it are in
use, and known to python-stdnum. A leading zero of a cédula that the check digit proves is restored. Source:
https://dgii.gov.do (Registro Nacional del Contribuyente; Ley 11-92).

>>> compact("RNC 1-01-85004-3"), judge("101850043"), judge("101850042"), compact("00113918205")
('101850043', None, 'check_digit', '00113918205')
"""

from __future__ import annotations

from stdnum.do import cedula, rnc

from pipeline.taxids.interface import Reason
from pipeline.taxids.writing import bare, digits, reason

NAME = "RNC"
GENERIC: frozenset[str] = frozenset()
LABELS = ("RNC", "CEDULA", "DO", "NRO", "NO", "N")


def compact(text: str) -> str:
    """The nine or eleven digits."""
    number = bare(text, LABELS)
    lost = digits(number) and 8 <= len(number) <= 10 and not rnc.is_valid(number)
    return number.zfill(11) if lost and cedula.is_valid(number.zfill(11)) else number


def judge(compacted: str) -> Reason | None:
    """What is wrong."""
    return reason((cedula if len(compacted) == 11 else rnc).validate, compacted)


def present(compacted: str) -> str:
    """The compact form: so electronic documents (e-CF) hold it."""
    return compacted
