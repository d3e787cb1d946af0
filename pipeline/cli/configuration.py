"""Turn `customer-import.toml` (the project's, and the user's) into what flags say where nobody types them.

    flag > environment (CUSTOMER_IMPORT_RATE, ...) > project's file > user's file

Keys are the names of flags (`keys`), as are the variables of the environment (`variables`). A profile (`--profile acme`)
is a table of its own, and beats the keys that stand outside of all profiles. An address and a secret are never read from
here: a file that comes with a project must not send anybody's token anywhere.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import platformdirs
from click.core import ParameterSource

from pipeline.cli.keys import KEYS, TABLES, WITH_PROGRESS, checked, nearest
from pipeline.errors import Misuse
from pipeline.language import say

FILE = "customer-import.toml"
META = "customer-import.settings"


@dataclass(frozen=True)
class Settings:
    """What the files say: `values` by key, `tables` by key, where each came from, and the `workspace` it is for."""

    profile: str | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    tables: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    origin: Mapping[str, Path] = field(default_factory=dict)
    workspace: str | None = None


def paths() -> tuple[Path, ...]:
    """Where a configuration file may be: the project's (the folder where one works), and the user's."""
    return Path(FILE), Path(platformdirs.user_config_dir("customer-import")) / FILE


def load(profile: str | None) -> Settings:
    """What the files say for `profile`; every key is held against those there are.

    Raises:
        Misuse: a file is no TOML, has an unknown or forbidden key, or no file has the profile.
    """
    levels: list[tuple[Path, dict[str, Any]]] = []
    common: list[tuple[Path, dict[str, Any]]] = []
    known: list[str] = []
    for path in paths():
        content = _read(path)
        profiles = content.pop("profiles", {})
        if not isinstance(profiles, dict) or not all(isinstance(p, dict) for p in profiles.values()):
            raise Misuse(
                say("{file}: [profiles] holds no tables", file=path), say("Write a profile like [profiles.acme].")
            )
        common.append((path, checked(path, "", content)))
        told = {name: checked(path, f"profiles.{name}.", table) for name, table in profiles.items()}
        known += told
        if profile in told:
            levels.append((path, told[profile]))
    if profile is not None and not levels:
        raise _unknown_profile(profile, known)
    return _merged(profile, [*levels, *common])


def profiles() -> list[str]:
    """The names of all profiles, in order of appearance."""
    tables = [_read(path).get("profiles", {}) for path in paths()]
    return list(dict.fromkeys(name for table in tables if isinstance(table, dict) for name in table))


def language(profile: str | None) -> str | None:
    """What the files say of the language, before anything in them is held against what may be there."""
    try:
        contents = [_read(path) for path in paths()]
    except Misuse:
        return None
    tables = [table for content in contents if isinstance(table := content.get("profiles"), dict)]
    levels = [level for table in tables if isinstance(level := table.get(profile), dict)]
    return next((str(level["lang"]) for level in (*levels, *contents) if "lang" in level), None)


def apply(context: click.Context, profile: str | None) -> None:
    """Let the current command take what nobody types from the files; see the callback of `--profile`.

    Raises:
        Misuse: what a file says is no value of that flag.
    """
    settings = load(profile)
    context.meta[META] = settings
    defaults: dict[str, Any] = {}
    by_name = {p.name: p for p in context.command.params if isinstance(p, click.Option)}
    for key, value in settings.values.items():
        option = by_name.get(KEYS[key])
        if option is None or (key == "quiet" and context.command.name not in WITH_PROGRESS):
            continue
        try:
            option.type_cast_value(context, value)
        except click.BadParameter as error:
            where = settings.origin[key]
            raise Misuse(
                f"{where}: {key} = {value!r}: {error.message}", say("Correct it in {file}.", file=where)
            ) from error
        defaults[KEYS[key]] = value
    context.default_map = {**(context.default_map or {}), **defaults}


def told() -> list[str]:
    """What the files say to the command that runs now, and nobody typed: a line for each file."""
    settings = current()
    context = click.get_current_context()
    heard = {p.name for p in context.command.params}
    used = [
        k for k in settings.origin if k == "workspace" or (KEYS[k] in heard and (k in TABLES or not typed(KEYS[k])))
    ]
    whose = f" ({say('profile {profile}', profile=settings.profile)})" if settings.profile else ""
    by_file = {
        path: [k for k in used if settings.origin[k] == path] for path in dict.fromkeys(settings.origin.values())
    }
    return [f"{path}{whose}: {', '.join(keys)}" for path, keys in by_file.items() if keys]


def choose(profile: str) -> None:
    """Take credentials and workspace from a profile that nobody named; flags stay as they are."""
    click.get_current_context().meta[META] = load(profile)


def current() -> Settings:
    """What the files say to the command that runs now."""
    context = click.get_current_context(silent=True)
    found = context.meta.get(META) if context else None
    return found if isinstance(found, Settings) else Settings()


def typed(name: str) -> bool:
    """Whether the parameter was said on the command line, not by the environment, by a file, or by default."""
    return click.get_current_context().get_parameter_source(name) is ParameterSource.COMMANDLINE


def only_typed(given: Mapping[str, Any], but: Collection[str] = ()) -> dict[str, Any]:
    """`given` with what nobody typed as if nothing was said; `but` are parameters that stay as they are."""
    context = click.get_current_context()
    unsaid = [p for p in context.command.params if isinstance(p, click.Option) and p.name in KEYS.values()]
    files, context.default_map = context.default_map, None
    blank = {p.name: _default(p, context)
             for p in unsaid if p.name and p.name not in but and not typed(p.name)}  # fmt: skip
    context.default_map = files
    return {**given, **blank}


def _default(option: click.Option, context: click.Context) -> Any:
    """What an option is where nobody says anything."""
    value = option.get_default(context, call=True)
    nothing = () if option.multiple else None
    return nothing if option.value_is_missing(value) else option.type_cast_value(context, value)


def joined(key: str, said: tuple[str, ...]) -> tuple[str, ...]:
    """The `NAME=VALUE` texts of a flag that adds to what the files say; what was typed comes last, and wins."""
    return (*(f"{name}={value}" for name, value in current().tables.get(key, {}).items()), *said)


def _read(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8-sig")
        import tomllib  # most folders have no such file

        return tomllib.loads(text)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        said = say("{file} cannot be read: {why}", file=path, why=error)
        raise Misuse(said, say("Correct {file}, or move it away.", file=path)) from error


def _merged(profile: str | None, levels: list[tuple[Path, dict[str, Any]]]) -> Settings:
    """The levels as one, the first one that has a key decides; tables are joined line by line."""
    values: dict[str, Any] = {}
    tables: dict[str, dict[str, str]] = {}
    origin: dict[str, Path] = {}
    workspace: str | None = None
    for path, level in reversed(levels):
        for key, value in level.items():
            origin[key] = path
            if key == "workspace":
                workspace = value
            elif key in TABLES:
                tables[key] = {**tables.get(key, {}), **value}
            else:
                values[key] = value
    return Settings(profile, values, tables, origin, workspace)


def _unknown_profile(profile: str, known: list[str]) -> Misuse:
    near = nearest(profile, known)
    if near:
        unknown = say("there is no profile {profile!r}", profile=profile)
        return Misuse(unknown, say("Did you mean {near}?", near=f"--profile {near[0]}"))
    project, user = paths()
    unknown = say("there is no profile {profile!r} in {project} or {user}", profile=profile, project=project, user=user)
    here = say("There are: {names}.", names=", ".join(dict.fromkeys(known))) if known else say("There is none yet.")
    return Misuse(unknown, f"{here} {say('Write one: {table} in {file}.', table=f'[profiles.{profile}]', file=FILE)}")
