"""Turn a target into an empty workbook or CSV, ready to be filled in."""

from __future__ import annotations

from pathlib import Path

import click

from pipeline.cli import complete
from pipeline.cli.help import Command
from pipeline.cli.talk import put, put_json
from pipeline.errors import Misuse
from pipeline.language import say, spoken
from pipeline.language.system import why
from pipeline.shellwords import command as command_line


@click.command("template", cls=Command, short_help="Write an empty workbook or CSV with a target's columns.")
@click.argument("target", metavar="TARGET", shell_complete=complete.targets)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="FILE.xlsx or FILE.csv.  [default: TARGET-template.xlsx]",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing.")
def command(target: str, output: Path | None, as_json: bool, quiet: bool) -> int:
    """Write a template for TARGET (piriod or dayzero); filled in, it imports with no mapping.

    \b
    Examples:
      customer-import template piriod
      customer-import template dayzero -o clientes.csv --lang es
    """
    from pipeline import targets, template
    from pipeline.handoff import Catalogue

    chosen = targets.load(target)
    path = output or Path(f"{chosen.name}-template.xlsx")
    if path.suffix.lower() not in (".xlsx", ".csv"):
        raise Misuse(
            say("{file} is neither .xlsx nor .csv", file=path), say("Name the file with one of these endings.")
        )
    if path.exists():
        raise Misuse(say("{file} exists already", file=path), say("Name another file with -o, or remove that one."))
    try:
        template.build(chosen, path, spoken(), Catalogue())
    except OSError as error:
        wrong = say("cannot write {file}: {why}", file=path, why=why(error))
        raise Misuse(wrong, say("Name another file with -o.")) from error
    if as_json:
        put_json("template", {"target": chosen.name, "file": str(path), "lang": spoken()})
    elif not quiet:
        further = command_line("run", str(path), "--to", chosen.name, "--dry-run")
        put(f"{path}\n{say('next: fill it in, then: {command}', command=further)}")
    return 0
