"""Turn a Brazilian CNPJ or CPF into its compact form, which is also sent: `16.727.230/0001-97` -> `16727230000197`.

A CNPJ (companies) has fourteen characters, whose first twelve may be letters since July 2026; a CPF (persons) has
eleven digits. Both end in two check digits modulo 11. Leading zeros that a spreadsheet program took are restored
where the check digits prove them. Sources: https://www.gov.br/receitafederal (Instrução Normativa RFB 2.229/2024
and SERPRO's manual of the alphanumeric CNPJ; Instrução Normativa RFB 2.172/2024 on the CPF). Documents hold the
bare characters (Manual de Orientação da NF-e: `CNPJ`, `CPF`).

>>> compact("12.ABC.345/01DE-35"), judge("12ABC34501DE35"), compact("7195358000166"), judge("11111111111")
('12ABC34501DE35', None, '07195358000166', 'component')
"""

from __future__ import annotations

import re

import polars as pl
from stdnum.br import cnpj, cpf

from pipeline.taxids.interface import Reason
from pipeline.taxids.writing import bare, digits, reason

NAME = "CNPJ/CPF"
GENERIC: frozenset[str] = frozenset()
LABELS = ("CNPJ", "CPF", "CGC", "MF", "BR", "NUMERO", "NRO", "NO", "N")
SIZES = (11, 14)
_LABELLED_CPF = re.compile("(?:CPF|MFN|NRO)[0-9]{11}")
_CPF_APART = re.compile(r"\W*C\.?P\.?F\b", re.IGNORECASE)


def compact(text: str) -> str:
    """Letters and digits in upper case, with the leading zeros that the check digits prove."""
    number = bare(text, LABELS, SIZES)
    if _LABELLED_CPF.fullmatch(number) and (_CPF_APART.match(text) or not cnpj.is_valid(number)):
        number = number[3:]  # fourteen characters as well, but none of a CNPJ
    if digits(number):
        if len(number) in (12, 13) and cnpj.is_valid(number.zfill(14)):
            return number.zfill(14)
        if len(number) in (9, 10) and cpf.is_valid(number.zfill(11)):
            return number.zfill(11)
    return number


def judge(compacted: str) -> Reason | None:
    """What is wrong; eleven equal digits fit their check digits and are no CPF."""
    if len(compacted) == 11:
        if digits(compacted) and len(set(compacted)) == 1:
            return "component"
        return reason(cpf.validate, compacted)
    if not (compacted.isascii() and compacted.isalnum()):
        return "format"
    if len(compacted) == 14 and not digits(compacted[-2:]):
        return "format"
    return reason(cnpj.validate, compacted)


def present(compacted: str) -> str:
    """The compact form: so documents hold it."""
    return compacted


_CNPJ = r"^(?:[0-9]{14}|[0-9]{2}\.[0-9]{3}\.[0-9]{3}/[0-9]{4}-[0-9]{2})$"
_CPF = r"^(?:[0-9]{11}|[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2})$"
_LAYOUTS = {14: _CNPJ, 11: _CPF}
"""By the number of digits."""


def accept(text: pl.Series) -> pl.Series:
    """The valid numbers of digits alone in plain layouts; those of one digit repeated are left to `judge`."""
    found = [_fitting(text, size, layout) for size, layout in _LAYOUTS.items()]
    return found[0].zip_with(found[0].is_not_null(), found[1])


def _fitting(text: pl.Series, size: int, layout: str) -> pl.Series:
    """The numbers of so many digits whose two check digits fit: 11 less the weighted sum modulo 11, ten and eleven are 0."""
    from pipeline.taxids.weighed import DIGITS, looked_up, octets, placed, weighed

    frame = text.to_frame("text").with_row_index("at").filter(pl.col("text").str.contains(layout))
    plain = frame["text"].str.replace_many([".", "-", "/"], [""])
    number = octets(plain, size)
    turn = 8 if size == 14 else size  # the weights of a CNPJ run from 2 to 9 and begin again, those of a CPF go on
    fits = (number != number[:, :1]).any(axis=1)
    for last in (1, 0):  # the place of the check digit, counted from the right
        weights = [2 + place % turn for place in range(size - last - 1)][::-1]
        fits &= (11 - weighed(number, weights) % 11) % 11 % 10 == looked_up(DIGITS, number[:, size - last - 1])
    return placed(len(text), frame["at"], plain, fits)


def written(compacted: pl.Series) -> pl.Series:
    """`present` for a whole column."""
    return compacted
