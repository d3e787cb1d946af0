"""Hold a planned run against the server that it is to go to."""

from __future__ import annotations

from typing import Any

from pipeline import store
from pipeline.client import check_base_url
from pipeline.errors import Misuse
from pipeline.folder import RunFolder
from pipeline.language import say
from pipeline.options import Server
from pipeline.plan import seal


def fits(folder: RunFolder, server: Server, workspace: str) -> None:
    """Hold every plan of a run against its hash, this server, and its seal.

    Raises:
        Misuse: another mode, workspace or address than it was made for.
        BrokenInvariant: it was changed since.
    """
    for one in store.plans(folder):
        told = store.own_facts(one)
        store.verify(one, told)
        same_server(told, server, workspace)
        seal.verify(told)


def same_server(facts: dict[str, Any], server: Server, workspace: str) -> None:
    """Refuse a server that the plan was not made for.

    Raises:
        Misuse: another mode, workspace or address.
    """
    if facts["mode"] != server.mode:
        raise Misuse(
            say(
                "the plan was made for {planned} data, and this push goes to {given} data",
                planned=facts["mode"],
                given=server.mode,
            ),
            say("Push in the mode that was planned, or run again."),
        )
    if facts["workspace"] not in ("", workspace):
        raise Misuse(
            say(
                "the plan was made for the workspace {planned}, and this push goes to {given}",
                planned=facts["workspace"],
                given=workspace,
            ),
            say("Push to the workspace that was planned, or run again."),
        )
    check_base_url(server.base_url)
    if server.kind != "sandbox" and facts["base_url"] != server.base_url:
        raise Misuse(
            say(
                "the plan was made for {planned}, and this push goes to {given}",
                planned=facts["base_url"],
                given=server.base_url,
            ),
            say("Push with --base-url {url}, or run again.", url=facts["base_url"]),
        )
