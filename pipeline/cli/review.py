"""Turn `customer-import review` into a page in the browser, and into the exit code of what is left to do."""

from __future__ import annotations

import contextlib
import sys
import webbrowser
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli import complete, flags, runlog
from pipeline.cli.help import Command
from pipeline.cli.push import server_of
from pipeline.cli.talk import put, put_json, talk
from pipeline.errors import Misuse
from pipeline.folder import RunFolder
from pipeline.language import say, say_n
from pipeline.shellwords import command as command_line

if TYPE_CHECKING:
    from pipeline.review import Servers


@click.command(
    "review", cls=Command, short_help="Correct the rows that are not in, and push them, on a page in the browser."
)
@click.argument("run", metavar="RUN", shell_complete=complete.runs)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, metavar="N", help="Port of the page.  [default: a free one]"
)
@click.option("--no-browser", is_flag=True, help="Print the address, open nothing.")
@click.option(
    "--idle", type=click.FloatRange(0.01), default=30, show_default=True, metavar="MIN",
    help="Stop when nothing was done on the page for so many minutes.",
)  # fmt: skip
@flags.pacing
def command(run: str, port: int, no_browser: bool, idle: float, **given: Any) -> int:
    """Show the rows of RUN (a run folder, or latest) that are not in, with what is wrong and what would be right.

    The page is served on this machine alone. Every edit is kept at once: a closed page or a stopped command loses nothing.

    \b
    Examples:
      customer-import review latest
      customer-import review latest --no-browser --lang es
    """
    from pipeline import review, store
    from pipeline.cli import marks

    if missing := review.missing_component():
        raise missing
    folder = runlog.find(run)
    marks.adopt(folder)
    facts = store.facts(folder)
    options = flags.push_options(given)

    def ready(address: str, door: str) -> None:
        talk(say("{run}: review it in the browser, on this machine only. Ctrl-C ends the page; nothing is lost.",
                 run=folder.path), quiet=given["quiet"])  # fmt: skip
        if given["as_json"]:
            put_json("review", {"run": str(folder.path), "address": address, "door": door})
        else:
            put(address)
        sys.stdout.flush()
        if not no_browser:
            with contextlib.suppress(webbrowser.Error, OSError):
                webbrowser.open(Path(door).as_uri())

    with _servers(facts, given) as servers:
        review.serve(folder, servers, options, ready=ready, port=port, idle=idle * 60)
    return _left(folder, quiet=given["quiet"])


@contextlib.contextmanager
def _servers(facts: dict[str, Any], given: dict[str, Any]) -> Iterator[Servers]:
    """What gives the run's server when it is asked for; an embedded sandbox runs as long as the page."""
    if not facts["sandbox"]:
        yield lambda: server_of(facts, given)
        return
    with server_of(facts, given) as server:
        yield lambda: contextlib.nullcontext(server)


def _left(folder: RunFolder, *, quiet: bool) -> int:
    """Say how many rows are still not in; 1 where there are some."""
    from pipeline import outcomes, store
    from pipeline.report.facts import NOT_IN
    from pipeline.sources import origin

    try:
        facts = store.facts(folder)
    except Misuse:
        return 0
    pushed = store.unpushed(folder) is None
    left = 0
    for batch in outcomes.table(folder, origin(facts), pushed=pushed):
        left += int(batch["status"].is_in([*NOT_IN, "ready"]).sum())
    if left:
        further = command_line("review", str(folder.path))
        talk(say_n("{n:n} row is not in yet. Go on with: {command}", "{n:n} rows are not in yet. Go on with: {command}",
                   left, command=further), quiet=quiet)  # fmt: skip
    return 1 if left else 0
