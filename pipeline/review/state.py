"""Turn the rows of a run that are not in into frames that an edit can change in part: texts, statuses, problems."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from pipeline import rounds, store
from pipeline.folder import RunFolder

PLACE = ("origin", "seq", "source", "sheet", "row", "key")
PROBLEM: dict[str, Any] = {"pos": pl.UInt32, **dict.fromkeys(
    ("field", "column", "value", "code", "detail", "suggestion"), pl.String)}  # fmt: skip
CHECKED: dict[str, Any] = {"origin": pl.UInt32, "status": pl.String, "issues": pl.List(store.ISSUE),
                           "payload": pl.String}  # fmt: skip
"""What a check says of a row."""
STAYS = ("rejected",)
"""A row that the target refused stays refused until a cell of it is edited, or what it refused changes for all rows."""
REFUSED = "target.rejected"


@dataclass
class State:
    """The rows to correct, all frames in the same order; a row's position is its index.

    `place` has PLACE, `cells` has `c0`..`cN` as they were, `status` (String) as the run says. `problems` has PROBLEM, one
    line for each problem. `payload` is what was sent of a refused row, by position.
    """

    place: pl.DataFrame
    cells: pl.DataFrame
    status: pl.Series
    problems: pl.DataFrame
    payload: dict[int, str | None]

    @property
    def height(self) -> int:
        """How many rows there are."""
        return self.place.height

    def positions(self, origins: pl.Series) -> pl.Series:
        """Where the rows with these origins are (UInt32)."""
        here = self.place.select("origin").with_row_index("pos")
        return here.filter(pl.col("origin").is_in(origins.cast(pl.UInt32).implode()))["pos"]


def load(folder: RunFolder) -> State:
    """The rows of a run that are not in, as it stands."""
    facts = store.facts(folder)
    names = [f"c{i}" for i in range(len(facts["headers"]))]
    empty: dict[str, Any] = {"origin": pl.UInt32, "seq": pl.UInt32, "row": pl.UInt32, "issues": pl.List(store.ISSUE)}
    wanted = (*PLACE, "status", "issues", *names)
    frames = [batch.select(wanted) for batch in rounds.corrections(folder)]
    rows = pl.concat(frames) if frames else pl.DataFrame(schema={n: empty.get(n, pl.String) for n in wanted})
    refused = rows.with_row_index("pos").filter(pl.col("status").is_in(STAYS))
    payload: dict[int, str | None] = {}
    if refused.height:
        sent = store.rows(folder, refused["seq"], ("seq", "payload"))
        payload = dict(refused.select("pos", "seq").join(sent, on="seq").select("pos", "payload").iter_rows())
    return State(rows.select(PLACE), rows.select(names), rows["status"], exploded(rows["issues"]), payload)


def exploded(issues: pl.Series, positions: pl.Series | None = None) -> pl.DataFrame:
    """One line for each problem, with the position of its row."""
    at = positions if positions is not None else pl.int_range(len(issues), dtype=pl.UInt32, eager=True)
    both = pl.DataFrame([at.cast(pl.UInt32).alias("pos"), issues.alias("issues")])
    found = both.filter(pl.col("issues").list.len() > 0).explode("issues").unnest("issues")
    return found.select(pl.col(n).cast(t) for n, t in PROBLEM.items()) if found.height else pl.DataFrame(schema=PROBLEM)


def overlaid(cells: pl.DataFrame, place: pl.DataFrame, changes: Mapping[int, Mapping[int, str | None]]) -> pl.DataFrame:
    """The texts with what was edited; `changes` has new texts by origin and column index."""
    by_column: dict[int, dict[int, str | None]] = {}
    for origin, texts in changes.items():
        for column, text in texts.items():
            by_column.setdefault(column, {})[origin] = text
    made = []
    for column, texts in by_column.items():
        new = pl.DataFrame(
            {"origin": list(texts), "new": list(texts.values())}, schema={"origin": pl.UInt32, "new": pl.String}
        ).with_columns(hit=pl.lit(True))
        both = place.select("origin").join(new, on="origin", how="left", maintain_order="left")
        name = f"c{column}"
        both = both.with_columns(cells[name])
        made.append(both.select(pl.when("hit").then("new").otherwise(name).alias(name)).to_series())
    return cells.with_columns(made)


def judged(
    state: State, now: State, checked: pl.DataFrame, positions: pl.Series, edited: Collection[int]
) -> tuple[pl.Series, pl.DataFrame]:  # fmt: skip
    """Status and problems after a check of the rows at `positions`.

    `checked` has CHECKED; a row that it lacks stays as it was. `edited` are the origins of the rows of which a cell was
    edited.
    """
    here = state.place.select("origin").with_row_index("pos")
    found = checked.select(*CHECKED).join(here, on="origin", how="inner")
    if state.payload:
        ready = found.filter((pl.col("status") == "ready") & pl.col("pos").is_in(list(state.payload)))
        refused = _refused(state)
        same = [
            pos for pos, origin, payload in ready.select("pos", "origin", "payload").iter_rows()
            if not _differs(state.payload[pos], payload, () if origin in edited else refused.get(pos, ()))
        ]  # fmt: skip
        found = found.filter(~pl.col("pos").is_in(same))
    return replaced(state, now, found, positions)


def _refused(state: State) -> dict[int, list[str]]:
    """The fields that the target has refused, by position."""
    told = state.problems.filter((pl.col("code") == REFUSED) & pl.col("field").is_not_null())
    return dict(told.group_by("pos").agg("field").iter_rows())


def _differs(before: str | None, after: str | None, fields: Collection[str]) -> bool:
    """Whether what would be sent is another thing than what was refused: in one of the refused `fields`, or anywhere."""
    if before == after or before is None or after is None:
        return before != after
    old, new = json.loads(before), json.loads(after)
    return not fields or any(old.get(name) != new.get(name) for name in fields)


def replaced(state: State, now: State, found: pl.DataFrame, positions: pl.Series) -> tuple[pl.Series, pl.DataFrame]:
    """`now` with the rows at `positions` as `found` says, else as they were in `state`."""
    at = pl.int_range(state.height, dtype=pl.UInt32, eager=True)
    frame = pl.DataFrame([at.alias("pos"), now.status.alias("now"), state.status.alias("was")])
    frame = frame.join(found.select("pos", pl.col("status").alias("new")), on="pos", how="left", maintain_order="left")
    hit = pl.col("pos").is_in(positions.implode())
    status = frame.select(pl.coalesce("new", pl.when(hit).then("was").otherwise("now")).alias("status")).to_series()
    judged_ = found["pos"]
    back = state.problems.filter(pl.col("pos").is_in(positions.implode()) & ~pl.col("pos").is_in(judged_.implode()))
    kept = now.problems.filter(~pl.col("pos").is_in(positions.implode()))
    fresh = exploded(found["issues"], found["pos"]) if found.height else pl.DataFrame(schema=PROBLEM)
    return status, pl.concat([kept, back, fresh]).sort("pos", maintain_order=True)
