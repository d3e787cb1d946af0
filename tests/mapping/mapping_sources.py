"""Small sources for the tests of the mapping: headers, cells, and what a target makes of them."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from pipeline import targets
from pipeline.handoff import Mapping
from pipeline.mapping import MappingRequest, decide


def frame(headers: Sequence[str], rows: Sequence[Sequence[str | None]] = ()) -> pl.DataFrame:
    """The cells of a source as c0..cN, blank cells null."""
    columns = range(len(headers))
    return pl.DataFrame(
        {f"c{i}": pl.Series([row[i] or None for row in rows], dtype=pl.String) for i in columns},
        schema={f"c{i}": pl.String for i in columns},
    )


def mapped(
    headers: Sequence[str], rows: Sequence[Sequence[str | None]] = (), to: str = "piriod", request: MappingRequest | None = None
) -> Mapping:  # fmt: skip
    """The mapping of a source to a target."""
    record = targets.load(to).record
    return decide(tuple(headers), frame(headers, rows), record, request or MappingRequest())


def fed(mapping: Mapping) -> dict[str, list[str]]:
    """Field -> the headers that feed it, directly or as a part; helpers left out."""
    headers = {c.index: c.header for c in mapping.choices}
    found = {name: [headers[i] for i in indexes] for name, indexes in mapping.parts.items() if not name.startswith("~")}
    for choice in mapping.choices:
        if choice.field and choice.field not in mapping.parts and not choice.field.startswith("~"):
            found.setdefault(choice.field, []).append(choice.header)
    return found


def reason(mapping: Mapping, header: str) -> str:
    """Why a column is used or left out."""
    return next(c.reason for c in mapping.choices if c.header == header)
