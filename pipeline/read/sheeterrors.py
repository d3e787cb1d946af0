"""Turn a cell of a text into the verdict of what a spreadsheet program made of it: an error, a shortened number, a formula."""

from __future__ import annotations

import re

_WORDS = (
    "REF", "VALUE", "VALOR", "VALEUR", "DIV/0", "NAME", "NOMBRE", "NOME", "NOM", "NUM", "NÚM", "NULL", "NULO", "NUL",
    "CALC", "SPILL", "DESBORDAMIENTO", "DESPEJAR", "FIELD", "BLOCKED", "BUSY", "ERROR",
)  # fmt: skip
_PATTERN = f"#(?:¡|¿)?(?:{'|'.join(map(re.escape, _WORDS))})[!?]"

ERROR = re.compile(_PATTERN.encode())
"""An error value among bytes of UTF-8: English, Spanish, Portuguese, French. `#N/A` says "blank" as often as "failed"."""

ERROR_STARTS = tuple(sorted({word.encode()[0] for word in (*_WORDS, "¡")}))
"""The bytes that may follow the number sign of an error value."""

_CELL = re.compile(_PATTERN)

SHORTENED = re.compile(r"-?[0-9][.,][0-9]+E\+[0-9]{2,3}")
"""A long number as spreadsheet programs write it, with a few of its digits."""

TEXT_FORMULA = re.compile(r'="([^"]*)"')
"""A text that keeps its zeros in a spreadsheet program: `="00123"`."""


def is_error(cell: str) -> bool:
    """Whether the cell is nothing but an error value.

    >>> is_error("#¡REF!"), is_error("Calle 5 #12")
    (True, False)
    """
    return cell.startswith("#") and _CELL.fullmatch(cell.strip()) is not None
