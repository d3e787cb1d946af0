"""Turn whole text columns into the rows of a worksheet as XML: every cell text, exactly as it was.

A cell says of itself that it is text (an inline string), so that nothing becomes a formula, a link, a number or
markup. Characters that XML cannot hold are written as the format wants it, `_x0000_`, and so is a text that looks
like that. Source: ECMA-376 part 1, 22.9.2.19 (ST_Xstring).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

import polars as pl

from pipeline.spreadsheet import letters

LINE = 15  # points
CHUNK = 2_000  # rows whose XML is in memory at once
WORTH_IT = 100_000
"""Fewer octets are looked through without numpy, which takes longer to load."""

_STRANGE = r"[\x00-\x08\x0b-\x1f\x{fffe}\x{ffff}]|_x[0-9A-Fa-f]{4}_"
_ONE = re.compile(r"[\x00-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
_PLAIN = bytes(range(0x20, 0xE1))  # of UTF-8: before are control characters; behind, white space from U+1680 on
_BETWEEN = "\x7f"  # a sign of no meaning that one text in millions has, which is then looked at in vain
_LATIN = b"\xc2"  # the white space of Latin-1 begins with this octet
_RARE = f" {_BETWEEN}|{_BETWEEN} |_x|\u0085|\u00a0"
_MARKUP = {"&": "&amp;", "<": "&lt;", "]]>": "]]&gt;"}  # > alone is none: https://www.w3.org/TR/xml/#syntax
_CLOSE, _KEEP = "</t></is></c>", ' xml:space="preserve"'

Part = str | pl.Expr


def rows_xml(
    cells: Sequence[pl.Series],
    styles: Sequence[int],
    marks: Mapping[int, pl.Series],
    first: int,
    lines: pl.Series | None = None,
) -> Iterator[bytes]:
    """The rows as `<row>` elements in UTF-8, CHUNK of them at a time; `first` is the number of the first one.

    `styles` are the columns' numbers in the style sheet; `marks` overrule them, for blank cells too: by column a
    series (Int32) with one number for each cell, null for the column's own. `lines` is how many lines of text each row is tall.
    """
    height = len(cells[0]) if cells else 0
    columns = [pl.int_range(first, first + height, eager=True).cast(pl.String).alias("r")]
    parts: list[Part] = ['<row r="', pl.col("r"), '">']
    if lines is not None and (lines > 1).any():
        columns.append(_tall(lines).alias("tall"))
        parts[2:] = [pl.col("tall"), '">']
    behind: dict[str, pl.Expr] = {}  # what is between a row's number and the text, by name
    for at, (texts, style) in enumerate(zip(cells, styles, strict=True)):
        mark = marks.get(at)
        if mark is None and texts.null_count() == height:
            continue
        text, space = written(texts)
        columns.append(text.alias(f"t{at}"))
        if mark is not None:
            columns.append(mark.alias(f"s{at}"))
            parts.append(_marked(at, style, space=space))
            continue
        name = f"{style} {_KEEP if space else ''}"
        behind[name] = pl.concat_str("r", pl.lit(f'" s="{style}"{_open(space=space)}')).alias(name)
        cell: list[Part] = [f'<c r="{letters(at)}', pl.col(name), pl.col(f"t{at}"), _CLOSE]
        # Not put together before the row is, but for the blank ones, which make the whole null: a text is copied once.
        parts += [_together(cell)] if texts.null_count() else cell
    row = _together([*parts, "</row>"], ignore_nulls=True)
    frame = pl.DataFrame(columns).with_columns(behind.values())
    for start in range(0, height, CHUNK):
        yield frame.slice(start, CHUNK).select(row.str.join("").cast(pl.Binary)).item()


def written(texts: pl.Series) -> tuple[pl.Series, bool]:
    """The texts as they stand between two tags of a worksheet (null stays null), and whether white space must be kept.

    Most columns have nothing but letters, digits and signs: that is seen in all their octets at once, in a fraction of
    the time of a look at each text.
    """
    joined = texts.str.join(_BETWEEN)
    octets: bytes = joined.cast(pl.Binary).item()
    kept = False
    if _needs_care(octets, joined):
        kept = bool(texts.str.contains(r"^\s|\s$").any())
        strange = texts.str.contains(_STRANGE).fill_null(False).arg_true()
        if len(strange):
            mended = [_ONE.sub(_coded, text) for text in texts.gather(strange)]
            texts = texts.clone().scatter(strange, pl.Series(mended, dtype=pl.String))
    for sign, word in _MARKUP.items():
        if sign[:1].encode() in octets:
            texts = texts.str.replace_all(sign, word, literal=True)
    return texts, kept


def _needs_care(octets: bytes, joined: pl.Series) -> bool:
    """Whether any of the texts that were joined may have what `_STRANGE` finds, or white space at an end."""
    if _has_others(octets) or octets[:1] == b" " or octets[-1:] == b" ":
        return True
    return (b" " in octets or b"_" in octets or _LATIN in octets) and bool(joined.str.contains(_RARE).item())


def _has_others(octets: bytes) -> bool:
    """Whether any octet is not one of `_PLAIN`."""
    if len(octets) < WORTH_IT:
        return bool(octets.translate(None, _PLAIN))
    import numpy as np

    seen = np.frombuffer(octets, dtype=np.uint8)
    return bool(seen.min() < _PLAIN[0] or seen.max() > _PLAIN[-1])


def _together(parts: Sequence[Part], *, ignore_nulls: bool = False) -> pl.Expr:
    """The parts as one text; literals that stand side by side are one part of it, which costs as much as a short one."""
    joined: list[pl.Expr] = []
    text = ""
    for part in parts:
        if isinstance(part, str):
            text += part
        else:
            joined += [pl.lit(text), part] if text else [part]
            text = ""
    return pl.concat_str([*joined, pl.lit(text)], ignore_nulls=ignore_nulls)


def _marked(at: int, style: int, *, space: bool) -> pl.Expr:
    """The cells of a column some of which have a style of their own, which a blank one keeps."""
    text, mark = pl.col(f"t{at}"), pl.col(f"s{at}")
    start: list[Part] = [f'<c r="{letters(at)}', pl.col("r"), '" s="', mark.fill_null(style).cast(pl.String)]
    blank = pl.when(mark.is_not_null()).then(_together([*start, '"/>']))
    full = _together([*start, f'"{_open(space=space)}', text, _CLOSE])
    return pl.when(text.is_null()).then(blank).otherwise(full)


def _open(*, space: bool) -> str:
    return f' t="inlineStr"><is><t{_KEEP if space else ""}>'


def _tall(lines: pl.Series) -> pl.Series:
    """The height, null where it is one line: no program grows the rows of a file by itself."""
    points = pl.concat_str(pl.lit('" ht="'), pl.lit(lines) * LINE, pl.lit('" customHeight="1'))
    return pl.select(pl.when(pl.lit(lines) > 1).then(points)).to_series()


def _coded(found: re.Match[str]) -> str:
    return f"_x{ord(found[0]):04X}_"
