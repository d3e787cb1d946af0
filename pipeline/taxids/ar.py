"""Turn an Argentine CUIT into its compact and its normal form: `20101234569` -> `20-10123456-9`.

Two digits of kind, eight digits, a check digit modulo 11; CUIL and CDI have the same form.
Source: https://www.arca.gob.ar (formerly AFIP; Resolución General 10/97).

>>> compact("CUIT 20-10123456-9"), judge("20101234569"), present("20101234569")
('20101234569', None, '20-10123456-9')
"""

from __future__ import annotations

from stdnum.ar import cuit

from pipeline.taxids.interface import Reason
from pipeline.taxids.writing import bare, digits, reason

NAME = "CUIT"
GENERIC: frozenset[str] = frozenset()
LABELS = ("CUIT", "CUIL", "CDI", "DNI", "AR", "NRO", "NO", "N")


def compact(text: str) -> str:
    """The eleven digits."""
    return bare(text, LABELS)


def judge(compacted: str) -> Reason | None:
    """What is wrong; seven or eight digits are a person's DNI."""
    if len(compacted) in (7, 8) and digits(compacted):
        return "other_document"
    return reason(cuit.validate, compacted)


def present(compacted: str) -> str:
    """Kind, number and check digit with dashes; a DNI bare."""
    return cuit.format(compacted) if len(compacted) == 11 else compacted
