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

from stdnum.br import cnpj, cpf

from pipeline.taxids.interface import Reason
from pipeline.taxids.writing import bare, digits, reason

NAME = "CNPJ/CPF"
GENERIC: frozenset[str] = frozenset()
LABELS = ("CNPJ", "CPF", "MF", "BR")
SIZES = (11, 14)


def compact(text: str) -> str:
    """Letters and digits in upper case, with the leading zeros that the check digits prove."""
    number = bare(text, LABELS, SIZES)
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
