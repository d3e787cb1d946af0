"""Thrift's compact protocol: whatever a footer holds comes back, what today's format has no use for too."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.parquet import compact as c

NUMBER = st.integers(-(2**63), 2**63 - 1)
PLAIN: dict[int, st.SearchStrategy[Any]] = {
    c.BYTE: st.integers(0, 255),
    c.I16: st.integers(-(2**15), 2**15 - 1),
    c.I32: st.integers(-(2**31), 2**31 - 1),
    c.I64: NUMBER,
    c.DOUBLE: st.floats(allow_nan=False),
    c.BINARY: st.binary(max_size=200),
    c.UUID: st.binary(min_size=16, max_size=16),
}
ELEMENTS: dict[int, st.SearchStrategy[Any]] = PLAIN | {c.TRUE: st.booleans(), c.FALSE: st.booleans()}


def rows(kinds: dict[int, st.SearchStrategy[Any]]) -> st.SearchStrategy[tuple[int, list[Any]]]:
    return st.sampled_from(sorted(kinds)).flatmap(
        lambda kind: st.tuples(st.just(kind), st.lists(kinds[kind], max_size=20))
    )


def maps() -> st.SearchStrategy[tuple[int, int, list[tuple[Any, Any]]]]:
    kinds = st.tuples(st.sampled_from(sorted(ELEMENTS)), st.sampled_from(sorted(ELEMENTS)))
    filled = kinds.flatmap(
        lambda k: st.tuples(
            st.just(k[0]), st.just(k[1]), st.lists(st.tuples(ELEMENTS[k[0]], ELEMENTS[k[1]]), min_size=1, max_size=5)
        )
    )
    return st.just((0, 0, [])) | filled


def structs(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[c.Struct]:
    values = [st.tuples(st.just(kind), some) for kind, some in PLAIN.items()]
    values += [st.just((c.TRUE, True)), st.just((c.FALSE, False)), st.tuples(st.just(c.MAP), maps())]
    values += [st.tuples(st.sampled_from([c.LIST, c.SET]), rows(ELEMENTS | {c.STRUCT: inner}))]
    values += [st.tuples(st.just(c.STRUCT), inner)]
    fields = st.dictionaries(st.integers(1, 40), st.one_of(values), max_size=6)
    return fields.map(lambda found: dict(sorted(found.items())))


@settings(max_examples=200, deadline=None, derandomize=True)
@given(struct=st.recursive(st.just({}), structs, max_leaves=6))
def test_every_struct_comes_back(struct: c.Struct) -> None:
    """All types, nested in one another, with gaps between the ids; and nothing is read beyond the end."""
    octets = c.encoded(struct)
    assert c.decoded(octets) == struct
    assert c.decoded(b"before" + octets + b"behind", len("before")) == struct
