"""Turn work on batches into work that several processes share: this one, and workers that it starts.

Threads of one process do not fill two processors with work of many short steps: they wait for Python's lock, and for one
another's caches. A worker is started as `python -m pipeline.workers.inside MODULE WORD...`, loads what it needs, and ends with its
standard input, so with this process at the latest. Frames go to and fro as private files, all else as pickles, through
pipes that nobody else can open.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

from pipeline.language import voice
from pipeline.workers.frames import Frames

T = TypeVar("T")
R = TypeVar("R")

MOST = 4  # processes: each needs the memory of a batch in the making
MODULE = "pipeline.workers.inside"


Needs = tuple[str, ...]
"""The module that a worker loads, and what its function `warm` is told, which gets ready what is made only once."""

_ready: list[subprocess.Popen[bytes]] = []
"""Workers that wait for their work; they end when their standard input does, with this process at the latest."""


class Gone(Exception):
    """The worker ended, or could not do it."""


def spare(most: int = MOST) -> int:
    """How many workers find a processor of their own."""
    there = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(there, most) - 1


def get_ready(needs: Needs, count: int) -> None:
    """Start workers before it is known what they shall do: they load what they will need meanwhile."""
    with contextlib.suppress(OSError):  # where no process can be started, there is none
        _ready.extend(_started(needs) for _ in range(count - len(_ready)))


def dismiss() -> None:
    """Send home whom nothing was given to do."""
    while _ready:
        _end(_ready.pop())


def _started(needs: Needs) -> subprocess.Popen[bytes]:
    # The parent's own way to find the package counts, so that the worker runs the same code.
    env = os.environ | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p), "POLARS_MAX_THREADS": "2"}
    return subprocess.Popen(  # noqa: S603 - our own module, no shell
        [sys.executable, "-m", MODULE, *needs],
        env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def _end(process: subprocess.Popen[bytes]) -> None:
    with process:
        process.kill()
        for pipe in (process.stdin, process.stdout):
            if pipe:
                with contextlib.suppress(OSError):
                    pipe.close()


class Worker:
    """A process that does `work`, a picklable callable, one item at a time."""

    def __init__(self, needs: Needs, work: Callable[[Any], Any], folder: Path) -> None:
        """Start it, or take one that is ready; `folder` is private and outlives it."""
        self._process = _ready.pop() if _ready else _started(needs)
        assert self._process.stdin and self._process.stdout
        self._to = Frames(self._process.stdin, folder, f"to{self._process.pid}.")
        self._from = Frames(self._process.stdout, folder, f"from{self._process.pid}.")
        self._work = work

    def begin(self) -> None:
        """Tell it what its work is, and wait until it has loaded what that needs.

        Raises:
            Gone: it did not come so far.
        """
        self._ask((self._work, voice(), self._from.place))

    def __call__(self, item: Any) -> Any:
        """The work done on the item.

        Raises:
            Gone: it ended, or could not do it.
        """
        return self._ask(item)

    def _ask(self, what: Any) -> Any:
        try:
            self._to.put(what)
            done, result = self._from.get()
        except Exception as error:  # whatever it is, the work can be done without the worker
            raise Gone from error
        if not done:
            raise Gone
        return result

    def close(self) -> None:
        """End it, whatever it does: what it has not answered counts as not done."""
        _end(self._process)


class Hands(Generic[T, R]):
    """This process and its workers, of which the one that is free does the next item; to be called by several threads.

    What a worker cannot do is done here, where it is told what was wrong. Without workers two threads take turns;
    `count` is how many items are worth being given at a time.
    """

    def __init__(self, work: Callable[[T], R], needs: Needs, folder: Path, workers: int) -> None:
        """Start the workers; see `Worker`."""
        self._work = work
        self._free: SimpleQueue[Callable[[T], R]] = SimpleQueue()
        self._free.put(work)
        self._workers: list[Worker] = []
        self._closed = False
        self.count = 1 + max(1, workers)
        with contextlib.suppress(OSError):  # where no process can be started, there is none
            for _ in range(workers):
                self._workers.append(Worker(needs, work, folder))
        for _ in range(self.count - 1 - len(self._workers)):
            self._free.put(work)
        for worker in self._workers:
            threading.Thread(target=self._greet, args=(worker,), daemon=True).start()

    def _greet(self, worker: Worker) -> None:
        try:
            worker.begin()
        except Gone:
            self._free.put(self._work)
        else:
            self._free.put(worker)

    def __call__(self, item: T) -> R:
        """The work done on the item, by whoever is free."""
        hand = self._free.get()
        try:
            return hand(item)
        except Gone:
            if self._closed:
                raise
            hand = self._work
            return hand(item)
        finally:
            self._free.put(hand)

    def close(self) -> None:
        """End the workers, whatever they do."""
        self._closed = True
        for worker in self._workers:
            worker.close()
