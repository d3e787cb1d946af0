"""Turn the target's catalogue of states into a look-up by id, by its own names and by ISO 3166-2.

Without a catalogue ISO 3166-2 itself is the list, and its codes are the ids.
"""

from __future__ import annotations

from functools import lru_cache

import pycountry

from pipeline.columns import subdivisions
from pipeline.columns.naming import key, short_key
from pipeline.handoff import Entry

__all__ = ["Directory", "directory"]

_MOST_KEPT = 50_000  # answers that are remembered from one batch to the next


class Directory:
    """The states that can be sent; each one is known by its id.

    `fetched` says whether the list is the target's own; `numeric` whether all its ids are integers.
    """

    def __init__(self, states: tuple[Entry, ...] | None) -> None:
        """Tie each entry to its ISO 3166-2 code: by its code, else by its name within its country."""
        self.fetched = states is not None
        entries = _standard() if states is None else states
        self.numeric = bool(entries) and all(isinstance(entry.id, int) for entry in entries)
        self._entries = {entry.id: entry for entry in entries}
        self._texts = {str(entry.id): entry for entry in entries}
        self._coded: dict[str, list[int | str]] = {}
        self._named: dict[tuple[str | None, str], list[int | str]] = {}
        self._names: dict[str, dict[str, int | str]] = {}
        self._found: dict[tuple[str, str], list[int | str]] = {}
        for entry in entries:
            code = _code(entry)
            if code is not None:
                self._coded.setdefault(code, []).append(entry.id)
            for form in {key(entry.name), short_key(entry.name)} - {""}:
                self._named.setdefault((entry.parent, form), []).append(entry.id)
            self._names.setdefault(entry.parent or "", {})[key(entry.name)] = entry.id
            if code is not None:
                aliases = {form for form, of in subdivisions.names(code[:2]).items() if of == code}
                self._names[entry.parent or ""].update(dict.fromkeys(aliases, entry.id))

    def by_id(self, cell: str) -> Entry | None:
        """The entry whose id the cell is."""
        return self._texts.get(cell) if self.fetched else None

    def find(self, country: str, cell: str) -> list[int | str]:
        """The ids that `cell` means in `country`, in the order of the catalogue."""
        known = self._found.get((country, cell))
        if known is None:
            known = self._found[country, cell] = self._look_up(country, cell)
            if len(self._found) > _MOST_KEPT:
                self._found.clear()
        return known

    def _look_up(self, country: str, cell: str) -> list[int | str]:
        codes = subdivisions.find(country, cell)
        tied = self.tied(country, codes)
        if tied:
            return tied
        own = self._named.get((country, key(cell))) or self._named.get((country, short_key(cell))) or []
        return list(dict.fromkeys(own))

    def local(self, country: str, cell: str) -> list[int | str]:
        """The ids that a number of one or two digits means in `country` as a local code."""
        if not (cell.isdigit() and len(cell) < 3):
            return []
        return self.tied(country, subdivisions.find(country, cell) or subdivisions.find(country, cell.zfill(2)))

    def tied(self, country: str, codes: set[str]) -> list[int | str]:
        """The ids of ISO 3166-2 codes; a part that the catalogue lacks counts as what it is a part of."""
        found: list[int | str] = []
        for code in sorted(codes):
            inner: str | None = code
            while inner is not None and inner not in self._coded:
                inner = subdivisions.parent(inner)
            if inner is not None and inner.startswith(country):
                found += [state for state in self._coded[inner] if state not in found]
        return found

    def offers(self, country: str) -> bool:
        """Whether the list has any state of the country."""
        return country in self._names

    def names(self, country: str) -> dict[str, int | str]:
        """Keys of the names by which the country's states are known, and the id of each."""
        return self._names.get(country, {})

    def accepted(self, state: int | str) -> str:
        """A text that means just this state: the list's own name, else the ISO 3166-2 code, else the id."""
        entry = self._entries[state]
        texts = (entry.name, _code(entry) or "")
        return next((text for text in texts if self.find(entry.parent or "", text) == [state]), str(entry.id))

    def label(self, state: int | str) -> str:
        """Name and ISO 3166-2 code (or id) of a state, for a person."""
        entry = self._entries[state]
        return f"{entry.name} ({_code(entry) or entry.id})"


@lru_cache(maxsize=8)
def directory(states: tuple[Entry, ...] | None) -> Directory:
    """The directory of a catalogue; made once."""
    return Directory(states)


@lru_cache(maxsize=1)
def _standard() -> tuple[Entry, ...]:
    return tuple(Entry(s.code, s.name, code=s.code, parent=s.country_code) for s in pycountry.subdivisions)


def _code(entry: Entry) -> str | None:
    """The ISO 3166-2 code of an entry, where it can be told for certain."""
    if entry.parent is None:
        return None
    if entry.code:
        code = entry.code.upper() if "-" in entry.code else f"{entry.parent}-{entry.code.upper()}"
        found = subdivisions.find(entry.parent, code)
        if found == {code}:
            return code
    found = subdivisions.find(entry.parent, entry.name)
    exact = [code for code in found if key(subdivisions.name(code)) == key(entry.name)]
    if len(exact) == 1:
        return exact[0]
    return next(iter(found)) if len(found) == 1 else None
