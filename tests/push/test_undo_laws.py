"""Putting an update back: what nobody has touched since is as it was before; what somebody has stays as it is."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.changes import differences
from pipeline.undo.restore import equal, put_back, what_to_put_back

TEXT = st.sampled_from(["a", "b", "c", "5"])
TAGS = st.dictionaries(st.sampled_from(["x", "y", "z"]), TEXT, max_size=3)
NAMES = ("name", "phone", "address")
RECORD = st.fixed_dictionaries({n: st.one_of(st.none(), TEXT) for n in NAMES} | {"metadata": TAGS})
OURS = st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES, TEXT) | {"metadata": TAGS})


def updated(
    before: dict[str, Any], ours: dict[str, Any], cleared: list[str]
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """What an update sent, what it replaced, and the customer afterwards."""
    sent = differences(ours, before, (), ("metadata",), cleared)
    return sent, {n: before.get(n) for n in sent}, {**before, **sent}


@settings(max_examples=300, deadline=None, derandomize=True)
@given(RECORD, OURS, st.lists(st.sampled_from(NAMES), max_size=2))
def test_an_untouched_update_is_put_back_whole(
    before: dict[str, Any], ours: dict[str, Any], cleared: list[str]
) -> None:
    """Nobody came in between: the customer is what it was, and doing it again finds nothing to do."""
    sent, was, after = updated(before, ours, cleared)
    back = what_to_put_back(sent, was, after, ("metadata",))
    again = {**after, **back.restored}
    assert not back.left and all(equal(again[n], before[n]) for n in before)
    assert not what_to_put_back(sent, was, again, ("metadata",)).restored


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    RECORD,
    OURS,
    st.dictionaries(st.sampled_from(NAMES), st.just("theirs"), max_size=3),
    st.dictionaries(st.sampled_from("xyzw"), st.just("theirs")),
)
def test_what_somebody_else_has_changed_stays(
    before: dict[str, Any], ours: dict[str, Any], fields: dict[str, Any], tags: dict[str, Any]
) -> None:
    """Each field and each entry that another hand has changed since keeps that value; the others are what they were."""
    sent, was, after = updated(before, ours, [])
    now = {**after, **fields, "metadata": {**after["metadata"], **tags}}
    back = what_to_put_back(sent, was, now, ("metadata",))
    again = {**now, **back.restored}
    assert all(again[n] == "theirs" for n in fields) and all(again["metadata"][n] == "theirs" for n in tags)
    assert all(equal(again[n], before[n]) for n in NAMES if n not in fields)
    assert all(equal(again["metadata"].get(n), before["metadata"].get(n)) for n in "xyz" if n not in tags)
    assert set(back.left) - {"metadata"} == set(sent) & set(fields)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXT, inner, max_size=2),
    max_leaves=4,
)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    st.dictionaries(st.sampled_from([*NAMES, "metadata"]), ANYTHING), OURS,
    st.dictionaries(st.sampled_from([*NAMES, "metadata"]), ANYTHING),
)  # fmt: skip
def test_a_target_that_shows_something_else_where_entries_belong_stops_no_undo(
    before: dict[str, Any], ours: dict[str, Any], now: dict[str, Any]
) -> None:
    """A text or a list in the place of metadata: each field is put back, or left as somebody has changed it, and said."""
    sent, was, after = updated(before, ours, [])
    back = what_to_put_back(sent, was, after, ("metadata",))
    assert all(equal({**after, **back.restored}.get(n), before.get(n)) for n in sent if n not in back.left)
    there = {**after, **now}
    back = what_to_put_back(sent, was, there, ("metadata",))
    assert set(back.restored) | set(back.left) <= set(sent)
    assert all(equal(there.get(n), was.get(n)) for n in NAMES if n in sent and n not in {**back.restored, **back.left})


def test_of_an_object_field_what_is_put_back_is_told_by_its_entries() -> None:
    """One entry is as it was, another one was changed by somebody: the field is put back in part; else it is left."""
    sent, was = (
        {"metadata": {"a": "new", "b": "new", "c": "same"}, "name": "new"},
        {"metadata": {"a": "old", "c": "same"}, "name": "old"},
    )
    tried = {"metadata": {"a": "old", "c": "same"}, "name": "old"}
    assert put_back(tried, sent, was, {}) == tried
    assert put_back(tried, sent, was, {"metadata": {"a": "theirs"}, "name": "theirs"}).keys() == {"metadata"}
    assert put_back(tried, sent, was, {"metadata": {"a": "theirs", "b": "theirs"}}).keys() == {"name"}
    assert put_back(tried, sent, was, {"metadata": "a text"}).keys() == {"name"}
