"""Turn the folder that a correction was planned in into a round of its run: alone, at once, and whole or not at all.

A process may be killed at any moment. A round that is replaced stays where it is while the new one is planned beside it;
what is left behind by who was killed is put right by the next one that has the run for itself.
"""

from __future__ import annotations

import contextlib
import re
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from pipeline import store
from pipeline.errors import Misuse
from pipeline.folder import RunFolder, cannot_write
from pipeline.language import later, say
from pipeline.rounds.reading import Edits

ASIDE = re.compile(r"\.(?P<round>round-\d+)\.[0-9a-f]{8}")
MAKE_ROOM = later("Make room, or make the folder writable; then run the error file again.")


@contextlib.contextmanager
def locked(folder: RunFolder) -> Iterator[None]:
    """Keep pushes and other corrections of the run away; a dead process keeps nobody away."""
    import filelock

    lock = filelock.FileLock(folder.file(".lock"), timeout=0, mode=0o600)
    try:
        lock.acquire()
        _tidy(folder)
    except filelock.Timeout as error:
        raise Misuse(
            say("a push of this run is under way"), say("Wait until it has finished, then run the error file again.")
        ) from error
    except OSError as error:
        lock.release()
        raise cannot_write(folder.file(".lock"), error, say(MAKE_ROOM)) from error
    try:
        yield
    finally:
        lock.release()


@contextlib.contextmanager
def scratch_in(folder: RunFolder) -> Iterator[RunFolder]:
    """A private folder inside the run, which goes away unless it was renamed."""
    try:
        path = Path(tempfile.mkdtemp(prefix=".round-", dir=folder.path))
    except OSError as error:
        raise cannot_write(folder.path, error, say(MAKE_ROOM)) from error
    try:
        yield RunFolder(path)
    except OSError as error:
        raise cannot_write(folder.path, error, say(MAKE_ROOM)) from error
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _tidy(folder: RunFolder) -> None:
    """Remove what a killed correction has left behind; a round that it was about to replace comes back."""
    folder.tidy("mapping.toml")
    for left in folder.path.glob(".round-*"):
        aside = ASIDE.fullmatch(left.name)
        if aside and not folder.file(aside["round"]).exists():
            left.rename(folder.file(aside["round"]))
        else:
            shutil.rmtree(left, ignore_errors=True)


class _Without(RunFolder):
    """A run as if its last round were not there."""

    def __init__(self, folder: RunFolder, number: int) -> None:
        super().__init__(folder.path)
        self._gone = f"round-{number}"

    def file(self, name: str) -> Path:
        return super().file(f".{name}" if name == self._gone else name)


def before(folder: RunFolder, edits: Edits) -> RunFolder:
    """The run that the edits were made on: a round that no push has begun with does not count, if it came later."""
    number = int(store.facts(folder).get("round", 0))
    return folder if edits.round is None or edits.round >= number else _Without(folder, number)


def put(scratch: RunFolder, place: Path) -> None:
    """Make the plan a round of the run, perhaps in the place of one that no push has begun with."""
    if not place.exists():
        scratch.path.rename(place)
        return
    aside = place.with_name(f".{place.name}.{secrets.token_hex(4)}")
    place.rename(aside)
    try:
        scratch.path.rename(place)
    except OSError:
        aside.rename(place)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def withdraw(folder: RunFolder, plan: str) -> bool:
    """Take back the last round, if its plan's hash begins with `plan` and no push has begun with it.

    Raises:
        Misuse: a push of the run is under way.
    """
    with locked(folder):
        last = store.plans(folder)[-1]
        if last.path == folder.path or last.file(store.PUSHED).exists():
            return False
        if not plan or not str(store.own_facts(last)["plan_sha256"]).startswith(plan):
            return False
        gone = folder.file(f".round-{secrets.token_hex(4)}")
        last.path.rename(gone)  # at once, so that a round is there whole or not at all
        shutil.rmtree(gone, ignore_errors=True)
        return True
