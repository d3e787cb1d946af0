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


def guarded(texts: pl.DataFrame) -> pl.DataFrame:
    """The frame, whose columns are texts, with what `escape` makes of them.

    Only cells whose first byte is that of a sign are looked at closely (a full-width sign shares its own with other
    letters), which costs a fraction of what the pattern costs for all.
    """
    first = texts.select(pl.all().cast(pl.Binary).bin.get(0, null_on_oob=True))
    found = first.select(pl.all().is_in(_FIRST_BYTES).any()).row(0, named=True)
    return texts.with_columns(_guarded(texts[name], first[name]) for name, some in found.items() if some)


def _guarded(texts: pl.Series, first: pl.Series) -> pl.Series:
    at = first.is_in(_FIRST_BYTES).arg_true()
    close = texts.gather(at).to_frame().select(escape(pl.col(texts.name))).to_series()
    return texts.clone().scatter(at, close)


def unescape(cell: pl.Expr) -> pl.Expr:
    """Remove exactly one leading apostrophe, where there is one; null stays null."""
    return cell.str.strip_prefix(MARK)


def escape_text(text: str) -> str:
    """What `escape` does, for one text (a header)."""
    return MARK + text if text[:1] and text[0] in STARTERS else text
