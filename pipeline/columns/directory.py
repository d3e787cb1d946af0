"""Turn the target's catalogue of states into a look-up by id, by its own names and by ISO 3166-2.

Without a catalogue ISO 3166-2 itself is the list, and its codes are the ids.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache, lru_cache

from pipeline.columns import subdivisions
from pipeline.columns.naming import key, short_key
from pipeline.handoff import Entry

__all__ = ["Directory", "directory"]

_MOST_KEPT = 50_000  # answers that are remembered from one batch to the next


@dataclass
class _Country:
    """The ids of one country's states: by ISO 3166-2 code, by key of the name, and by keys of all usual names."""

    coded: dict[str, list[int | str]] = field(default_factory=dict)
    named: dict[str, list[int | str]] = field(default_factory=dict)
    names: dict[str, int | str] = field(default_factory=dict)


class Directory:
    """The states that can be sent; each one is known by its id. A country's are tied once they are asked for.

    `fetched` says whether the list is the target's own; `numeric` whether all its ids are integers.
    """

    def __init__(self, states: tuple[Entry, ...] | None) -> None:
        """Take the target's catalogue; None: ISO 3166-2 itself."""
        self.fetched = states is not None
        self.numeric = bool(states) and all(isinstance(entry.id, int) for entry in states or ())
        self._entries = {entry.id: entry for entry in states or ()}
        self._texts = {str(entry.id): entry for entry in states or ()}
        self._inside: dict[str, list[Entry]] = {}
        for entry in states or ():
            self._inside.setdefault(entry.parent or "", []).append(entry)
        self._tied: dict[str, _Country] = {}
        self._found: dict[tuple[str, str], list[int | str]] = {}

    def _country(self, country: str) -> _Country:
        """The country's entries, each tied to its ISO 3166-2 code: by its code, else by its name."""
        made = self._tied.get(country)
        if made is not None:
            return made
        made = _Country()
        aliases: dict[str, list[str]] = {}
        for form, code in subdivisions.names(country).items():
            aliases.setdefault(code, []).append(form)
        for entry in self._of(country):
            tie = _code(entry)
            if tie is not None:
                made.coded.setdefault(tie, []).append(entry.id)
            for form in {key(entry.name), short_key(entry.name)} - {""} if entry.parent else ():
                made.named.setdefault(form, []).append(entry.id)
            made.names[key(entry.name)] = entry.id
            if tie is not None:
                made.names.update(dict.fromkeys(aliases.get(tie, ()), entry.id))
        return self._tied.setdefault(country, made)

    def _of(self, country: str) -> Iterable[Entry]:
        return self._inside.get(country, ()) if self.fetched else _standard(country).values()

    def _entry(self, state: int | str) -> Entry:
        return self._entries[state] if self.fetched else _standard(str(state)[:2])[state]

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
        named = self._country(country).named
        own = named.get(key(cell)) or named.get(short_key(cell)) or []
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
            coded = self._country(code[:2]).coded
            while inner is not None and inner not in coded:
                inner = subdivisions.parent(inner)
            if inner is not None and inner.startswith(country):
                found += [state for state in coded[inner] if state not in found]
        return found

    def offers(self, country: str) -> bool:
        """Whether the list has any state of the country."""
        return country in self._inside if self.fetched else bool(_standard(country))

    def names(self, country: str) -> dict[str, int | str]:
        """Keys of the names by which the country's states are known, and the id of each."""
        return self._country(country).names

    def accepted(self, state: int | str) -> str:
        """A text that means just this state: the list's own name, else the ISO 3166-2 code, else the id."""
        entry = self._entry(state)
        texts = (entry.name, _code(entry) or "")
        return next((text for text in texts if self.find(entry.parent or "", text) == [state]), str(entry.id))

    def label(self, state: int | str) -> str:
        """Name and ISO 3166-2 code (or id) of a state, for a person."""
        entry = self._entry(state)
        return f"{entry.name} ({_code(entry) or entry.id})"


@lru_cache(maxsize=8)
def directory(states: tuple[Entry, ...] | None) -> Directory:
    """The directory of a catalogue; made once."""
    return Directory(states)


@cache
def _standard(country: str) -> dict[int | str, Entry]:
    """The states of a country as ISO 3166-2 has them, by their codes; the other 200 countries' are not made for it."""
    codes = subdivisions.inside(country)
    return {code: Entry(code, subdivisions.name(code), code=code, parent=country) for code in codes}


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
