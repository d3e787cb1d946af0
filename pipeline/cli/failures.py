"""Turn whatever ends a command before its end into a stop that says what to type next."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

import click

from pipeline.cli import runlog
from pipeline.errors import BrokenInvariant, Interrupted, Misuse, Stop
from pipeline.language import say

PROGRAM = "customer-import"


def stop_of(error: BaseException, words: Sequence[str]) -> Stop:
    """The stop that `error` means; `words` are what was typed behind the program's name."""
    if isinstance(error, Stop):
        return error
    if isinstance(error, click.ClickException):
        return _misuse(error)
    return _interrupted(words)


def _misuse(error: click.ClickException) -> Misuse:
    """What click does not understand, in our words' place and with its own words."""
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else PROGRAM
    return Misuse(error.format_message().rstrip("."), say("Flags and examples: {command}", command=f"{path} --help"))


def _interrupted(words: Sequence[str]) -> Interrupted:
    folder, command = runlog.folder(), runlog.command()
    if folder is None:
        return Interrupted(say("interrupted; nothing was sent"), say("Again: {command}", command=_typed(*words)))
    if command in ("run", "push"):
        return Interrupted(
            say("interrupted; nothing is lost"), say("It goes on with: {command}", command=_typed("push", str(folder)))
        )
    return Interrupted(say("interrupted; nothing is lost"), say("Again: {command}", command=_typed(*words)))


def bug(error: Exception) -> BrokenInvariant:
    """What is said of an exception that nobody expected; the lines above it are its traceback."""
    folder = runlog.folder()
    return BrokenInvariant(
        say("this is a bug of the importer ({kind}); please report it with the lines above", kind=type(error).__name__),
        say("Attach what this writes, without personal data: {command}",
            command=_typed("bundle", str(folder or "latest"))),
    )  # fmt: skip


def _typed(*words: str) -> str:
    return shlex.join([PROGRAM, *words])
