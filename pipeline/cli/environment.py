"""Turn the environment and a `.env` file into secrets, and a target's name into the server to talk to.

Secrets are never taken from the command line. They go to the vendor's host, or to the one that `--base-url` or
CUSTOMER_IMPORT_BASE_URL names, and to no other.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from dotenv import dotenv_values

from pipeline.client import check_base_url
from pipeline.errors import Misuse
from pipeline.options import Server
from pipeline.targets.interface import Target

BASE_URL = "CUSTOMER_IMPORT_BASE_URL"


def secrets(target: Target) -> dict[str, str]:
    """The target's secrets that are set, by variable; the environment beats `.env`."""
    values = {**dotenv_values(".env"), **os.environ} if Path(".env").is_file() else dict(os.environ)
    return {s.variable: found for s in target.secrets if (found := (values.get(s.variable) or "").strip())}


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
        if not value.isascii() or not value.isprintable() or " " in value:
            raise Misuse(
                f"{variable} holds a character that no token has", "Copy the value again, without quotes or spaces."
            )
    return Server(url, "test" if test_mode else "live", known)


def demand(target: Target, server: Server | None) -> Server:
    """The server, or the stop that says which secrets are missing."""
    if server is not None:
        return server
    names = missing(target, secrets(target))
    helps = "; ".join(f"{s.variable} ({s.help})" for s in target.secrets if s.variable in names)
    raise Misuse(
        f"{' and '.join(names)} {'is' if len(names) == 1 else 'are'} not set",
        f"Set in the environment or in a file .env: {helps}. To try without an account, add --sandbox.",
    )


def sandbox_file() -> Path:
    """Where the embedded sandbox keeps its customers, so that a second run finds them."""
    root = Path("runs")
    try:
        root.mkdir(mode=0o700, exist_ok=True)
        if not (root / ".gitignore").exists():
            (root / ".gitignore").write_text("*\n", encoding="utf-8")
    except OSError as error:
        raise Misuse(f"cannot write {root}: {error.strerror}", "Start in a folder that you may write to.") from error
    return (root / ".sandbox.sqlite").resolve()


@contextlib.contextmanager
def embedded(target: Target, database: Path, account_country: str | None) -> Iterator[Server]:
    """Run the embedded sandbox for a while."""
    from pipeline import sandbox

    settings = sandbox.Settings(database=database)
    if account_country:
        settings = replace(settings, account_country=account_country)
    with sandbox.serve(settings) as running:
        invented = {s.variable: f"sandbox-{s.variable.lower().replace('_', '-')}" for s in target.secrets}
        yield Server(running.base_url, "sandbox", invented, str(database))
