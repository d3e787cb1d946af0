"""Turn a stream of batches into work on each of them, in order, in a thread of its own, one batch behind its caller."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

T = TypeVar("T")


class Beside(Generic[T]):
    """Does `work` on items one after the other, while its caller makes the next one."""

    def __init__(self, work: Callable[[T], object], first: Callable[[], object] | None = None) -> None:
        """Begin without an item; what is to be done `first` is begun at once."""
        self._work = work
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="beside")
        self._open: Future[object] | None = self._pool.submit(first) if first else None

    def take(self, item: T) -> None:
        """Have the item worked on once the one before is done, which is waited for; what that one raised is raised here."""
        self.settle()
        self._open = self._pool.submit(self._work, item)

    def settle(self) -> None:
        """Wait until the last item is done; what it raised is raised here."""
        if self._open:
            self._open.result()

    def close(self) -> None:
        """Wait for what is under way, and let go of the thread."""
        self._pool.shutdown()
