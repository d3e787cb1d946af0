"""Turn what a run was asked for into a hash in its folder, by which the same request is known again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from pipeline import targets
from pipeline.cli import configuration
from pipeline.errors import Misuse
from pipeline.folder import RunFolder
from pipeline.language import say
from pipeline.options import RunOptions, Server
from pipeline.read import sha256

MARK = ".request.json"
APART = ("sources", "out", "offline", "dry_run", "base_url", "mapping_file", "states_file")
"""Options that are no part of the request, or by their content."""


def fingerprint(options: RunOptions, server: Server | None, sources: Sequence[str]) -> str:
    """The hash of what is asked for; `sources` are the hashes of the sources."""
    asked: dict[str, Any] = {f.name: getattr(options, f.name) for f in fields(options) if f.name not in APART}
    files = [sha256(path) if path else None for path in (options.mapping_file, options.states_file)]
    target = targets.load(options.target)
    where = [server.mode, server.secrets.get(target.workspace), server.database or server.base_url] if server else []
    text = json.dumps([asked, files, where, list(sources)], sort_keys=True, default=dict)
    return hashlib.sha256(text.encode()).hexdigest()


def note(folder: RunFolder, request: str) -> None:
    """Note in a run's folder what it was asked for, and with which profile."""
    folder.write_json(MARK, {"request": request, "profile": configuration.current().profile})


def adopt(folder: RunFolder) -> None:
    """Let the current command have the credentials of the profile that the run was planned with.

    Raises:
        Misuse: another profile was named, or there is no such profile any more.
    """
    profile, said = _read(folder.file(MARK)).get("profile"), configuration.current().profile
    if not isinstance(profile, str) or said == profile:
        return
    if said is not None:
        wrong = say(
            "{run} was planned with the profile {profile}, not {said}", run=folder.path, profile=profile, said=said
        )
        raise Misuse(wrong, say("Leave {flag} out.", flag="--profile"))
    configuration.choose(profile)


def earlier(request: str, out: Path | None) -> RunFolder | None:
    """The newest run of the same request that has begun to send; in `runs/`, and beside `out`."""
    found = [path.parent for path in _marks(out) if _says(path, request) and (path.parent / "journal.db").exists()]
    newest = max(found, key=lambda path: (path / "plan.json").stat().st_mtime, default=None)
    return RunFolder(newest) if newest else None


def _marks(out: Path | None) -> Iterator[Path]:
    roots = {Path("runs"), *([out.parent] if out else [])}
    for root in roots:
        yield from root.glob(f"*/{MARK}")


def _says(path: Path, request: str) -> bool:
    return bool(_read(path).get("request") == request)


def _read(path: Path) -> dict[str, Any]:
    """What is noted; nothing where it cannot be read."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
