"""Turn the targets into a list, a table of fields, or JSON Schema; and try their credentials."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from pipeline.cli import complete, configuration
from pipeline.cli.help import Command
from pipeline.cli.talk import put, put_document, put_json
from pipeline.errors import Misuse, Unavailable
from pipeline.options import Server

if TYPE_CHECKING:
    from pipeline.targets.interface import Target


@click.command("targets", cls=Command, short_help="The targets, their fields and limits, and the secrets they need.")
@click.argument("target", metavar="[TARGET]", shell_complete=complete.targets, required=False)
@click.option("--json", "as_json", is_flag=True, help="JSON Schema of TARGET, or the list as JSON.")
@click.option("--check", is_flag=True, help="Try the credentials (reads only).")
@click.option("--test-mode", is_flag=True, help="Check against Piriod's test data.")
@click.option("--base-url", metavar="URL", help="Another server for the target.")
@click.option("--quiet", is_flag=True, help="Print nothing.")
def command(target: str | None, as_json: bool, check: bool, test_mode: bool, base_url: str | None, quiet: bool) -> int:
    """List the targets; with TARGET its fields, limits and secrets."""
    import anyio

    from pipeline import targets
    from pipeline.cli import environment

    if target is None and check:
        target = configuration.current().values.get("to")
        if target is None:
            raise Misuse("--check tries one target", "Name it: customer-import targets TARGET --check")
    if target is None:
        found = [targets.load(name) for name in targets.names()]
        if as_json:
            put_json("targets", {"targets": [_facts(t) for t in found]})
        else:
            for one in found:
                put(f"{one.name:<10} {one.title:<10} {one.base_url}  {', '.join(s.variable for s in one.secrets)}")
        return 0
    chosen = targets.load(target)
    if check:
        server = environment.demand(chosen, environment.remote(chosen, base_url, test_mode=test_mode))
        customers = anyio.run(_try, chosen, server)
        places = environment.places(chosen)
        workspace = server.secrets.get(chosen.workspace)
        if as_json:
            put_json("check", {"target": chosen.name, "base_url": server.base_url, "ok": True, "customers": customers,
                               "workspace": workspace, "secrets": places})  # fmt: skip
        elif not quiet:
            known = f"{customers:,} customers" if customers is not None else "an unknown number of customers"
            put(f"{chosen.title} at {server.base_url}: token and workspace work ({known} there)")
            for variable, place in places.items():
                put(f"  {variable:<22} {place}{f': {workspace}' if variable == chosen.workspace else ''}")
    elif as_json:
        put_document(chosen.record.model_json_schema())
    elif not quiet:
        _show(chosen)
    return 0


async def _try(target: Target, server: Server) -> int | None:
    from pipeline.client import Failed, Patience, connect
    from pipeline.pace import Limiter

    headers = target.headers(server.secrets, server.kind == "test")
    async with connect(server.base_url, headers, Limiter(target.pace.rate), Patience(retries=1), 1) as client:
        try:
            return target.page(await client.read(target.search({}, None))).total
        except Failed as error:
            raise Unavailable(
                f"{target.title} at {server.base_url} does not answer as expected: {error}",
                "Check the address, the token and the workspace.",
            ) from error


def _facts(target: Target) -> dict[str, Any]:
    return {
        "name": target.name, "title": target.title, "base_url": target.base_url, "rate": target.pace.rate,
        "concurrency": target.pace.concurrency,
        "secrets": [{"variable": s.variable, "help": s.help} for s in target.secrets],
        "identity": [list(i.fields) for i in target.identities],
    }  # fmt: skip


def _show(target: Target) -> None:
    from pipeline import schema

    put(f"{target.title}, {target.base_url}")
    put(f"pace: {target.pace.rate:g} requests a second, {target.pace.concurrency} at a time")
    for note in target.notes:
        put(f"  {note}")
    put("secrets (environment or .env):")
    for secret in target.secrets:
        put(f"  {secret.variable:<22} {secret.help}")
    put(f"the same customer: {', else '.join(' + '.join(i.fields) for i in target.identities)}")
    put("fields:")
    for name, field in schema.fields(target.record).items():
        limits = [
            "required" if field.required else "", f"up to {field.max_length} characters" if field.max_length else "",
            " | ".join(field.choices), "" if field.sent else "not sent",
        ]  # fmt: skip
        put(
            f"  {name:<24} {field.column.help} {'(' + ', '.join(p for p in limits if p) + ')' if any(limits) else ''}".rstrip()
        )
