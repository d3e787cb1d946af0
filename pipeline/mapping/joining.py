"""Turn the cells of several columns into one text for each row, as a pattern says (`compose`).

Which parts are there decides what stands around them, so the rows that have the same parts are put together at once.
Only where a part repeats an earlier piece of its text, one part is looked at after the other.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from operator import add

import polars as pl

from pipeline import sparse
from pipeline.mapping.compose import Alternative, Part, Pattern

__all__ = ["join", "units"]

WORTH_IT = 100
"""Fewer rows with the same parts are put together part by part."""
MOST = 16  # parts; of more, hardly two rows have the same

Items = list[str | int]
"""What a text is made of: signs and words of the pattern, and the numbers of parts."""


def join(pattern: Pattern, cells: dict[int, pl.Series]) -> list[pl.Series]:
    """One series of texts for each alternative of the pattern, null where all its parts are blank.

    `cells` has the parts' texts by column index, already trimmed, with null where blank.
    """
    return [_join(alternative, cells) for alternative in pattern.alternatives]


def _join(alternative: Alternative, cells: dict[int, pl.Series]) -> pl.Series:
    first, *others = alternative.parts
    if not others and not (alternative.start or alternative.end or first.after):
        return _cells(first, cells)
    parts = pl.DataFrame([_cells(part, cells).alias(str(at)) for at, part in enumerate(alternative.parts)])
    return (_part_by_part if parts.height < WORTH_IT or parts.width > MOST else _together)(alternative, parts)


def _cells(part: Part, cells: dict[int, pl.Series]) -> pl.Series:
    return units(cells[part.index]) if part.cents else cells[part.index]


def _together(alternative: Alternative, parts: pl.DataFrame) -> pl.Series:
    """The texts of all rows; `parts` are named by their numbers."""
    found = sparse.nulls(parts.height, name="text")
    left = [pl.Series(dtype=pl.get_index_type())]
    for there, rows in _alike(parts):
        if len(rows) < WORTH_IT:
            left.append(rows)
        elif len(rows) == parts.height:
            found, repeating = _of_the_same(alternative, there, parts)
            left.append(repeating)
        elif there:
            text, repeating = _of_the_same(alternative, there, parts[rows])
            found.scatter(rows, text)
            left.append(rows.gather(repeating))
    rest = pl.concat(left)
    return found.scatter(rest, _part_by_part(alternative, parts[rest])) if len(rest) else found


def _alike(parts: pl.DataFrame) -> Iterator[tuple[set[int], pl.Series]]:
    """Which parts are there, and the rows in which it is just these."""
    bits = [parts[name].is_not_null().cast(pl.UInt32) * 2**at for at, name in enumerate(parts.columns)]
    known = reduce(add, bits)
    for number in known.unique():
        yield {at for at in range(parts.width) if number >> at & 1}, (known == number).arg_true()


def _of_the_same(alternative: Alternative, there: set[int], parts: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    """The texts of rows that have the parts `there`, and no others; and the rows in which one may repeat a piece."""
    needed = {at for at, part in enumerate(alternative.parts) if part.needed}
    none = pl.Series(dtype=pl.get_index_type())
    if not there or (needed and not needed & there):
        return sparse.nulls(parts.height, name="text"), none
    items, joints = _laid_out(alternative, there)
    whole = [alternative.start, *items, alternative.end]
    text = parts.select(text=_text(whole)).to_series()
    if not joints:
        return text, none
    commas = sum(item.count(",") for item in whole if isinstance(item, str))
    # A part with a comma in it can repeat half a piece, or two. İ is the one letter that is two in lower case.
    odd = (text.str.count_matches(",", literal=True) != commas) | text.str.contains("\u0130", literal=True)
    sizes = {at: parts[str(at)].str.len_chars().cast(pl.Int64) for at in there}
    repeating = [_equal(parts, sizes, piece, part) for at, part in joints for piece in _pieces(items[:at])]
    return text, pl.concat([odd.arg_true(), *repeating]).unique()


def _laid_out(alternative: Alternative, there: set[int]) -> tuple[Items, list[tuple[int, int]]]:
    """What the text of these parts is made of; and the parts that come after a comma, each with what is before it."""
    items: Items = []
    joints = []
    gap = ""
    for at, part in enumerate(alternative.parts):
        gap = _longer(gap, part.between)
        if at in there:
            if items and "," in gap:
                joints.append((len(items), at))
            items += [gap + part.before if items else part.before, at, part.after]
            gap = ""
    return items, joints


def _longer(gap: str, between: str) -> str:
    """The gap that is open since the last part that is there: the longest of the separators that met."""
    return between if len(gap.encode()) < len(between.encode()) else gap


def _pieces(items: Items) -> list[Items]:
    """The items between one ", " and the next."""
    pieces: list[Items] = [[]]
    for item in items:
        first, *others = item.split(", ") if isinstance(item, str) else [item]
        pieces[-1].append(first)
        pieces += [[other] for other in others]
    return pieces


def _equal(parts: pl.DataFrame, sizes: dict[int, pl.Series], piece: Items, part: int) -> pl.Series:
    """The rows in which a part is, but for case, the same as a piece; `sizes` are the parts' numbers of characters."""
    rest = sizes[part]
    for item in piece:
        rest = rest - (len(item) if isinstance(item, str) else sizes[item])
    rows = (rest == 0).arg_true()
    same = _text(piece).str.to_lowercase() == pl.col(str(part)).str.to_lowercase()
    return rows.filter(parts[rows].select(same=same).to_series())


