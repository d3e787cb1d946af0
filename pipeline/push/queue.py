"""Turn the plan and the journal into the rows that are still to be sent, in order and in bounded batches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import polars as pl

from pipeline import store
from pipeline.folder import RunFolder
from pipeline.journal import FINAL, IN, OPEN, Journal

COLUMNS = ("seq", "row", "status", "action", "id", "key", "identity", "after", "lane", "payload", "before")


@dataclass(frozen=True)
class Row:
    """One row of the plan, as far as sending it needs."""

    seq: int
    row: int
    action: str
    id: str | None
    key: str
    identity: str | None
    after: int | None
    lane: bool
    payload: str  # empty: nothing of this row is ever sent
    before: str | None


class Queue:
    """The rows of a plan that a push has to deal with, given what the journal knows."""

    def __init__(self, folder: RunFolder, journal: Journal, retry: Iterable[str]) -> None:
        """`retry` are final states that are tried again (failed, rejected)."""
        self._folder = folder
        self._retry = set(retry)
        settled = journal.settled()
        self.states: dict[int, str] = dict(settled.iter_rows())
        closed = [s for s in (*FINAL, *OPEN) if s not in self._retry]
        self._closed = settled.filter(pl.col("state").is_in(closed))["seq"]

    def pending(self) -> Iterator[Row]:
        """Rows that go first and were not settled yet."""
        for batch in store.batches(self._folder, COLUMNS):
            chosen = batch.filter(
                (pl.col("status") == "ready") & ~pl.col("seq").is_in(self._closed.implode())
            )  # fmt: skip
            yield from _rows(chosen)

    def count(self) -> int:
        """How many rows `pending` yields."""
        return sum(b.filter(pl.col("status") == "ready").height for b in self._counting())

    def _counting(self) -> Iterator[pl.DataFrame]:
        for batch in store.batches(self._folder, ("seq", "status")):
            yield batch.filter(~pl.col("seq").is_in(self._closed.implode()))

    def followers(self) -> Iterator[Row]:
        """Rows that come after another row of the same customer, and were not settled yet.

        One without a payload is never sent: its customer is at the target already.
        """
        settled = self._settled_by_the_plan()
        for batch in store.batches(self._folder, COLUMNS):
            chosen = batch.filter(pl.col("after").is_not_null() & ~pl.col("seq").is_in(self._closed.implode()))
            for row in _rows(chosen):
                if row.after in settled:
                    self.states.setdefault(row.after, "skipped")
                yield replace(row, action="create")

    def _settled_by_the_plan(self) -> set[int]:
        """Rows that others come after, and that were at the target when the plan was made."""
        lazy = pl.scan_parquet(self._folder.file("plan.parquet"))
        first = lazy.filter(pl.col("after").is_not_null()).select(pl.col("after").alias("seq")).unique()
        there = lazy.filter(pl.col("status").is_in(["skipped", "unchanged"]) & pl.col("after").is_null()).select("seq")
        return set(first.join(there, on="seq").collect()["seq"])

    def rows(self, seqs: Iterable[int]) -> dict[int, Row]:
        """The named rows by their seq."""
        wanted = pl.Series(sorted(seqs), dtype=pl.UInt32)
        found: dict[int, Row] = {}
        if wanted.len():
            for batch in store.batches(self._folder, COLUMNS):
                found.update((row.seq, row) for row in _rows(batch.filter(pl.col("seq").is_in(wanted.implode()))))
        return found

    def is_in(self, seq: int) -> bool:
        """Whether row `seq` is at the target."""
        return self.states.get(seq) in IN


def _rows(frame: pl.DataFrame) -> Iterator[Row]:
    for line in frame.drop("status").with_columns(pl.col("payload").fill_null("")).iter_rows(named=True):
        yield Row(**line)
