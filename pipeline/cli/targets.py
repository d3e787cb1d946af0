"""Turn the targets into a list, a table of fields, or JSON Schema; and try their credentials."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from pipeline.cli import complete, configuration, counted
from pipeline.cli.help import Command
from pipeline.cli.talk import put, put_document, put_json
from pipeline.errors import Misuse, Unavailable
from pipeline.language import number, say, spoken
from pipeline.options import Server

if TYPE_CHECKING:
    from pipeline.targets.interface import Target


@click.command("targets", cls=Command, short_help="The targets, their fields and limits, and the secrets they need.")
@click.argument("target", metavar="[TARGET]", shell_complete=complete.targets, required=False)
@click.option("--json", "as_json", is_flag=True, help="JSON Schema of TARGET, or the list as JSON.")
@click.option("--check", is_flag=True, help="Try the credentials (reads only).")
@click.option("--test-mode", is_flag=True, help="Check against Piriod's test data.")
@click.option("--base-url", metavar="URL", help="Another server for the target.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing.")
def command(target: str | None, as_json: bool, check: bool, test_mode: bool, base_url: str | None, quiet: bool) -> int:
    """List the targets; with TARGET its fields, limits and secrets.

    \b
    Examples:
      customer-import targets
      customer-import targets piriod --check
      customer-import targets dayzero --json > dayzero.schema.json
    """
    import anyio

    from pipeline import targets
    from pipeline.cli import environment

    if target is None and check:
        target = configuration.current().values.get("to")
        if target is None:
            raise Misuse(say("--check tries one target"), say("Name it: customer-import targets TARGET --check"))
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
            known = say("an unknown number of customers") if customers is None else counted.customers(customers)
            put(say("{target} at {url}: token and workspace work ({customers} there)",
                    target=chosen.title, url=server.base_url, customers=known))  # fmt: skip
            for variable, place in places.items():
                where = environment.in_words(place)
                put(f"  {variable:<22} {where}{f': {workspace}' if variable == chosen.workspace else ''}")
    elif as_json:
        put_document(chosen.record.model_json_schema())
    elif not quiet:
        _show(chosen)
    return 0


async def _try(target: Target, server: Server) -> int | None:
    from pipeline.client import Failed, Patience, connect
    from pipeline.pace import Limiter

    headers = target.headers(server.secrets, server.kind == "test")
    pace, private = Limiter(target.pace.rate), server.private(target)
    async with connect(server.base_url, headers, pace, Patience(retries=1), 1, private) as client:
        try:
            return target.page(await client.read(target.search({}, None))).total
        except Failed as error:
            raise Unavailable(
                say(
                    "{target} at {url} does not answer as expected: {why}",
                    target=target.title,
                    url=server.base_url,
                    why=error,
                ),
                say("Check the address, the token and the workspace."),
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
    put(say("pace: {rate} requests a second, {count} at a time",
            rate=number(target.pace.rate), count=target.pace.concurrency))  # fmt: skip
    for note in target.notes:
        put(f"  {say(note)}")
    put(say("secrets (environment or .env):"))
    for secret in target.secrets:
        put(f"  {secret.variable:<22} {say(secret.help)}")
    identities = say(", else ").join(" + ".join(i.fields) for i in target.identities)
    put(say("the same customer: {fields}", fields=identities))
    put(say("fields:"))
    for name, field in schema.fields(target.record).items():
        limits = [
            say("required") if field.required else "",
            say("up to {n} characters", n=field.max_length) if field.max_length else "",
            " | ".join(field.choices), "" if field.sent else say("not sent"),
        ]  # fmt: skip
        told = field.column.help_es if spoken() == "es" else field.column.help
        put(f"  {name:<24} {told} {'(' + ', '.join(p for p in limits if p) + ')' if any(limits) else ''}".rstrip())
