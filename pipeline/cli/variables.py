"""Turn a command into one that takes `--lang` and `--profile`, and from the environment what nobody types."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from pipeline.cli import complete, configuration
from pipeline.cli.keys import KEYS, TABLES, WITH_PROGRESS
from pipeline.language import LANGUAGES

Command = TypeVar("Command", bound=Callable[..., Any])
PREFIX = "CUSTOMER_IMPORT_"


def environment_of(key: str) -> str:
    """The variable that says what a flag says: `CUSTOMER_IMPORT_ON_EXISTING`."""
    return PREFIX + key.replace("-", "_").upper()


def prepared(command: click.Command, *, plain: bool = False) -> click.Command:
    """The command with `--lang` and `--profile`, and with a variable of the environment for each flag that a file may set.

    `plain`: a command that reads no configuration.
    """
    if any(p.name == "lang" for p in command.params):
        return command
    command.params.append(language_option())
    if plain:
        return command
    variables = {KEYS[key]: environment_of(key) for key in KEYS if key not in TABLES}
    if command.name not in WITH_PROGRESS:
        del variables["quiet"]
    for option in command.params:
        if isinstance(option, click.Option) and option.name in variables and option.envvar is None:
            option.envvar = variables[option.name]
    option = click.Option(
        ["--profile"], metavar="NAME", shell_complete=complete.profiles, is_eager=True, expose_value=False, envvar=f"{PREFIX}PROFILE",
        callback=_chosen, help=f"A profile of {configuration.FILE}.",
    )  # fmt: skip
    command.params.append(option)
    return command


def language_option() -> click.Option:
    """The flag `--lang` of every command; what it says is already spoken when it is parsed, see `tongue`."""
    return click.Option(
        ["--lang"], type=click.Choice(LANGUAGES), expose_value=False, envvar=environment_of("lang"),
        help="Language of all that a person reads.  [default: the locale's]",
    )  # fmt: skip


def language_flag(command: Command) -> Command:
    """Let the group take `--lang` before the command's name too."""
    params: list[click.Parameter] = command.__dict__.setdefault("__click_params__", [])
    params.append(language_option())
    return command


def _chosen(context: click.Context, _option: click.Parameter, profile: str | None) -> None:
    if not context.resilient_parsing:
        configuration.apply(context, profile)
