"""Turn a Uruguayan RUT into its compact form, which is also its normal one: `UY 21 140634 001 1` -> `211406340011`.

Two digits, six digits, 001 and a check digit modulo 11. Source: https://www.gub.uy/direccion-general-impositiva
(Registro Único Tributario; e-invoices hold the twelve digits).

>>> compact("21-140634-001-1"), judge("211406340011"), judge("211406340012"), judge("211599345519")
('211406340011', None, 'check_digit', 'component')
"""

from __future__ import annotations

from stdnum.uy import rut

from pipeline.taxids.interface import Reason
from pipeline.taxids.writing import bare, digits, reason

NAME = "RUT"
GENERIC: frozenset[str] = frozenset()
LABELS = ("RUT", "RUC", "CI", "UY", "NRO", "NO", "N")
_WEIGHTS = (2, 9, 8, 7, 6, 3, 4)  # Dirección Nacional de Identificación Civil


def compact(text: str) -> str:
    """The twelve digits."""
    return bare(text, LABELS)


def judge(compacted: str) -> Reason | None:
    """What is wrong; seven or eight digits are a person's cédula."""
    if len(compacted) in (7, 8) and digits(compacted):
        number = compacted.zfill(8)
        total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, number, strict=False))
        return "other_document" if -total % 10 == int(number[-1]) else "check_digit"
    return reason(rut.validate, compacted)


def present(compacted: str) -> str:
    """The compact form: so documents hold it."""
    return compacted
