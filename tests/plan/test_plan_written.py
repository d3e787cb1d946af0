"""A plan is read as it was written, by whichever version; its hash holds for it and for nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import parquet, store
from pipeline.errors import BrokenInvariant
from pipeline.folder import RunFolder
from pipeline.plan.encode import SETTLED, piece_rows

CELLS = 2
SCHEMA: dict[str, Any] = {**store.PLAN_SCHEMA, **{f"c{i}": pl.String for i in range(CELLS)}}
EARLY = [*SETTLED, "c0", "c1"]


def rows(count: int) -> pl.DataFrame:
    """A plan of so many rows, of which some have a problem."""
    problem = dict.fromkeys(("field", "column", "value", "detail", "suggestion")) | {"code": "plan.unverified"}
    lines = [
        {"seq": at, "row": at + 2, "status": "ready", "action": "create", "key": f"k{at}", "identity": f"email=a{at}",
         "lane": False, "payload": "{}", "issues": [problem] * (at % 3), "changes": "", "c0": f"Ñandú {at}", "c1": None}
        for at in range(count)
    ]  # fmt: skip
    return pl.DataFrame(lines, schema=SCHEMA)


def written(folder: RunFolder, plan: pl.DataFrame, heights: list[int], facts: dict[str, Any]) -> None:
    pieces, start = [], 0
    for height in heights:
        piece = plan.slice(start, height)
        late = store.encoded(piece.drop(EARLY), CELLS, facts.get("first_seq"))
        pieces.append((late, parquet.encoded(piece.select(EARLY))))
        start += height
    store.write(folder, pieces, CELLS, facts)


@settings(max_examples=20, deadline=None, derandomize=True)
@given(heights=st.lists(st.integers(1, 5), max_size=4), size=st.integers(1, 6))
def test_every_row_is_read_once_and_in_order(
    tmp_path_factory: pytest.TempPathFactory, heights: list[int], size: int
) -> None:
    """In pieces of at most so many rows as were asked for, without those columns that were not."""
    folder, plan = RunFolder(tmp_path_factory.mktemp("run")), rows(sum(heights))
    written(folder, plan, heights, {"rows": plan.height})
    pieces = list(store.batches(folder, size=size))
    assert pl.concat([plan.clear(), *pieces]).equals(plan) and all(0 < piece.height <= size for piece in pieces)
    newest = [piece.drop("origin") for piece in store.current(folder, size=size, without=("payload",))]
    assert pl.concat([plan.drop("payload").clear(), *newest]).equals(plan.drop("payload"))


@pytest.mark.parametrize("size", [3, 4, 7, 100])
def test_a_plan_that_polars_wrote_at_once_is_read(tmp_path: Path, size: int) -> None:
    """As all plans were written before their columns were encoded apart."""
    folder, plan = RunFolder(tmp_path), rows(10)
    plan.lazy().sink_parquet(folder.file("plan.parquet"), compression="lz4", row_group_size=4, statistics=False)
    assert pl.concat(store.batches(folder, size=size)).equals(plan)
    assert store.rows(folder, plan["seq"].gather([2, 7]), plan.columns).equals(plan[[2, 7]])


def test_the_rows_of_a_round_count_on(tmp_path: Path) -> None:
    """Their seqs begin behind those of the plans before, and a row without `origin` is its own."""
    folder, plan = RunFolder(tmp_path), rows(4).with_columns(after=pl.Series([None, 0, None, 1], dtype=pl.UInt32))
    origin = pl.Series("origin", [7, None, None, 9], dtype=pl.UInt32)
    written(folder, plan.with_columns(origin), [3, 1], {"rows": 4, "first_seq": 20})
    read = pl.read_parquet(folder.file("plan.parquet"))
    assert read.select("seq", "after", "origin").rows() == [(20, None, 7), (21, 20, 21), (22, None, 22), (23, 21, 9)]
    assert read.drop("seq", "after", "origin").equals(plan.drop("seq", "after"))


def test_the_hash_holds_for_the_file_as_it_was_written(tmp_path: Path) -> None:
    """It is taken of the octets on their way; one that is changed is told."""
    folder = RunFolder(tmp_path)
    written(folder, rows(9), [5, 4], {"rows": 9})
    store.verify(folder, store.own_facts(folder))
    path = folder.file("plan.parquet")
    octets = bytearray(path.read_bytes())
    octets[len(octets) // 2] ^= 1
    path.write_bytes(octets)
    with pytest.raises(BrokenInvariant):
        store.verify(folder, store.own_facts(folder))


@pytest.mark.parametrize("height", [0, 1, 29_999, 30_000, 30_001, 60_000, 60_001, 1_000_003])
def test_a_batch_is_cut_into_pieces_of_nearly_one_size(height: int) -> None:
    """As few as may be, none too large, and none of them tiny."""
    piece = piece_rows(height)
    pieces = -(-height // piece)
    assert 1 <= piece <= store.ROWS and pieces == -(-height // store.ROWS)
    assert height - piece * max(pieces - 1, 0) > piece - max(pieces, 1) or not height
