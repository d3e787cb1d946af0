"""Turn a plan into `plan.parquet` and `plan.json`, and back, with hashes that guard both.

`plan.parquet` holds every data row read, in input order; it is never changed after planning. Besides the
columns of PLAN_SCHEMA it has the source's own cells as `c0`..`cN` (String). `plan.json` holds the hash of the
parquet file, so that a plan that was torn or edited is refused.

A correction of the run is a plan of its own in `round-N/`; its rows count on from the last one of the plan before.
`origin` is the seq of the first version of a row: of the rows with one origin only the newest counts, the others
are superseded.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import polars as pl

from pipeline import parquet
from pipeline.errors import BrokenInvariant, Misuse
from pipeline.folder import RunFolder
from pipeline.language import say

VERSION = 1
PUSHED = ".pushed"
ROWS = 30_000
"""Rows of a piece of the plan: bounds the memory of every stage that reads or writes one."""

ISSUE = pl.Struct(dict.fromkeys(("field", "column", "value", "code", "detail", "suggestion"), pl.String))

PLAN_SCHEMA: dict[str, Any] = {
    "seq": pl.UInt32,  # 0-based position in the plan; names the row in the journal
    "source": pl.String,
    "sheet": pl.String,
    "row": pl.UInt32,  # as a spreadsheet program shows it
    "status": pl.String,  # ready, invalid, skipped, unchanged
    "action": pl.String,  # create, update, none
    "id": pl.String,  # at the target, where it is known
    "key": pl.String,  # the row's import key
    "identity": pl.String,  # what makes two customers the same, null where nothing does
    "after": pl.UInt32,  # seq of the row of the same customer that goes first; null for none
    "lane": pl.Boolean,  # rows with equal identity go in one after the other
    "payload": pl.String,  # JSON, byte for byte what is sent; null where nothing is
    "before": pl.String,  # JSON of what an update replaces, as the plan saw it
    "issues": pl.List(ISSUE),
    "changes": pl.String,
}

ROUND_SCHEMA: dict[str, Any] = {**PLAN_SCHEMA, "origin": pl.UInt32}

Group = tuple[bytes, bytes]
"""A row group: the columns that were settled last, and those that were settled before (`parquet.encoded`). What is in
both is taken from the first."""


def encoded(rows: pl.DataFrame, cells: int, first: int | None) -> bytes:
    """Those columns of a row group that are in `rows` (PLAN_SCHEMA, and of `cells` source columns `c0`..), as Parquet.

    In the plan of a round the rows are numbered from `first` on; a row whose `origin` is null is new.
    """
    shifted = rows if first is None else _counted_on(rows, first)
    chosen = shifted.select(pl.col(n).cast(t) for n, t in _schema(cells, first).items() if n in rows.columns)
    # Only corrections are searched; what the whole plan holds is read from its start to its end.
    return parquet.encoded(chosen, searched=first is not None)


def write(folder: RunFolder, groups: Iterable[Group], cells: int, facts: dict[str, Any]) -> None:
    """Write the plan from its row groups; `facts` go into plan.json.

    A plan is one of a round where `first_seq` is among its facts; see `encoded`.
    """
    digest = hashlib.sha256()
    with folder.writing("plan.parquet") as path, path.open("wb") as file:

        def put(octets: bytes | memoryview) -> None:
            digest.update(octets)
            file.write(octets)

        joined = parquet.Joined(put, _schema(cells, facts.get("first_seq")))
        for group in groups:
            joined.add(*group)
        joined.close()
    folder.write_json("plan.json", {"version": VERSION, "plan_sha256": digest.hexdigest(), **facts})


def _schema(cells: int, first: int | None) -> pl.Schema:
    columns = PLAN_SCHEMA if first is None else ROUND_SCHEMA
    return pl.Schema({**columns, **{f"c{i}": pl.String for i in range(cells)}})


def facts(folder: RunFolder) -> dict[str, Any]:
    """The content of the run's plan.json; with corrections, as the run stands after the last one.

    Raises:
        Misuse: it is damaged, or of another version.
    """
    content, *later = (own_facts(plan) for plan in plans(folder))
    for told in later:
        content = {
            **content, **{n: told[n] for n in ("sources", "settings", "unchecked") if n in told},
            "rows": content["rows"] + told["added"], "round": told["round"],
            "workspace": content["workspace"] or told["workspace"],
            "decisions": {**content["decisions"], **told["decisions"]},
            "verified": content["verified"] and told["verified"],
            **{n: sorted({*content[n], *told[n]}) for n in ("countries", "unresolved")},
        }  # fmt: skip
    return content


def own_facts(plan: RunFolder) -> dict[str, Any]:
    """The content of one plan's plan.json; see `facts`."""
    content = plan.read_json("plan.json")
    if isinstance(content, dict) and content.get("forgotten"):
        raise Misuse(
            say(
                "the personal data of {path} was removed on {day}; there is nothing left to send or correct",
                path=plan.path,
                day=content["forgotten"],
            ),
            say("Run the import again from the source file: who is in is found at the target."),
        )
    if not isinstance(content, dict) or content.get("version") != VERSION:
        raise Misuse(
            say("{path} was planned by another version of this program", path=plan.path),
            say("Finish it with that version, or run again."),
        )
    return content


def plans(folder: RunFolder) -> list[RunFolder]:
    """The run's own plan, and those of its corrections, in order."""
    found = [folder]
    while (path := folder.file(f"round-{len(found)}")).joinpath("plan.json").exists():
        found.append(RunFolder(path))
    return found


def end(folder: RunFolder) -> int:
    """How many rows all plans have: the seq of the next one."""
    last = own_facts(plans(folder)[-1])
    return int(last.get("first_seq", 0) + last["rows"])


def unpushed(folder: RunFolder) -> int | None:
    """The first seq of the plans that no push has begun with; None where there is none."""
    for plan in plans(folder):
        if not plan.file("journal.db" if plan is folder else PUSHED).exists():
            return int(own_facts(plan).get("first_seq", 0))
    return None


def mark_pushed(folder: RunFolder) -> None:
    """Note that a push begins: from here on no plan may be taken back."""
    for plan in plans(folder)[1:]:
        plan.file(PUSHED).touch(mode=0o600)


def verify(folder: RunFolder, content: dict[str, Any]) -> None:
    """Hold the plan against its hash.

    Raises:
        BrokenInvariant: the plan is torn, or was changed after planning.
    """
    path = folder.file("plan.parquet")
    if not path.exists() or _hash(path) != content.get("plan_sha256"):
        raise BrokenInvariant(
            say("{path} is not the plan that was made (torn, or changed since)", path=path),
            say("Nothing was sent. Run the import again from the source file."),
        )


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


def _counted_on(batch: pl.DataFrame, first: int) -> pl.DataFrame:
    """The rows of a round with seqs that no plan before has."""
    shifted = batch.with_columns(pl.col("seq") + first, pl.col("after") + first)
    return shifted.with_columns(pl.coalesce("origin", "seq").alias("origin"))


def _hash(path: Any) -> str:
    with open(path, "rb") as file:  # noqa: PTH123 - hashlib wants the file object
        return hashlib.file_digest(file, "sha256").hexdigest()
