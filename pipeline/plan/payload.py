"""Turn typed record columns into the JSON text that is sent, a whole column at a time.

Null means absent. The entries of an object field (`metadata.segment`) are gathered into one object, which may
get one more entry: our import key.

    >>> import polars as pl
    >>> pieces = Pieces.of(pl.DataFrame({"name": ["Ana"], "metadata.tier": ["A"]}))
    >>> pieces.text(pl.Series(["k1"]), "metadata.import_key").to_list()
    ['{"name":"Ana","metadata":{"tier":"A","import_key":"k1"}}']
"""

from __future__ import annotations

import json
from typing import NamedTuple

import polars as pl

WORTH_IT = 100_000
"""Fewer octets are looked through without numpy, which takes longer to load."""

_CONTROL = bytes(range(0x20))


class Pieces(NamedTuple):
    """JSON members without their braces: `body` of the record, `objects` of each object field (null: none)."""

    body: pl.Series
    objects: dict[str, pl.Series]

    @classmethod
    def of(cls, record: pl.DataFrame) -> Pieces:
        """Encode `record`; column `parent.key` is entry `key` of object `parent`."""
        parents = list(dict.fromkeys(n.partition(".")[0] for n in record.columns if "." in n))
        plain = [n for n in record.columns if "." not in n]
        objects = {p: _members(record, {n: n.partition(".")[2] for n in record.columns if n.startswith(f"{p}.")})
                   for p in parents}  # fmt: skip
        return cls(_members(record, {n: n for n in plain}), objects)

    def text(self, key: pl.Series | None = None, key_path: str | None = None) -> pl.Series:
        """The whole JSON text of each row, with `key` at `key_path` ("metadata.import_key") where one is given."""
        objects = {parent: pl.col(f"object.{parent}") for parent in self.objects}
        columns = frame(self)
        if key is not None and key_path is not None:
            parent, _, entry = key_path.partition(".")
            columns = columns.with_columns(key.alias("key"))
            member = pl.concat_str(pl.lit(f'{json.dumps(entry)}:"'), "key", pl.lit('"'))
            objects[parent] = _joined([objects[parent], member]) if parent in objects else member
        behind = [pl.concat_str(pl.lit(f",{json.dumps(parent)}:{{"), members, pl.lit("}"))
                  for parent, members in objects.items()]  # fmt: skip
        text = pl.concat_str(pl.lit("{"), "body", *behind, pl.lit("}"), ignore_nulls=True)
        if self.body.has_nulls():
            text = text.str.replace(r"^\{,", "{")
        return columns.select(text.alias("text")).to_series()


def frame(pieces: Pieces) -> pl.DataFrame:
    """The pieces as columns `body` and `object.NAME`, to be spooled."""
    return pl.DataFrame([pieces.body.alias("body"), *(s.alias(f"object.{n}") for n, s in pieces.objects.items())])


def unframe(spooled: pl.DataFrame) -> Pieces:
    """The pieces again, from the columns that `frame` made."""
    objects = {n.removeprefix("object."): spooled[n] for n in spooled.columns if n.startswith("object.")}
    return Pieces(spooled["body"], objects)


def _members(record: pl.DataFrame, names: dict[str, str]) -> pl.Series:
    """The members of each row that have a value (String); null where none has.

    All texts are made in one pass: what stands before and behind a value is null where the value is.
    """
    parts: list[pl.Expr] = []
    for column, name in names.items():
        cells = record[column]
        if cells.null_count() == record.height:
            continue
        start, value = f",{json.dumps(name, ensure_ascii=False)}:", pl.col(column)
        if cells.dtype == pl.String and not _has_escaped(cells):
            around = [pl.lit(start + '"'), value, pl.lit('"')]
        elif cells.dtype == pl.Boolean or cells.dtype.is_integer():
            around = [pl.lit(start), value.cast(pl.String)]
        else:
            encoded = pl.struct(value.alias("v")).struct.json_encode().str.slice(5).str.head(-1)  # behind {"v":
            around = [pl.lit(start), encoded]
        if cells.has_nulls():
            around = [part if part is value else pl.when(value.is_not_null()).then(part) for part in around]
        parts += around
    if not parts:
        return pl.Series([None] * record.height, dtype=pl.String)
    text = record.select(pl.concat_str(parts, ignore_nulls=True).str.strip_prefix(",").alias("t")).to_series()
    blank = text == ""
    return text.set(blank, None) if blank.any() else text


def _has_escaped(cells: pl.Series) -> bool:
    """Whether any of the texts has a character that JSON text cannot hold as it is."""
    octets: bytes = cells.str.join("").cast(pl.Binary).item()
    return b'"' in octets or b"\\" in octets or _has_control(octets)


def _has_control(octets: bytes) -> bool:
    if len(octets) < WORTH_IT:
        return len(octets.translate(None, _CONTROL)) < len(octets)
    import numpy as np

    return bool(np.frombuffer(octets, dtype=np.uint8).min() < len(_CONTROL))


def _joined(parts: list[pl.Expr]) -> pl.Expr:
    return pl.concat_str(parts, separator=",", ignore_nulls=True)
