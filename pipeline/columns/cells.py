"""Turn raw cells into the text that is really in them: no invisible characters, no outer white space, no stand-ins.

A stand-in is what people write for "nothing" (`-`, `N/A`, `s/d`). It is read as blank only where it could not
be a value of the field; a name or a note may be a dash. The mapping has a longer list of such words, which its file
can replace; those here are no value of a field that has a form of its own, whatever the mapping says.
"""

from __future__ import annotations

import re
import unicodedata

import polars as pl

__all__ = ["INVISIBLE", "STAND_INS", "fold", "precision_lost", "shown", "tidy", "visible", "without_stand_ins"]

INVISIBLE = "\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff"
"""Soft hyphen, zero-width and direction marks, as the inside of a character class."""

_INVISIBLE_CLASS = f"[{INVISIBLE}]"
_INVISIBLE = re.compile(_INVISIBLE_CLASS)

STAND_INS = ("-", "--", "---", "–", "—", ".", "n/a", "na", "n.a.", "n.a", "n/d", "nd", "s/d", "null", "none", "nil")
"""What stands for "nothing" in a cell, in lower case."""

_LONGEST_STAND_IN = max(len(word.encode()) for word in STAND_INS)
_STAND_IN = f"^(?i:{'|'.join(re.escape(word) for word in STAND_INS)})$"

LOST = r"^[+-]?\d(?:[.,]\d+)?[eE]\+\d{1,3}$|^[+-]?\d[.,]\d{2,}[eE]\d{2}$"
"""How a spreadsheet program shows a long number in a narrow cell: 1.23E+11. A code such as 12E45 is none."""

_WORD_BREAKS = re.compile(r"[\W_]+")


def visible(text: str) -> str:
    """`text` without invisible characters and outer white space."""
    return _INVISIBLE.sub("", text).strip()


def tidy(cells: pl.Series) -> pl.Series:
    """Remove invisible characters and outer white space (any Unicode one); what is then empty becomes null."""
    return _tidied(cells)[0]


def without_stand_ins(cells: pl.Series) -> pl.Series:
    """Tidy cells in which `-`, `N/A` and the like have become null."""
    text, any_short = _tidied(cells)
    if not any_short:
        return text
    short = (text.str.len_bytes() <= _LONGEST_STAND_IN).arg_true()
    nothing = short.filter(text.gather(short).str.contains(_STAND_IN))
    return text.clone().scatter(nothing, None) if len(nothing) else text


def _tidied(cells: pl.Series) -> tuple[pl.Series, bool]:
    """The tidy cells, and whether one is as short as a stand-in."""
    text = cells.str.strip_chars()
    cell = pl.col("cell")
    size = cell.str.len_bytes()
    facts = text.to_frame("cell").select(
        odd=(size != cell.str.len_chars()).any(),  # none of the invisible ones is ASCII
        empty=(size == 0).any(),
        short=(size <= _LONGEST_STAND_IN).any(),
    )
    odd, empty, short = facts.row(0)
    if odd and text.str.contains(_INVISIBLE_CLASS).any():
        return _tidied(text.str.replace_all(_INVISIBLE_CLASS, ""))
    return (text.set((text.str.len_bytes() == 0).fill_null(False), None) if empty else text), short


def precision_lost(cells: pl.Series) -> pl.Series:
    """Whether a tidy cell of an identifier shows a rounded number (Boolean, null where the cell is)."""
    return cells.str.contains(LOST)


def shown(text: str) -> str:
    """`text` in quotes, on one line, at most 60 characters: for a detail."""
    line = " ".join(text.split())
    return f"'{line if len(line) <= 60 else line[:57] + '...'}'"


def fold(text: str) -> str:
    """`text` without case, accents and punctuation: the form in which words are compared.

    >>> fold(" Sí, ¡Señor!")
    'si senor'
    """
    base = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(c for c in base if not unicodedata.combining(c))
    return _WORD_BREAKS.sub(" ", bare).strip()
