"""Turn the plan and the journal into the rows that are still to be sent, in order and in bounded batches."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl

from pipeline import store
from pipeline.folder import RunFolder
from pipeline.journal import FINAL, IN, OPEN, Journal

COLUMNS = ("seq", "row", "status", "action", "id", "key", "identity", "after", "lane", "payload", "before")

Standing = Literal["in", "open", "free", "waiting"]


@dataclass(frozen=True, slots=True)
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


class Groups:
    """Rows of which one may go in: a first row, and those that come after it; and how each of them stands."""

    def __init__(self, members: Iterable[tuple[int, int]]) -> None:
        """`members` are (seq, seq of the first row)."""
        self._first: dict[int, int] = {}
        self._members: dict[int, list[int]] = {}
        self.states: dict[int, str] = {}
        for seq, first in members:
            self._first[seq] = self._first[first] = first
            self._members.setdefault(first, [first]).append(seq)

    def __contains__(self, seq: int) -> bool:
        """Whether the row belongs to a group."""
        return seq in self._first

    def first(self, seq: int) -> int:
        """The group's first row."""
        return self._first[seq]

    def note(self, seq: int, state: str) -> None:
        """Remember how a member stands."""
        if seq in self._first:
            self.states[seq] = state

    def standing(self, seq: int) -> Standing:
        """What the others of its group mean for row `seq`.

        in: one of them is in, so this one must not go in; open: one of them may be in; waiting: the first
        row was not tried yet; free: it may be sent.
        """
        if seq not in self._first:
            return "free"
        others = [self.states.get(s) for s in self._members[self._first[seq]] if s != seq]
        if any(state in IN for state in others):
            return "in"
        if any(state in OPEN for state in others):
            return "open"
        tried = self._first[seq] == seq or self.states.get(self._first[seq]) in FINAL
        return "free" if tried else "waiting"


class Queue:
    """The rows of a plan that a push has to deal with, given what the journal knows."""

    def __init__(self, folder: RunFolder, journal: Journal, retry: Iterable[str], held: Collection[int] = ()) -> None:
        """`retry` are final states that are tried again (failed, rejected), but for the rows `held` (seq)."""
        self._folder = folder
        self.retry = tuple(retry)
        closed = [s for s in (*FINAL, *OPEN) if s not in self.retry]
        kept = journal.seqs(closed, doubtful=self.retry)
        self._closed = pl.concat([kept, pl.Series("seq", held, dtype=pl.UInt32)]).unique().sort() if held else kept
        self.groups = self._grouped(journal)

    def _grouped(self, journal: Journal) -> Groups:
        rows = [b.filter(_tied()) for b in store.batches(self._folder, ("seq", "status", "after"))]
        tied = pl.concat(rows) if rows else pl.DataFrame(schema={"seq": pl.UInt32, "after": pl.UInt32})
        members = tied.filter(pl.col("after").is_not_null()).select("seq", "after")
        if members.is_empty():
            return Groups(())
        corrected = store.newest(self._folder, members["after"].unique())
        groups = Groups([*members.iter_rows(), *((newest, first) for first, newest in corrected.items())])
        there = tied.filter(pl.col("after").is_null()).select("seq")
        for (seq,) in there.join(members.select(seq="after"), on="seq", how="semi").iter_rows():
            groups.note(seq, "skipped")
        for seq, state in journal.states():
            groups.note(seq, state)
        for first in corrected:
            groups.note(first, "invalid")  # it is never sent again; its correction and its followers are
        return groups

    def pending(self) -> Iterator[Row]:
        """Rows that go first and were not settled yet."""
        for batch in store.batches(self._folder, COLUMNS):
            yield from _rows(self._left(batch).filter(pl.col("status") == "ready"))

    def count(self) -> int:
        """How many rows `pending` yields."""
        batches = store.batches(self._folder, ("seq", "status"))
        return sum(self._left(b).filter(pl.col("status") == "ready").height for b in batches)

    def followers(self) -> Iterator[Row]:
        """Rows that come after another row of the same customer, and were not settled yet.

        One without a payload is never sent: its customer is at the target already.
        """
        for batch in store.batches(self._folder, COLUMNS):
            yield from _rows(self._left(batch.filter(pl.col("after").is_not_null() & (pl.col("status") == "skipped"))))

    def rows(self, seqs: Iterable[int]) -> dict[int, Row]:
        """The named rows by their seq."""
        wanted = pl.DataFrame({"seq": sorted(seqs)}, schema={"seq": pl.UInt32})
        found: dict[int, Row] = {}
        if wanted.height:
            for batch in store.batches(self._folder, COLUMNS):
                chosen = batch.join(wanted, on="seq", how="semi", maintain_order="left")
                found.update((row.seq, row) for row in _rows(chosen))
        return found

    def _left(self, batch: pl.DataFrame) -> pl.DataFrame:
        return unsettled(batch, self._closed)


def _tied() -> pl.Expr:
    """Rows that come after another one, and rows that need not be sent, which others may come after."""
    return pl.col("after").is_not_null() | pl.col("status").is_in(["skipped", "unchanged"])


def unsettled(batch: pl.DataFrame, closed: pl.Series) -> pl.DataFrame:
    """The rows of a batch of the plan whose `seq` is not in `closed`; both are ascending."""
    if batch.is_empty() or closed.is_empty():
        return batch
    first, last = (closed.search_sorted(n) for n in (batch["seq"][0], batch["seq"][-1] + 1))
    here = closed.slice(first, last - first).to_frame("seq")
    return batch.join(here, on="seq", how="anti", maintain_order="left") if here.height else batch


def _rows(frame: pl.DataFrame) -> Iterator[Row]:
    if frame.is_empty():
        return
    follows = pl.col("after").is_not_null()
    whole = frame.with_columns(
        pl.col("payload").fill_null(""), action=pl.when(follows).then(pl.lit("create")).otherwise("action")
    )
    yield from (Row(*line) for line in whole.select(_FIELDS).iter_rows())


_FIELDS: Sequence[str] = tuple(name for name in COLUMNS if name != "status")
