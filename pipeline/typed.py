"""Turn a run folder into the command that goes on with it, as the user can type it."""

from __future__ import annotations

from pathlib import Path

from pipeline import store, targets
from pipeline.errors import Stop
from pipeline.folder import RunFolder
from pipeline.shellwords import command


def go_on(folder: RunFolder, verb: str = "push", *more: str) -> str:
    """`customer-import push FOLDER`, with the server where it is not the vendor's; `more` are further flags."""
    return _command(verb, folder.path, *more, *server(folder))


def again(folder: RunFolder, file: Path) -> str:
    """`customer-import run FILE` for an error file of the run, likewise."""
    return _command("run", file, *server(folder))


def server(folder: RunFolder) -> tuple[str, ...]:
    """The flag that names the run's server, where a command has to: the run folder itself may not choose a host."""
    try:
        facts = store.own_facts(folder)
        named = "" if facts["sandbox"] else str(facts["base_url"] or "")
        usual = targets.load(facts["target"]).base_url
    except (Stop, KeyError):  # a folder that was forgotten, or is damaged, is told elsewhere
        return ()
    return ("--base-url", named) if named and named != usual else ()


def _command(verb: str, path: Path, *more: str) -> str:
    return command(verb, str(path), *more)
