"""Turn the kind of a field into the normaliser that reads its cells, one module of this package for each.

Every module has the same interface, `normalise(cells, around) -> Judged`: a series of raw text and what is
known around it go in; normal values, and at most one code for each cell, come out. A blank cell (null, or
nothing but white space and invisible characters) is null in all four series. Common shapes are decided on
whole columns; what they leave open goes, as distinct values, to a scalar library.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

import polars as pl

from pipeline.handoff import Around, Judged

__all__ = ["MODULES", "Normaliser", "normaliser"]

Normaliser = Callable[[pl.Series, Around], Judged]

MODULES: dict[str, str] = {
    "text": "text",
    "name": "text",
    "address": "text",
    "email": "email",
    "phone": "phone",
    "url": "website",
    "country": "country",
    "state": "state",
    "currency": "currency",
    "flag": "flag",
    "choice": "choice",
    "tax_id": "tax_id",
    "cents": "money",
    "term": "term",
}
"""The module of each kind; a field of kind `object` has no cells of its own, so it has none."""


def normaliser(kind: str) -> Normaliser:
    """The `normalise` of `kind`; its module (and the library behind it) is loaded when first asked for."""
    if kind not in MODULES:
        raise LookupError(f"no normaliser reads fields of kind {kind!r}; there are {', '.join(sorted(MODULES))}")
    found: Normaliser = import_module(f"{__name__}.{MODULES[kind]}").normalise
    return found
