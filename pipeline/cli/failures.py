"""Turn whatever ends a command before its end into a stop that says what to type next."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import click

from pipeline.cli import runlog
from pipeline.errors import BrokenInvariant, Interrupted, Misuse, Stop
from pipeline.language import say
from pipeline.shellwords import PROGRAM, command

_COMMAND = re.compile(rf"(?:{PROGRAM} [a-z]+|pip (?:un)?install) [^ ]|{PROGRAM} completion")
_EXAMPLE = re.compile(rf"{PROGRAM} [a-z]+ (SOURCE|TARGET)")
_READING = re.compile(
    r'(--(?:decimal|delimiter|header-row|sheet|base-url)) (?:"([^"]+)"|([,.;|]|\d+|tab|https?://[^\s,]+)(?![\w"]))'
)
MOST_READINGS = 4


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
    if _COMMAND.search(last) and not _EXAMPLE.search(last):
        return stop

    looks = _EXAMPLE.search(last) and _source(words)
    further = [["inspect", looks]] if looks else _readings(stop.remedy, words) or _each(words)
    said = [
        say("Then: {command}", command=command(*further[0])),
        *(say("or: {command}", command=command(*one)) for one in further[1:]),
    ]
    stop.remedy = "\n".join([stop.remedy, *said] if stop.remedy else said)
    return stop


def _each(words: Sequence[str]) -> list[list[str]]:
    from pipeline.cli import retyped

    try:
        return retyped.each(words)
    except Stop:  # the configuration itself is what is wrong
        return [list(words)]


def _readings(remedy: str, words: Sequence[str]) -> list[list[str]]:
    """The same command once for each reading that the remedy names by its flag: which one is meant only the user knows."""
    from pipeline.cli import retyped

    named = [(found[1], found[2] or found[3]) for found in _READING.finditer(remedy)]
    flags = {flag for flag, _ in named}
    if len(flags) != 1:
        return []
    flag = flags.pop()
    values = list(dict.fromkeys(value for _, value in named))[:MOST_READINGS]
    return [retyped.with_flag(words, flag, value) for value in values]


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
