"""Turn a plan into `plan.parquet` and `plan.json`, and back, with hashes that guard both.

`plan.parquet` holds every data row read, in input order; it is never changed after planning. Besides the
columns of PLAN_SCHEMA it has the source's own cells as `c0`..`cN` (String). `plan.json` holds the hash of the
parquet file, so that a plan that was torn or edited is refused.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import polars as pl
from polars.io.plugins import register_io_source

from pipeline.errors import BrokenInvariant, Misuse
from pipeline.folder import RunFolder

VERSION = 1
ROWS = 20_000
"""Rows of a batch: bounds the memory of every stage."""

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


def write(folder: RunFolder, batches: Iterable[pl.DataFrame], cells: int, facts: dict[str, Any]) -> None:
    """Write the plan; `batches` have PLAN_SCHEMA and `cells` source columns, `facts` go into plan.json."""
    schema = pl.Schema({**PLAN_SCHEMA, **{f"c{i}": pl.String for i in range(cells)}})

    def source(columns: list[str] | None, *_: Any) -> Iterator[pl.DataFrame]:
        for batch in batches:
            frame = batch.select(pl.col(n).cast(t) for n, t in schema.items())
            yield frame.select(columns) if columns else frame

    with folder.writing("plan.parquet") as path:
        lazy = register_io_source(source, schema=schema, validate_schema=False)
        lazy.sink_parquet(path, compression="zstd", compression_level=1, row_group_size=ROWS)
        digest = _hash(path)
    folder.write_json("plan.json", {"version": VERSION, "plan_sha256": digest, **facts})


def facts(folder: RunFolder) -> dict[str, Any]:
    """The content of plan.json.

    Raises:
        Misuse: it is damaged, or of another version.
    """
    content = folder.read_json("plan.json")
    if not isinstance(content, dict) or content.get("version") != VERSION:
        raise Misuse(
            f"{folder.path} was planned by another version of this program",
            "Finish it with that version, or run again.",
        )
    return content


def verify(folder: RunFolder, content: dict[str, Any]) -> None:
    """Hold the plan against its hash.

    Raises:
        BrokenInvariant: the plan is torn, or was changed after planning.
    """
    path = folder.file("plan.parquet")
    if not path.exists() or _hash(path) != content.get("plan_sha256"):
        raise BrokenInvariant(
            f"{path} is not the plan that was made (torn, or changed since)",
            "Nothing was sent. Run the import again from the source file.",
        )


def batches(folder: RunFolder, columns: Sequence[str] | None = None, size: int = ROWS) -> Iterator[pl.DataFrame]:
    """The rows of the plan in order, a bounded number at a time."""
    lazy = pl.scan_parquet(folder.file("plan.parquet"))
    yield from (lazy.select(columns) if columns else lazy).collect_batches(chunk_size=size, maintain_order=True)


def _hash(path: Any) -> str:
    with open(path, "rb") as file:  # noqa: PTH123 - hashlib wants the file object
        return hashlib.file_digest(file, "sha256").hexdigest()
