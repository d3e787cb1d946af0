"""Turn flags into options: the ones that several commands share, and how their values are read."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from pipeline.cli import complete, details
from pipeline.errors import Misuse
from pipeline.language import say, spoken
from pipeline.options import PushOptions, error_limit

Command = TypeVar("Command", bound=Callable[..., Any])


def pairs(texts: tuple[str, ...], flag: str) -> dict[str, str]:
    """Read `NAME=VALUE` texts; the last `=` of a --map separates, as headers may hold one.

    Raises:
        Misuse: a text has no `=`, or octets that are no text.
    """
    found: dict[str, str] = {}
    for text in texts:
        if re.search("[\ud800-\udfff]", text):  # how Python keeps octets that the terminal's encoding does not have
            raise Misuse(
                say("{value} is not understood", value=f"{flag} {text!r}"),
                say("Some of it is no UTF-8 text: set the terminal to UTF-8, and type it again."),
            )
        name, equals, value = text.rpartition("=") if flag == "--map" else text.partition("=")
        if not equals or not name.strip():
            wanted = say('"SOURCE HEADER=field"') if flag == "--map" else say("FIELD=VALUE")
            raise Misuse(
                say("{value} is not understood", value=f"{flag} {text!r}"),
                say("Write it like {example}.", example=f"{flag} {wanted}"),
            )
        found[name.strip()] = value.strip()
    return found


def rate(text: str | None) -> float | None:
    """Read `10`, `10/s`, `600/min`; 0 means no limit.

    Raises:
        Misuse: it is no rate.
    """
    if text is None:
        return None
    number, _, unit = text.partition("/")
    per = {"": 1, "s": 1, "sec": 1, "min": 60, "m": 60, "h": 3600}.get(unit.strip())
    try:
        value = float(number)
    except ValueError:
        per = None
    if per is None or not 0 <= value < float("inf"):
        raise Misuse(
            say("{value} is no pace", value=f"--rate {text!r}"), say("Write it like {example}.", example="--rate 10/s")
        )
    return value / per


def country_code(text: str | None) -> str | None:
    """Read `CL` or `cl`, as ISO 3166-1 alpha-2; `UK` is GB, as in cells.

    Raises:
        Misuse: no country has it. Unnoticed, no tax id would be required of anybody.
    """
    if text is None:
        return None
    from pipeline.columns import countries

    codes = countries.find(text) if re.fullmatch("[A-Za-z]{2}", text) else frozenset()
    if len(codes) != 1:
        raise Misuse(
            say("{value} is no ISO code", value=f"--account-country {text!r}"),
            say("Write two letters, for example --account-country CL."),
        )
    return next(iter(codes))


def currency_code(text: str | None) -> str | None:
    """Read `CLP` or `clp`, as ISO 4217.

    Raises:
        Misuse: no currency has it. Unnoticed, every limit in the account's own currency would be refused.
    """
    if text is None:
        return None
    from pipeline.columns import currencies

    if text.upper() in currencies.codes():
        return text.upper()
    raise Misuse(
        say("{value} is no ISO code", value=f"--business-currency {text!r}"),
        say("Write three letters, for example --business-currency CLP."),
    )


def reading(command: Command) -> Command:
    """The flags that overrule what was detected in a source."""
    for option in reversed((
        click.option("--sheet", metavar="NAME", help="Sheet of the workbook."),
        click.option(
            "--header-row", type=click.IntRange(0), metavar="N",
            help="Row of the header, as a spreadsheet shows it (0: there is none).",
        ),
        click.option("--encoding", shell_complete=complete.encodings, metavar="E", help="Encoding of a text file, for example cp1252."),
        click.option("--delimiter", shell_complete=complete.delimiters, metavar="D", help="Delimiter of a text file (tab for a tab)."),
        click.option("--mapping", "mapping_file", type=click.Path(dir_okay=False), metavar="FILE", help="Mapping file (TOML)."),
        click.option(
            "--map", "assigned", multiple=True, metavar='"HEADER=field"', shell_complete=complete.mappings,
            help="Map one column; an empty field leaves it out.",
        ),
        click.option(
            "--set", "constants", multiple=True, metavar="FIELD=VALUE", shell_complete=complete.assignments,
            help="A constant for every row.",
        ),
        click.option(
            "--default", "defaults", multiple=True, metavar="FIELD=VALUE", shell_complete=complete.assignments,
            help="A value for blank cells.",
        ),
        click.option("--preset", shell_complete=complete.presets, metavar="NAME", help="Read the file as an export of this system."),
    )):  # fmt: skip
        command = option(command)
    return command


def pacing(command: Command) -> Command:
    """The flags of pace, patience and stopping."""
    for option in reversed((
        click.option("--rate", metavar="N/s", help="Requests a second (0: no limit).  [default: the target's]"),
        click.option("--concurrency", type=click.IntRange(1, 256), metavar="N", help="Requests at the same time."),
        click.option("--max-retries", type=click.IntRange(0, 100), default=5, show_default=True, metavar="N", help="Repeats of what is safe."),
        click.option("--timeout", type=click.FloatRange(0.1, 3600), metavar="S", help="Seconds to wait for an answer."),
        click.option("--settle", type=click.FloatRange(0, 86400), metavar="S", help="Seconds until 'not there' counts.  [default: timeout + 60]"),
        click.option("--max-errors", metavar="N|N%", help="Stop when so many rows were refused or failed."),
        click.option("--canary", type=click.IntRange(1), metavar="N", help="Push N rows, stop, show them."),
        click.option("--bulk", is_flag=True, help="DayZero: upload new customers as CSV, many in a request, where that is safe."),
        click.option("--bulk-rows", type=click.IntRange(1, 100_000), metavar="N", help="Rows of one upload.  [default: 500]"),
        click.option("--bulk-part", metavar="NAME", help="Name of the form's part that holds the CSV.  [default: file]"),
        click.option("--yes", is_flag=True, help="Ask nothing."),
        click.option("--raw-csv", is_flag=True, help="Leave cells that begin like a formula as they are."),
        click.option("-q", "--quiet", is_flag=True, help="Nothing but the result, and errors."),
        details.option,
        click.option("--json", "as_json", is_flag=True, help="Print the result as JSON."),
        click.option("--base-url", metavar="URL", help="Another server for the target."),
    )):  # fmt: skip
        command = option(command)
    return command


def retries(given: dict[str, Any]) -> int | None:
    """`--max-retries`, where somebody says it, in whatever way."""
    said = click.get_current_context().get_parameter_source("max_retries")
    return None if said is ParameterSource.DEFAULT else given["max_retries"]


def push_options(given: dict[str, Any]) -> PushOptions:
    """The push options among `given`.

    Raises:
        Misuse: one of them cannot be read; said before anything else is done.
    """
    error_limit(given["max_errors"], 0)
    if not given["bulk"] and (given["bulk_rows"] or given["bulk_part"]):
        raise Misuse(say("--bulk-rows and --bulk-part say how --bulk uploads"), say("Add {flag}.", flag="--bulk"))
    return PushOptions(
        rate=rate(given["rate"]), concurrency=given["concurrency"], max_retries=retries(given),
        timeout=given["timeout"], settle=given["settle"], max_errors=given["max_errors"], canary=given["canary"],
        raw_csv=given["raw_csv"], lang=spoken(), bulk=given["bulk"], bulk_rows=given["bulk_rows"],
        bulk_part=given["bulk_part"],
    )  # fmt: skip
