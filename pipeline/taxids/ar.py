"""Turn an Argentine CUIT into its compact and its normal form: `20101234569` -> `20-10123456-9`.

Two digits of kind, eight digits, a check digit modulo 11; CUIL and CDI have the same form.
Source: https://www.arca.gob.ar (formerly AFIP; Resolución General 10/97).

>>> compact("CUIT 20-10123456-9"), judge("20101234569"), present("20101234569")
('20101234569', None, '20-10123456-9')
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Set

from stdnum.ar import cuit

from pipeline.taxids.interface import Reason
from pipeline.taxids.writing import bare, digits, reason

NAME = "CUIT"
LABELS = ("CUIT", "CUIL", "CDI", "DNI", "AR", "NRO", "NO", "N")
_OLD_DOCUMENT = re.compile(r"(?:LE|LC|CI|DU|M|F)[0-9]{6,8}")  # libretas and cards from before the DNI, DNI of a series
_LESS_USUAL = ("25", "26")  # given to persons like 23 and 24, and not known to python-stdnum


class _OfNobody(Set[str]):
    """The numbers for all persons, companies or others of a country (ARCA, table DST_CUIT: `CUIT país`), and those of zeros
    (23-00000000-0: a buyer of no category)."""

    _FRONTS = ("500000", "550000", "516000")
    _ZEROS = tuple(kind + 8 * "0" for kind in ("20", "23", "24", "27", "30", "33", "34"))

    def __contains__(self, number: object) -> bool:
        stem = number[:10] if isinstance(number, str) and len(number) == 11 else ""
        return (stem[:6] in self._FRONTS or stem in self._ZEROS) and cuit.is_valid(str(number))

    def __iter__(self) -> Iterator[str]:
        stems = (f"{front}{country:04}" for front in self._FRONTS for country in range(10_000))
        return (stem + cuit.calc_check_digit(stem) for stem in (*self._ZEROS, *stems))

    def __len__(self) -> int:
        return len(self._FRONTS) * 10_000 + len(self._ZEROS)


GENERIC: Set[str] = _OfNobody()


def compact(text: str) -> str:
    """The eleven digits."""
    return bare(text, LABELS)


def judge(compacted: str) -> Reason | None:
    """What is wrong; seven or eight digits are a person's DNI."""
    if (len(compacted) in (7, 8) and digits(compacted)) or _OLD_DOCUMENT.fullmatch(compacted):
        return "other_document"
    if compacted[:2] in _LESS_USUAL and len(compacted) == 11 and digits(compacted):
        return "unusual" if cuit.calc_check_digit(compacted[:-1]) == compacted[-1] else "check_digit"
    return reason(cuit.validate, compacted)


def present(compacted: str) -> str:
    """Kind, number and check digit with dashes; a DNI bare."""
    return cuit.format(compacted) if len(compacted) == 11 else compacted
