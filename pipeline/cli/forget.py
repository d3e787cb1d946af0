"""Turn `customer-import forget` into a run folder without personal data."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli import complete, runlog
from pipeline.cli.help import Command
from pipeline.cli.talk import agrees, count, put, put_json, talk
from pipeline.errors import Interrupted, Misuse
from pipeline.folder import RunFolder

if TYPE_CHECKING:
    from pipeline.forget import Forgotten

OUT = ("invalid", "rejected")


@click.command("forget", cls=Command, short_help="Remove the personal data of a finished run, keep counts and ids.")
@click.argument("run", metavar="RUN", shell_complete=complete.runs)
@click.option(
    "--unfinished", is_flag=True, help="Also where rows may still change: nobody can then find out what became of them."
)
@click.option("--yes", is_flag=True, help="Ask nothing.")
@click.option("--quiet", is_flag=True, help="No talk.")
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
    from pipeline.cli.finish import conservation

    if as_json:
        content = {"run": str(folder.path), "rows": told["rows"], "counts": told["counts"], "pushed": True, "causes": [],
                   "forgotten": told["forgotten"]}  # fmt: skip
        put_json("status", content)
    elif not quiet:
        put(f"{folder.path}: {told['target']}, {told['mode']}, its personal data was removed on {told['forgotten']}")
        put(conservation(told["rows"], told["counts"]))
        put(f"{count(told['ids'], 'id')} at the target: {folder.file('results.csv')}")
    return 1 if any(told["counts"].get(name) for name in (*forget.UNFINISHED, *OUT) if name != "ready") else 0


def _confirm(folder: RunFolder, counts: dict[str, int]) -> None:
    out = sum(counts.get(name, 0) for name in OUT)
    lines = [
        f"{folder.path}: the text of {count(sum(counts.values()), 'row')} will be removed from this folder, for good"
    ]
    if out:
        lines.append(
            f"  {count(out, 'row')} of them not in: to correct them later you need the source file, or a copy of errors.xlsx"
        )
    talk("\n".join(lines))
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise Misuse(
            "this needs an answer, and nobody is at a terminal", f"Type: customer-import forget {folder.path} --yes"
        )
    if not agrees("Go ahead?"):
        raise Interrupted("nothing was removed", "")


def _show(folder: RunFolder, done: Forgotten) -> None:
    from pipeline.cli.finish import conservation

    put(f"{folder.path}: personal data removed ({count(done.removed, 'file')})")
    put(conservation(done.rows, done.counts))
    put(f"{count(done.ids, 'id')} at the target kept in {folder.file('results.csv')}")
    for name in done.others:
        put(f"not ours, left alone: {folder.file(name)}")
