"""Turn `customer-import push` into the execution of a reviewed plan, or the end of an interrupted run."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from pipeline.cli import complete, events, flags, runlog
from pipeline.cli.help import Command
from pipeline.errors import Misuse
from pipeline.language import say
from pipeline.options import Server


@click.command("push", cls=Command, short_help="Execute a reviewed dry run, or go on with an interrupted run.")
@click.argument("run", metavar="RUN", shell_complete=complete.runs)
@click.option(
    "--retry", type=click.Choice(["failed", "all"]), help="Also try failed rows again; with all, rejected ones too."
)
@events.option
@flags.pacing
def command(run: str, retry: str | None, **given: Any) -> int:
    """Send what the plan of RUN (a run folder, or latest) still has to send; never a row that is in.

    What is unknown is looked up at the target first.

    \b
    Examples:
      customer-import push latest
      customer-import push runs/clientes-piriod-20261121T093000Z --retry failed
    """
    from pipeline import store
    from pipeline.cli import finish, marks

    folder = runlog.find(run)
    marks.adopt(folder)
    options = replace(flags.push_options(given), retry=retry or "none")  # type: ignore[arg-type]
    with server_of(store.facts(folder), given) as server:
        return finish.send(folder, server, options, events.bar(quiet=given["quiet"]), given, datetime.now(UTC))


@contextlib.contextmanager
def server_of(facts: dict[str, Any], given: dict[str, Any]) -> Iterator[Server]:
    """The server of a planned run: the embedded sandbox again, or the real one with the secrets of the environment."""
    from pipeline import targets
    from pipeline.cli import environment
    from pipeline.fitting import same_server

    target = targets.load(facts["target"])
    if facts["sandbox"]:
        if given["base_url"]:
            raise Misuse(
                say("this run was planned for the embedded sandbox"), say("Leave --base-url out, or run again.")
            )
        with environment.embedded(target, Path(facts["sandbox"]), facts["options"]["account_country"]) as server:
            yield server
    else:
        found = environment.remote(target, given["base_url"], test_mode=facts["options"]["test_mode"])
        server = environment.demand(target, found)
        same_server(facts, server, server.secrets[target.workspace])  # before anybody is asked, or anything is read
        yield server
