"""The JSON made of whole columns says exactly what a row-by-row encoder says."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.plan.payload import WORTH_IT, Pieces, frame, unframe

TEXT = st.one_of(st.none(), st.text(st.characters(codec="utf-8"), max_size=12))
ROW = st.fixed_dictionaries({
    "name": TEXT, "send_invoices": st.one_of(st.none(), st.booleans()),
    "credit_limit_cents": st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1)),
    "metadata.tier": TEXT, "metadata.a b": TEXT, "tax_settings.giro": TEXT,
})  # fmt: skip
TYPES = {"name": pl.String, "send_invoices": pl.Boolean, "credit_limit_cents": pl.Int64, "metadata.tier": pl.String,
         "metadata.a b": pl.String, "tax_settings.giro": pl.String}  # fmt: skip


def nested(row: dict[str, Any], key: str | None) -> dict[str, Any]:
    """The reference: absent where null, entries gathered into their object."""
    record: dict[str, Any] = {n: v for n, v in row.items() if "." not in n and v is not None}
    for name, value in row.items():
        if "." in name and value is not None:
            parent, _, entry = name.partition(".")
            record.setdefault(parent, {})[entry] = value
    if key is not None:
        record.setdefault("metadata", {})["import_key"] = key
    return record


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.lists(ROW, min_size=1, max_size=5), st.booleans())
def test_columns_and_rows_give_the_same_json(rows: list[dict[str, Any]], keyed: bool) -> None:
    """Any text, number, flag and null comes out as json.dumps would have it, also after spooling."""
    record = pl.DataFrame(rows, schema=TYPES)
    keys = pl.Series([f"k{i}" for i in range(len(rows))]) if keyed else None
    pieces = unframe(frame(Pieces.of(record)))
    texts = pieces.text(keys, "metadata.import_key" if keyed else None).to_list()
    assert [json.loads(t) for t in texts] == [nested(r, f"k{i}" if keyed else None) for i, r in enumerate(rows)]


def test_a_row_without_anything_is_an_empty_object() -> None:
    """Null everywhere is {}."""
    assert Pieces.of(pl.DataFrame({"name": [None]}, schema={"name": pl.String})).text().to_list() == ["{}"]


def test_a_long_column_is_looked_through_for_what_must_be_escaped() -> None:
    """One control character, quote or backslash in many texts is escaped as in a few."""
    for text in ("b\x1fc", 'b"c', "b\\c", "b\x7fc"):
        names = ["a" * 100] * (WORTH_IT // 100) + [text]
        texts = Pieces.of(pl.DataFrame({"name": names})).text().to_list()
        assert texts[-1] == json.dumps({"name": text}, separators=(",", ":"), ensure_ascii=False)
        assert json.loads(texts[0]) == {"name": names[0]}
