"""Turn a target into an empty workbook or CSV, ready to be filled in."""

from __future__ import annotations

from pathlib import Path

import click

from pipeline import targets, template
from pipeline.cli.talk import put_json
from pipeline.errors import Misuse
from pipeline.handoff import Catalogue


@click.command("template", short_help="Write an empty workbook or CSV with a target's columns.")
@click.argument("target", metavar="TARGET")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="FILE.xlsx or FILE.csv.  [default: TARGET-template.xlsx]",
)
@click.option(
    "--lang",
    type=click.Choice(["en", "es"]),
    default="en",
    show_default=True,
    help="Language of the headers and the help.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.option("--quiet", is_flag=True, help="Print nothing.")
def command(target: str, output: Path | None, lang: str, as_json: bool, quiet: bool) -> int:
    """Write a template for TARGET (piriod or dayzero); filled in, it imports with no mapping."""
    chosen = targets.load(target)
    path = output or Path(f"{chosen.name}-template.xlsx")
    if path.suffix.lower() not in (".xlsx", ".csv"):
        raise Misuse(f"{path} is neither .xlsx nor .csv", "Name the file with one of these endings.")
    if path.exists():
        raise Misuse(f"{path} exists already", "Name another file with -o, or remove that one.")
    try:
        template.build(chosen, path, lang, Catalogue())
    except OSError as error:
        raise Misuse(f"cannot write {path}: {error.strerror}", "Name another file with -o.") from error
    if as_json:
        put_json("template", {"target": chosen.name, "file": str(path), "lang": lang})
    elif not quiet:
        click.echo(f"{path}\nnext: fill it in, then: customer-import run {path} --to {chosen.name} --dry-run")
    return 0
