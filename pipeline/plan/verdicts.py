"""Turn what was decided about the rows of a file that are one customer into a table that answers by row.

A list can be nothing but such rows, so that they stay in columns; single ones are objects that may be changed.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import polars as pl

SCHEMA: dict[str, Any] = {
    "seq": pl.UInt32,
    "status": pl.String,
    "after": pl.UInt32,
    "lane": pl.Boolean,
    "ordinal": pl.UInt32,
    "code": pl.String,
    "detail": pl.String,
    "value": pl.String,
}


@dataclass(slots=True)
class Verdict:
    """What becomes of one affected row: `after` is the seq of the row that goes first, `ordinal` its number."""

    status: str = "ready"
    after: int | None = None
    lane: bool = False
    ordinal: int = 0
    issue: dict[str, str | None] | None = None


class Verdicts(Mapping[int, Verdict]):
    """A verdict for each affected row, by its seq."""

    def __init__(self, *frames: pl.DataFrame) -> None:
        """`frames` have SCHEMA, and no row is in two of them."""
        self._frame = pl.concat([pl.DataFrame(schema=SCHEMA), *frames]).sort("seq")
        self._own: dict[int, Verdict] = {}

    def __getitem__(self, seq: int) -> Verdict:
        """The verdict about one row; to change it changes nothing here."""
        if seq in self._own:
            return self._own[seq]
        at = bisect_left(self._seqs, seq)
        if at == self._frame.height or self._seqs[at] != seq:
            raise KeyError(seq)
        _, status, after, lane, ordinal, code, detail, value = self._frame.row(at)
        return Verdict(status, after, lane, ordinal, issue(code, detail, value) if code else None)

    def __iter__(self) -> Iterator[int]:
        """The seqs, ascending."""
        return iter(sorted({*self._frame["seq"], *self._own}))

    def __len__(self) -> int:
        """How many rows have a verdict."""
        return self._frame.height + len(self._own.keys() - {*self._frame["seq"]})

    @cached_property
    def _seqs(self) -> Sequence[int]:
        """The seqs without a copy: polars would start a query for each row that is asked for."""
        return self._frame["seq"].to_numpy()  # type: ignore[return-value]

    def setdefault(self, seq: int, verdict: Verdict) -> Verdict:
        """The verdict about a row, from now on this one where it had none; to change it changes it here too."""
        return self._own.setdefault(seq, self.get(seq, verdict))

    def between(self, first: int, end: int) -> pl.DataFrame:
        """The verdicts about the rows from `first` to before `end` (SCHEMA), ascending."""
        start, stop = (int(self._frame["seq"].search_sorted(seq)) for seq in (first, end))
        here = self._frame.slice(start, stop - start)
        own = [(seq, v) for seq, v in self._own.items() if first <= seq < end]
        if not own:
            return here
        lines = [
            (seq, v.status, v.after, v.lane, v.ordinal, *(v.issue[n] if v.issue else None for n in SAID))
            for seq, v in own
        ]
        mine = pl.DataFrame(lines, schema=SCHEMA, orient="row")
        return pl.concat([here.join(mine, on="seq", how="anti"), mine]).sort("seq")


SAID = ("code", "detail", "value")


def issue(code: str, detail: str | None, value: str | None = None) -> dict[str, str | None]:
    """The issue of a whole row."""
    return {"field": None, "column": None, "value": value, "code": code, "detail": detail, "suggestion": None}
