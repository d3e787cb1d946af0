"""Turn whatever ends a command before its end into a stop that says what to type next."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import click

from pipeline.cli import retyped, runlog
from pipeline.errors import BrokenInvariant, Interrupted, Misuse, Stop
from pipeline.language import say
from pipeline.shellwords import PROGRAM, command

_COMMAND = re.compile(rf"(?:{PROGRAM} [a-z]+|pip (?:un)?install) [^ ]|{PROGRAM} completion")
_EXAMPLE = re.compile(rf"{PROGRAM} [a-z]+ (SOURCE|TARGET)")


def stop_of(error: BaseException, words: Sequence[str]) -> Stop:
    """The stop that `error` means; `words` are what was typed behind the program's name."""
    if isinstance(error, Stop):
        return _ending(error, words)
    if isinstance(error, click.ClickException):
        return _misuse(error)
    return _interrupted(words)


def _ending(stop: Stop, words: Sequence[str]) -> Stop:
    """The stop with a command in its last line: its own, else what was typed, to be typed again when the rest is done."""
    last = stop.remedy.split("\n")[-1]
    if _EXAMPLE.search(last) or not _COMMAND.search(last):
        looks = _EXAMPLE.search(last) and _source(words)
        then = say("Then: {command}", command=command(*(("inspect", looks) if looks else retyped.meant(words))))
        stop.remedy = f"{stop.remedy}\n{then}" if stop.remedy else then
    return stop


def _source(words: Sequence[str]) -> str | None:
    """The file that was named on the command line, as far as words tell."""
    return next((word for word in words[1:] if Path(word).is_file() and Path(word).suffix != ".toml"), None)


def _misuse(error: click.ClickException) -> Misuse:
    """What click does not understand, in our words' place and with its own words."""
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else PROGRAM
    return Misuse(error.format_message().rstrip("."), say("Flags and examples: {command}", command=f"{path} --help"))


def _interrupted(words: Sequence[str]) -> Interrupted:
    folder, verb = runlog.folder(), runlog.command()
    if folder is None:
        return Interrupted(say("interrupted; nothing was sent"), say("Again: {command}", command=command(*words)))
    if verb in ("run", "push"):
        return Interrupted(
            say("interrupted; nothing is lost"), say("It goes on with: {command}", command=command("push", str(folder)))
        )
    return Interrupted(say("interrupted; nothing is lost"), say("Again: {command}", command=command(*words)))


def bug(error: Exception) -> BrokenInvariant:
    """What is said of an exception that nobody expected; the lines above it are its traceback."""
    folder = runlog.folder()
    return BrokenInvariant(
        say("this is a bug of the importer ({kind}); please report it with the lines above", kind=type(error).__name__),
        say("Attach what this writes, without personal data: {command}",
            command=command("bundle", str(folder or "latest"))),
    )  # fmt: skip
