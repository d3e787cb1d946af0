"""Turn `customer-import undo` into updated customers that are what they were, and a list of the created ones."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import click

from pipeline import store, typed
from pipeline.cli import flags, marks
from pipeline.cli.push import server_of
from pipeline.cli.talk import Bar, count, cut, duration, put_json, talk
from pipeline.errors import Interrupted, Misuse
from pipeline.folder import RunFolder
from pipeline.options import PushOptions, Server
from pipeline.undo import Ahead, Listed, ahead, undo

MOST_SHOWN = 20
WIDTH = 100
OUT = ("restored", "unchanged", "created")
"""What needs nobody's attention any more."""


def _pacing(command: Callable[..., Any]) -> Callable[..., Any]:
    """The flags of `push` that have a meaning here."""
    kept = ("rate", "concurrency", "max_retries", "timeout", "settle", "yes", "raw_csv", "quiet", "as_json", "base_url")
    for option in getattr(flags.pacing(lambda: None), "__click_params__", []):
        if option.name in kept:
            params: list[click.Parameter] = command.__dict__.setdefault("__click_params__", [])
            params.append(option)
    return command


@click.command("undo", short_help="Put updated customers back to what they were; list the created ones.")
@click.argument("run", metavar="RUN")
@_pacing
def command(run: str, **given: Any) -> int:
    """Put the customers that RUN (a run folder, or latest) has updated back to what they were, and list the created ones.

    A field that somebody else has changed since is left, and said. Nothing is deleted.

    \b
    Examples:
      customer-import undo latest
      customer-import undo runs/clientes-piriod-20261121T093000Z --yes --json
    """
    folder = RunFolder.find(run)
    marks.adopt(folder)
    options = PushOptions(
        flags.rate(given["rate"]), given["concurrency"], given["max_retries"], given["timeout"], given["settle"],
        raw_csv=given["raw_csv"],
    )  # fmt: skip
    with server_of(store.facts(folder), given) as server:
        return _undo(folder, server, options, given)


def _undo(folder: RunFolder, server: Server, options: PushOptions, given: dict[str, Any]) -> int:
    coming = ahead(folder, server, options)
    _confirm(coming, server, folder, given)
    result, listed = undo(folder, server, options, Bar(quiet=given["quiet"]))
    code = 1 if any(n for state, n in listed.counts.items() if state not in OUT) else 0
    if result.stopped == "interrupted":
        code = Interrupted.exit_code
    if given["as_json"]:
        put_json("undo", {"run": str(folder.path), "exit_code": code, "counts": dict(listed.counts),
                          "updated": listed.updated, "created": listed.created, "file": str(folder.file("undo.csv"))})  # fmt: skip
    else:
        _show(folder, listed)
    if result.stopped == "interrupted":
        raise Interrupted(
            "interrupted; what was put back is in undo.csv", f"It goes on with: {typed.go_on(folder, 'undo')}"
        )
    return code


def _confirm(coming: Ahead, server: Server, folder: RunFolder, given: dict[str, Any]) -> None:
    if server.kind == "sandbox" or not coming.updates:
        return
    mode = click.style(coming.mode, fg="red" if coming.mode == "LIVE" else "yellow", bold=True)
    pace = f"at {coming.rate:g} requests a second about {duration(coming.seconds)}" if coming.rate else "at no set pace"
    said = (
        f"{coming.target}, workspace {coming.workspace}, {mode} data, {coming.host}\n"
        f"  {count(coming.updates, 'updated customer')} to put back, {pace}\n"
        "  fields that were changed since are left; nothing is deleted"
    )
    talk(said, quiet=given["quiet"] and given["yes"])
    if given["yes"]:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise Misuse(
            "a live undo needs an answer, and nobody is at a terminal",
            f"Look at the run, then: {typed.go_on(folder, 'undo', '--yes')}",
        )
    if not click.confirm("Go ahead?", err=True):
        raise Interrupted("nothing was sent", f"Later: {typed.go_on(folder, 'undo')}")


def _show(folder: RunFolder, listed: Listed) -> None:
    """Print what became of the updates, and who was created."""
    counts = listed.counts
    updated = counts.total() - counts["created"]
    said = ", ".join(f"{n:,} {state}" for state, n in sorted(counts.items()) if state != "created" and n)
    click.echo(f"{count(updated, 'updated customer')}{': ' + said if updated else ''}")
    for line in [u for u in listed.updated if u["undo"] not in (*OUT, "not_attempted")][:MOST_SHOWN]:
        why = line["error"] or "changed since: " + ", ".join(line["left"])
        click.echo(cut(f"  row {line['row']}  {line['id']}  {line['undo']}: {why}", WIDTH))
    click.echo(f"{count(counts['created'], 'created customer')}{', still there' if counts['created'] else ''}")
    for line in listed.created[:MOST_SHOWN]:
        click.echo(cut(f"  row {line['row']}  {line['id']}  {line['name'] or ''}", WIDTH))
    if len(listed.created) > MOST_SHOWN:
        click.echo(f"  … and {len(listed.created) - MOST_SHOWN:,} more in the file")
    if counts.total():
        click.echo(f"undo.csv     {folder.file('undo.csv')}")
    if any(counts[state] for state in ("failed", "unknown", "not_attempted")):
        click.echo(f"next: {typed.go_on(folder, 'undo')}")
