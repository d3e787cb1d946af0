"""Turn a new run folder into one that a single process plans, and folders of killed ones into folders without cells.

Planning keeps customers' cells in `.spool`. Who is killed meanwhile leaves them there, often in a folder without
plan.json, which no other command takes. A lock that no dead process holds tells it from a folder that is being planned.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from pipeline.errors import Misuse
from pipeline.folder import RunFolder, cannot_write
from pipeline.language import say

LOCK = ".planning"
SCRATCH = ".spool"
PARTS = ("plan.parquet", ".*.part")
"""What else there may be of a plan that was not made to its end; with plan.json they are the plan's, or another's."""
PATIENCE = 2.0
"""Seconds in which somebody who only looks whether the folder is held lets go of it."""


@contextlib.contextmanager
def planning(folder: RunFolder) -> Iterator[None]:
    """Hold a new, empty folder while its plan is made.

    Raises:
        Misuse: another process plans into it, or has done so since it was found empty.
    """
    import filelock

    lock = filelock.FileLock(folder.file(LOCK), timeout=PATIENCE, mode=0o600)
    try:
        lock.acquire()
    except filelock.Timeout as error:
        raise _taken(folder.path) from error
    except OSError as error:
        raise cannot_write(folder.file(LOCK), error) from error
    try:
        if any(path.name != LOCK for path in folder.path.iterdir()):
            raise _taken(folder.path)
        yield
    finally:
        lock.release()
        with contextlib.suppress(OSError):
            folder.file(LOCK).unlink(missing_ok=True)


def clear(*folders: Path) -> None:
    """Remove what killed processes have left of planning in these folders; one that is being planned stays as it is."""
    import filelock

    for path in folders:
        if path.is_symlink() or not (path / LOCK).is_file():
            continue
        with contextlib.suppress(OSError, filelock.Timeout):
            with filelock.FileLock(path / LOCK, timeout=0, mode=0o600):
                shutil.rmtree(path / SCRATCH, ignore_errors=True)
                unmade = not (path / "plan.json").exists()
                for left in [p for name in PARTS for p in path.glob(name)] if unmade else ():
                    left.unlink(missing_ok=True)
            (path / LOCK).unlink(missing_ok=True)
            if unmade:
                path.rmdir()  # a folder that somebody has put a file into stays


def _taken(path: Path) -> Misuse:
    return Misuse(
        say("another run has just begun in the folder {out}", out=path),
        say("Name a new or an empty folder with --out DIR."),
    )
