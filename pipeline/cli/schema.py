"""Turn a kind of document into its JSON Schema."""

from __future__ import annotations

import click

from pipeline.cli.help import Command
from pipeline.cli.talk import put, put_document
from pipeline.documents import KINDS


@click.command("schema", cls=Command, short_help="The JSON Schema of what a command prints with --json.")
@click.argument("kind", metavar="[KIND]", required=False, type=click.Choice(list(KINDS)))
@click.option("--json", "as_json", is_flag=True, help="The list of kinds as JSON too.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but the schema.")
def command(kind: str | None, as_json: bool, quiet: bool) -> int:
    """List the documents that commands print with --json (and `event`, a line of --events), or print one's JSON Schema.

    \b
    Examples:
      customer-import schema
      customer-import schema run > run.schema.json
    """
    if kind is not None:
        put_document(KINDS[kind].model_json_schema())
    elif as_json:
        put_document({name: model.model_json_schema() for name, model in KINDS.items()})
    elif not quiet:
        for name, model in KINDS.items():
            put(f"{name:<10} {(model.__doc__ or '').splitlines()[0]}")
    return 0
