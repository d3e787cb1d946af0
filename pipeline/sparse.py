"""Turn a height into a column of nulls, and values with their places into a column that is null elsewhere."""

from __future__ import annotations

import polars as pl
from polars._typing import PolarsDataType


def nulls(height: int, dtype: PolarsDataType = pl.String, name: str = "") -> pl.Series:
    """So many nulls."""
    return pl.Series(name, [None], dtype=dtype).new_from_index(0, height)


def placed(values: pl.Series, at: pl.Series, height: int) -> pl.Series:
    """The `values` at their places, null elsewhere."""
    return nulls(height, values.dtype, values.name).scatter(at, values)
