"""Turn the closed lists that are known into drop-downs of errors.xlsx: other words stay possible.

A list longer than 255 characters must stand in cells, so all of them are on a hidden sheet. The states offered are
those of the row's own country, in whatever way the row writes it.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import polars as pl

from pipeline.columns import countries, subdivisions
from pipeline.report.facts import Facts
from pipeline.report.sheet import put
from pipeline.report.words import Words
from pipeline.spreadsheet import letters

if TYPE_CHECKING:
    from xlsxwriter import Workbook

OFFER = {"validate": "list", "error_type": "information", "ignore_blank": True}
MOST_WRITTEN = 500  # ways to write a country that are looked up


class Lists:
    """The drop-downs of one workbook."""

    def __init__(self, facts: Facts, words: Words) -> None:
        """Learn which columns feed a field with a list."""
        self._name, self._lang, self._states = words("lists"), words.lang, facts.states
        self._fed: dict[str, list[int]] = {}
        for choice in facts.mapping.choices:
            if choice.field and choice.index < len(facts.headers):
                self._fed.setdefault(choice.field, []).append(choice.index)
        self._words = {name: tuple(words) for name, words in facts.choices.items() if words and name in self._fed}
        if "country" in self._fed and "country" not in self._words:
            offered = {c: n for c, n in _names(self._lang).items() if c in facts.countries or not facts.countries}
            self._words["country"] = tuple(sorted(offered.values()))
        self._fixed = facts.mapping.constants.get("country") or facts.mapping.defaults.get("country")
        self._written: dict[str, None] = {}

    def see(self, cells: pl.DataFrame) -> None:
        """Learn how these rows write their countries."""
        for index in self._fed.get("country", []) if "state" in self._fed else []:
            for text in cells[f"c{index}"].drop_nulls().unique(maintain_order=True):
                if len(self._written) < MOST_WRITTEN and len(text) < 100:
                    self._written.setdefault(text)

    def draw(self, book: Workbook, sheet: Any, shift: int, rows: int) -> None:
        """Draw the hidden sheet of lists, and the drop-downs of `rows` rows; the source's columns begin at `shift`."""
        if not self._words and "state" not in self._fed:
            return
        hidden: Any = book.add_worksheet(self._name)
        hidden.hide()
        for column, (name, words) in enumerate(self._words.items()):
            for row, word in enumerate(words):
                put(hidden, row, column, word)
            for place in self._fed[name]:
                self._offer(sheet, place + shift, rows, f"={self._range(column, 0, len(words))}")
        if "state" in self._fed and "state" not in self._words and rows:
            self._draw_states(hidden, sheet, len(self._words), shift, rows)

    def source(self, field: str) -> str | None:
        """The formula of the list of a field, where it has one that does not depend on the row."""
        at = list(self._words).index(field) if field in self._words else None
        return None if at is None else f"={self._range(at, 0, len(self._words[field]))}"

    def _draw_states(self, hidden: Any, sheet: Any, column: int, shift: int, rows: int) -> None:
        """A table of countries as written, where their states begin, and how many; the states beside it."""
        found = self._countries()
        blocks: dict[str, tuple[int, int]] = {}
        states: list[str] = []
        for code in dict.fromkeys(found.values()):
            names = self._states.get(code) or _states(code)
            blocks[code] = (len(states), len(names))
            states += names
        known = [(text, *blocks[code]) for text, code in found.items() if blocks[code][1]]
        for row, (line, state) in enumerate(zip_longest(known, states)):
            if line:
                put(hidden, row, column, line[0])
                hidden.write_number(row, column + 1, line[1])
                hidden.write_number(row, column + 2, line[2])
            if state:
                put(hidden, row, column + 3, state)
        table = self._range(column, 0, max(1, len(known)), column + 2)
        sources = self._fed.get("country")
        asked = f"${letters(sources[0] + shift)}2" if sources else f'"{self._fixed}"'.replace("\n", " ")
        if not known or not (sources or (self._fixed and '"' not in self._fixed)):
            return
        start, count = (f"VLOOKUP({asked},{table},{n},FALSE)" for n in (2, 3))
        for place in self._fed["state"]:
            self._offer(sheet, place + shift, rows, f"=OFFSET({self._range(column + 3, 0, 1)},{start},0,{count},1)")

    def _countries(self) -> dict[str, str]:
        """The country's code by each text that means one: as the rows write it, and as the list offers it."""
        found: dict[str, str] = {}
        for text in (*self._written, *([self._fixed] if self._fixed else [])):
            codes = countries.find(text)
            if len(codes) == 1:
                found[text] = next(iter(codes))
        offered = {name: code for code, name in _names(self._lang).items() if code in found.values()}
        return {**found, **offered}

    def _offer(self, sheet: Any, column: int, rows: int, source: str) -> None:
        sheet.data_validation(1, column, max(1, rows), column, {**OFFER, "source": source})

    def _range(self, column: int, first: int, count: int, last: int | None = None) -> str:
        end = letters(column if last is None else last)
        start = f"'{self._name}'!${letters(column)}${first + 1}"
        return start if count == 1 and last is None else f"{start}:${end}${first + count}"


@lru_cache(maxsize=4)
def _names(lang: str) -> dict[str, str]:
    """The name of each country by its code, in the language, where it means that country alone."""
    spoken = countries.spoken(lang)
    return {code: name for code, name in spoken.items() if countries.find(name) == {code}}


@lru_cache(maxsize=512)
def _states(country: str) -> tuple[str, ...]:
    """The names of a country's states that mean one state alone."""
    named = {code: subdivisions.name(code) for code in subdivisions.inside(country)}
    return tuple(sorted({name for code, name in named.items() if subdivisions.find(country, name) == {code}}))
