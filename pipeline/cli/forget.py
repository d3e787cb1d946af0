"""Turn `customer-import forget` into a run folder without personal data."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli import complete, counted, runlog
from pipeline.cli.help import Command
from pipeline.cli.talk import agrees, put, put_json, talk
from pipeline.errors import Interrupted, Misuse
from pipeline.folder import RunFolder
from pipeline.language import say, say_n
from pipeline.shellwords import command as command_line

if TYPE_CHECKING:
    from pipeline.forget import Forgotten

OUT = ("invalid", "rejected")


@click.command("forget", cls=Command, short_help="Remove the personal data of a finished run, keep counts and ids.")
@click.argument("run", metavar="RUN", shell_complete=complete.runs)
@click.option(
    "--unfinished", is_flag=True, help="Also where rows may still change: nobody can then find out what became of them."
)
@click.option("--yes", is_flag=True, help="Ask nothing.")
@click.option("-q", "--quiet", is_flag=True, help="No talk.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(run: str, unfinished: bool, yes: bool, quiet: bool, as_json: bool) -> int:
    """Remove every cell, name and message of RUN (a run folder, or latest) from its folder.

    Counts, row numbers, statuses and the ids at the target stay. The source file, copies of the error files elsewhere
    and the customers at the target are not touched. The run can afterwards not be pushed, corrected or undone.

    \b
    Examples:
      customer-import forget runs/clientes-piriod-20261121T093000Z
      customer-import forget latest --yes
    """
    from pipeline import forget

    folder = runlog.find(run)
    if forget.recall(folder) is None and not yes:
        _confirm(folder, forget.counts(folder))
    done = forget.forget(folder, unfinished=unfinished)
    if as_json:
        put_json("forget", asdict(done))
    elif not quiet:
        _show(folder, done)
    return 0


def show_forgotten(folder: RunFolder, told: dict[str, Any], *, as_json: bool, quiet: bool) -> int:
    """Say what a forgotten run still knows: for `status`."""
    from pipeline import forget

    if as_json:
        content = {"run": str(folder.path), "rows": told["rows"], "counts": told["counts"], "pushed": True, "causes": [],
                   "forgotten": told["forgotten"]}  # fmt: skip
        put_json("status", content)
    elif not quiet:
        put(say("{run}: {target}, {mode}, its personal data was removed on {when}", run=folder.path,
                target=told["target"], mode=counted.mode(told["mode"]), when=counted.when(told["forgotten"])))  # fmt: skip
        put(counted.conservation(told["rows"], told["counts"]))
        file = folder.file("results.csv")
        put(say_n("{n:n} id at the target: {file}", "{n:n} ids at the target: {file}", told["ids"], file=file))
    return 1 if any(told["counts"].get(name) for name in (*forget.UNFINISHED, *OUT) if name != "ready") else 0


def _confirm(folder: RunFolder, counts: dict[str, int]) -> None:
    out = sum(counts.get(name, 0) for name in OUT)
    rows = counted.rows(sum(counts.values()))
    talk(say("{run}: the text of {rows} will be removed from this folder, for good", run=folder.path, rows=rows))
    if out:
        talk("  " + say("{rows} of them not in: to correct them later you need the source file, or a copy of errors.xlsx",
                        rows=counted.rows(out)))  # fmt: skip
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise Misuse(
            say("this needs an answer, and nobody is at a terminal"), command_line("forget", str(folder.path), "--yes")
        )
    if not agrees(say("Go ahead?")):
        raise Interrupted(say("nothing was removed"), "")


def _show(folder: RunFolder, done: Forgotten) -> None:
    put(say_n("{run}: personal data removed ({n:n} file)", "{run}: personal data removed ({n:n} files)",
              done.removed, run=folder.path))  # fmt: skip
    put(counted.conservation(done.rows, done.counts))
    put(say_n("{n:n} id at the target kept in {file}", "{n:n} ids at the target kept in {file}",
              done.ids, file=folder.file("results.csv")))  # fmt: skip
    for name in done.others:
        put(say("not ours, left alone: {file}", file=folder.file(name)))
