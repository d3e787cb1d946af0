"""Turn a Costa Rican cédula into its compact form, which is also its normal one: `3-101-999999` -> `3101999999`.

Nine digits for persons, ten for companies (and the NITE), eleven or twelve for foreigners (DIMEX); none has a check
digit. Sources: https://www.hacienda.go.cr (Resolución DGT-R-48-2016, electronic documents: digits only, without
leading zeros of persons); https://www.rnpdigital.com (classes of legal persons).

>>> compact("1-0613-0584"), compact("1-613-584"), compact("3-101-999999"), judge("106130584")
('106130584', '106130584', '3101999999', None)
"""

from __future__ import annotations

import re

from stdnum.cr import cpf, cpj
from stdnum.cr import cr as dimex

from pipeline.taxids.interface import Reason
from pipeline.taxids.writing import bare, digits, reason

NAME = "cédula"
GENERIC: frozenset[str] = frozenset()
LABELS = ("CEDULA", "CEDJURIDICA", "CEDJUR", "CED", "JURIDICA", "FISICA", "DIMEX", "NITE", "CR", "NRO", "NO", "N")
_PERSON = re.compile(r"\s*0?([1-9])-([0-9]{1,4})-([0-9]{1,4})\s*")


def compact(text: str) -> str:
    """The digits; the groups of a person's number are filled with zeros."""
    person = _PERSON.fullmatch(text)
    if person and len(person[2]) + len(person[3]) > 4:
        return person[1] + person[2].zfill(4) + person[3].zfill(4)
    number = bare(text, LABELS)
    return number[1:] if len(number) == 10 and number[0] == "0" else number


def judge(compacted: str) -> Reason | None:
    """What is wrong; a class of company that is not known is only unusual."""
    if not digits(compacted):
        return "format"
    if len(compacted) == 9:
        return "component" if compacted[0] == "0" else reason(cpf.validate, compacted)
    if len(compacted) == 10:
        return "unusual" if reason(cpj.validate, compacted) else None
    return reason(dimex.validate, compacted)


def present(compacted: str) -> str:
    """The compact form: so documents hold it."""
    return compacted
