"""Turn a file into what was detected in it: encoding, delimiter, sheet, header row, and column -> field."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import click

from pipeline import mapping, targets
from pipeline.cli import flags
from pipeline.cli.talk import Bar, put_json, talk
from pipeline.errors import Misuse
from pipeline.options import RunOptions
from pipeline.sources import Source, open_sources

EXAMPLES = 3
WIDTH = 24


@click.command("inspect", short_help="What was detected in a file, and how its columns are mapped.")
@click.argument("source", metavar="SOURCE")
@click.option("--to", "target", default="piriod", show_default=True, metavar="T", help="The target to map to.")
@click.option(
    "--save",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the mapping as TOML, to be edited.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.option("--quiet", is_flag=True, help="No talk.")
@flags.reading
def command(source: str, target: str, save: Path | None, as_json: bool, quiet: bool, **given: Any) -> int:
    """Show what was detected in SOURCE, and which column goes into which field; nothing is sent.

    \b
    Examples:
      customer-import inspect clientes.csv --to piriod
      customer-import inspect clientes.csv --to piriod --save mapping.toml
    """
    chosen = targets.load(target)
    options = RunOptions(
        sources=(source,), target=chosen.name, sheet=given["sheet"], header_row=given["header_row"],
        encoding=given["encoding"], delimiter="\t" if given["delimiter"] in ("tab", "\\t") else given["delimiter"],
        mapping_file=Path(given["mapping_file"]) if given["mapping_file"] else None,
        assigned=flags.pairs(given["assigned"], "--map"), constants=flags.pairs(given["constants"], "--set"),
        defaults=flags.pairs(given["defaults"], "--default"), preset=given["preset"],
    )  # fmt: skip
    scratch = Path(tempfile.mkdtemp(prefix="customer-import-"))
    try:
        found = open_sources(options, chosen, scratch, Bar(quiet=quiet))[0]
        examples = _examples(found)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    if save is not None:
        if save.exists():
            raise Misuse(f"{save} exists already", "Name another file with --save, or remove that one.")
        mapping.write_file(save, found.mapping, found.sheet.headers)
        talk(
            f"the mapping is in {save}; use it with: customer-import run {source} --to {target} --mapping {save}",
            quiet=quiet,
        )
    if as_json:
        put_json("inspect", _content(found, examples))
    else:
        _show(found, examples, chosen)
    return 2 if found.mapping.missing else 0


def _examples(found: Source) -> list[list[str]]:
    first = next(iter(found.sheet.batches(200))).cells
    return [
        first[f"c{i}"].drop_nulls().unique(maintain_order=True).head(EXAMPLES).to_list()
        for i in range(len(found.sheet.headers))
    ]


def _content(found: Source, examples: list[list[str]]) -> dict[str, Any]:
    facts = found.sheet.facts
    return {
        "source": {"encoding": facts.encoding, "delimiter": facts.delimiter, "sheet": facts.sheet,
                   "header_row": facts.header_row, "rows": facts.rows, "notes": list(facts.notes)},
        "preset": found.mapping.preset,
        "columns": [{"header": c.header, "field": c.field, "how": c.how, "reason": c.reason, "examples": examples[c.index]}
                    for c in found.mapping.choices],
        "compose": dict(found.mapping.compose),
        "missing": list(found.mapping.missing),
        "notes": list(found.mapping.notes),
    }  # fmt: skip


def _show(found: Source, examples: list[list[str]], target: Any) -> None:
    facts = found.sheet.facts
    detected = [facts.name, facts.kind, facts.encoding, f"delimiter {facts.delimiter!r}" if facts.delimiter else None,
                f"sheet {facts.sheet}" if facts.sheet else None, f"header in row {facts.header_row}",
                f"{facts.rows:,} rows" if facts.rows is not None else None]  # fmt: skip
    click.echo(", ".join(part for part in detected if part))
    for note in (*facts.notes, *found.mapping.notes):
        click.echo(f"  {note}")
    if found.mapping.preset:
        click.echo(f"this is a {found.mapping.preset} export")
    parts = {i: name for name, indexes in found.mapping.parts.items() for i in indexes}
    for c in found.mapping.choices:
        goal = c.field or (f"{parts[c.index]} (part)" if c.index in parts else "-")
        why = f"{c.how}{': ' + c.reason if c.reason else ''}"
        click.echo(f"  {_cut(c.header or '(no name)', WIDTH):<{WIDTH}} {goal:<24} {_cut(why, 28)}")
        shown = " | ".join(examples[c.index])
        if shown:
            click.echo(click.style(f"      {_cut(' '.join(shown.split()), 72)}", dim=True))
    for name, pattern in found.mapping.compose.items():
        click.echo(f"  {name} = {pattern}")
    if found.mapping.missing:
        message, remedy = mapping.missing_message(found.mapping, target.record)
        click.echo(f"missing: {message}\n  → {remedy}")


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
