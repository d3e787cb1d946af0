"""A file that is joined from columns encoded apart holds what one that polars wrote at once holds."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import store
from pipeline.parquet import Joined, compact, encoded, heights

TEXT = st.one_of(st.none(), st.sampled_from(["", "a", "é\n", "x" * 200]))
SCHEMA: dict[str, Any] = {
    "seq": pl.UInt32,
    "status": pl.String,
    "lane": pl.Boolean,
    "issues": pl.List(store.ISSUE),
    "c0": pl.String,
    "c1": pl.String,
}
PROBLEM = st.fixed_dictionaries(dict.fromkeys(("field", "column", "value", "code", "detail", "suggestion"), TEXT))
ROW = st.tuples(
    st.one_of(st.none(), st.integers(0, 2**32 - 1)), TEXT, st.one_of(st.none(), st.booleans()),
    st.one_of(st.none(), st.lists(PROBLEM, max_size=3)), TEXT, TEXT,
)  # fmt: skip
GROUPS = st.lists(st.lists(ROW, min_size=1, max_size=5), max_size=4)


def joined(schema: dict[str, Any], groups: list[tuple[bytes, ...]]) -> bytes:
    made: list[bytes] = []
    file = Joined(lambda octets: made.append(bytes(octets)), pl.Schema(schema))
    for parts in groups:
        file.add(*parts)
    file.close()
    return b"".join(made)


def footer(file: bytes) -> bytes:
    return file[-8 - int.from_bytes(file[-8:-4], "little") : -8]


def frame(rows: list[tuple[Any, ...]], schema: dict[str, Any] = SCHEMA) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=schema, orient="row")


@settings(max_examples=25, deadline=None, derandomize=True)
@given(groups=GROUPS, early=st.sets(st.sampled_from(list(SCHEMA)), max_size=5), searched=st.booleans())
def test_every_row_comes_back(groups: list[list[tuple[Any, ...]]], early: set[str], searched: bool) -> None:
    """Whichever columns are encoded apart: the same values and types, row group by row group."""
    frames = [frame(rows) for rows in groups]
    parts = [
        tuple(encoded(some, searched=searched) for some in (f.drop(early), f.select(early)) if some.width)
        for f in frames
    ]
    file = joined(SCHEMA, parts)
    expected = pl.concat([pl.DataFrame(schema=SCHEMA), *frames])
    assert pl.read_parquet(io.BytesIO(file)).equals(expected)
    assert pl.read_parquet_schema(io.BytesIO(file)) == expected.schema
    lazy = pl.scan_parquet(io.BytesIO(file))
    for column in SCHEMA:
        assert lazy.select(column).collect().equals(expected.select(column))
    for start in range(0, expected.height, 2):
        assert lazy.slice(start, 2).collect().equals(expected.slice(start, 2))
    assert lazy.filter(pl.col("seq") > 7).collect().equals(expected.filter(pl.col("seq") > 7))


def columns(file: bytes) -> list[bytes]:
    """The octets of each leaf of a file of one row group, where its footer says that they are."""
    leaves = compact.decoded(footer(file))[4][1][1][0][1][1][1]
    about = [leaf[3][1] for leaf in leaves]
    starts = [min(a[place][1] for place in (9, 11) if place in a) for a in about]  # of its data, and of its dictionary
    return [file[start : start + a[7][1]] for start, a in zip(starts, about, strict=True)]


@settings(max_examples=20, deadline=None, derandomize=True)
@given(rows=st.lists(ROW, min_size=1, max_size=5))
def test_columns_are_what_polars_wrote(rows: list[tuple[Any, ...]]) -> None:
    """Each column octet for octet, one behind the other, and nothing else but the footer."""
    whole = encoded(frame(rows))
    file = joined(SCHEMA, [(whole,)])
    assert columns(file) == columns(whole) and len(columns(file)) == 5 + len(store.ISSUE.fields)
    assert file[: -len(footer(file)) - 8] == b"PAR1" + b"".join(columns(whole))


def test_it_tells_how_many_rows_each_group_has(tmp_path: Path) -> None:
    """Of our files and of those that polars writes at once."""
    rows = frame([(at, "ready", True, [], "a", None) for at in range(7)])
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    ours.write_bytes(joined(SCHEMA, [(encoded(rows.head(5)),), (encoded(rows.tail(2)),)]))
    rows.write_parquet(theirs, row_group_size=3)
    assert heights(ours) == [5, 2] and heights(theirs) == [3, 3, 1]


def test_the_first_part_that_has_a_column_gives_it() -> None:
    """What is decided later is put in front of what was settled before."""
    before, later = frame([(1, "ready", True, None, "a", "b")]), pl.DataFrame({"status": ["invalid"], "c1": [None]})
    later = later.with_columns(pl.col("c1").cast(pl.String))
    file = joined(SCHEMA, [(encoded(later), encoded(before))])
    assert pl.read_parquet(io.BytesIO(file)).rows() == [(1, "invalid", True, None, "a", None)]


def test_a_file_may_have_no_rows() -> None:
    """Without row groups there is still the schema."""
    assert pl.read_parquet(io.BytesIO(joined(SCHEMA, []))).schema == pl.Schema(SCHEMA)


@pytest.mark.parametrize(
    "parts",
    [
        (pl.DataFrame({"seq": [1]}, schema={"seq": pl.UInt32}),),
        (pl.DataFrame({"seq": [1], "text": ["a"]}),),
        (pl.DataFrame({"seq": [1]}, schema={"seq": pl.UInt32}), pl.DataFrame({"text": ["a", "b"]})),
    ],
    ids=["a column is missing", "a column has another type", "other rows"],
)
def test_parts_that_do_not_fit_are_refused(parts: tuple[pl.DataFrame, ...]) -> None:
    """A file that nobody could read is never written."""
    with pytest.raises(ValueError, match=r"part"):
        joined({"seq": pl.UInt32, "text": pl.String}, [tuple(map(encoded, parts))])


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    columns=st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1), max_size=40, unique=True
    ),
    number=st.integers(-(2**63), 2**63 - 1),
)
def test_a_footer_is_written_as_it_was_read(columns: list[str], number: int) -> None:
    """Any footer of polars, octet for octet; names, statistics and lists of any length."""
    types = (pl.Int64, pl.String, pl.Float64, pl.List(store.ISSUE))
    made = pl.DataFrame({n: pl.Series([None], dtype=types[at % 4]) for at, n in enumerate(columns)})
    made = made.with_columns(pl.lit(number).alias("number"))
    octets = footer(encoded(made, searched=True))
    assert compact.encoded(compact.decoded(octets)) == octets


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    st.dictionaries(
        st.integers(-(2**15), 2**15 - 1),
        st.one_of(
            st.tuples(st.sampled_from([compact.I16, compact.I32, compact.I64]), st.integers(-(2**63), 2**63 - 1)),
            st.sampled_from([(compact.TRUE, True), (compact.FALSE, False)]),
            st.tuples(st.just(compact.BYTE), st.integers(0, 255)),
            st.tuples(st.just(compact.DOUBLE), st.floats(allow_nan=False)),
            st.tuples(st.just(compact.BINARY), st.binary(max_size=200)),
            st.tuples(
                st.just(compact.LIST), st.tuples(st.just(compact.I64), st.lists(st.integers(-9, 9), max_size=40))
            ),
        ),
        max_size=20,
    )
)
def test_values_of_all_types_come_back(struct: compact.Struct) -> None:
    """Numbers to their limits, long lists, fields far apart and out of order."""
    assert compact.decoded(compact.encoded({1: (compact.STRUCT, struct)})) == {1: (compact.STRUCT, struct)}
