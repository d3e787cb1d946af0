"""Turn a checked batch into what is kept of it: who each row is, the pieces of what is sent, its problems, its cells.

The cells, and what else nothing changes any more, are encoded at once as the plan will have them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import polars as pl

from pipeline import identity as who
from pipeline import parquet, store
from pipeline.handoff import Checked
from pipeline.plan import duplicates, problems
from pipeline.plan.likeness import likeness
from pipeline.plan.payload import Pieces, frame, unframe
from pipeline.schema import fields
from pipeline.targets.interface import Identity, Target


@dataclass(frozen=True)
class Choices:
    """What the user chose for planning; see the flags of `run` in the contract."""

    identities: tuple[Identity, ...]
    policy: duplicates.Policy = "error"
    on_existing: Literal["skip", "update", "error"] = "skip"
    clear_blanks: bool = False
    workspace: str = ""
    mode: str = "LIVE"


SETTLED = ("source", "sheet", "row", "identity", "changes")
"""The columns of the plan that are known of each row by itself, beside its cells."""


class Made(NamedTuple):
    """An encoded batch: its rows as they are spooled, what is the same in all, and their problems.

    `settled` are the columns SETTLED and the cells as Parquet, `piece_rows` each. `width` is how many columns the source
    has.
    """

    spooled: pl.DataFrame
    constant: dict[str, str | None]
    problems: pl.DataFrame
    settled: tuple[bytes, ...]
    width: int


def encoded(
    target: Target, choices: Choices, cells: pl.DataFrame, checked: Checked, mapped: pl.DataFrame, source: str,
    sheet: str | None, left_out: pl.Series | None = None,
) -> Made:  # fmt: skip
    """Encode one batch: `cells` has `row` and `c0`..`cN`, the others belong to its rows in order.

    `left_out` (String) says why a row is no customer, and is null where it is one. Nothing is kept or changed, so that
    batches can be encoded beside one another.
    """
    skip = left_out.is_not_null() if left_out is not None else pl.repeat(False, cells.height, eager=True)
    if left_out is not None and skip.any():
        checked = problems.left_out(checked, left_out, skip)
    schema = fields(target.record)
    sent = checked.record.select(n for n in checked.record.columns if n not in schema or schema[n].sent)
    pieces = Pieces.of(sent)
    identity = who.of_rows(checked.record, choices.identities)
    first = {i.fields[0]: None for i in choices.identities if i.fields[0] in checked.record.columns}
    by = [checked.record[n].cast(pl.String).alias(f"by.{n}") for n in first]
    blanks = _blanks(mapped, choices)
    own = [n for n in cells.columns if n[0] == "c" and n[1:].isdigit()]
    width = max((int(n[1:]) + 1 for n in own), default=0)
    texts = frame(pieces)
    hashes = duplicates.hashes(told_apart(texts.with_columns(identity)), checked.valid, likeness(checked.record))
    spooled = pl.DataFrame([
        checked.valid, identity, blanks, *texts, *by, *hashes, skip.alias("skip"), *cells.drop(own)
    ])  # fmt: skip
    constant = {"source": source, "sheet": sheet}
    known = pl.DataFrame([identity, checked.changes.fill_null(""), cells["row"], *cells.select(own)])
    found = problems.errors_first(checked.issues)
    return Made(spooled, constant, found, _settled(known, constant, width), width)


def _settled(known: pl.DataFrame, constant: dict[str, str | None], width: int) -> tuple[bytes, ...]:
    """What is known of the rows, piece by piece, as Parquet; a cell that the source has no column for is blank."""
    types = {n: store.PLAN_SCHEMA[n] for n in SETTLED} | {f"c{i}": pl.String for i in range(width)}
    columns = [pl.lit(constant.get(n), dtype=t).alias(n) if n not in known.columns else pl.col(n).cast(t)
               for n, t in types.items()]  # fmt: skip
    pieces = known.select(columns).iter_slices(piece_rows(known.height))
    return tuple(parquet.encoded(piece) for piece in pieces)


def piece_rows(height: int) -> int:
    """Rows of each piece of a batch: all pieces but the last are of one size, at most `store.ROWS`, at least 1."""
    return max(-(-height // max(-(-height // store.ROWS), 1)), 1)


def _blanks(mapped: pl.DataFrame, choices: Choices) -> pl.Series:
    if not choices.clear_blanks or not mapped.width:
        return pl.Series("blanks", [None] * mapped.height, dtype=pl.String)
    names = [pl.when(pl.col(n).is_null()).then(pl.lit(n)).alias(n) for n in mapped.columns if not n.startswith("~")]
    return mapped.select(pl.concat_str(names, separator=",", ignore_nulls=True).alias("blanks")).to_series()


def told_apart(part: pl.DataFrame) -> pl.Series:
    """What tells each customer from others: the identity, or the whole record (see `frame`) where there is none."""
    identity = part["identity"].alias("who")
    nobody = identity.is_null().arg_true()
    if not len(nobody):
        return identity
    names = [n for n in part.columns if n == "body" or n.startswith("object.")]
    return identity.clone().scatter(nobody, unframe(part.select(pl.col(names).gather(nobody))).text())
