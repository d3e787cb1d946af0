"""Turn the command line into calls of the flow, and what comes of them into words and exit codes.

Only this package prints, exits and reads the environment. A command is imported when it is used, so that
`--help` stays quick.
"""

from __future__ import annotations

import gc
import sys
import traceback
from importlib import import_module
from typing import TYPE_CHECKING

import click

from pipeline.cli import completion, details, failures, memory, runlog, talk, tongue, variables, wording
from pipeline.errors import Stop
from pipeline.language import later, say

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

PROGRAM = "customer-import"

COMMANDS = {
    "run": later("read a customer list, check it, and push it to a target"),
    "push": later("execute a reviewed dry run, or go on with an interrupted run"),
    "status": later("what became of every row, so far"),
    "review": later("correct the rows that are not in, and push them, on a page in the browser"),
    "undo": later("put updated customers back to what they were; list the created ones"),
    "forget": later("remove the personal data of a finished run, keep counts and ids"),
    "inspect": later("what was detected in a file, and how its columns are mapped"),
    "template": later("write an empty workbook or CSV with a target's columns"),
    "bundle": later("write what can be attached to a bug report: shapes, no text"),
    "login": later("store a target's secrets in the system's keyring"),
    "logout": later("remove them from there"),
    "targets": later("the targets, their fields and limits, and the secrets they need"),
    "completion": later("let the shell (bash, zsh, fish) complete what is typed"),
    "schema": later("the JSON Schema of what a command prints with --json"),
    "sandbox": later("the local stand-in for both APIs"),
}

SECTIONS = {
    later("Import"): ("run", "push", "status", "review", "undo", "forget"),
    later("Prepare"): ("inspect", "template", "targets", "sandbox"),
    later("Account"): ("login", "logout"),
    later("More"): ("bundle", "schema", "completion"),
}

PLAIN = ("sandbox", "schema", "completion")
"""Commands that read no variables."""


class _Lazy(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command = import_module(f"{__name__}.{name}").command
        assert isinstance(command, click.Command)
        return wording.told(variables.prepared(command, plain=name in PLAIN))

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        wide = max(map(len, COMMANDS)) + 2
        for title, names in SECTIONS.items():
            with formatter.section(say(title)):
                formatter.write_dl([(f"{name:<{wide - 2}}", say(COMMANDS[name])) for name in names])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The commands, which need not be imported for it."""
        from click.shell_completion import CompletionItem

        found = [CompletionItem(name, help=say(what)) for name, what in COMMANDS.items() if name.startswith(incomplete)]
        return found if incomplete[:1].isalpha() else [*found, *click.Command.shell_complete(self, ctx, incomplete)]

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        from difflib import get_close_matches

        name = args[0] if args else ""
        if name not in COMMANDS and not name.startswith("-"):
            near = get_close_matches(name, COMMANDS, 1)
            unknown = say("there is no command {name!r}.", name=name)
            ctx.fail(f"{unknown} {say('Did you mean {near!r}?', near=near[0])}" if near else unknown)
        return super().resolve_command(ctx, args)


TRY = """\b
First things to try, with no account; nothing leaves this machine:
  customer-import inspect clientes.xlsx
  customer-import run clientes.xlsx --to piriod --sandbox
"""


@click.group(
    cls=_Lazy,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=TRY,
    invoke_without_command=True,
    subcommand_metavar="COMMAND [ARGS]...",
)
@click.version_option(package_name="customer-import", prog_name="customer-import")
@variables.language_flag
@click.pass_context
def group(ctx: click.Context) -> None:
    """Move customer lists out of spreadsheets into billing systems: never twice, never lost."""
    if ctx.invoked_subcommand is None:  # also where --lang stands alone
        raise click.exceptions.NoArgsIsHelpError(ctx)


def main(argv: list[str] | None = None) -> None:
    """Run the command line; ends the process with the exit code of the contract."""
    memory.settle()
    code = call(argv)
    gc.freeze()  # the process ends: to search all modules for garbage once more takes a tenth of a short run
    sys.exit(code)


def call(argv: list[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    words = sys.argv[1:] if argv is None else argv
    with tongue.speaking(words):
        return _call(words)


def _call(words: list[str]) -> int:
    code, stop = 0, None
    try:
        done = wording.told(group).main(words, prog_name=PROGRAM, standalone_mode=False)
        code = done if isinstance(done, int) else 0
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        code = 2
    except (Stop, click.ClickException, KeyboardInterrupt, click.Abort) as error:
        if completion.asked():
            return 1
        _clear()
        stop = failures.stop_of(error, words)
        talk.complain(stop)
        code = stop.exit_code
    except BrokenPipeError:
        sys.stderr.close()
        code = 1
    except Exception as error:  # noqa: BLE001 - the last line of defence: a bug is said as one
        if completion.asked():
            return 1
        _clear()
        talk.talk(traceback.format_exc())
        stop = failures.bug(error)
        talk.complain(stop)
        code = stop.exit_code
    _end(code, stop, wants_json="--json" in words)
    return code


def _clear() -> None:
    """Take a bar that is drawn from the screen."""
    if bar := sys.modules.get("pipeline.cli.bar"):
        bar.clear()


def _end(code: int, stop: Stop | None, *, wants_json: bool) -> None:
    """Tell programs how a command ended: as an event, as JSON where no result was printed, and in the run's log."""
    details.end()
    runlog.end(code, type(stop).__name__ if stop else "")
    if events := sys.modules.get("pipeline.cli.events"):
        if stop:
            events.put("stop", exit_code=code)
        events.end()
    if stop and wants_json and not talk.PRINTED:
        talk.put_json("stop", {"exit_code": code, "message": stop.message, "remedy": stop.remedy})
    talk.PRINTED.clear()
