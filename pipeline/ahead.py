"""Turn a stream of batches into the stream of what is made of them, in order, while the next ones are worked on.

polars lets go of Python's lock while it works, so that threads use every core; what is in the making is bounded.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def ahead(items: Iterable[T], work: Callable[[T], R], hands: int = 2) -> Iterator[R]:
    """Yield `work(item)` of each item, in order; so many `hands` work while the caller uses what it got.

    `items` are taken in the thread of the caller, at most `hands` of them before they are asked for. `work` must not
    change what the caller, `items` or another `work` uses; with one hand no two run at once. What any of them raises
    is raised here, once all before it is given.
    """
    coming: deque[Future[R]] = deque()
    with ThreadPoolExecutor(hands, thread_name_prefix="ahead") as pool:
        try:
            for item in items:
                coming.append(pool.submit(work, item))
                del item
                if len(coming) > hands:
                    yield coming.popleft().result()
            while coming:
                yield coming.popleft().result()
        finally:
            for one in coming:
                one.cancel()
