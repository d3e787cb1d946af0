"""Turn the environment, `.env` and the keyring into secrets, and a target's name into the server to talk to.

Where several places have a secret, the first of these decides, so that what is a profile's own beats what is not:
the environment, `.env.PROFILE`, the keyring's entry of the profile, `.env`, the keyring's entry without a profile.
Secrets are never taken from the command line or from a configuration file. They go to the vendor's host, or to the one
that `--base-url` or CUSTOMER_IMPORT_BASE_URL names, and to no other.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from pipeline import targets
from pipeline.cli import configuration, keychain
from pipeline.client import check_base_url
from pipeline.errors import Misuse
from pipeline.language import later, listed, say, say_n
from pipeline.language.system import why
from pipeline.options import Server
from pipeline.targets.interface import Target

BASE_URL = "CUSTOMER_IMPORT_BASE_URL"


def secrets(target: Target) -> dict[str, str]:
    """The target's secrets that are set, by variable.

    Raises:
        Misuse: they are of another workspace than the one that the configuration names.
    """
    settings = configuration.current()
    found = {s.variable: value for s in target.secrets if (value := _find(s.variable, settings.profile)[0])}
    meant = settings.workspace if settings.values.get("to", target.name) == target.name else None
    if meant and found.setdefault(target.workspace, meant) != meant:
        where = settings.origin["workspace"]
        raise Misuse(
            say(
                "{file} is for the workspace {meant}, and {variable} is {found} ({place})",
                file=where,
                meant=meant,
                variable=target.workspace,
                found=found[target.workspace],
                place=in_words(place(target.workspace, settings.profile)),
            ),
            say(
                "Nothing was sent. Set {variable} to {meant}, or choose another --profile.",
                variable=target.workspace,
                meant=meant,
            ),
        )
    return found


def place(variable: str, profile: str | None) -> str | None:
    """Where a secret comes from: "environment", ".env", "keyring"; None where it is not set."""
    return _find(variable, profile)[1]


def in_words(place: str | None) -> str:
    """A place as a person reads it."""
    return say({"environment": later("environment"), "keyring": later("keyring")}.get(place or "", place or ""))


def places(target: Target) -> dict[str, str]:
    """Where each of the target's secrets comes from, by variable."""
    settings = configuration.current()
    found = {s.variable: place(s.variable, settings.profile) for s in target.secrets}
    return {variable: where or str(settings.origin.get("workspace", "")) for variable, where in found.items()}


def _find(variable: str, profile: str | None) -> tuple[str, str | None]:
    """A secret, and where it was found; the keyring is asked only where nothing better has it."""
    if value := (os.environ.get(variable) or "").strip():
        return value, "environment"
    own = [(f".env.{profile}", profile)] if profile is not None else []
    for name, owner in (*own, (".env", None)):
        if value := _of_file(name, variable):
            return value, name
        if value := keychain.recall(variable, owner) or "":
            return value, "keyring"
    return "", None


def _of_file(name: str, variable: str) -> str:
    if not Path(name).is_file():
        return ""
    from dotenv import dotenv_values

    return (dotenv_values(name).get(variable) or "").strip()


def missing(target: Target, known: dict[str, str]) -> list[str]:
    """The variables that are not set."""
    return [s.variable for s in target.secrets if s.variable not in known]


def named(base_url: str | None) -> str | None:
    """The server that the command line or the environment names, if one does.

    Raises:
        Misuse: the address is none.
    """
    url = (base_url or os.environ.get(BASE_URL) or "").rstrip("/")
    if url:
        check_base_url(url)
    return url or None


def remote(target: Target, base_url: str | None, *, test_mode: bool) -> Server | None:
    """The real server, if all its secrets are set.

    Raises:
        Misuse: the address is none, or a secret holds a character that no header can carry.
    """
    url = named(base_url) or target.base_url
    known = secrets(target)
    if missing(target, known):
        return None
    for variable, value in known.items():
        must_be_sendable(variable, value)
    return Server(url, "test" if test_mode else "live", known)


def must_be_sendable(variable: str, value: str) -> None:
    """Stop where a secret holds what no header can carry.

    Raises:
        Misuse: it does, or it is blank.
    """
    if not value or not value.isascii() or not value.isprintable() or " " in value:
        raise Misuse(
            say("{variable} holds a character that no token has", variable=variable)
            if value
            else say("{variable} is blank", variable=variable),
            say("Copy the value again, without quotes or spaces."),
        )


def demand(target: Target, server: Server | None) -> Server:
    """The server, or the stop that says which secrets are missing."""
    if server is not None:
        return server
    names = missing(target, secrets(target))
    whose = f" --profile {profile}" if (profile := configuration.current().profile) else ""
    helps = "; ".join(f"{s.variable} ({say(s.help)})" for s in target.secrets if s.variable in names)
    remedy = say("Set in the environment or in a file .env: {secrets}; to try without an account: --sandbox.\n"
                 "Or store them: {command}",
                 secrets=helps, command=f"customer-import login {target.name}{whose}")  # fmt: skip
    raise Misuse(say_n("{names} is not set", "{names} are not set", len(names), names=listed(names)), remedy)


def sandbox_file() -> Path:
    """Where the embedded sandbox keeps its customers, so that a second run finds them."""
    root = Path("runs")
    try:
        root.mkdir(mode=0o700, exist_ok=True)
        if not (root / ".gitignore").exists():
            (root / ".gitignore").write_text("*\n", encoding="utf-8")
    except OSError as error:
        wrong = say("cannot write {file}: {why}", file=root, why=why(error))
        raise Misuse(wrong, say("Start in a folder that you may write to.")) from error
    return (root / ".sandbox.sqlite").resolve()


@contextlib.contextmanager
def embedded(target: Target, database: Path, account_country: str | None) -> Iterator[Server]:
    """Run the embedded sandbox for a while.

    Raises:
        Misuse: it does not know the target.
    """
    from pipeline import sandbox

    if target.name not in targets.own():
        raise Misuse(
            say("the sandbox does not know {target}, which another distribution adds", target=target.title),
            say("Leave --sandbox out; --base-url names a test server of {target}.", target=target.title),
        )

    settings = sandbox.Settings(database=database)
    if account_country:
        settings = replace(settings, account_country=account_country)
    with sandbox.serve(settings) as running:
        invented = {s.variable: f"sandbox-{s.variable.lower().replace('_', '-')}" for s in target.secrets}
        yield Server(running.base_url, "sandbox", invented, str(database))
