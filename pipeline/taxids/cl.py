"""Turn a Chilean RUT into its compact and its normal form: `76.086.428-5` -> `760864285` -> `76086428-5`.

The number of the Registro Civil (persons) or the SII (companies) and a check digit modulo 11, K for ten.
Sources: https://www.sii.cl (Formato de documentos tributarios electrónicos: `RUTRecep` with a dash, without dots
and leading zeros, K in upper case); Decreto con Fuerza de Ley 3 de 1969 (the role).

>>> compact("CL 76.086.428-5"), judge("760864285"), present("760864285")
('760864285', None, '76086428-5')
>>> judge("760864286")
'check_digit'
"""

from __future__ import annotations

from itertools import cycle
from operator import mul

import polars as pl

from pipeline.taxids.interface import Reason
from pipeline.taxids.writing import PLAIN, bare, digits

NAME = "RUT"
GENERIC = frozenset({"666666666", "555555555", "444444444", "111111111", "333333333", "999999999"})
"""66.666.666-6: buyer without a name on a boleta, 55.555.555-5: foreign buyer (SII, Formato DTE, RUTRecep);
44.444.444-4: foreigner without a RUT; 11.111.111-1, 33.333.333-3, 99.999.999-9: what forms are filled with."""

LABELS = ("RUT", "RUN", "ROL", "CL", "NRO", "NO", "N")
_LAYOUT = r"^[1-9][0-9]?[., ]?[0-9]{3}[., ]?[0-9]{3} ?[-\u2013]? ?[0-9Kk]$"
_VALUES = bytes(max(0, octet - ord("0")) for octet in range(256))  # of the ASCII digits
_COUNTED = bytes(10 if octet == ord("K") else value for octet, value in enumerate(_VALUES))
_SHORTEST = 8  # numbers below a million were given before 1930


def compact(text: str) -> str:
    """Digits and check digit without leading zeros; K in upper case."""
    return bare(text, LABELS).replace("DV", "").lstrip("0")


def judge(compacted: str) -> Reason | None:
    """What is wrong; shorter than any number that is in use is only unusual, if its check digit fits."""
    if len(compacted) < 2 or not digits(compacted[:-1]) or compacted[-1] not in "0123456789K":
        return "format"
    if len(compacted) > 9:
        return "length"
    if compacted[-1] != _check_digit(compacted[:-1]):
        return "check_digit"
    return "unusual" if len(compacted) < _SHORTEST else None


def present(compacted: str) -> str:
    """The number, a dash, the check digit."""
    return f"{compacted[:-1]}-{compacted[-1]}"


def complete(compacted: str) -> str | None:
    """The number with its check digit, where `compacted` is digits without one."""
    return compacted + _check_digit(compacted) if digits(compacted) else None


def _check_digit(number: str) -> str:
    """What python-stdnum's `cl.rut.calc_check_digit` gives, which takes several times as long."""
    return "0K987654321"[sum(map(mul, number[::-1].encode().translate(_VALUES), cycle((2, 3, 4, 5, 6, 7)))) % 11]


def accept(text: pl.Series) -> pl.Series:
    """The compact form of the valid numbers in plain layouts."""
    from pipeline.taxids.weighed import octets, placed, weighed

    frame = text.to_frame("text").with_row_index("at").filter(pl.col("text").str.contains(_LAYOUT))
    plain = frame["text"].str.replace_many([*PLAIN, "k"], [*[""] * len(PLAIN), "K"])
    total = weighed(octets(plain, 9), (3, 2, 7, 6, 5, 4, 3, 2, 1), _COUNTED)
    return placed(len(text), frame["at"], plain, (total % 11 == 0) & ~plain.is_in(sorted(GENERIC)).to_numpy())


def written(compacted: pl.Series) -> pl.Series:
    """`present` for a whole column."""
    number = pl.col("compacted")
    frame = pl.DataFrame({"compacted": compacted}).lazy()
    return frame.select(text=pl.concat_str(number.str.head(-1), number.str.tail(1), separator="-")).collect()["text"]
