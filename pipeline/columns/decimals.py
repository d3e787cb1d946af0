"""Turn a column of amounts into the answer which sign separates its decimals.

    >>> decimal_mark(pl.Series(["1.234", "12,50"]))
    <Mark.COMMA: ','>
    >>> decimal_mark(pl.Series(["1.234", "2.500"]))
    <Mark.UNDECIDABLE: 'undecidable'>

`evidence` may be added up over the batches of a column: `evidence(a) + evidence(b)`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import polars as pl

from pipeline.columns import cells as text_of
from pipeline.columns.amounts import readings

__all__ = ["Evidence", "Mark", "decimal_mark", "evidence", "shapes"]


class Mark(Enum):
    """What a whole column says about its decimal mark."""

    DOT = "."
    COMMA = ","
    UNNEEDED = "unneeded"  # every amount has one reading, whatever the mark
    UNDECIDABLE = "undecidable"  # some amounts have two readings, and no other tells which
    CONFLICT = "conflict"  # some amounts have two readings, and the others contradict one another

    @property
    def char(self) -> str | None:
        """The mark for `Settings.decimal`; None where there is none to set."""
        return self.value if self in (Mark.DOT, Mark.COMMA) else None

    @property
    def asks(self) -> bool:
        """Whether a person must say which it is (`--decimal`)."""
        return self in (Mark.UNDECIDABLE, Mark.CONFLICT)


@dataclass(frozen=True)
class Evidence:
    """How many amounts tell the point, tell the comma, or have two readings; and the first of each."""

    dot: int = 0
    comma: int = 0
    open: int = 0
    dot_example: str | None = None
    comma_example: str | None = None
    open_example: str | None = None

    def __add__(self, other: Evidence) -> Evidence:
        """The evidence of both; examples of the first."""
        return Evidence(
            self.dot + other.dot,
            self.comma + other.comma,
            self.open + other.open,
            self.dot_example or other.dot_example,
            self.comma_example or other.comma_example,
            self.open_example or other.open_example,
        )

    @property
    def mark(self) -> Mark:
        """What it comes to."""
        if self.dot and self.comma:
            return Mark.CONFLICT if self.open else Mark.UNNEEDED
        if self.dot or self.comma:
            return Mark.DOT if self.dot else Mark.COMMA
        return Mark.UNDECIDABLE if self.open else Mark.UNNEEDED


_WHOLE = "[0-9]{1,15}"


def _grouped(sign: str, least: int) -> str:
    return rf"[1-9][0-9]{{0,2}}(?:{sign}[0-9]{{3}}){{{least},4}}"


_COMMA, _DOT = ",", r"\."


def shapes(mark: str | None) -> str:
    """The amounts that need no second look, as a pattern: of one reading, or of the one that `mark` leaves."""
    if mark is not None:
        group, point = (_COMMA, _DOT) if mark == "." else (_DOT, _COMMA)
        return rf"^-?(?:{_WHOLE}|{_grouped(group, 1)})(?:{point}[0-9]{{1,2}})?$"
    whole = rf"{_WHOLE}|{_grouped(_COMMA, 2)}|{_grouped(_DOT, 2)}"
    dotted = rf"(?:{_WHOLE}|{_grouped(_COMMA, 1)}){_DOT}[0-9]{{1,2}}"
    comma = rf"(?:{_WHOLE}|{_grouped(_DOT, 1)}){_COMMA}[0-9]{{1,2}}"
    return rf"^-?(?:{whole}|{dotted}|{comma})$"


_TELLS_DOT = rf"^-?(?:(?:{_WHOLE}|{_grouped(_COMMA, 1)}){_DOT}[0-9]{{1,2}}|{_grouped(_COMMA, 2)})$"
_TELLS_COMMA = rf"^-?(?:(?:{_WHOLE}|{_grouped(_DOT, 1)}){_COMMA}[0-9]{{1,2}}|{_grouped(_DOT, 2)})$"
_TELLS_NOTHING = r"^-?[1-9][0-9]{0,2}[.,][0-9]{3}$"


def evidence(cells: pl.Series) -> Evidence:
    """Count what the amounts of a column, or of a batch of it, tell about the decimal mark."""
    text = text_of.without_stand_ins(cells).drop_nulls()
    frame = pl.DataFrame({"text": text.filter(text.str.contains("[.,]"))}).with_columns(
        kind=pl.when(pl.col("text").str.contains(_TELLS_DOT)).then(pl.lit("dot"))
        .when(pl.col("text").str.contains(_TELLS_COMMA)).then(pl.lit("comma"))
        .when(pl.col("text").str.contains(_TELLS_NOTHING)).then(pl.lit("open"))
    )  # fmt: skip
    total = Evidence()
    for kind, count, example in frame.drop_nulls().group_by("kind").agg(pl.len(), pl.col("text").first()).iter_rows():
        total += Evidence(**{kind: count, f"{kind}_example": example})
    return total + _doubtful(frame.filter(pl.col("kind").is_null())["text"])


def _doubtful(text: pl.Series) -> Evidence:
    """The same of amounts that are not in a plain shape, asked one by one."""
    total = Evidence()
    for cell, times in text.value_counts(sort=True, name="times").iter_rows():
        marks = {reading.mark for reading in readings(cell)}
        if marks == {"."}:
            total += Evidence(dot=times, dot_example=cell)
        elif marks == {","}:
            total += Evidence(comma=times, comma_example=cell)
        elif len(marks) == 2:
            total += Evidence(open=times, open_example=cell)
    return total


def decimal_mark(cells: pl.Series) -> Mark:
    """Decide the decimal mark from a whole column."""
    return evidence(cells).mark
