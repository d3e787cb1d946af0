"""Turn `customer-import sandbox` into a running stand-in for both APIs, with its faults on request."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from pipeline import sandbox
from pipeline.cli.help import Command
from pipeline.cli.talk import put, put_json
from pipeline.errors import Misuse
from pipeline.language import say


def _knobs(command: Callable[..., Any]) -> Callable[..., Any]:
    """One flag for each setting of the sandbox."""
    for setting in reversed(dataclasses.fields(sandbox.Settings)):
        if setting.name == "database":
            continue
        flag, default, said = f"--{setting.name.replace('_', '-')}", setting.default, setting.metadata.get("help", "")
        if isinstance(default, bool):
            option = click.option(f"{flag}/--no-{flag[2:]}", default=default, show_default=True, help=said)
        elif setting.name in ("tokens", "workspaces"):
            option = click.option(flag, multiple=True, metavar="TEXT", help=said)
        elif setting.name == "duplicate":
            option = click.option(
                flag, type=click.Choice(["allow", "reject", "conflict"]), default=default, show_default=True, help=said
            )
        elif setting.name in ("fault_limit", "expire_after"):
            option = click.option(flag, type=int, metavar="N", help=said)
        elif isinstance(default, int | float):
            option = click.option(
                flag, type=type(default), default=default, show_default=bool(default), metavar="N", help=said
            )
        else:
            option = click.option(flag, default=default, show_default=default is not None, metavar="TEXT", help=said)
        command = option(command)
    return command


@click.command("sandbox", cls=Command, short_help="The local stand-in for both APIs.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8765, show_default=True, metavar="N",
    help="Port on 127.0.0.1 (0: any).",
)  # fmt: skip
@click.option(
    "--database", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
    help="SQLite file; without one it forgets.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print the address as JSON.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing.")
@_knobs
def command(port: int, database: Path | None, as_json: bool, quiet: bool, **knobs: Any) -> int:
    """Serve invented Piriod and DayZero APIs on this machine only.

    Any token is accepted but "wrong". The knobs make it misbehave, as real servers do.

    \b
    Example, in two terminals:
      customer-import sandbox --port 8765 --commit-then-drop 0.1
      export PIRIOD_API_TOKEN=any PIRIOD_WORKSPACE=acc_1
      customer-import run list.csv --to piriod --base-url http://127.0.0.1:8765
    """
    for name in ("tokens", "workspaces"):
        knobs[name] = knobs[name] or None
    after = knobs["retry_after"]
    try:
        knobs["retry_after"] = after if after in (None, "date") else float(after)
        settings = sandbox.Settings(database=database, **knobs)
    except ValueError as error:
        wrong = say("the sandbox cannot do that: {why}", why=error)
        raise Misuse(wrong, say("Flags and examples: {command}", command="customer-import sandbox --help")) from error

    def told(url: str) -> None:
        if as_json:
            put_json("sandbox", {"base_url": url})
        elif not quiet:
            put(say("sandbox at {url} (Ctrl-C ends it)", url=url))
        sys.stdout.flush()

    sandbox.serve_forever(settings, port, told)
    return 0
