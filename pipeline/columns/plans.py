"""Turn columns of the digits of phone numbers into their E.164 form, or into what their length says, by numbering plans.

A number is read by the plan of its calling code's main region where it begins with one, else by that of its row's
country (`regions`).
"""

from __future__ import annotations

import numpy as np
import polars as pl
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

from pipeline.columns.automaton import Numbers, digits
from pipeline.columns.numbering import OLD_FORMS
from pipeline.columns.regions import (
    EARLIER,
    GENERAL,
    INTERNATIONAL,
    PREFIX,
    TRUNK,
    VALID,
    Digits,
    Marks,
    Plans,
    Read,
    fits,
    plans,
)  # fmt: skip

__all__ = ["by_length", "e164"]

_KINDS = ("local", "possible", "short", "long", "length")


def e164(plain: pl.DataFrame) -> pl.Series:
    """The numbers (String) of plainly written ones (`digits`, `plus`, `country`); null where it is not decided.

    A number stands as it is, or without its calling code, its trunk, or an old prefix; the first that is valid is taken.
    """
    texts, plus, known = plain["digits"], plain["plus"].to_numpy(), plans()
    read, columns = known.read(texts, plain["country"], plus)
    home = plus | (read.flags & INTERNATIONAL == 0)
    good = known.accepts(read) & home
    rest = np.flatnonzero(~good & home & read.known)
    unlike = rest[~plus[rest] & (read.flags[rest] & GENERAL == 0)]
    coded = unlike[_with_code(known, read, unlike, columns)]
    unlike = np.setdiff1d(unlike, coded, assume_unique=True)
    trunk = unlike[_with_trunk(known, read, unlike, columns)]
    old, today = _old(known, read, np.setdiff1d(rest, np.concatenate([coded, trunk]), assume_unique=True), texts, plus)
    front = np.where(good, np.where(plus, known.plus, read.place), known.nowhere)
    front[coded] = known.plus
    number = known.prefixes.gather(front) + texts
    if len(trunk) or len(old):
        rows, national = (
            np.concatenate([trunk, old]),
            pl.concat([texts.gather(trunk).str.slice(1), today.alias(texts.name)]),
        )
        number = number.scatter(pl.Series(rows), known.prefixes.gather(read.place[rows]) + national)
    return number


def _with_code(known: Plans, read: Read, rows: Numbers, columns: Digits) -> Marks:
    """Which numbers are valid without the calling code in front of them."""
    place = read.place[rows]
    flags = known.automaton.flags(known.coded[place], columns[:, rows])
    return known.accepts(Read(place, read.size[rows] - known.code_size[place], flags, read.known[rows]))


def _with_trunk(known: Plans, read: Read, rows: Numbers, columns: Digits) -> Marks:
    """Which numbers are valid without the zero in front of them, where that is all the national prefix there is."""
    place = read.place[rows]
    flags = known.automaton.flags(known.start[place], columns[1:, rows])
    valid = known.accepts(Read(place, read.size[rows] - 1, flags, read.known[rows]))
    taken: Marks = (columns[0, rows] == 0) & (read.flags[rows] & PREFIX == TRUNK) & known.trunk[place]
    return taken & valid


def _old(known: Plans, read: Read, rows: Numbers, texts: pl.Series, plus: Marks) -> tuple[Numbers, pl.Series]:
    """The numbers in forms that are dialled no more: their rows, and the national numbers of today."""
    found = [(rows[:0], texts.clear())]
    for code, pattern in OLD_FORMS.items():
        place = known.regions.index(COUNTRY_CODE_TO_REGION_CODE[code][0])
        here = rows[(read.place[rows] == place) & (read.flags[rows] & EARLIER != 0)]
        if not len(here):
            continue
        frame = texts.gather(here).to_frame("text").with_columns(skipped=pl.Series(plus[here] * len(str(code))))
        today = frame.select(pl.col("text").str.slice(pl.col("skipped")).str.extract(pattern, 1)).to_series()
        here, today = here[today.is_not_null().to_numpy()], today.drop_nulls()
        flags = known.automaton.flags(known.start[read.place[here]], digits(today))
        size = today.str.len_bytes().to_numpy().astype(np.intp)
        valid = known.accepts(Read(read.place[here], size, flags, read.known[here]))
        found.append((here[valid], today.filter(pl.Series(valid))))
    return np.concatenate([at for at, _ in found]), pl.concat([of.rename("text") for _, of in found])


def by_length(plain: pl.DataFrame) -> pl.DataFrame:
    """What their length says of numbers that are not valid: at, digits, plus, number (E.164), kind (see `misdialled`).

    Left out is what its length alone does not decide: where something could be taken off its front, or an old form fits.
    """
    texts, plus, known = plain["digits"], plain["plus"].to_numpy(), plans()
    read, columns = known.read(texts, plain["country"], plus)
    place, size, flags = read.place, read.size, read.flags
    possible, local = known.possible[place], known.local[place]
    elsewhere, of_all = known.elsewhere(place, plus, columns)
    sure = read.known & known.main[place] & (possible != 0) & of_all & (size > 1)
    sure &= (flags & (VALID | PREFIX | EARLIER) == 0) & ~elsewhere
    in_plan = fits(possible, size) & (flags & GENERAL != 0)
    code = known.prefixes.str.slice(1).gather(place)
    begins = plain.select(pl.col("digits").str.starts_with(pl.lit(code)).fill_null(False)).to_series().to_numpy()
    sure &= plus | ((flags & INTERNATIONAL == 0) & (~begins | in_plan))
    shortest, longest = known.shortest[place], known.longest[place]
    kind = np.select([fits(local, size), fits(possible, size), size < shortest, size > longest], range(4), 4)
    chosen = pl.Series(np.flatnonzero(sure))
    skipped = pl.Series(np.where(plus, known.code_size[place], 0))
    frame = plain.select("at", "digits", "plus").with_columns(
        number=known.prefixes.gather(place) + plain.select(pl.col("digits").str.slice(skipped)).to_series(),
        kind=pl.Series(_KINDS).gather(kind),
    )
    return frame[chosen]
