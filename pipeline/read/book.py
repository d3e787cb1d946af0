"""Turn "a workbook of whatever kind" into one interface: its sheets, and the rows of one as shown text.

Readers of workbooks implement `Book`; they run in the cage only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from pipeline.errors import Unreadable
from pipeline.language import say
from pipeline.read.foreign import SAVE_AS

HELPERS = frozenset({"_row", "_status", "_key"})
"""Columns that all result files of ours have, and no other file."""


class RawRow(NamedTuple):
    """A row that is not blank: its number, its texts by column, and its problems (column, code, text)."""

    number: int
    cells: dict[int, str]
    problems: list[tuple[int, str, str | None]]


@dataclass
class SheetFacts:
    """A sheet; the counts are known once its rows were read."""

    name: str
    hidden: bool = False
    hidden_rows: int = 0
    hidden_columns: int = 0
    merged: int = 0
    hidden_texts: int = 0
    unended: bool = False


class Book(Protocol):
    """A workbook that is open; `values_only` says that its number formats and error cells are not seen."""

    values_only: bool = False

    def facts(self) -> list[SheetFacts]:
        """The worksheets in their order."""
        ...

    def rows(self, name: str) -> Iterator[RawRow]:
        """The rows of a sheet that show something or have a problem, in order."""
        ...


def damaged(name: str, why: str) -> Unreadable:
    """The stop for a workbook whose parts do not fit."""
    return Unreadable(
        say("{name} is damaged or incomplete: {why}", name=name, why=why),
        say("Download or copy it again, or open it in a spreadsheet program and save it anew."),
    )


def too_large(name: str, what: str) -> Unreadable:
    """The stop for a workbook that holds more than any customer list."""
    return Unreadable(say("{name} is too large inside: {what}", name=name, what=what), say(SAVE_AS))
