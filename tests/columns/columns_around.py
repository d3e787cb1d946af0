"""What the tests of the normalisers share: how to ask one about a few cells, and how mutated values are made."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipeline.columns import normaliser
from pipeline.handoff import Around, Settings
from pipeline.issues import catalogue
from pipeline.schema import Column, Field, Kind

ORACLES = Path(__file__).parents[2] / "../shared/oracles"


def around(
    kind: Kind,
    countries: list[str | None] | None = None,
    settings: Settings | None = None,
    identifier: bool = False,
    **limits: Any,
) -> Around:
    """The surroundings of a field `x` of this kind."""
    field = Field("x", Column(kind, "x", "x", identifier=identifier), required=False, nullable=True, **limits)
    known = pl.Series(countries, dtype=pl.String) if countries is not None else None
    return Around(field, known, settings=settings or Settings())


def told(kind: Kind, cells: list[str | None], **known: Any) -> list[tuple[Any, str | None, str | None, str | None]]:
    """Value, code, detail and suggestion of each cell."""
    judged = normaliser(kind)(pl.Series(cells, dtype=pl.String), around(kind, **known))
    return list(zip(*(part.to_list() for part in judged), strict=True))


def verdict(code: str | None, value: Any) -> str:
    """error, warning, valid or empty."""
    if code is not None:
        return catalogue()[code].severity
    return "empty" if value is None else "valid"


def oracle(name: str) -> list[dict[str, Any]]:
    """The rows of a table of values with right answers; the test is skipped where it is not at hand."""
    path = ORACLES / f"{name}.json"
    if not path.exists():
        pytest.skip("the tables of right answers are not part of the project")
    rows: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["rows"]
    return rows


def mutated(values: list[str], alphabet: str, count: int, seed: int) -> list[str]:
    """`count` values, each one of `values` with up to three characters dropped, changed or put in."""
    dice = random.Random(seed)
    found = []
    for _ in range(count):
        text = dice.choice(values)
        for _ in range(dice.choice((0, 1, 1, 2, 3))):
            at = dice.randrange(len(text) + 1)
            text = dice.choice((text[:at] + text[at + 1 :], text[:at] + dice.choice(alphabet) + text[at:],
                                text[:at] + dice.choice(alphabet) + text[at + 1 :]))  # fmt: skip
        found.append(text)
    return found
