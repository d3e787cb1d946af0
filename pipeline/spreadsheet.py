"""Turn a column's place into the name that spreadsheet programs show for it."""

from __future__ import annotations


def letters(column: int) -> str:
    """A, B, ... Z, AA, ...; `column` is counted from 0."""
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name
