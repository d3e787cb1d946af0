"""Turn a shell's name into the script that lets it complete commands, flags, targets, runs and files."""

from __future__ import annotations

import os
from pathlib import PurePath

import click

from pipeline.cli.help import Command
from pipeline.cli.talk import put_json
from pipeline.errors import Misuse
from pipeline.language import say

SHELLS = ("bash", "zsh", "fish")
PROGRAM = "customer-import"
VARIABLE = "_CUSTOMER_IMPORT_COMPLETE"
"""Set by the script when the shell asks what can follow."""


def asked() -> bool:
    """Whether the shell asks what can follow: then nobody reads a message."""
    return VARIABLE in os.environ


@click.command("completion", cls=Command, short_help="Let the shell complete what is typed.")
@click.argument("shell", metavar="[SHELL]", required=False, type=click.Choice(SHELLS))
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.option("-q", "--quiet", is_flag=True, help="Nothing but the result, and errors.")
def command(shell: str | None, as_json: bool, quiet: bool) -> int:  # noqa: ARG001 - there is no talk to be silenced
    """Print the script that lets SHELL (bash, zsh or fish; else the one of $SHELL) complete what is typed behind customer-import.

    It completes commands, flags, targets, runs, files, presets and profiles.

    \b
    Once, in ~/.bashrc or ~/.zshrc:
      eval "$(customer-import completion bash)"
      eval "$(customer-import completion zsh)"

    \b
    For fish, in ~/.config/fish/config.fish:
      customer-import completion fish | source
    """
    from click.shell_completion import get_completion_class

    name = shell or PurePath(os.environ.get("SHELL", "")).name
    found = get_completion_class(name) if name in SHELLS else None
    if found is None:
        raise Misuse(
            say("which shell? $SHELL names none of {shells}", shells=", ".join(SHELLS)),
            "customer-import completion bash",
        )
    script = found(click.Group(PROGRAM), {}, PROGRAM, VARIABLE).source()
    if as_json:
        put_json("completion", {"shell": name, "script": script})
    else:
        click.echo(script)
    return 0
