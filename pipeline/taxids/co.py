"""Turn a Colombian NIT into its compact form, which is also its normal one: `900.227.140 - 3` -> `900227140-3`.

The check digit is no part of the NIT (DIAN, oficio 063909 de 2021), so lists come with and without it. Here it is
always written, after a dash, because only then the number has one reading. Sources: https://www.dian.gov.co
(Estatuto Tributario, art. 555-1; Orden Administrativa 4 de 1989: weights 3, 7, 13 ... 71 modulo 11; Resolución 42
de 2020: 222222222222 for the final consumer); the ranges of cédulas are those of the Registraduría.

>>> compact("900.227.140-3"), compact("9002271403"), compact("900227140"), judge("900227140-4")
('900227140-3', '900227140-3', '900227140-3', 'check_digit')
"""

from __future__ import annotations

import re
from typing import Literal

import polars as pl
from stdnum.co import nit

from pipeline.taxids.interface import Reason, Remark
from pipeline.taxids.writing import NUMBER_CELL, PLAIN, bare, digits

NAME = "NIT"
GENERIC = frozenset({"222222222222", "222222222222-7", "222222222", "222222222-7"})
"""The final consumer."""

LABELS = ("NIT", "CC", "NUIP", "CEDULA", "CO", "NRO", "NO", "N")
_FOREIGN = re.compile(r"(?:CE|TI|RC|PEP|PPT)[0-9]{5,15}")  # documents of foreigners and minors
_MARKED = re.compile(r"[0-9]\s*(?:[-\u2010-\u2015\u2212]|DV[\s:.]*|/)\s*([0-9])\s*$", re.IGNORECASE)

_CHECK_DIGITS = b"01987654321"
"""By the weighted sum modulo 11."""


def compact(text: str) -> str:
    """Digits, a dash, the check digit, which is computed where it is missing; bare digits with two readings."""
    number = bare(text, LABELS).replace("DV", "")
    if number in GENERIC or not digits(number):
        return number
    how = _reading(number, bool(_MARKED.search(text)))
    if how == "with":
        return f"{number[:-1].lstrip('0')}-{number[-1]}"
    return number if how == "either" else f"{number.lstrip('0')}-{nit.calc_check_digit(number)}"


def remark(text: str) -> Remark | None:
    """Whether the check digit was computed."""
    number = bare(text, LABELS)
    missing = digits(number) and number not in GENERIC and _reading(number, bool(_MARKED.search(text))) == "without"
    return "check_digit_added" if missing else None


def judge(compacted: str) -> Reason | None:
    """What is wrong; bare digits are a number that can be read with and without a check digit."""
    if _FOREIGN.fullmatch(compacted):
        return "other_document"
    number, dash, check = compacted.partition("-")
    if not digits(number) or (dash and not digits(check)):
        return "format"
    if not dash:
        return "two_readings" if 6 <= len(number) <= 8 else "length"
    if not 5 <= len(number) <= 15 or len(check) != 1:
        return "length"
    return None if nit.calc_check_digit(number) == check else "check_digit"


def present(compacted: str) -> str:
    """The compact form: no dots, a dash before the check digit."""
    return compacted


def _reading(number: str, marked: bool) -> Literal["with", "without", "either"]:
    """Whether bare digits hold a check digit: nine beginning with 8 or 9 are a company's NIT without it, ten
    beginning with 1 a cédula without it; up to eight are an old cédula, unless the last digit fits the others."""
    fits = len(number) > 5 and nit.calc_check_digit(number[:-1]) == number[-1]
    if marked or len(number) > 10:
        return "with"
    if len(number) == 10:
        return "without" if number[0] == "1" else "with"
    if len(number) == 9:
        return "without" if number[0] in "89" else "with"
    if fits:
        return "either"
    return "without" if len(number) >= 5 else "with"


def accept(text: pl.Series) -> pl.Series:
    """The valid numbers of companies (nine digits, beginning with 8 or 9) that have their check digit."""
    from pipeline.taxids.weighed import looked_up, octets, placed, weighed

    plain = pl.col("plain")
    frame = (
        text.to_frame("text")
        .with_row_index("at")
        .with_columns(plain=pl.col("text").str.replace_many(list(PLAIN), [""]))
    )
    frame = frame.filter(plain.str.contains(r"^[89][0-9]{9}$"))
    frame = frame.filter(~pl.col("text").str.contains(NUMBER_CELL))
    number = octets(frame["plain"], 10)
    total = weighed(number, (41, 37, 29, 23, 19, 17, 13, 7, 3))
    fits = looked_up(_CHECK_DIGITS, total % 11) == number[:, 9]
    compacted = frame.select(pl.concat_str(plain.str.head(9), plain.str.tail(1), separator="-")).to_series()
    return placed(len(text), frame["at"], compacted, fits)


def written(compacted: pl.Series) -> pl.Series:
    """`present` for a whole column."""
    return compacted
