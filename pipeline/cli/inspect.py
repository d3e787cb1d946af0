"""Turn a file into what was detected in it: encoding, delimiter, sheet, header row, and column -> field."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import click

from pipeline.cli import complete, configuration, flags
from pipeline.cli.help import Command
from pipeline.cli.talk import put, put_json, talk
from pipeline.errors import Misuse
from pipeline.language import say
from pipeline.options import RunOptions
from pipeline.shellwords import command as command_line

ROWS = 200
"""So many rows are read for the examples."""


@click.command("inspect", cls=Command, short_help="What was detected in a file, and how its columns are mapped.")
@click.argument("source", shell_complete=complete.sources, metavar="SOURCE")
@click.option(
    "--to",
    "target",
    shell_complete=complete.targets,
    default="piriod",
    show_default=True,
    metavar="T",
    help="The target to map to.",
)
@click.option(
    "--save",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the mapping as TOML, to be edited.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.option("-q", "--quiet", is_flag=True, help="Nothing but the result, and errors.")
@flags.reading
def command(source: str, target: str, save: Path | None, as_json: bool, quiet: bool, **given: Any) -> int:
    """Show what was detected in SOURCE, and which column goes into which field; nothing is sent.

    \b
    Examples:
      customer-import inspect clientes.csv --to piriod
      customer-import inspect clientes.csv --to piriod --save mapping.toml
    """
    import polars as pl

    from pipeline import mapping, targets
    from pipeline.cli import inspected
    from pipeline.cli.bar import Bar
    from pipeline.sources import open_sources

    chosen = targets.load(target)
    options = RunOptions(
        sources=(source,), target=chosen.name, sheet=given["sheet"], header_row=given["header_row"],
        encoding=given["encoding"], delimiter="\t" if given["delimiter"] in ("tab", "\\t") else given["delimiter"],
        mapping_file=Path(given["mapping_file"]) if given["mapping_file"] else None,
        assigned=flags.pairs(configuration.joined("map", given["assigned"]), "--map"),
        constants=flags.pairs(configuration.joined("set", given["constants"]), "--set"),
        defaults=flags.pairs(configuration.joined("default", given["defaults"]), "--default"), preset=given["preset"],
    )  # fmt: skip
    scratch = Path(tempfile.mkdtemp(prefix="customer-import-"))
    try:
        found = open_sources(options, chosen, scratch, Bar(quiet=quiet))[0]
        cells = next((b.cells for b in found.sheet.batches(ROWS)), pl.DataFrame({"row": []}))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    if save is not None:
        if save.exists():
            raise Misuse(
                say("{file} exists already", file=save), say("Name another file with --save, or remove that one.")
            )
        mapping.write_file(save, found.mapping, found.sheet.headers, found.file)
        further = command_line("run", source, "--to", target, "--mapping", str(save))
        talk(say("the mapping is in {file}; use it with: {command}", file=save, command=further), quiet=quiet)
    if as_json:
        put_json("inspect", inspected.content(found, cells))
    else:
        for line in inspected.page(found, cells, chosen):
            put(line)
    return 2 if found.mapping.missing else 0
