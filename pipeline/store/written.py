"""Turn row groups into `plan.parquet`, and the facts of a run into `plan.json`, with the hash that guards it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import polars as pl

from pipeline import parquet
from pipeline.folder import RunFolder, now_latest
from pipeline.store.columns import PLAN_SCHEMA, ROUND_SCHEMA, VERSION

Group = tuple[bytes, bytes]
"""A row group: the columns that were settled last, and those that were settled before (`parquet.encoded`). What is in
both is taken from the first."""


def encoded(rows: pl.DataFrame, cells: int, first: int | None) -> bytes:
    """Those columns of a row group that are in `rows` (PLAN_SCHEMA, and of `cells` source columns `c0`..), as Parquet.

    In the plan of a round the rows are numbered from `first` on; a row whose `origin` is null is new.
    """
    shifted = rows if first is None else _counted_on(rows, first)
    chosen = shifted.select(pl.col(n).cast(t) for n, t in _schema(cells, first).items() if n in rows.columns)
    # Only corrections are searched; what the whole plan holds is read from its start to its end.
    return parquet.encoded(chosen, searched=first is not None)


def write(folder: RunFolder, groups: Iterable[Group], cells: int, facts: dict[str, Any]) -> None:
    """Write the plan from its row groups; `facts` go into plan.json.

    A plan is one of a round where `first_seq` is among its facts; see `encoded`.
    """
    digest = hashlib.sha256()
    with folder.writing("plan.parquet") as path, path.open("wb") as file:

        def put(octets: bytes | memoryview) -> None:
            digest.update(octets)
            file.write(octets)

        joined = parquet.Joined(put, _schema(cells, facts.get("first_seq")))
        for group in groups:
            joined.add(*group)
        joined.close()
    folder.write_json("plan.json", {"version": VERSION, "plan_sha256": digest.hexdigest(), **facts})
    now_latest(folder.file("plan.json"))


def _schema(cells: int, first: int | None) -> pl.Schema:
    columns = PLAN_SCHEMA if first is None else ROUND_SCHEMA
    return pl.Schema({**columns, **{f"c{i}": pl.String for i in range(cells)}})


def _counted_on(batch: pl.DataFrame, first: int) -> pl.DataFrame:
    """The rows of a round with seqs that no plan before has."""
    shifted = batch.with_columns(pl.col("seq") + first, pl.col("after") + first)
    return shifted.with_columns(pl.coalesce("origin", "seq").alias("origin"))