def _text(items: Items) -> pl.Expr:
    made = [pl.lit(item) if isinstance(item, str) else pl.col(str(item)) for item in items if item != ""]
    return pl.concat_str(made or [pl.lit("")])


def _part_by_part(alternative: Alternative, parts: pl.DataFrame) -> pl.Series:
    """The texts of any rows."""
    text = parts["0"]
    frame = pl.DataFrame({"text": text, "gap": pl.repeat("", len(text), eager=True)})
    for at, part in enumerate(alternative.parts):
        if at:
            frame = frame.with_columns(parts[str(at)].alias("part"))
            between = pl.lit(part.between)
            # The gap that is open since the last part that is there: the longest of the separators that met.
            frame = frame.with_columns(
                pl.when(pl.col("gap").str.len_bytes() < len(part.between.encode()))
                .then(between)
                .otherwise("gap")
                .alias("gap")
            )
            addition = pl.concat_str(pl.lit(part.before), "part", pl.lit(part.after))
            frame = frame.with_columns(
                pl.when(pl.col("part").is_null() | _repeats())
                .then("text")
                .when(pl.col("text").is_null())
                .then(addition)
                .otherwise(pl.concat_str("text", "gap", addition))
                .alias("text"),
                pl.when(pl.col("part").is_null()).then("gap").otherwise(pl.lit("")).alias("gap"),
            )
        elif part.after:
            frame = frame.with_columns(pl.col("text") + part.after)
    whole = frame.select(pl.concat_str(pl.lit(alternative.start), "text", pl.lit(alternative.end)).alias("text"))
    needed = [pl.col(str(at)).is_not_null() for at, part in enumerate(alternative.parts) if part.needed]
    if not needed:
        return whole["text"]
    return whole.select(pl.when(parts.select(pl.any_horizontal(needed))[:, 0]).then("text"))[:, 0]


def _repeats() -> pl.Expr:
    """Whether the part stands already between commas in the text, and would come after a comma."""
    boxed = pl.concat_str(pl.lit(", "), pl.col("text").str.to_lowercase(), pl.lit(", "))
    part = pl.concat_str(pl.lit(", "), pl.col("part").str.to_lowercase(), pl.lit(", "))
    return pl.col("gap").str.contains(",", literal=True) & boxed.str.contains(part, literal=True).fill_null(False)


def units(cents: pl.Series) -> pl.Series:
    """Write whole cents as units, digit by digit: "150000" -> "1500.00"; anything else is marked as unread."""
    frame = pl.DataFrame({"text": cents})
    digits = pl.col("text").str.replace("^-", "").str.zfill(3)
    sign = pl.when(pl.col("text").str.starts_with("-")).then(pl.lit("-")).otherwise(pl.lit(""))
    whole = pl.concat_str(sign, digits.str.head(-2), pl.lit("."), digits.str.tail(2))
    return frame.select(
        pl.when(pl.col("text").str.contains(r"^-?\d+$")).then(whole).otherwise(pl.col("text") + " cents")
    )[:, 0]  # fmt: skip
