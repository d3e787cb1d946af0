"""Turn encoded batches into private files, and back, so that a plan of any size needs the memory of one batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import polars as pl


class Part(NamedTuple):
    """A batch that was read back: the positions of its rows in the plan (`seq`, UInt32), and its columns."""

    seq: pl.Series
    rows: pl.DataFrame


@dataclass(frozen=True)
class _Kept:
    """What is known of a part: `columns` are all it has, in order; the `constant` ones are not in its file."""

    path: Path
    problems: Path
    settled: Path
    height: int
    columns: tuple[str, ...]
    constant: Mapping[str, str | None]


class Spool:
    """Batches in a private folder that the caller removes."""

    def __init__(self, folder: Path) -> None:
        """Nothing is written yet."""
        self._folder = folder
        self._parts: dict[int, _Kept] = {}
        self.rows = 0

    def put(
        self, rows: pl.DataFrame, problems: pl.DataFrame, constant: Mapping[str, str | None], settled: bytes = b""
    ) -> None:
        """Keep a batch behind those that are there, its `problems`, and what is `settled` about it (Parquet).

        `constant` columns have one text in every row.
        """
        if not rows.height:
            return
        blank = {s.name: None for s in rows if s.dtype == pl.String and s.null_count() == len(s)}
        path, beside, known = (
            self._folder / f"{len(self._parts):06}.{what}" for what in ("rows.ipc", "problems.ipc", "settled.parquet")
        )
        _write(rows.drop(blank), path)
        _write(problems, beside)
        known.write_bytes(settled)
        columns = (*rows.columns, *constant)
        self._parts[self.rows] = _Kept(path, beside, known, rows.height, columns, {**blank, **constant})
        self.rows += rows.height

    def parts(self, asked: Callable[[str], bool] = lambda _: True) -> Iterator[Part]:
        """Each batch in order, without those columns that are not `asked` for."""
        for first, kept in self._parts.items():
            names = [name for name in kept.columns if asked(name)]
            read = pl.read_ipc(kept.path, columns=[name for name in names if name not in kept.constant])
            texts = [pl.lit(kept.constant[n], dtype=pl.String).alias(n) for n in names if n in kept.constant]
            seq = pl.int_range(first, first + kept.height, dtype=pl.UInt32, eager=True).alias("seq")
            yield Part(seq, read.with_columns(texts).select(names))

    def shares(self, count: int) -> Shares:
        """So many shares, to deal rows to."""
        return Shares(self._folder, count)

    def problems(self, first: int) -> pl.DataFrame:
        """The problems of the batch that begins with the row `first`."""
        return pl.read_ipc(self._parts[first].problems)

    def settled(self, first: int) -> bytes:
        """What was settled about the batch that begins with the row `first`."""
        return self._parts[first].settled.read_bytes()


class Shares:
    """Rows that are dealt out part by part and come back share by share, so that each part is read once."""

    def __init__(self, folder: Path, count: int) -> None:
        """A single share is kept in memory, several in files in `folder`."""
        self.count = count
        self._folder = folder
        self._dealt: list[list[pl.DataFrame | Path]] = [[] for _ in range(count)]

    def deal(self, rows: pl.DataFrame, share: pl.Series) -> None:
        """Deal out some rows: `share` is the number of each row's share."""
        if self.count == 1:
            self._dealt[0].append(rows)
            return
        parts = rows.with_columns(share.alias("share")).partition_by("share", include_key=False, as_dict=True)
        for (number,), some in parts.items():
            path = self._folder / f"share{number}.{len(self._dealt[number]):06}.ipc"
            _write(some, path)
            self._dealt[number].append(path)

    def __iter__(self) -> Iterator[pl.DataFrame]:
        """The rows of each share, in the order in which they were dealt out; a share without any is left out."""
        for dealt in self._dealt:
            if dealt:
                yield pl.concat([rows if isinstance(rows, pl.DataFrame) else pl.read_ipc(rows) for rows in dealt])


def _write(frame: pl.DataFrame, path: Path) -> None:
    """Texts one behind the other: to read them back costs less than with polars' own layout."""
    frame.write_ipc(path, compression="uncompressed", compat_level=pl.CompatLevel.oldest())
