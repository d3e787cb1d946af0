"""Turn `plan.parquet` of a run and of its corrections into batches of rows, each row in the version that counts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from pipeline import parquet
from pipeline.folder import RunFolder
from pipeline.store.columns import ROWS
from pipeline.store.told import plans


def batches(folder: RunFolder, columns: Sequence[str] | None = None, size: int = ROWS) -> Iterator[pl.DataFrame]:
    """The rows that count, in the order of their seqs, a bounded number at a time; `columns` must have `seq`."""
    gone = superseded(folder)
    for plan in plans(folder):
        lazy = _scan(plan)
        for batch in _pieces(plan, lazy.select(columns) if columns else lazy, size):
            yield _without(batch, gone)


def superseded(folder: RunFolder) -> pl.Series:
    """The seqs of the rows of which there is a newer version, ascending."""
    versions = _versions(folder)
    return versions.filter(pl.col("seq") < pl.col("newest"))["seq"].sort()


def newest(folder: RunFolder, seqs: pl.Series) -> dict[int, int]:
    """The newest version of each of `seqs` that has been superseded."""
    versions = _versions(folder).filter(pl.col("seq").is_in(seqs.implode()) & (pl.col("seq") < pl.col("newest")))
    return dict(versions.select("seq", "newest").iter_rows())


def versions(folder: RunFolder, origins: pl.Series) -> pl.Series:
    """The seqs of all versions of the rows with these origins."""
    later = _versions(folder).filter(pl.col("origin").is_in(origins.implode()))["seq"]
    return pl.concat([origins.cast(pl.UInt32), later]).unique()


def _versions(folder: RunFolder) -> pl.DataFrame:
    """Every version of every row that was corrected: `seq`, `origin`, and the `newest` of its versions."""
    empty = pl.DataFrame(schema={"seq": pl.UInt32, "origin": pl.UInt32})
    later = [_scan(plan).select("seq", "origin").collect() for plan in plans(folder)[1:]]
    known = pl.concat([empty, *later])
    first = known.select(seq="origin", origin="origin").unique()
    every = pl.concat([known, first]).unique()
    return every.with_columns(newest=pl.col("seq").max().over("origin"))


def current(folder: RunFolder, size: int = ROWS, without: Sequence[str] = ()) -> Iterator[pl.DataFrame]:
    """Every row once, in input order and with its newest version; rows that a correction added come last.

    Besides the columns of the plan each frame has `origin`; those `without` are not read at all.
    """
    versions = _versions(folder)
    chosen = versions.filter(pl.col("seq") == pl.col("newest"))
    every = plans(folder)
    for plan in every:
        for batch in _pieces(plan, _scan(plan).drop(*without), size):
            whole = plan is every[0]
            firsts = batch.with_columns(origin="seq") if whole else batch.filter(pl.col("origin") == pl.col("seq"))
            if firsts.height:
                yield _brought_up_to_date(firsts, chosen, every[1:]) if chosen.height else firsts


def _brought_up_to_date(batch: pl.DataFrame, chosen: pl.DataFrame, rounds: Sequence[RunFolder]) -> pl.DataFrame:
    """The batch with each row in its newest version."""
    here = chosen.join(batch.select("origin"), on="origin", how="semi").filter(pl.col("seq") != pl.col("origin"))
    if here.is_empty():
        return batch
    first, last = here["origin"].min(), here["origin"].max()
    later = [
        _scan(plan).filter(pl.col("origin").is_between(first, last)).collect()
        .join(here.select("seq"), on="seq", how="semi").select(batch.columns)
        for plan in rounds
    ]  # fmt: skip
    return pl.concat([batch.join(here, on="origin", how="anti"), *later]).sort("origin")


def rows(folder: RunFolder, seqs: pl.Series, columns: Sequence[str]) -> pl.DataFrame:
    """The named rows, superseded ones too, in the order of their seqs."""
    wanted = pl.DataFrame({"seq": seqs}, schema={"seq": pl.UInt32})
    near = pl.col("seq").is_between(wanted["seq"].min(), wanted["seq"].max())
    scans = [_scan(plan).filter(near).select(columns) for plan in plans(folder)]
    found = [scan.collect().join(wanted, on="seq", how="semi") for scan in scans]
    return pl.concat(found).sort("seq")


def _scan(plan: RunFolder) -> pl.LazyFrame:
    return pl.scan_parquet(plan.file("plan.parquet"))


def _pieces(plan: RunFolder, rows: pl.LazyFrame, size: int) -> Iterator[pl.DataFrame]:
    """The rows in order, one piece after the other; to read on beside the caller would hold many of them.

    Of many rows no piece has those of two row groups: both would be read for it, and again for the pieces beside it.
    """
    start, whole = 0, int(rows.select(pl.len()).collect().item())
    for height in parquet.heights(plan.file("plan.parquet")) if whole > size else [whole]:
        for at in range(0, height, size):
            yield rows.slice(start + at, min(size, height - at)).collect()
        start += height


def _without(batch: pl.DataFrame, gone: pl.Series) -> pl.DataFrame:
    """The rows of a batch whose `seq` is not in `gone`; both are ascending."""
    if batch.is_empty() or gone.is_empty():
        return batch
    return batch.join(gone.to_frame("seq"), on="seq", how="anti", maintain_order="left")
