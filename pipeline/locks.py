"""Turn a run folder and a workspace into locks that a dead process does not hold, and tell of the last push to it."""

from __future__ import annotations

import contextlib
import hashlib
import secrets
from collections.abc import Iterator
from pathlib import Path

import platformdirs

from pipeline.errors import Misuse
from pipeline.folder import RunFolder, cannot_write
from pipeline.language import later, say

UNDER_WAY = "under way"
"""How the note begins of a push that goes on, or was killed."""
LONGEST_REPORT = 600.0
MAKE_ROOM = later("Make room, or make the folder writable; push again.")


@contextlib.contextmanager
def exclusive(target: str, workspace: str, folder: RunFolder) -> Iterator[Path]:
    """Hold the locks of the run folder and of the workspace; a dead process holds none.

    Gives the file whose time is that of the last push to the workspace from this machine.
    """
    import filelock

    shared = _path(target, workspace)
    try:
        shared.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(shared, error, say(MAKE_ROOM)) from error
    with contextlib.ExitStack() as held:
        for path, message in (
            (folder.file(".lock"), say("another push to this run is under way on this machine")),
            (shared, say("another push to the workspace {name} is under way on this machine", name=workspace)),
        ):
            try:
                held.enter_context(filelock.FileLock(path, timeout=0.3, mode=0o600))
            except filelock.Timeout as error:
                raise Misuse(message, say("Wait until it has finished, then push again.")) from error
            except OSError as error:
                raise cannot_write(path, error, say(MAKE_ROOM)) from error
        yield last_push(target, workspace)


@contextlib.contextmanager
def reporting(folder: RunFolder) -> Iterator[bool]:
    """Let one process at a time look how a run stands and write its result files, so that the newest ones stay.

    Gives whether nobody else does; a process that hangs is waited for as long as a report may take.
    """
    import filelock

    if not folder.path.is_dir():  # filelock would make it anew, and the run that was moved could not be put back
        yield False
        return
    path = folder.file(".report-lock")
    lock = filelock.FileLock(path, timeout=LONGEST_REPORT, mode=0o600)
    try:
        lock.acquire()
    except filelock.Timeout:
        yield False
        return
    except OSError as error:
        raise cannot_write(path, error) from error
    try:
        yield True
    finally:
        lock.release()


def _path(target: str, workspace: str) -> Path:
    """The file that is locked by who pushes to a workspace."""
    name = hashlib.blake2b(f"{target} {workspace}".encode(), digest_size=8).hexdigest()
    return Path(platformdirs.user_state_dir("customer-import")) / "locks" / f"{target}-{name}.lock"


def last_push(target: str, workspace: str) -> Path:
    """The file that tells of the last push to a workspace; see `noted`."""
    return _path(target, workspace).with_suffix(".last")


@contextlib.contextmanager
def noted(last: Path) -> Iterator[None]:
    """Note in `last` that a push begins and ends: what another plan found at the target may be outdated by it."""
    try:
        last.touch(mode=0o600)
        last.write_text(f"{UNDER_WAY} {secrets.token_hex(8)}\n", encoding="ascii")
    except OSError as error:
        raise cannot_write(last, error, say(MAKE_ROOM)) from error
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            last.write_text(f"ended {secrets.token_hex(8)}\n", encoding="ascii")


def stamp(last: Path) -> str:
    """What tells the last push to a workspace from the one before it; "" where there was none."""
    try:
        return f"{last.stat().st_mtime_ns} {last.read_text(encoding='ascii')}"
    except FileNotFoundError:
        return ""
    except (OSError, ValueError):
        return UNDER_WAY
