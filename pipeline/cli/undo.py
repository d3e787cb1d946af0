"""Turn `customer-import undo` into updated customers that are what they were, and a list of the created ones."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli import complete, flags, runlog, screen
from pipeline.cli.help import Command
from pipeline.cli.push import server_of
from pipeline.cli.talk import agrees, count, duration, put, put_cut, put_json, talk
from pipeline.errors import Interrupted, Misuse
from pipeline.folder import RunFolder
from pipeline.options import PushOptions, Server

if TYPE_CHECKING:
    from pipeline.undo import Ahead, Listed

MOST_SHOWN = 20
WIDTH = 100
OUT = ("restored", "unchanged", "created")
"""What needs nobody's attention any more."""


def _pacing(command: Callable[..., Any]) -> Callable[..., Any]:
    """The flags of `push` that have a meaning here."""
    kept = (
        "rate",
        "concurrency",
        "max_retries",
        "timeout",
        "settle",
        "yes",
        "raw_csv",
        "quiet",
        "verbose",
        "as_json",
        "base_url",
    )
    for option in getattr(flags.pacing(lambda: None), "__click_params__", []):
        if option.name in kept:
            params: list[click.Parameter] = command.__dict__.setdefault("__click_params__", [])
            params.append(option)
    return command


@click.command("undo", cls=Command, short_help="Put updated customers back to what they were; list the created ones.")
@click.argument("run", metavar="RUN", shell_complete=complete.runs)
@_pacing
def command(run: str, **given: Any) -> int:
    """Put the customers that RUN (a run folder, or latest) has updated back to what they were, and list the created ones.

    A field that somebody else has changed since is left, and said. Nothing is deleted.

    \b
    Examples:
      customer-import undo latest
      customer-import undo runs/clientes-piriod-20261121T093000Z --yes --json
    """
    from pipeline import store
    from pipeline.cli import marks

    folder = runlog.find(run)
    marks.adopt(folder)
    options = PushOptions(
        flags.rate(given["rate"]), given["concurrency"], given["max_retries"], given["timeout"], given["settle"],
        raw_csv=given["raw_csv"],
    )  # fmt: skip
    with server_of(store.facts(folder), given) as server:
        return _undo(folder, server, options, given)


def _undo(folder: RunFolder, server: Server, options: PushOptions, given: dict[str, Any]) -> int:
    from pipeline import typed
    from pipeline.cli.bar import Bar
    from pipeline.undo import ahead, undo

    coming = ahead(folder, server, options)
    _confirm(coming, server, folder, given)
    result, listed = undo(folder, server, options, Bar(quiet=given["quiet"]))
    code = 1 if any(n for state, n in listed.counts.items() if state not in OUT) else 0
    if result.stopped == "interrupted":
        code = Interrupted.exit_code
    runlog.rows({f"undo_{state}": n for state, n in listed.counts.items()})
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
    from pipeline import typed

    if server.kind == "sandbox" or not coming.updates:
        return
    mode = screen.style(coming.mode, "red" if coming.mode == "LIVE" else "yellow", "bold")
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
    if not agrees("Go ahead?"):
        raise Interrupted("nothing was sent", f"Later: {typed.go_on(folder, 'undo')}")


def _show(folder: RunFolder, listed: Listed) -> None:
    """Print what became of the updates, and who was created."""
    from pipeline import typed

    counts = listed.counts
    updated = counts.total() - counts["created"]
    said = ", ".join(f"{n:,} {state}" for state, n in sorted(counts.items()) if state != "created" and n)
    put(f"{count(updated, 'updated customer')}{': ' + said if updated else ''}")
    for line in [u for u in listed.updated if u["undo"] not in (*OUT, "not_attempted")][:MOST_SHOWN]:
        why = line["error"] or "changed since: " + ", ".join(line["left"])
        put_cut(f"  row {line['row']}  {line['id']}  {line['undo']}: {why}")
    put(f"{count(counts['created'], 'created customer')}{', still there' if counts['created'] else ''}")
    for line in listed.created[:MOST_SHOWN]:
        put_cut(f"  row {line['row']}  {line['id']}  {line['name'] or ''}")
    if len(listed.created) > MOST_SHOWN:
        put(f"  … and {len(listed.created) - MOST_SHOWN:,} more in the file")
    if counts.total():
        put(f"undo.csv     {folder.file('undo.csv')}")
    if any(counts[state] for state in ("failed", "unknown", "not_attempted")):
        put(f"next: {typed.go_on(folder, 'undo')}")
