"""Turn whole text columns into the rows of a worksheet as XML: every cell text, exactly as it was.

A cell says of itself that it is text (an inline string), so that nothing becomes a formula, a link, a number or
markup. Characters that XML cannot hold are written as the format wants it, `_x0000_`, and so is a text that looks
like that. Source: ECMA-376 part 1, 22.9.2.19 (ST_Xstring).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import polars as pl

from pipeline.spreadsheet import letters

LINE = 15  # points
CHUNK = 4_000  # rows whose XML is in memory at once

_STRANGE = r"[\x00-\x08\x0b-\x1f\x{fffe}\x{ffff}]|_x[0-9A-Fa-f]{4}_"
_ONE = re.compile(r"[\x00-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
_ODD = rf"{_STRANGE}|[&<>]|^\s|\s$"  # a column without any of it is written as it is, after one look instead of three
_NOTHING, _CLOSE, _KEEP = pl.lit(""), "</t></is></c>", ' xml:space="preserve"'


def escaped(texts: pl.Series) -> pl.Series:
    """The texts as they stand between two tags of a worksheet; null stays null."""
    name = texts.name
    odd = texts.str.contains(_STRANGE).fill_null(False)
    if odd.any():
        mended = [_ONE.sub(_coded, text) for text in texts.filter(odd)]
        at = odd.arg_true()
        texts = texts.scatter(at, pl.Series(mended, dtype=pl.String))
    if texts.str.contains("[&<>]").any():
        for sign, word in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
            texts = texts.str.replace_all(sign, word, literal=True)
    return texts.alias(name)


def rows_xml(
    cells: Sequence[pl.Series],
    styles: Sequence[int],
    marks: Mapping[int, pl.Series],
    first: int,
    lines: pl.Series | None = None,
) -> bytes:
    """The rows as `<row>` elements in UTF-8; `first` is the number of the first one as a spreadsheet shows it.

    `styles` are the columns' numbers in the style sheet; `marks` overrule them, for blank cells too: by column a
    series (Int32) with one number for each cell, null for the column's own. `lines` is how many lines of text each row is tall.
    """
    height = len(cells[0]) if cells else 0
    if not height:
        return b""
    odd = pl.select(pl.lit(texts).str.contains(_ODD).any().alias(str(at)) for at, texts in enumerate(cells)).row(0)
    columns = [pl.int_range(first, first + height, eager=True).cast(pl.String).alias("r")]
    parts: list[pl.Expr] = [pl.lit('<row r="'), pl.col("r"), _tall(lines), pl.lit('">')]
    for at, (texts, style) in enumerate(zip(cells, styles, strict=True)):
        mark = marks.get(at)
        if mark is None and texts.null_count() == height:
            continue
        columns.append((escaped(texts) if odd[at] else texts).alias(f"t{at}"))
        space = odd[at] and bool(texts.str.contains(r"^\s|\s$").any())
        if mark is not None:
            columns.append(mark.alias(f"s{at}"))
            parts.append(_marked(at, style, space=space))
        elif texts.null_count():
            parts.append(pl.concat_str(_cell(at, style, space=space)))
        else:  # not put together before the row is: a text is copied once
            parts += _cell(at, style, space=space)
    parts.append(pl.lit("</row>"))
    rows = pl.DataFrame(columns).select(pl.concat_str(parts, ignore_nulls=True).str.join("").cast(pl.Binary))
    return bytes(rows.item())


def _cell(at: int, style: int, *, space: bool) -> list[pl.Expr]:
    """The parts of the cells of a column; put together they are null where the text is."""
    middle = pl.lit(f'" s="{style}"{_open(space=space)}')
    return [pl.lit(f'<c r="{letters(at)}'), pl.col("r"), middle, pl.col(f"t{at}"), pl.lit(_CLOSE)]


def _marked(at: int, style: int, *, space: bool) -> pl.Expr:
    """The cells of a column some of which have a style of their own, which a blank one keeps."""
    text, mark = pl.col(f"t{at}"), pl.col(f"s{at}")
    start = [pl.lit(f'<c r="{letters(at)}'), pl.col("r"), pl.lit('" s="'), mark.fill_null(style).cast(pl.String)]
    blank = pl.when(mark.is_null()).then(_NOTHING).otherwise(pl.concat_str([*start, pl.lit('"/>')]))
    full = pl.concat_str([*start, pl.lit(f'"{_open(space=space)}'), text, pl.lit(_CLOSE)])
    return pl.when(text.is_null()).then(blank).otherwise(full)


def _open(*, space: bool) -> str:
    return f' t="inlineStr"><is><t{_KEEP if space else ""}>'


def _tall(lines: pl.Series | None) -> pl.Expr:
    """The height, where it is more than one line: no program grows the rows of a file by itself."""
    if lines is None:
        return _NOTHING
    points = pl.concat_str(pl.lit('" ht="'), pl.lit(lines) * LINE, pl.lit('" customHeight="1'))
    return pl.when(pl.lit(lines) > 1).then(points).otherwise(_NOTHING)


def _coded(found: re.Match[str]) -> str:
    return f"_x{ord(found[0]):04X}_"
