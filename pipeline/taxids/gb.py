"""Turn a British VAT number into its compact form, which is also its normal one: `980 7806 84` -> `GB980780684`.

Nine digits, whose last two are a check modulo 97, twelve with a branch, or GD and HA with three digits for government and
health; XI in front is Northern Ireland's, and stays. A UTR (ten digits) and a number of Companies House (eight, or two
letters and six) are other documents. Source: https://www.gov.uk (HMRC internal manual VATREG; VAT Notice 725).

>>> compact("GB 980 7806 84"), judge("GB980780684"), judge("GB802311781"), compact("XI 980780684"), judge("01234567")
('GB980780684', None, 'check_digit', 'XI980780684', 'other_document')
"""

from __future__ import annotations

import re

from stdnum.gb import utr, vat

from pipeline.language import later
from pipeline.taxids.interface import Reason
from pipeline.taxids.writing import bare, digits, reason

NAME = later("VAT number")
GENERIC: frozenset[str] = frozenset()
LABELS = ("VATREGISTRATIONNUMBER", "VATREGNO", "VATNUMBER", "VATNO", "VATREG", "VAT")
_COMPANY = re.compile(r"(?:[0-9]{8}|(?:SC|NI|OC|SO|NC|LP|SL|FC|CE|IP|RC|R0)[0-9]{6})")
_NUMBER = re.compile(r"(?:[0-9]{9}|[0-9]{12}|(?:GD|HA)[0-9]{3})")


def compact(text: str) -> str:
    """Prefix and number; another document without one."""
    number = bare(text, LABELS)
    return f"GB{number}" if _NUMBER.fullmatch(number) else number


def judge(compacted: str) -> Reason | None:
    """What is wrong."""
    if _COMPANY.fullmatch(compacted) or (digits(compacted) and utr.is_valid(compacted)):
        return "other_document"
    return reason(vat.validate, compacted)


def present(compacted: str) -> str:
    """The compact form."""
    return compacted
