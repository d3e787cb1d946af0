"""Turn what a plan says of a row into the columns of `plan.parquet`."""

from __future__ import annotations

from typing import Any

import polars as pl

ROWS = 45_000
"""Rows of a piece of the plan: bounds the memory of every stage that reads or writes one."""

ISSUE = pl.Struct(dict.fromkeys(("field", "column", "value", "code", "detail", "suggestion"), pl.String))

PLAN_SCHEMA: dict[str, Any] = {
    "seq": pl.UInt32,  # 0-based position in the plan; names the row in the journal
    "source": pl.String,
    "sheet": pl.String,
    "row": pl.UInt32,  # as a spreadsheet program shows it
    "status": pl.String,  # ready, invalid, skipped, unchanged
    "action": pl.String,  # create, update, none
    "id": pl.String,  # at the target, where it is known
    "key": pl.String,  # the row's import key
    "identity": pl.String,  # what makes two customers the same, null where nothing does
    "after": pl.UInt32,  # seq of the row of the same customer that goes first; null for none
    "lane": pl.Boolean,  # rows with equal identity go in one after the other
    "payload": pl.String,  # JSON, byte for byte what is sent; null where nothing is
    "before": pl.String,  # JSON of what an update replaces, as the plan saw it
    "issues": pl.List(ISSUE),
    "changes": pl.String,
}

ROUND_SCHEMA: dict[str, Any] = {**PLAN_SCHEMA, "origin": pl.UInt32}

VERSION = 1
"""Of the format; a plan of another one is not read."""
