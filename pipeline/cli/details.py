"""Turn decisions and requests into lines on stderr, for whoever wants to know (`--verbose`); no cell's text is in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from pipeline import wire
from pipeline.cli import screen
from pipeline.cli.talk import talk
from pipeline.errors import Misuse
from pipeline.language import number, say, statuses

if TYPE_CHECKING:
    from pipeline.sources import Source
    from pipeline.watch import RowOutcome

_wanted: list[bool] = []


def option(command: Any) -> Any:
    """The flag `--verbose`."""
    return click.option(
        "-v", "--verbose", is_flag=True, is_eager=True, expose_value=False, callback=_begin,
        help="Tell what was decided, and what became of each request and row.",
    )(command)  # fmt: skip


def _begin(context: click.Context, _option: click.Parameter, wanted: bool) -> None:
    end()
    if wanted and not context.resilient_parsing:
        _wanted.append(True)
        wire.listeners.append(_hear)


def end() -> None:
    """Tell nothing more: the command has ended."""
    if _wanted:
        _wanted.clear()
        wire.listeners.remove(_hear)


def wanted() -> bool:
    """Whether somebody wants to know."""
    return bool(_wanted)


def must_fit(*, quiet: bool) -> None:
    """Hold --verbose against --quiet.

    Raises:
        Misuse: both were said.
    """
    if quiet and _wanted:
        raise Misuse(
            say("{one} and {other} exclude each other", one="--quiet", other="--verbose"), say("Leave one of them out.")
        )


def tell(text: str) -> None:
    """Say a line, above the bar where one is drawn."""
    if _wanted:
        from pipeline.cli import bar

        with bar.aside():
            talk(text)


def row(one: RowOutcome) -> None:
    """Say what became of a row."""
    codes = f" ({', '.join(one.codes)})" if one.codes else ""
    tell(f"  {say('row {row}: {status}', row=one.row, status=statuses.status(one.status))}{codes}")


def source(found: Source) -> None:
    """Say how a source was read, and where its columns go."""
    facts, mapped = found.facts, found.mapping
    read = {
        say("kind"): facts.kind, say("encoding"): facts.encoding,
        say("delimiter"): repr(facts.delimiter) if facts.delimiter else None,
        say("sheet"): facts.sheet and screen.shown(facts.sheet), say("header row"): facts.header_row,
        say("preset"): mapped.preset, say("rows"): number(facts.rows) if facts.rows is not None else None,
    }  # fmt: skip
    tell("  " + ", ".join(f"{name} {value}" for name, value in read.items() if value not in (None, "")))
    for c in mapped.choices:
        where = f"{c.field} ({c.how})" if c.field else f"- ({c.reason})"
        tell(f"  {screen.shown(c.header) or f'#{c.index + 1}'} → {where}")
    for name, pattern in mapped.compose.items():
        if pattern and not name.startswith("~"):
            tell(f"  {screen.shown(pattern)} → {name}")
    for name in (*mapped.constants, *mapped.defaults):
        tell(f"  --{'set' if name in mapped.constants else 'default'} → {name}")


def plan(facts: dict[str, Any]) -> None:
    """Say what planning has decided."""
    from pipeline.options import decided

    for what, how in facts["decisions"].items():
        tell(f"  {decided(what)}: {how}")
    for name, value in facts["options"].items():
        if value not in (None, False, ""):
            tell(f"  --{name.replace('_', '-')} {value}")
    for what in facts["unchecked"]:
        tell(f"  {say('not checked: {what}', what=what)}")


def _hear(what: wire.Ended | wire.Held) -> None:
    if isinstance(what, wire.Ended):
        tell(f"  {what.method:<5} {what.status:<8} {what.seconds:.3f} s")
    else:
        asked = " (Retry-After)" if what.asked else ""
        tell(
            f"  {say('{status}: nothing is sent for {seconds} s', status=what.status, seconds=f'{what.seconds:.1f}')}{asked}"
        )
