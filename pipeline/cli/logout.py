"""Turn the secrets that `login` has stored into nothing."""

from __future__ import annotations

import click

from pipeline.cli import complete, configuration, keychain
from pipeline.cli.help import Command
from pipeline.cli.talk import put, put_json, talk
from pipeline.language import listed, say, say_n


@click.command("logout", cls=Command, short_help="Remove a target's secrets from the system's keyring.")
@click.argument("target", metavar="TARGET", shell_complete=complete.targets)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.option("-q", "--quiet", is_flag=True, help="No talk.")
def command(target: str, as_json: bool, quiet: bool) -> int:
    """Remove the secrets of TARGET, which `login` has stored, from the system's keyring.

    \b
    Example:
      customer-import logout piriod --profile acme
    """
    from pipeline import targets
    from pipeline.cli import environment

    chosen = targets.load(target)
    profile = configuration.current().profile
    removed = [s.variable for s in chosen.secrets if keychain.remove(s.variable, profile)]
    if as_json:
        put_json("logout", {"target": chosen.name, "profile": profile, "removed": removed})
    elif not quiet:
        names = listed(removed)
        if profile is None:
            put(
                say_n("{names} removed", "{names} removed", len(removed), names=names)
                if removed
                else say("nothing was stored")
            )
        elif removed:
            put(say_n("{names} of the profile {profile} removed", "{names} of the profile {profile} removed",
                      len(removed), names=names, profile=profile))  # fmt: skip
        else:
            put(say("nothing was stored of the profile {profile}", profile=profile))
    for secret in chosen.secrets:
        if place := environment.place(secret.variable, profile):
            talk(
                say("{name} is still set ({place})", name=secret.variable, place=environment.in_words(place)),
                quiet=quiet,
            )
    return 0
