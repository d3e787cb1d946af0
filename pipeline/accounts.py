"""Turn credentials, or the sandbox, into the account of a target to which a Python program sends customers."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path

from pipeline import targets
from pipeline.client import check_base_url
from pipeline.errors import Misuse
from pipeline.language import say
from pipeline.options import Server


@dataclass(frozen=True)
class _Account(Server):
    target: str = ""


def account(
    target: str, credentials: Mapping[str, str], *, base_url: str | None = None, test_mode: bool = False
) -> Server:  # fmt: skip
    """Say where customers go: the target's account that `credentials` (for example `os.environ`) open.

    Raises:
        Misuse: a credential is missing, the address is none, or the target has no test mode.
    """
    chosen = targets.load(target)
    known = {s.variable: credentials[s.variable] for s in chosen.secrets if credentials.get(s.variable)}
    if absent := [s.variable for s in chosen.secrets if s.variable not in known]:
        raise Misuse(
            say("{names} not given", names=say(" and ").join(absent)),
            say("Pass credentials={example} for {target}.", example=f"{{{absent[0]!r}: ...}}", target=chosen.title),
        )
    if test_mode and not chosen.has_test_mode:
        raise Misuse(say("{target} has no test mode", target=chosen.title), say("Leave {name} out.", name="test_mode"))
    url = (base_url or chosen.base_url).rstrip("/")
    check_base_url(url)
    return _Account(url, "test" if test_mode else "live", known, target=target)


@contextlib.contextmanager
def embedded(
    target: str, *, database: str | PathLike[str] | None = None, account_country: str | None = None
) -> Iterator[Server]:
    """Run the sandbox for a while, and give the account in it; with `database` it remembers its customers."""
    from pipeline import sandbox

    chosen = targets.load(target)
    if target not in targets.own():
        raise Misuse(
            say("the sandbox does not know {target}", target=chosen.title),
            say("Name a test server: {example}.", example="account(..., base_url=...)"),
        )
    path = Path(database).resolve() if database is not None else None
    settings = sandbox.Settings(database=path)
    if account_country:
        settings = replace(settings, account_country=account_country)
    with sandbox.serve(settings) as running:
        invented = {s.variable: f"sandbox-{s.variable.lower().replace('_', '-')}" for s in chosen.secrets}
        yield _Account(running.base_url, "sandbox", invented, str(path) if path else None, target=target)


def target_of(server: Server) -> str:
    """The name of the target that an account is at.

    Raises:
        Misuse: it was not made here.
    """
    if not isinstance(server, _Account):
        raise Misuse(say("that is no account"), say("Make one with account(...) or embedded(...)."))
    return server.target
