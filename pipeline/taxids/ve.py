"""Turn a Venezuelan RIF into its compact and its normal form: `J 30702512 3` -> `J307025123` -> `J-30702512-3`.

A letter of kind (V, E persons, J companies, P passports, G government, C communes), eight digits and a check digit
modulo 11. Source: http://www.seniat.gob.ve (Registro Único de Información Fiscal, Providencia 0073).

>>> compact("v-1147028-3"), judge("V114702834"), present("V114702834"), judge("J307025124")
('V011470283', None, 'V-11470283-4', 'check_digit')
"""

from __future__ import annotations

import re

from stdnum.ve import rif

from pipeline.taxids.interface import Reason
from pipeline.taxids.writing import bare, digits, reason

NAME = "RIF"
GENERIC: frozenset[str] = frozenset()
LABELS = ("RIF", "CEDULA", "CI")
_GROUPS = re.compile(r"([VEJPGC])\s*[-.\u2010-\u2015]?\s*([0-9.]{5,10})\s*[-\u2010-\u2015]\s*([0-9])", re.IGNORECASE)


def compact(text: str) -> str:
    """Letter and nine digits; a number in groups is filled with zeros."""
    groups = _GROUPS.search(text)
    if groups:
        return groups[1].upper() + groups[2].replace(".", "").zfill(8) + groups[3]
    return bare(text, LABELS)


def judge(compacted: str) -> Reason | None:
    """What is wrong; V or E with up to eight digits is a person's cédula."""
    kind, number = compacted[:1], compacted[1:]
    if kind in ("V", "E") and digits(number) and 6 <= len(number) <= 8:
        return "other_document"
    if kind == "C":  # the rule of its check digit is not published
        return None if len(number) == 9 and digits(number) else "format"
    if compacted and not kind.isalpha():
        return "format"
    return reason(rif.validate, compacted)


def present(compacted: str) -> str:
    """Letter, number and check digit with dashes; a cédula with one."""
    if len(compacted) != 10:
        return f"{compacted[0]}-{compacted[1:]}" if compacted[0].isalpha() else compacted
    return f"{compacted[0]}-{compacted[1:9]}-{compacted[9]}"
