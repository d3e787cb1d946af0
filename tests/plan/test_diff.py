"""An update sends what differs, and nothing else."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.changes import described, differences

VALUES = st.one_of(st.text(max_size=3), st.booleans(), st.integers(0, 9))
RECORD = st.dictionaries(st.sampled_from(["name", "phone", "state"]), VALUES, max_size=3)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(RECORD, RECORD, st.dictionaries(st.text(max_size=2), st.text(max_size=2), max_size=3))
def test_after_the_update_the_target_holds_our_record(
    ours: dict[str, Any], theirs: dict[str, Any], tags: dict[str, str]
) -> None:
    """Theirs with the changes applied holds every value of ours, and a second update sends nothing."""
    ours, theirs = {**ours, "metadata": {"a": "1"}}, {**theirs, "metadata": tags}
    changes = differences(ours, theirs, (), ("metadata",), ())
    after = {**theirs, **changes}
    assert differences(ours, after, (), ("metadata",), ()) == {}
    assert {**tags, "a": "1"} == after["metadata"]
    assert set(changes) <= set(ours)


def test_identity_fields_stay_as_the_target_writes_them() -> None:
    """A tax id in another spelling is the same tax id: it is not rewritten."""
    assert differences({"tax_id": "76086428-5"}, {"tax_id": "76.086.428-5"}, ("tax_id",), (), ()) == {}


def test_a_blank_cell_clears_only_when_asked() -> None:
    """`--blank clear` sends null for a field that the target holds; else nothing."""
    theirs = {"name": "Ana", "phone": "+56911111111"}
    assert differences({"name": "Ana"}, theirs, (), (), ()) == {}
    assert differences({"name": "Ana"}, theirs, (), (), ("phone", "zip_code")) == {"phone": None}


def test_changes_are_told_before_and_after() -> None:
    """What a person reads: field, before, after."""
    assert described({"phone": "2", "name": None}, {"phone": "1", "name": "A"}) == "phone: 1 -> 2 | name: A -> "


def test_entries_of_an_object_are_told_one_by_one_and_compared_as_text() -> None:
    """Of metadata only what differs is told, and 5 and "5" are the same; what others have put there stays."""
    theirs = {"metadata": {"tier": "A", "floor": 5, "other": "x"}}
    assert differences({"metadata": {"tier": "A", "floor": "5"}}, theirs, (), ("metadata",), ()) == {}
    changes = differences({"metadata": {"tier": "B", "floor": "5"}}, theirs, (), ("metadata",), ())
    assert changes == {"metadata": {"tier": "B", "floor": 5, "other": "x"}}
    assert described(changes, theirs) == "metadata.tier: A -> B"
