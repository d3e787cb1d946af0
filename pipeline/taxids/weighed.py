"""Turn columns of tax ids into the weighted sums of their characters, of which check digits are made.

>>> weighed(octets(pl.Series(["12", "7"]), 2), (10, 1)).tolist()
[12, 7]

It is imported where a column is long enough: numpy takes longer to load than a short one to be judged.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from pipeline import sparse

__all__ = ["DIGITS", "Octets", "looked_up", "octets", "placed", "weighed"]

Octets = npt.NDArray[np.uint8]
DIGITS = bytes(octet - ord("0") if chr(octet).isdigit() and octet < 128 else 0 for octet in range(256))
"""What each octet counts for: ASCII digits their value, all else nothing."""


def octets(texts: pl.Series, size: int, fill: str = "0") -> Octets:
    """The octets of each text: a row of `size`. Texts are ASCII, not null, and at most so long; `fill` stands in front."""
    padded = pl.col("text").str.pad_start(size, fill).cast(pl.Binary)
    rows = texts.to_frame("text").select(padded.bin.reinterpret(dtype=pl.Array(pl.UInt8, size)))
    return rows.to_series().to_numpy()


def weighed(rows: Octets, weights: Sequence[int], values: bytes = DIGITS) -> npt.NDArray[np.int32]:
    """The sum of the `values` of the first octets of each row, each times its weight."""
    total: npt.NDArray[np.int32] = np.dot(looked_up(values, rows[:, : len(weights)]), np.array(weights, dtype=np.int32))
    return total


def looked_up(table: bytes, places: npt.NDArray[Any]) -> Octets:
    """The octet at each of these places of a table."""
    found: Octets = np.frombuffer(table, dtype=np.uint8).take(places)
    return found


def placed(height: int, rows: pl.Series, texts: pl.Series, fits: npt.NDArray[np.bool_]) -> pl.Series:
    """A column of `height`: in `rows` those `texts` that `fits` tells, null elsewhere."""
    nothing = sparse.nulls(height, name="text")
    chosen = pl.Series(fits)
    return nothing.scatter(rows.filter(chosen), texts.filter(chosen))
