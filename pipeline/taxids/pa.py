"""Turn a Panamanian RUC into its compact form, which is also its normal one: `155596713-2-2015 D.V. 59` -> `155596713-2-2015 DV 59`.

Three groups with dashes: volume, folio and entry of a company, or a person's cédula (`8-123-4567`, `PE-12-345`,
`E-8-12345`, `N-19-1234`, `8-NT-1-123`), and two check digits (DV), which lists often leave out and which are not
verified here. Source: https://dgi.mef.gob.pa (Registro Único de Contribuyente; Resolución 201-9719 de 2018).

>>> compact(" 155596713-2-2015  dv59"), judge("155596713-2-2015 DV 59"), judge("8-123-4567"), judge("81234567")
('155596713-2-2015 DV 59', None, None, 'format')
"""

from __future__ import annotations

import re

from pipeline.taxids.interface import Reason

NAME = "RUC"
GENERIC: frozenset[str] = frozenset()
_DASH = re.compile(r"\s*[-\u2010-\u2015\u2212]\s*")
_LABEL = re.compile(r"^(?:R\.?U\.?C\.?|C[EÉ]DULA|C\.?I\.?P\.?)[\s:.]*")
_CHECK = re.compile(r"[\s,;]*D\.?V\.?[\s:.]*([0-9]{1,2})$")
_UNMARKED = re.compile(r"(?<=-[0-9]{4})-([0-9]{2})$")  # behind a company's year
_FORM = re.compile(
    r"(?:[0-9]{1,2}|[0-9]{1,2}(?:AV|PI|NT)|PE|E|N|[0-9]{1,9})"  # province and kind, or a company's volume
    r"(?:-NT)?-[0-9]{1,5}-[0-9]{1,7}(?: DV [0-9]{2})?"
)


def compact(text: str) -> str:
    """The groups with plain dashes, and the check digits after `DV`."""
    number = _DASH.sub("-", _LABEL.sub("", text.strip().upper()))
    check = _CHECK.search(number) or _UNMARKED.search(number)
    body = re.sub(r"\s", "", number[: check.start()] if check else number)
    return f"{body} DV {check[1].zfill(2)}" if check else body


def judge(compacted: str) -> Reason | None:
    """What is wrong."""
    return None if _FORM.fullmatch(compacted) else "format"


def present(compacted: str) -> str:
    """The compact form: its dashes tell the groups apart."""
    return compacted
