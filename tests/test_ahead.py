"""Work that goes on beside its consumer: nothing is lost, doubled, reordered or hidden."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.ahead import ahead


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.integers()), st.integers(1, 4))
def test_every_item_once_and_in_order(items: list[int], hands: int) -> None:
    """What comes out is `map`, however long each item takes."""

    def slow(item: int) -> int:
        time.sleep(item % 3 / 2000)
        return item * 2

    assert list(ahead(items, slow, hands)) == [item * 2 for item in items]


def test_what_is_in_the_making_is_bounded() -> None:
    """No more items are taken than the hands can hold, however slow the consumer is."""
    taken: list[int] = []

    def items() -> Iterator[int]:
        for number in range(50):
            taken.append(number)
            yield number

    for at, _ in enumerate(ahead(items(), lambda number: number, hands=2)):
        assert len(taken) <= at + 3


def test_a_failure_of_the_work_comes_after_what_went_well() -> None:
    """An exception of one item ends the stream at its place, and no later item begins."""
    begun: list[int] = []

    def work(number: int) -> int:
        begun.append(number)
        if number == 3:
            raise ValueError("three")
        return number

    seen: list[int] = []
    with pytest.raises(ValueError, match="three"):
        seen.extend(ahead(range(100), work, hands=2))
    assert seen == [0, 1, 2]
    assert max(begun) <= 6


def test_a_failure_of_the_source_comes_through() -> None:
    """An exception of the iterator is raised here, and no thread stays behind."""

    def items() -> Iterator[int]:
        yield 1
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="gone"):
        list(ahead(items(), lambda number: number))
    assert not [t for t in threading.enumerate() if t.name.startswith("ahead")]


def test_one_hand_never_works_twice_at_once() -> None:
    """With one hand the work may keep a state of its own."""
    busy = threading.Lock()

    def work(number: int) -> int:
        assert busy.acquire(blocking=False)
        time.sleep(0.001)
        busy.release()
        return number

    assert list(ahead(range(30), work, hands=1)) == list(range(30))
