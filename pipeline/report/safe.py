"""Turn cells into cells that a spreadsheet program shows instead of computing, and back, byte for byte.

A CSV file cannot say "this is text": a cell that begins with `=` is a formula to the program that opens it.
Such a cell gets one leading apostrophe, and so does a cell that begins with one, so that removing exactly one
restores every value. Full-width signs count because Excel folds them. Source:
https://owasp.org/www-community/attacks/CSV_Injection
"""

from __future__ import annotations

import polars as pl

MARK = "'"
STARTERS = "=+-@＝＋－＠\t\r\n'"

_FIRST_BYTES = sorted({sign.encode()[0] for sign in STARTERS})
_PATTERN = r"^[=+\-@＝＋－＠\t\r\n']"


def escape(cell: pl.Expr) -> pl.Expr:
    """Put one apostrophe before each text that a spreadsheet program might compute; null stays null."""
    return pl.when(~cell.str.contains(_PATTERN)).then(cell).otherwise(pl.concat_str(pl.lit(MARK), cell))


def suspected(cell: pl.Expr) -> pl.Expr:
    """Whether any cell of a column might get an apostrophe: never false where one would.

    Only the first byte is looked at (a full-width sign shares its own with other letters), which costs a fraction of
    what the pattern costs; `escape` leaves alone what is suspected for nothing.
    """
    return cell.cast(pl.Binary).bin.get(0, null_on_oob=True).is_in(_FIRST_BYTES).any()


def unescape(cell: pl.Expr) -> pl.Expr:
    """Remove exactly one leading apostrophe, where there is one; null stays null."""
    return cell.str.strip_prefix(MARK)


def escape_text(text: str) -> str:
    """What `escape` does, for one text (a header)."""
    return MARK + text if text[:1] and text[0] in STARTERS else text
