"""Turn `customer-import undo` into updated customers that are what they were, and a list of the created ones."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli import complete, counted, flags, runlog, screen
from pipeline.cli.help import Command
from pipeline.cli.push import server_of
from pipeline.cli.talk import agrees, duration, put, put_cut, put_json, talk
from pipeline.errors import Interrupted, Misuse
from pipeline.folder import RunFolder
from pipeline.language import later, later_n, say, say_n, statuses
from pipeline.options import PushOptions, Server

if TYPE_CHECKING:
    from pipeline.undo import Ahead, Listed

MOST_SHOWN = 20
OUT = ("restored", "unchanged", "created")
"""What needs nobody's attention any more."""
UNDONE = {
    "restored": later_n("{n:n} restored", "{n:n} restored"),
    "partly": later_n("{n:n} partly", "{n:n} partly"),
    "left": later_n("{n:n} left", "{n:n} left"),
    "unchanged": later_n("{n:n} unchanged", "{n:n} unchanged"),
    "rejected": later_n("{n:n} rejected", "{n:n} rejected"),
    "failed": later_n("{n:n} failed", "{n:n} failed"),
    "unknown": later_n("{n:n} unknown", "{n:n} unknown"),
    "not_attempted": later_n("{n:n} not_attempted", "{n:n} not_attempted"),
}
"""What is said of so many updates; the state itself is the same everywhere."""
PARTIAL = {"partly": later("partly"), "left": later("left")}


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
        flags.rate(given["rate"]), given["concurrency"], flags.retries(given), given["timeout"], given["settle"],
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
        further = typed.go_on(folder, "undo")
        raise Interrupted(
            say("interrupted; what was put back is in undo.csv"), say("It goes on with: {command}", command=further)
        )
    return code


def _confirm(coming: Ahead, server: Server, folder: RunFolder, given: dict[str, Any]) -> None:
    from pipeline import typed

    if server.kind == "sandbox" or not coming.updates:
        return
    mode = screen.style(counted.mode(coming.mode), "red" if coming.mode == "LIVE" else "yellow", "bold")
    pace = counted.pace(coming.rate, duration(coming.seconds))
    lines = [
        say("{target}, workspace {workspace}, {mode} data, {host}",
            target=coming.target, workspace=coming.workspace, mode=mode, host=coming.host),
        "  " + say_n("{n:n} updated customer to put back, {pace}", "{n:n} updated customers to put back, {pace}",
                     coming.updates, pace=pace),
        "  " + say("fields that were changed since are left; nothing is deleted"),
    ]  # fmt: skip
    talk("\n".join(lines), quiet=given["quiet"] and given["yes"])
    if given["yes"]:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise Misuse(
            say("a live undo needs an answer, and nobody is at a terminal"),
            say("Look at the run, then: {command}", command=typed.go_on(folder, "undo", "--yes")),
        )
    if not agrees(say("Go ahead?")):
        raise Interrupted(say("nothing was sent"), say("Later: {command}", command=typed.go_on(folder, "undo")))


def _show(folder: RunFolder, listed: Listed) -> None:
    """Print what became of the updates, and who was created."""
    from pipeline import typed

    counts = listed.counts
    updated = counts.total() - counts["created"]
    said = ", ".join(say_n(*UNDONE[state], n) for state, n in sorted(counts.items()) if state != "created" and n)
    put(say_n("{n:n} updated customer", "{n:n} updated customers", updated) + (f": {said}" if updated else ""))
    for line in [u for u in listed.updated if u["undo"] not in (*OUT, "not_attempted")][:MOST_SHOWN]:
        state = say(PARTIAL[line["undo"]]) if line["undo"] in PARTIAL else statuses.status(line["undo"])
        why = line["error"] or say("changed since: {fields}", fields=", ".join(line["left"]))
        put_cut(f"  {say('row {row}', row=line['row'])}  {line['id']}  {state}: {why}")
    if created := counts["created"]:
        put(say_n("{n:n} created customer, still there", "{n:n} created customers, still there", created))
    else:
        put(say_n("{n:n} created customer", "{n:n} created customers", 0))
    for line in listed.created[:MOST_SHOWN]:
        put_cut(f"  {say('row {row}', row=line['row'])}  {line['id']}  {line['name'] or ''}")
    if (more := len(listed.created) - MOST_SHOWN) > 0:
        put("  " + say_n("… and {n:n} more in the file", "… and {n:n} more in the file", more))
    if counts.total():
        put(f"undo.csv     {folder.file('undo.csv')}")
    if any(counts[state] for state in ("failed", "unknown", "not_attempted")):
        put(say("next: {command}", command=typed.go_on(folder, "undo")))
