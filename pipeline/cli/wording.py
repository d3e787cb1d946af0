"""Turn a command, whose help is English in the code, into the same command with its help in the spoken language.

Paragraphs are translated each for itself. A paragraph that click is told to leave as it is (it begins with a backspace)
holds commands to type: of it only the first line, its heading, is translated.
"""

from __future__ import annotations

import copy
import inspect
import re
from collections.abc import Iterator
from typing import Any

import click

from pipeline.language import say

VERBATIM = "\b"
METAVARS = ("metavar", "options_metavar", "subcommand_metavar")
TEXTS = ("help", "short_help", "epilog")


def told(command: click.Command) -> click.Command:
    """A copy of `command` that says its help, its arguments' names and its options' help in the spoken language."""
    spoken: click.Command = _said(command)
    spoken.params = [_said(param) for param in command.params]
    return spoken


def texts(command: click.Command) -> Iterator[str]:
    """What of a command is translated: every text that `told` says."""
    for one in (command, *command.params):
        for name in (*TEXTS, *METAVARS):
            for part in _parts(getattr(one, name, None) or ""):
                if _speaks(part):
                    yield part


def _said(one: Any) -> Any:
    made = copy.copy(one)
    for name in (*TEXTS, *METAVARS):
        if text := getattr(one, name, None):
            setattr(made, name, "".join(say(part) if _speaks(part) else part for part in _parts(text)))
    return made


def _speaks(part: str) -> bool:
    return part.strip() != "" and not part.startswith((" ", "\n", VERBATIM))


def _parts(text: str) -> Iterator[str]:
    """A text as it is wrapped: paragraphs, headings, what stands between them, and blocks of commands."""
    for at, paragraph in enumerate(inspect.cleandoc(text).split("\n\n")):
        if at:
            yield "\n\n"
        if paragraph.startswith(VERBATIM):
            heading, *commands = paragraph.split("\n", 2)[1:]
            yield f"{VERBATIM}\n"
            yield heading
            yield from (f"\n{block}" for block in commands)
        else:
            yield re.sub(r"\s+", " ", paragraph) if "\n" in paragraph else paragraph
