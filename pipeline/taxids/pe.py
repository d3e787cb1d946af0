"""Turn a Peruvian RUC into its compact form, which is also its normal one: `20 13137277 0` -> `20131372770`.

Two digits of kind (10 persons, 15 and 17 others, 20 companies), eight digits, a check digit modulo 11.
Source: https://www.sunat.gob.pe (Registro Único de Contribuyentes; Decreto Legislativo 943).

>>> compact("RUC: 20131372770"), judge("20131372770"), judge("20131372771"), judge("99512333792")
('20131372770', None, 'check_digit', 'component')
"""

from __future__ import annotations

import re

from stdnum.pe import ruc

from pipeline.taxids.interface import Reason
from pipeline.taxids.writing import bare, digits, reason

NAME = "RUC"
GENERIC: frozenset[str] = frozenset()
_FOREIGN = re.compile(r"CE[0-9]{9}")
LABELS = ("RUC", "DNI", "PE", "NRO", "NO", "N")


def compact(text: str) -> str:
    """The eleven digits."""
    return bare(text, LABELS)


def judge(compacted: str) -> Reason | None:
    """What is wrong; eight digits are a person's DNI, CE and nine those of a foreigner's card."""
    if (len(compacted) == 8 and digits(compacted)) or _FOREIGN.fullmatch(compacted):
        return "other_document"
    return reason(ruc.validate, compacted)


def present(compacted: str) -> str:
    """The compact form: so SUNAT writes it."""
    return compacted
