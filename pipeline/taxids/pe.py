"""Turn a Peruvian RUC into its compact form, which is also its normal one: `20 13137277 0` -> `20131372770`.

Two digits of kind (10 persons, 15 and 17 others, 20 companies), eight digits, a check digit modulo 11.
Source: https://www.sunat.gob.pe (Registro Único de Contribuyentes; Decreto Legislativo 943).

>>> compact("RUC: 20131372770"), judge("20131372770"), judge("20131372771"), judge("99512333792")
('20131372770', None, 'check_digit', 'component')
"""

from __future__ import annotations

import re

from stdnum.pe import ruc

from pipeline.taxids.interface import Reason, Remark
from pipeline.taxids.writing import bare, digits, reason

NAME = "RUC"
GENERIC = frozenset({"00000000", "99999999"})
"""DNI of buyers without a name."""
_FOREIGN = re.compile(r"(?:CE|PTP|CPP)[0-9]{9}|00[0-9]{7}")
LABELS = ("RUC", "DNI", "PE", "NRO", "NO", "N")


def compact(text: str) -> str:
    """The eleven digits, or the eight of a DNI with the leading zeros that a spreadsheet program took."""
    number = bare(text, LABELS)
    return number.zfill(8) if remark(text) else number


def remark(text: str) -> Remark | None:
    """Whether leading zeros were restored: six or seven digits can only be a DNI."""
    number = bare(text, LABELS)
    return "zeros_restored" if len(number) in (6, 7) and digits(number) else None


def judge(compacted: str) -> Reason | None:
    """What is wrong; eight digits are a person's DNI, nine those of a foreigner's card (CE) or permit (PTP, CPP)."""
    if (len(compacted) == 8 and digits(compacted)) or _FOREIGN.fullmatch(compacted):
        return "other_document"
    return reason(ruc.validate, compacted)


def present(compacted: str) -> str:
    """The compact form: so SUNAT writes it."""
    return compacted
