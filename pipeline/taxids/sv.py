"""Turn a Salvadoran NIT into its compact and its normal form: `06140507071048` -> `0614-050707-104-8`.

Municipality, date, serial number and a check digit. Since 2021 a person's DUI (eight digits and one) serves as NIT too;
its check digit is not judged here. Source: https://www.mh.gob.sv (Código Tributario, art. 37; Decreto Legislativo 160
de 2021 on the DUI).

>>> compact("NIT 0614-050707-104-8"), judge("06140507071048"), judge("06140507071040"), present("06140507071048")
('06140507071048', None, 'check_digit', '0614-050707-104-8')
"""

from __future__ import annotations

from stdnum.sv import nit

from pipeline.taxids.interface import Reason
from pipeline.taxids.writing import bare, digits, reason

NAME = "NIT"
GENERIC: frozenset[str] = frozenset()
LABELS = ("NIT", "DUI", "SV", "NRO", "NO", "N")


def compact(text: str) -> str:
    """The fourteen digits, with a leading zero that the check digit proves, or the nine of a DUI."""
    number = bare(text, LABELS)
    return "0" + number if len(number) == 13 and digits(number) and nit.is_valid("0" + number) else number


def judge(compacted: str) -> Reason | None:
    """What is wrong; nine digits are a person's DUI."""
    if len(compacted) == 9 and digits(compacted):
        return "other_document"
    return reason(nit.validate, compacted)


def present(compacted: str) -> str:
    """The groups with dashes."""
    if len(compacted) == 9:
        return f"{compacted[:8]}-{compacted[8]}"
    return f"{compacted[:4]}-{compacted[4:10]}-{compacted[10:13]}-{compacted[13]}"
