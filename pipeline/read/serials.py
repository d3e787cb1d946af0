"""Turn columns of stored dates, which are days since 1900 or 1904, into ISO 8601 text: the fast twin of `formats`.

Source: ECMA-376 part 1, 18.17.4 (dates). A float decides nothing but the second of the day, and only far from the
border between two of them.
"""

from __future__ import annotations

import polars as pl

SERIAL = r"^[1-9][0-9]{1,6}(?:\.[0-9]{1,17})?$"
FIRST = 61  # the 1900 system counts a 29 February that never was: serial 60
LAST = 2_957_003  # 9999-12-31 in the 1904 system
DAY = 86_400


def dates(values: pl.Series, clock: bool, epoch_1904: bool) -> pl.Series:
    """The shown text of serial numbers; null where one is not of the usual kind, or near the border of two seconds.

    `clock` says whether the format shows the time of the day; midnight is left away.
    """
    number = values.to_frame("value").select(
        pl.when(pl.col("value").str.contains(SERIAL)).then(pl.col("value")).cast(pl.Float64, strict=False).alias("n")
    )
    exact = (pl.col("n") - pl.col("day")) * DAY
    sure = pl.col("n").is_between(FIRST, LAST) & ((exact - exact.floor() - 0.5).abs() > 1e-3)
    frame = number.with_columns(pl.col("n").floor().alias("day")).with_columns(
        pl.when(sure).then(pl.col("day") * DAY + exact.round()).cast(pl.Int64).alias("seconds")
    )
    start = pl.datetime(1904, 1, 1) if epoch_1904 else pl.datetime(1899, 12, 30)
    moment = start + pl.duration(seconds=pl.col("seconds"))
    day = moment.dt.to_string("%Y-%m-%d")
    if not clock:
        return frame.select(day.alias("text")).to_series()
    whole = pl.col("seconds") % DAY == 0
    return frame.select(
        pl.when(whole).then(day).otherwise(moment.dt.to_string("%Y-%m-%d %H:%M:%S")).alias("text")
    ).to_series()
