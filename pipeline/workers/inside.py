"""Turn items of work, given on standard input, into their results: the worker's side.

Started as `python -m pipeline.workers.inside MODULE WORD...`, before its work is known.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from importlib import import_module
from pathlib import Path

from pipeline.language import speak
from pipeline.workers.frames import Frames


def main() -> None:
    """Get the work, do it on each item, until there is none."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends this process
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # whatever is printed here must not come between the answers
    module = import_module(sys.argv[1])
    if hasattr(module, "warm"):
        module.warm(*sys.argv[2:])
    with contextlib.suppress(EOFError, BrokenPipeError):
        given = Frames(sys.stdin.buffer, Path(), "")
        work, spoken, (folder, name) = given.get()
        speak(*spoken)
        answers = Frames(out, Path(folder), name)
        answers.put((True, None))
        while True:
            item = given.get()
            try:
                answer = True, work(item)
            except Exception:  # noqa: BLE001 - the parent does it again, and tells what is wrong
                answer = False, None
            del item
            answers.put(answer)
            del answer


if __name__ == "__main__":
    main()
