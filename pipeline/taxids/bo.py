"""Turn a Bolivian NIT into its compact form, which is also its normal one: `1023275.028` -> `1023275028`.

The number of a company, or of a person's cédula with what tells two of them apart. The authority publishes no
check digit, so only form and length are judged. Source: https://www.impuestos.gob.bo (Ley 2492; Resolución
Normativa de Directorio 102100000011: 99001, 99002 and 99003 are codes of special cases).

>>> compact("NIT 1023275028"), judge("1023275028"), judge("10232A"), judge("123")
('1023275028', None, 'format', 'length')
"""

from __future__ import annotations

import re

from pipeline.taxids.interface import Reason
from pipeline.taxids.writing import bare, digits

NAME = "NIT"
GENERIC = frozenset({"99001", "99002", "99003"})
"""Foreigners without a number, the authority's own controls, small sales of the day."""

_CARD = re.compile(r"E?[0-9]{5,8}(?:[0-9][A-Z])?(?:LP|SC|CB|CBBA|OR|PT|CH|TJ|BE|BN|PD|PA|PO)?")
"""A person's or (E) a foreigner's card. Source: https://www.segip.gob.bo (complemento; lugar de expedición)."""
_COMPLEMENT = re.compile(r"[0-9]{6,9}[A-Z]")

LABELS = ("NIT", "CI", "BO", "NRO", "NO", "N")


def compact(text: str) -> str:
    """The digits."""
    return bare(text, LABELS)


def judge(compacted: str) -> Reason | None:
    """What is wrong; a card with its complement or the letters of a department is another document."""
    if not digits(compacted):
        return "other_document" if _CARD.fullmatch(compacted) else "format"
    return None if 5 <= len(compacted) <= 15 else "length"


def present(compacted: str) -> str:
    """The compact form, with the dash before a card's complement."""
    return f"{compacted[:-2]}-{compacted[-2:]}" if _COMPLEMENT.fullmatch(compacted) else compacted
