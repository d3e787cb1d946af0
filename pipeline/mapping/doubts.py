"""Turn the columns of a batch into the rows whose cells may be blank or a null word, found for all columns at once.

Most cells are neither, and are not looked at again: the values that a column repeats are asked once, and where no null
word is a number, a cell that begins with a digit is none.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import lru_cache
from itertools import accumulate

import polars as pl

from pipeline.columns import repeated
from pipeline.mapping.nulls import compared

__all__ = ["Columns"]

LONGEST_PATTERN = 5_000  # characters; a list of words can be anything


class Columns:
    """Columns of a batch by their index, and what the fields that they feed ask of them, found out once."""

    def __init__(self, cells: pl.DataFrame, indexes: Iterable[int], null_words: tuple[str, ...]) -> None:
        """Look at the columns `indexes` of `cells` (c0..cN)."""
        self._cells = cells
        self._either = _either(null_words)  # of all fields: a pattern each would be more than are kept compiled
        # In one piece: to pick rows takes several times as long where a column lies in many.
        self._columns = {index: cells[f"c{index}"].rechunk() for index in indexes}
        self._unusual, self._doubtful = self._looked_at(any(word.strip()[:1].isdigit() for word in null_words))

    def __getitem__(self, index: int) -> pl.Series:
        """The cells."""
        return self._columns[index]

    def places(self, indexes: Collection[int]) -> pl.Series:
        """The first of these cells of a row that is not blank, without outer space and in lower case."""
        some = self._cells.select(pl.coalesce(pl.col(f"c{i}") for i in indexes).str.strip_chars().str.to_lowercase())
        return some.to_series()

    def bare(self, index: int) -> pl.Series:
        """The cells without outer space."""
        cells, unusual = self._columns[index], self._unusual.get(index)
        if unusual is None:
            return cells.str.strip_chars()
        return cells.clone().scatter(unusual, cells.gather(unusual).str.strip_chars()) if len(unusual) else cells

    def doubtful(self, index: int) -> pl.Series:
        """The rows whose cell may be blank or a null word, with space around it or without."""
        return self._doubtful[index]

    def doubtful_of(self, made: pl.Series) -> pl.Series:
        """The same of a column that was made."""
        return made.to_frame("made").select(pl.arg_where(pl.col("made").str.contains(self._either))).to_series()

    def _looked_at(self, numbers_are_words: bool) -> tuple[dict[int, pl.Series], dict[int, pl.Series]]:
        """Of columns whose values repeat, the rows with others than the usual ones; of all, the doubtful rows."""
        usual = self._usual()
        many = {index: cells for index, cells in self._columns.items() if index not in usual}
        numbers = set() if numbers_are_words else {index for index, cells in many.items() if _are_numbers(cells)}
        looks = []
        for index in self._columns:
            cell = pl.col(str(index))
            if index in usual:
                rows = pl.arg_where(~cell.is_in(usual[index].implode()))
            elif index in numbers:
                rows = pl.arg_where((cell < "0") | (cell >= ":"))  # by octets; a pattern takes four times as long
            else:
                rows = pl.arg_where(cell.str.contains(self._either))
            looks.append(rows.implode().alias(str(index)))
        found = pl.DataFrame([cells.alias(str(index)) for index, cells in self._columns.items()]).select(looks)
        seen = {index: found[str(index)][0] for index in self._columns}
        open_ = [index for index, rows in seen.items() if len(rows) and (index in usual or index in numbers)]
        asked = self._fitting([self._columns[index].gather(seen[index]) for index in open_])
        closer = {index: seen[index].filter(fits) for index, fits in zip(open_, asked, strict=True)}
        return {index: seen[index] for index in usual}, {**seen, **closer}

    def _usual(self) -> dict[int, pl.Series]:
        """The values that a column repeats, of those that do: such as are neither doubtful nor have outer space."""
        usual = {i: some for i, cells in self._columns.items() if (some := repeated.usual(cells)) is not None}
        doubtful = self._fitting(list(usual.values()), or_spaced=True)
        return {i: some.filter(~fits) for (i, some), fits in zip(usual.items(), doubtful, strict=True)}

    def _fitting(self, columns: list[pl.Series], *, or_spaced: bool = False) -> list[pl.Series]:
        """Which of these cells are doubtful (Boolean), for each column."""
        if not columns:
            return []
        cell = pl.col("")
        doubtful = cell.str.contains(self._either)
        if or_spaced:
            doubtful |= cell != cell.str.strip_chars()
        fits = pl.concat([column.rename("") for column in columns]).to_frame().select(doubtful).to_series()
        ends = list(accumulate(map(len, columns)))
        return [fits.slice(end - len(column), len(column)) for end, column in zip(ends, columns, strict=True)]


def _are_numbers(cells: pl.Series) -> bool:
    """Whether most cells begin with a digit, by the first ones."""
    sample = cells.head(repeated.SAMPLE)
    return ((sample >= "0") & (sample < ":")).sum() * 2 >= len(sample)


@lru_cache(maxsize=64)
def _either(null_words: tuple[str, ...]) -> str:
    """A pattern that fits every blank cell and every cell that is one of the words, and hardly any other."""
    if sum(map(len, null_words)) > LONGEST_PATTERN:
        return "^"
    words = "|".join("".join(map(_sign, word)) for word in sorted(compared(null_words))).replace(
        "i\\x{307}", "(?:i\\x{307}|\u0130)"
    )
    return rf"^\s*(?i:{words})?\s*$"


def _sign(char: str) -> str:
    return char if char.isalnum() else f"\\x{{{ord(char):x}}}"
