"""Turn a run folder into files that are private, and appear whole or not at all.

    runs/<source stem>-<target>-<UTC time>/
        plan.parquet plan.json journal.db results.csv errors.csv summary.json ...

Folders are 0700 and files 0600, because they hold personal data. Nothing here knows what the files mean.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import json
import os
import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipeline.errors import Misuse, Stop
from pipeline.language import say

LARGEST_JSON = 64 * 1024 * 1024
STEP = 2_000_000_000
"""Nanoseconds that every file system tells apart (FAT counts in steps of two seconds)."""


class RunFolder:
    """The files of one run."""

    def __init__(self, path: Path) -> None:
        """Wrap an existing folder; see `create` and `find`."""
        self.path = path

    @classmethod
    def create(cls, out: Path | None, stem: str, target: str) -> RunFolder:
        """Make a new private folder: `out` (new or empty), else one in `runs/`.

        Raises:
            Misuse: `out` exists and is not empty, or it cannot be made.
        """
        try:
            if out is None:
                root = Path("runs")
                root.mkdir(mode=0o700, exist_ok=True)
                ignore = root / ".gitignore"
                if not ignore.exists():
                    ignore.write_text("*\n", encoding="utf-8")
                out = _made(root, stem, target)
            if str(out).encode(errors="replace").decode() != str(out):  # no UTF-8, which polars needs of a name
                raise OSError(errno.EILSEQ, os.strerror(errno.EILSEQ))
            out.mkdir(mode=0o700, parents=True, exist_ok=True)
            if any(out.iterdir()):
                raise Misuse(
                    say("the folder {out} is not empty", out=out), say("Name a new or an empty folder with --out DIR.")
                )
            out.chmod(0o700)
        except OSError as error:
            raise cannot_write(out or Path("runs"), error) from error
        return cls(out)

    @classmethod
    def find(cls, name: str) -> RunFolder:
        """The run folder called `name`, or the newest one of `runs/` for "latest".

        Raises:
            Misuse: there is none, or it holds no plan.
        """
        if name == "latest":
            plans = sorted(Path("runs").glob("*/plan.json"), key=_planned)
            if not plans:
                raise Misuse(
                    say("there is no run in runs/ yet"), say("Start one with: customer-import run FILE --to TARGET")
                )
            return cls(plans[-1].parent)
        path = Path(name)
        if not (path / "plan.json").is_file():
            raise Misuse(
                say("{name} is no run folder (it has no plan.json)", name=name),
                say("Name a folder of runs/, or latest."),
            )
        return cls(path)

    def discard(self, *, whole: bool) -> None:
        """Remove everything in the folder, and the folder itself where the run made it (`whole`)."""
        for path in self.path.iterdir():
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
        if whole:
            shutil.rmtree(self.path, ignore_errors=True)

    def file(self, name: str) -> Path:
        """The path of one of the folder's files."""
        return self.path / name

    @contextlib.contextmanager
    def writing(self, name: str) -> Iterator[Path]:
        """A private scratch path that becomes file `name` when the block ends well, and vanishes otherwise."""
        final = self.path / name
        scratch = self.path / f".{name}.{os.urandom(4).hex()}.part"
        try:
            scratch.touch(mode=0o600)
            yield scratch
            with scratch.open("r+b") as written:  # Windows flushes only what may be written
                os.fsync(written.fileno())
            scratch.replace(final)
        except OSError as error:
            raise cannot_write(final, error) from error
        finally:
            scratch.unlink(missing_ok=True)

    def tidy(self, *names: str) -> None:
        """Remove what killed processes have left of files of these names; nobody may be writing one of them."""
        for left in (path for name in names for path in self.path.glob(f".{name}.*.part")):
            with contextlib.suppress(OSError):
                left.unlink(missing_ok=True)

    def write_json(self, name: str, content: Any) -> None:
        """Write `content` as JSON, readable by people too."""
        with self.writing(name) as path:
            path.write_text(json.dumps(content, ensure_ascii=False, indent=1, default=str) + "\n", encoding="utf-8")

    def read_json(self, name: str) -> Any:
        """Read a JSON file of the folder.

        Raises:
            Misuse: it is absent, damaged or larger than any we write.
        """
        path = self.path / name
        try:
            if path.stat().st_size > LARGEST_JSON:
                raise ValueError(say("too large"))
            return json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise Misuse(
                say("{path} cannot be read: {error}", path=path, error=error),
                say("Run the import again from the source file."),
            ) from error


def cannot_write(path: Path, error: OSError, remedy: str = "") -> Stop:
    """The stop for a full or read-only disk; some libraries tell the number of the error only in its text."""
    told = re.search(r"(?:os error |\[Errno )(\d+)", str(error))
    number = error.errno or (int(told[1]) if told else 0)
    why = {
        errno.ENOSPC: say("the disk is full"),
        errno.EDQUOT: say("the disk quota is used up"),
        errno.EROFS: say("the disk is read-only"),
        errno.EACCES: say("the permission is missing"),
    }.get(number, error.strerror or str(error))
    return Misuse(
        say("cannot write {path}: {why}", path=path, why=why),
        remedy or say("Make room or choose another folder with --out DIR, then run again."),
    )


def now_latest(plan: Path) -> None:
    """Let the run of `plan`, which was made just now, be `latest`, also where the clock was set back since the others were."""
    others = [_planned(p) for p in Path("runs").glob("*/plan.json") if not plan.is_relative_to(p.parent)]
    newest = max(others, default=0)
    if newest >= plan.stat().st_mtime_ns:
        os.utime(plan, ns=(newest + STEP, newest + STEP))


def _planned(plan: Path) -> int:
    """When the run of `plan` was planned or corrected last (nanoseconds since 1970); one that is gone by now, never."""
    with contextlib.suppress(FileNotFoundError):
        return max(p.stat().st_mtime_ns for p in (plan, *plan.parent.glob("round-*/plan.json")))
    return 0


def _made(root: Path, stem: str, target: str) -> Path:
    """A new folder, which nobody else has made: a second job may start in the same second."""
    clean = re.sub(r"[^\w.-]+", "-", stem).strip("-.") or "customers"
    base = f"{clean[:60]}-{target}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    for count in itertools.count(1):
        path = root / (base if count == 1 else f"{base}-{count}")
        with contextlib.suppress(FileExistsError):
            path.mkdir(mode=0o700)
            return path
    raise AssertionError
