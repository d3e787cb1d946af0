"""Turn a Portuguese NIF into its compact form, which is also its normal one: `PT 501 964 843` -> `501964843`.

Nine digits, the last one a check digit modulo 11. Source: https://info.portaldasfinancas.gov.pt (Decreto-Lei
14/2013; 999999990 is the final consumer of invoices, Portaria 302/2016).

>>> compact("PT 501 964 843"), judge("501964843"), judge("501964842")
('501964843', None, 'check_digit')
"""

from __future__ import annotations

from stdnum.pt import nif

from pipeline.taxids.interface import Reason
from pipeline.taxids.writing import bare, reason

NAME = "NIF"
GENERIC = frozenset({"999999990"})
LABELS = ("NIF", "NIPC", "CONTRIBUINTE", "VAT", "IVA", "PT", "NRO", "NO", "N")


def compact(text: str) -> str:
    """The nine digits."""
    return bare(text, LABELS)


def judge(compacted: str) -> Reason | None:
    """What is wrong."""
    return reason(nif.validate, compacted)


def present(compacted: str) -> str:
    """The compact form."""
    return compacted
