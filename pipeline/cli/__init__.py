"""Turn the command line into calls of the flow, and what comes of them into words and exit codes.

Only this package prints, exits and reads the environment. A command is imported when it is used, so that
`--help` stays quick.
"""

from __future__ import annotations

import sys
import traceback
from importlib import import_module
from importlib.metadata import version

import click

from pipeline.cli import configuration
from pipeline.errors import BrokenInvariant, Stop

COMMANDS = {
    "run": "read a customer list, check it, and push it to a target",
    "push": "execute a reviewed dry run, or go on with an interrupted run",
    "status": "what became of every row, so far",
    "review": "correct the rows that are not in, and push them, on a page in the browser",
    "undo": "put updated customers back to what they were; list the created ones",
    "forget": "remove the personal data of a finished run, keep counts and ids",
    "inspect": "what was detected in a file, and how its columns are mapped",
    "template": "write an empty workbook or CSV with a target's columns",
    "bundle": "write what can be attached to a bug report: shapes, no text",
    "login": "store a target's secrets in the system's keyring",
    "logout": "remove them from there",
    "targets": "the targets, their fields and limits, and the secrets they need",
    "schema": "the JSON Schema of what a command prints with --json",
    "sandbox": "the local stand-in for both APIs",
}

PLAIN = ("sandbox", "schema")
"""Commands that read no configuration."""


class _Lazy(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command = import_module(f"{__name__}.{name}").command
        assert isinstance(command, click.Command)
        return command if name in PLAIN else configuration.prepared(command)

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        from difflib import get_close_matches

        name = args[0] if args else ""
        if name not in COMMANDS and not name.startswith("-"):
            near = get_close_matches(name, COMMANDS, 1)
            ctx.fail(f"there is no command {name!r}." + (f" Did you mean {near[0]!r}?" if near else ""))
        return super().resolve_command(ctx, args)


@click.group(
    cls=_Lazy,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Try it, with no account: customer-import run samples/piriod-clientes.xlsx --to piriod --sandbox",
)
@click.version_option(version("customer-import"), prog_name="customer-import")
def group() -> None:
    """Move customer lists out of spreadsheets into billing systems: never twice, never lost."""


def main(argv: list[str] | None = None) -> None:
    """Run the command line; ends the process with the exit code of the contract."""
    sys.exit(call(argv))


def call(argv: list[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    wants_json = "--json" in (sys.argv[1:] if argv is None else argv)
    try:
        code = group.main(argv, prog_name="customer-import", standalone_mode=False)
        _forget_printed()
        return code if isinstance(code, int) else 0
    except click.ClickException as error:
        error.show()
        _tell(2, error.format_message(), "", wants_json=wants_json)
        return 2
    except Stop as stop:
        complain(stop)
        _tell(stop.exit_code, stop.message, stop.remedy, wants_json=wants_json)
        return stop.exit_code
    except (KeyboardInterrupt, click.Abort):
        _tell(130, "interrupted", "customer-import push latest", wants_json=wants_json)
        click.echo(
            "\ninterrupted; nothing is lost. An interrupted push goes on with: customer-import push latest", err=True
        )
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 1
    except Exception:  # noqa: BLE001 - the last line of defence: a bug is said as one
        click.echo(traceback.format_exc(), err=True)
        click.echo("This is a bug of the importer; please report it with the lines above.", err=True)
        _tell(
            BrokenInvariant.exit_code,
            "a bug of the importer; see stderr",
            "customer-import bundle latest",
            wants_json=wants_json,
        )
        return BrokenInvariant.exit_code


def _tell(code: int, message: str, remedy: str, *, wants_json: bool) -> None:
    """Tell programs why a command stopped: as an event, and as JSON where no result was printed."""
    from pipeline.cli import events, talk

    events.put("stop", exit_code=code)
    events.end()
    if wants_json and not talk.PRINTED:
        talk.put_json("stop", {"exit_code": code, "message": message, "remedy": remedy})
    _forget_printed()


def _forget_printed() -> None:
    """Begin anew, for a second call in this process."""
    if told := sys.modules.get("pipeline.cli.talk"):
        told.PRINTED.clear()
    if events := sys.modules.get("pipeline.cli.events"):
        events.end()


def complain(stop: Stop) -> None:
    """Say why the run stopped, and what to type next."""
    click.echo(f"{click.style('stopped', fg='red', bold=True)}: {stop.message}", err=True)
    if stop.remedy:
        click.echo(f"  → {stop.remedy}", err=True)
