"""Turn `customer-import run` into a finished run, or into a dry run that `push` executes later."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from pipeline.cli import complete, configuration, events, flags, memory
from pipeline.cli.help import Command
from pipeline.cli.talk import talk
from pipeline.errors import Misuse
from pipeline.language import say, say_n
from pipeline.options import RunOptions, Server


@click.command("run", cls=Command, short_help="Read a customer list, check it, and push it to a target.")
@click.argument("sources", shell_complete=complete.sources, nargs=-1, required=True, metavar="SOURCE...")
@click.option(
    "--to",
    "target",
    shell_complete=complete.targets,
    metavar="TARGET",
    help="piriod or dayzero; an error file goes where its run went.",
)
@click.option("--dry-run", is_flag=True, help="Stop after planning; `push RUN` executes the plan as it was reviewed.")
@click.option("--offline", is_flag=True, help="Send no request at all (with --dry-run).")
@click.option("--sandbox", "use_sandbox", is_flag=True, help="Push to the embedded sandbox; no credentials needed.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Run folder (new or empty; with an error file: its run's).",
)
@flags.reading
@click.option("--decimal", type=click.Choice([",", "."]), help="What separates the decimals of amounts.")
@click.option(
    "--date-order",
    type=click.Choice(["dmy", "mdy", "ymd"]),
    help="Order of day, month and year; for targets that have dates.",
)
@click.option("--account-country", metavar="CC", help="The account's own country (ISO code).")
@click.option("--business-currency", metavar="CCC", help="The account's own currency (ISO code).")
@click.option(
    "--states",
    "states_file",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="State catalogue to use instead of the target's.",
)
@click.option(
    "--on-existing",
    type=click.Choice(["skip", "update", "error"]),
    default="skip",
    show_default=True,
    help="The customer is at the target already.",
)
@click.option(
    "--match", shell_complete=complete.fields, metavar="FIELD[,FIELD]", help="What makes two customers the same."
)
@click.option(
    "--duplicates",
    type=click.Choice(["error", "first", "last", "all"]),
    default="error",
    show_default=True,
    help="Rows of the same customer that differ.",
)
@click.option(
    "--blank",
    type=click.Choice(["keep", "clear"]),
    default="keep",
    show_default=True,
    help="What a blank cell does to an existing customer.",
)
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Read only the first N data rows.")
@click.option("--test-mode", is_flag=True, help="Piriod's test data.")
@click.option(
    "--once", is_flag=True, help="Do nothing where this very file was imported; go on where it was not finished."
)
@events.option
@flags.pacing
def command(**given: Any) -> int:
    """Read SOURCE (.csv .tsv .txt .xlsx .xls .ods ..., - for standard input), check every row, and push what is good.

    \b
    Examples:
      customer-import run clientes.xlsx --to piriod --dry-run
      customer-import run clientes.csv --to piriod --set country=CL --sandbox
      customer-import run a.xlsx b.xlsx --to dayzero --on-existing update
      customer-import run runs/clientes-piriod-20261121T093000Z/errors.xlsx
    """
    _get_ready(given["sources"], given["target"])
    from pipeline.cli import correction, environment, finish

    bar = events.bar(quiet=given["quiet"])
    if (code := correction.run(given, bar)) is not None:
        return code
    if given["target"] is None:
        correction.must_not_be_lost(given["sources"])
        raise Misuse(say("--to is missing: where are the customers to go?"), say("Add --to piriod or --to dayzero."))
    for line in configuration.told():
        bar.say(line)
    options = _options(given)
    pushing = flags.push_options(given)
    with _server(options, given) as server:
        if server is None and not options.dry_run:
            _files_first(options)
            environment.demand(_target(options.target), server)
        if given["once"]:
            from pipeline.cli import once

            if (code := once.settle(options, server, pushing, bar, given)) is not None:
                return code
        return finish.run(options, server, pushing, bar, given)


def _get_ready(sources: tuple[str, ...], target: str | None) -> None:
    """Settle what must be settled before the libraries are loaded.

    A short list needs fewer threads. A workbook will be read by another process, which may load its own libraries now.
    """
    from pipeline.read import cage
    from pipeline.read.source import BOOKS

    if target is not None:  # else it is an error file, which may be short where its run is not
        memory.settle_for(sources, BOOKS)
    if any(Path(source).suffix.lower() in BOOKS for source in sources):
        cage.get_ready()


def _files_first(options: RunOptions) -> None:
    """A file that is not there is said before anybody is sent for a token."""
    from pipeline.read import must_exist

    for source in options.sources:
        if source != "-":
            must_exist(Path(source))


def _target(name: str) -> Any:
    from pipeline import targets

    return targets.load(name)


def _options(given: dict[str, Any]) -> RunOptions:
    from pipeline.cli import environment

    if given["offline"] and not given["dry_run"]:
        raise Misuse(say("--offline sends nothing, so nothing can be pushed"), say("Add {flag}.", flag="--dry-run"))
    if given["offline"] and given["use_sandbox"]:
        raise _exclude("--offline", "--sandbox")
    target = _target(given["target"])
    if given["test_mode"] and not target.has_test_mode:
        raise Misuse(
            say("{target} has no test mode", target=target.title), say("Leave {flag} out.", flag="--test-mode")
        )
    return RunOptions(
        sources=given["sources"], target=target.name, out=given["out"], offline=given["offline"],
        base_url=environment.named(given["base_url"]), dry_run=given["dry_run"],
        sheet=given["sheet"], header_row=given["header_row"], encoding=given["encoding"],
        delimiter="\t" if given["delimiter"] in ("tab", "\\t") else given["delimiter"], limit=given["limit"],
        mapping_file=Path(given["mapping_file"]) if given["mapping_file"] else None,
        assigned=flags.pairs(configuration.joined("map", given["assigned"]), "--map"),
        constants=flags.pairs(configuration.joined("set", given["constants"]), "--set"),
        defaults=flags.pairs(configuration.joined("default", given["defaults"]), "--default"), preset=given["preset"], decimal=given["decimal"],
        date_order=given["date_order"],
        account_country=flags.country_code(given["account_country"]),
        business_currency=flags.currency_code(given["business_currency"]),
        states_file=Path(given["states_file"]) if given["states_file"] else None, on_existing=given["on_existing"],
        match=given["match"], duplicates=given["duplicates"], blank=given["blank"], test_mode=given["test_mode"],
    )  # fmt: skip


def _exclude(one: str, other: str) -> Misuse:
    return Misuse(say("{one} and {other} exclude each other", one=one, other=other), say("Leave one of them out."))


@contextlib.contextmanager
def _server(options: RunOptions, given: dict[str, Any]) -> Iterator[Server | None]:
    from pipeline.cli import environment

    target = _target(options.target)
    if options.offline:
        yield None
    elif given["use_sandbox"]:
        if given["base_url"]:
            raise _exclude("--sandbox", "--base-url")
        with environment.embedded(target, environment.sandbox_file(), options.account_country) as server:
            yield server
    else:
        server_or_none = environment.remote(target, given["base_url"], test_mode=options.test_mode)
        if server_or_none is None and options.dry_run:
            names = environment.missing(target, environment.secrets(target))
            talk(say_n("{n:n} secret not set ({names}): nothing is looked up at {target}.",
                       "{n:n} secrets not set ({names}): nothing is looked up at {target}.",
                       len(names), names=", ".join(names), target=target.title), quiet=given["quiet"])  # fmt: skip
        yield server_or_none
