"""Turn a Guatemalan NIT into its compact and its normal form: `576937K` -> `576937-K`.

Up to eleven digits and a check digit modulo 11, K for ten. Since 2021 persons may use their CUI of thirteen digits
instead. Source: https://portal.sat.gob.gt (Número de Identificación Tributaria; Régimen FEL: `CF` is the final
consumer; Acuerdo de Directorio 13-2021).

>>> compact("NIT 576937-K"), judge("576937K"), present("576937K"), judge("5769371")
('576937K', None, '576937-K', 'check_digit')
"""

from __future__ import annotations

from stdnum.gt import nit

from pipeline.taxids.interface import Reason
from pipeline.taxids.writing import bare, digits, reason

NAME = "NIT"
GENERIC = frozenset({"CF", "CONSUMIDORFINAL"})
LABELS = ("NIT", "CUI", "DPI", "GT", "NRO", "NO", "N")


def compact(text: str) -> str:
    """Digits and check digit without leading zeros; K in upper case."""
    return bare(text, LABELS).lstrip("0")


def judge(compacted: str) -> Reason | None:
    """What is wrong; thirteen digits are a person's CUI."""
    if len(compacted) == 13 and digits(compacted):
        return "other_document"
    return reason(nit.validate, compacted)


def present(compacted: str) -> str:
    """The number, a dash, the check digit; CF and a CUI as they are."""
    if compacted in GENERIC:
        return "CF"
    return compacted if len(compacted) == 13 else f"{compacted[:-1]}-{compacted[-1]}"
