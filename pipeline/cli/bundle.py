"""Turn `customer-import bundle` into a zip file that can be attached to a bug report."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from pipeline.cli import complete, runlog
from pipeline.cli.help import Command
from pipeline.cli.talk import put, put_json, talk
from pipeline.language import say


@click.command("bundle", cls=Command, short_help="Write what can be attached to a bug report: shapes, no text.")
@click.argument("run", metavar="RUN", shell_complete=complete.runs, default="latest")
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
    help="The zip file.  [default: customer-import-bundle-TIME.zip]",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.option("-q", "--quiet", is_flag=True, help="No talk.")
def command(run: str, output: Path | None, as_json: bool, quiet: bool) -> int:
    """Write a zip file about RUN (a run folder, or latest) in which every letter is an x and every digit a 9.

    It has the problems, versions and decisions of the run; no name, identifier, own header or secret is in it.

    \b
    Examples:
      customer-import bundle latest
      customer-import bundle runs/clientes-piriod-20261121T093000Z -o bug.zip
    """
    from pipeline import bundle

    folder = runlog.find(run)
    path = output or Path(f"customer-import-bundle-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.zip")
    files = bundle.write(folder, path)
    if as_json:
        put_json("bundle", {"run": str(folder.path), "file": str(path), "files": files})
    elif not quiet:
        put(f"{path}: {', '.join(files)}")
    talk(
        say("every letter is an x and every digit a 9; look into it before you attach it to a bug report"), quiet=quiet
    )
    return 0
