"""Turn what is worked out from lists that libraries hold into tables that are at hand at once (`listed.txt`).

The lists (ISO 3166 and ISO 4217 by pycountry, CLDR by babel) change with a release of their library only, and to fold
all their names takes longer than to read a customer list. So the tables are written down once, by
`python tests/places/write_listed.py`; a test holds them to the lists. With another release of a library they are
worked out anew. Each line of the file is a table, or one key of it, as JSON: what nobody asks for is never read.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TypeVar

__all__ = ["FILE", "LIBRARIES", "PARTED", "TABLES", "parted", "releases", "table", "written"]

FILE = "listed.txt"
LIBRARIES = ("babel", "pycountry")
TABLES: dict[str, Callable[[], object]] = {}
"""How each table is worked out, by its name in the file; a module's are here once it is imported."""
PARTED: set[str] = set()
"""The tables of which each key is a line."""

T = TypeVar("T")


def table(make: Callable[[], T]) -> Callable[[], T]:
    """A function that gives what `make` does: from the file if it fits the libraries, else worked out; once.

    What `make` returns holds nothing but dicts with keys of text, lists, texts, numbers and nulls.
    """
    name = _named(make)

    @cache
    def at_hand() -> T:
        found = _kept().get(name)
        if found is None:
            return make()
        whole: T = json.loads(found[""])
        return whole

    return at_hand


def parted(make: Callable[[], dict[str, T]]) -> Callable[[], Mapping[str, T]]:
    """As `table`, of a dict that is large and of which most runs need few keys."""
    name = _named(make)
    PARTED.add(name)

    @cache
    def at_hand() -> Mapping[str, T]:
        found = _kept().get(name)
        return make() if found is None else _Parts(found)

    return at_hand


class _Parts(Mapping[str, T]):
    """A dict whose values are read when they are asked for."""

    def __init__(self, texts: dict[str, bytes]) -> None:
        self._texts = texts
        self._read: dict[str, T] = {}

    def __getitem__(self, key: str) -> T:
        if key not in self._read:
            self._read[key] = json.loads(self._texts[key])
        return self._read[key]

    def __contains__(self, key: object) -> bool:
        return key in self._texts

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)


def _named(make: Callable[[], object]) -> str:
    name = f"{make.__module__.rpartition('.')[2]}.{make.__name__.strip('_')}"
    TABLES[name] = make
    return name


def releases() -> dict[str, str]:
    """The installed release of each library."""
    return {name: metadata.version(name) for name in LIBRARIES}


def written(tables: Mapping[str, object]) -> str:
    """The text of the file that holds `tables`."""
    lines = [json.dumps(releases())]
    for name, whole in tables.items():
        parts = whole.items() if name in PARTED and isinstance(whole, dict) else [("", whole)]
        lines += [
            f"{name}\t{key}\t{json.dumps(part, ensure_ascii=False, separators=(',', ':'))}" for key, part in parts
        ]
    return "\n".join(lines) + "\n"


@cache
def _kept() -> dict[str, dict[str, bytes]]:
    """The JSON of each key of each table ("" for a whole one); nothing where it does not fit the libraries."""
    try:
        first, *lines = Path(__file__).with_name(FILE).read_bytes().rstrip(b"\n").split(b"\n")
    except FileNotFoundError:
        return {}
    if json.loads(first) != releases():
        return {}
    kept: dict[str, dict[str, bytes]] = {}
    for line in lines:
        name, key, part = line.split(b"\t")
        kept.setdefault(name.decode(), {})[key.decode()] = part
    return kept
