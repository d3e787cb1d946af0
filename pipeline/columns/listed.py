"""Turn what is worked out from lists that libraries hold into tables that are at hand at once (`listed.json`).

The lists (ISO 3166 and ISO 4217 by pycountry, CLDR by babel) change with a release of their library only, and to fold
all their names takes longer than to read a customer list. So the tables are written down once, by
`python tests/places/write_listed.py`; a test holds them to the lists. With another release of a library they are
worked out anew.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from importlib import metadata, resources
from typing import TypeVar

__all__ = ["FILE", "LIBRARIES", "TABLES", "releases", "table"]

FILE = "listed.json"
LIBRARIES = ("babel", "pycountry")
TABLES: dict[str, Callable[[], object]] = {}
"""How each table is worked out, by its name in the file; a module's are here once it is imported."""

T = TypeVar("T")


def table(make: Callable[[], T]) -> Callable[[], T]:
    """A function that gives what `make` does: from the file if it fits the libraries, else worked out; once.

    What `make` returns holds nothing but dicts with keys of text, lists, texts and nulls.
    """
    name = f"{make.__module__.rpartition('.')[2]}.{make.__name__.strip('_')}"
    TABLES[name] = make

    @cache
    def at_hand() -> T:
        found: T | None = _kept().get(name)  # type: ignore[assignment]
        return make() if found is None else found

    return at_hand


def releases() -> dict[str, str]:
    """The installed release of each library."""
    return {name: metadata.version(name) for name in LIBRARIES}


@cache
def _kept() -> dict[str, object]:
    try:
        kept = json.loads(resources.files("pipeline.columns").joinpath(FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    tables: dict[str, object] = kept["tables"] if kept["releases"] == releases() else {}
    return tables
