"""Turn secrets that a person types into entries of the system's keyring."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from pipeline.cli import complete, configuration, keychain
from pipeline.cli.help import Command
from pipeline.cli.talk import put, put_json, talk
from pipeline.errors import Misuse
from pipeline.language import listed, say, say_n

if TYPE_CHECKING:
    from pipeline.targets.interface import Secret, Target


@click.command("login", cls=Command, short_help="Store a target's secrets in the system's keyring.")
@click.argument("target", metavar="TARGET", shell_complete=complete.targets)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.option("-q", "--quiet", is_flag=True, help="No talk.")
def command(target: str, as_json: bool, quiet: bool) -> int:
    """Ask for the secrets of TARGET, without showing them, and store them in the system's keyring.

    With --profile they are that profile's. Without a terminal they are read from standard input, one a line.

    \b
    Examples:
      customer-import login piriod
      customer-import login dayzero --profile acme
      customer-import targets piriod --check
    """
    from pipeline import targets
    from pipeline.cli import environment

    chosen = targets.load(target)
    profile = configuration.current().profile
    said = _asked(chosen, profile) if sys.stdin.isatty() else _read(chosen)
    keyring = ""
    for secret in chosen.secrets:
        environment.must_be_sendable(secret.variable, said[secret.variable])
    for secret in chosen.secrets:
        keyring = keychain.store(secret.variable, profile, said[secret.variable])
    names = [s.variable for s in chosen.secrets]
    if as_json:
        put_json("login", {"target": chosen.name, "profile": profile, "stored": names, "keyring": keyring})
    elif not quiet:
        stored = say_n("{names} stored in the keyring ({keyring})", "{names} stored in the keyring ({keyring})",
                       len(names), names=listed(names), keyring=keyring)  # fmt: skip
        put(say("{stored} for the profile {profile}", stored=stored, profile=profile) if profile else stored)
    if hidden := [n for n in names if environment.place(n, profile) not in ("keyring", None)]:
        place = environment.in_words(environment.place(hidden[0], profile))
        talk(say_n("{names} is set elsewhere too ({place}), and that one is used",
                   "{names} are set elsewhere too ({place}), and those are used",
                   len(hidden), names=listed(hidden), place=place), quiet=quiet)  # fmt: skip
    further = f"customer-import targets {chosen.name} --check{f' --profile {profile}' if profile else ''}"
    talk(say("next: {command}", command=further), quiet=quiet)
    return 0


def _asked(target: Target, profile: str | None) -> dict[str, str]:
    """What a person types; only what is no secret is shown."""
    workspace = configuration.current().workspace
    return {
        s.variable: str(
            click.prompt(_text(s), hide_input=s.private, err=True,
                         default=workspace if s.variable == target.workspace and profile else None)
        ).strip()
        for s in target.secrets
    }  # fmt: skip


def _read(target: Target) -> dict[str, str]:
    """The lines of standard input.

    Raises:
        Misuse: there are not as many as there are secrets.
    """
    lines = [line.strip() for line in sys.stdin.read().splitlines() if line.strip()]
    if len(lines) != len(target.secrets):
        names = ", ".join(s.variable for s in target.secrets)
        raise Misuse(
            say(
                "{target} needs {count} secrets, and standard input has {lines} lines",
                target=target.title,
                count=len(target.secrets),
                lines=len(lines),
            ),
            say("Write one a line, in this order: {names}.", names=names),
        )
    return {s.variable: line for s, line in zip(target.secrets, lines, strict=True)}


def _text(secret: Secret) -> str:
    return f"{secret.variable} ({say(secret.help)})"
