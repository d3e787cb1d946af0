"""Turn what is typed so far into what can follow, for the shell's completion; nothing slow is imported for it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import click
    from click.shell_completion import CompletionItem

MOST = 50
"""So many runs are offered, the newest ones."""
ENCODINGS = ("utf-8", "cp1252", "latin-1", "utf-16", "cp850", "mac-roman", "shift-jis", "gb18030")
WORDS = "aliases.toml"
"""What stands beside the presets: the words that all of them know."""
DELIMITERS = (",", ";", "tab", "|")


def targets(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The names of the targets."""
    from pipeline import targets as known

    return _items(known.names(), incomplete)


def runs(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """`latest`, and the run folders of runs/, newest first; else any folder."""
    plans = sorted(Path("runs").glob("*/plan.json"), key=lambda path: path.stat().st_mtime, reverse=True)
    names = ["latest", *(plan.parent.as_posix() for plan in plans[:MOST])] if plans else []
    return _items(names, incomplete) or _of_type("dir", incomplete)


def sources(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Files: the shell knows them."""
    return _of_type("file", incomplete)


def presets(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The systems whose exports are known."""
    return _items(preset_names(), incomplete)


def preset_names() -> list[str]:
    """The names of the presets, without reading them."""
    from importlib import resources

    files = resources.files("pipeline").joinpath("presets").iterdir()
    return sorted(f.name.removesuffix(".toml") for f in files if f.name.endswith(".toml") and f.name != WORDS)


def profiles(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The profiles of the configuration files."""
    from pipeline.cli import configuration

    return _items(configuration.profiles(), incomplete)


def encodings(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The encodings that lists come in; others can be typed."""
    return _items(ENCODINGS, incomplete)


def delimiters(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The delimiters that lists come with; others can be typed."""
    return _items(DELIMITERS, incomplete)


def fields(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The fields of the target, behind the last comma."""
    before, comma, last = incomplete.rpartition(",")
    return _items([f"{before}{comma}{name}" for name in _names(context) if name.startswith(last)], incomplete)


def assignments(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """`FIELD=` for the fields of the target."""
    return _items([f"{name}=" for name in _names(context)], incomplete)


def mappings(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The field, behind `HEADER=`."""
    header, equals, _ = incomplete.rpartition("=")
    return _items([f"{header}={name}" for name in _names(context)] if equals else [], incomplete)


def _names(context: click.Context) -> list[str]:
    from pipeline import schema
    from pipeline import targets as known

    target = context.params.get("target")
    names = [target] if target in known.names() else known.names()
    return list(dict.fromkeys(field for name in names for field in schema.fields(known.load(name).record)))


def _items(names: list[str] | tuple[str, ...], incomplete: str) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


def _of_type(kind: str, incomplete: str) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type=kind)]
