"""Turn `customer-import.toml` (the project's, and the user's) into what flags say where nobody types them.

    flag > environment (CUSTOMER_IMPORT_RATE, ...) > project's file > user's file

Keys are the names of flags. A profile (`--profile acme`) is a table of its own, and beats the keys that stand outside
of all profiles. An address and a secret are never read from here: a file that comes with a project must not send
anybody's token anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import click
import platformdirs
from click.core import ParameterSource

from pipeline.cli import complete
from pipeline.errors import Misuse
from pipeline.language import LANGUAGES, later, say

Command = TypeVar("Command", bound=Callable[..., Any])
FILE = "customer-import.toml"
PREFIX = "CUSTOMER_IMPORT_"
META = "customer-import.settings"

KEYS = {
    "to": "target", "sandbox": "use_sandbox", "test-mode": "test_mode",
    "sheet": "sheet", "header-row": "header_row", "encoding": "encoding", "delimiter": "delimiter",
    "mapping": "mapping_file", "map": "assigned", "set": "constants", "default": "defaults", "preset": "preset",
    "decimal": "decimal", "account-country": "account_country", "business-currency": "business_currency",
    "states": "states_file", "on-existing": "on_existing", "match": "match", "duplicates": "duplicates", "blank": "blank",
    "rate": "rate", "concurrency": "concurrency", "max-retries": "max_retries", "timeout": "timeout", "settle": "settle",
    "max-errors": "max_errors", "canary": "canary", "bulk": "bulk", "bulk-rows": "bulk_rows", "bulk-part": "bulk_part",
    "raw-csv": "raw_csv", "lang": "lang", "quiet": "quiet",
}  # fmt: skip
"""Flag -> the name of its parameter: what a configuration file may say."""

NEVER = {
    "base-url": later("Say --base-url on the command line, or set CUSTOMER_IMPORT_BASE_URL."),
    "yes": later(
        "Say --yes on the command line: a live push is for a person, or for a script that was written for it."
    ),
    **dict.fromkeys(
        ("out", "offline", "dry-run", "limit", "json", "events", "once", "profile", "verbose"),
        later("Say it on the command line."),
    ),
}
"""Flags that no file may set, and what to do instead."""

WITH_PROGRESS = ("run", "push", "undo", "inspect")
"""Commands of which `quiet = true` silences the progress; of others it would silence the answer."""
TABLES = ("map", "set", "default")
PATHS = ("mapping", "states")
SECRET = ("token", "secret", "password", "api_key", "apikey", "api-key", "business_id", "piriod_", "dayzero_")


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
        common.append((path, _checked(path, "", content)))
        told = {name: _checked(path, f"profiles.{name}.", table) for name, table in profiles.items()}
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


def _checked(path: Path, place: str, table: Mapping[str, Any]) -> dict[str, Any]:
    """The table with its keys in their usual spelling; the texts of unknown ones are never shown."""
    found: dict[str, Any] = {}
    for said, value in table.items():
        key = said.replace("_", "-")
        if key == "workspace" and isinstance(value, str) and value.strip():
            found[key] = value.strip()
        elif key in NEVER:
            never = say("{file}: {key} is not read from a configuration file", file=path, key=place + said)
            raise Misuse(never, say(NEVER[key]))
        elif any(word in said.lower() for word in SECRET):
            raise Misuse(
                say("{file}: {key}: a secret has no place in a configuration file", file=path, key=place + said),
                say("Take it out, and store it: customer-import login TARGET (or in the environment, or in .env)."),
            )
        elif key not in KEYS:
            near = _nearest(key, [*KEYS, "workspace"])
            known = say("Keys are the names of flags: {keys}.", keys=", ".join(KEYS))
            known = say("Did you mean {near}?", near=near[0]) if near else known
            raise Misuse(say("{file}: there is no key {key}", file=path, key=place + said), known)
        else:
            found[key] = _value(path, f"{place}{said}", key, value)
    return found


def _value(path: Path, place: str, key: str, value: Any) -> Any:
    if key in TABLES:
        if not isinstance(value, dict) or not all(isinstance(v, str) for v in value.values()):
            example = '{ "SOURCE HEADER" = "field" }' if key == "map" else '{ country = "CL" }'
            wrong = say("{file}: {key} is no table of texts", file=path, key=place)
            raise Misuse(wrong, say("Write it like: {example}", example=f"{key} = {example}"))
        return value
    if not isinstance(value, str | bool | int | float):
        wrong = say("{file}: {key} is no single value", file=path, key=place)
        raise Misuse(wrong, say("Write one text, number, true or false for {key}.", key=key))
    if key in PATHS:
        return str((path.parent / str(value)) if not Path(str(value)).is_absolute() else value)
    return value


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


def _nearest(name: str, known: list[str]) -> list[str]:
    from difflib import get_close_matches

    return get_close_matches(name, known, 1)


def _unknown_profile(profile: str, known: list[str]) -> Misuse:
    near = _nearest(profile, known)
    if near:
        unknown = say("there is no profile {profile!r}", profile=profile)
        return Misuse(unknown, say("Did you mean {near}?", near=f"--profile {near[0]}"))
    project, user = paths()
    unknown = say("there is no profile {profile!r} in {project} or {user}", profile=profile, project=project, user=user)
    here = say("There are: {names}.", names=", ".join(dict.fromkeys(known))) if known else say("There is none yet.")
    return Misuse(unknown, f"{here} {say('Write one: {table} in {file}.', table=f'[profiles.{profile}]', file=FILE)}")


def environment_of(key: str) -> str:
    """The variable that says what a flag says: `CUSTOMER_IMPORT_ON_EXISTING`."""
    return PREFIX + key.replace("-", "_").upper()


def prepared(command: click.Command, *, plain: bool = False) -> click.Command:
    """The command with `--lang` and `--profile`, and with a variable of the environment for each flag that a file may set.

    `plain`: a command that reads no configuration.
    """
    if any(p.name == "lang" for p in command.params):
        return command
    command.params.append(language_option())
    if plain:
        return command
    variables = {KEYS[key]: environment_of(key) for key in KEYS if key not in TABLES}
    if command.name not in WITH_PROGRESS:
        del variables["quiet"]
    for option in command.params:
        if isinstance(option, click.Option) and option.name in variables and option.envvar is None:
            option.envvar = variables[option.name]
    option = click.Option(
        ["--profile"], metavar="NAME", shell_complete=complete.profiles, is_eager=True, expose_value=False, envvar=f"{PREFIX}PROFILE",
        callback=_chosen, help=f"A profile of {FILE}.",
    )  # fmt: skip
    command.params.append(option)
    return command


def language_option() -> click.Option:
    """The flag `--lang` of every command; what it says is already spoken when it is parsed, see `tongue`."""
    return click.Option(
        ["--lang"], type=click.Choice(LANGUAGES), expose_value=False, envvar=environment_of("lang"),
        help="Language of all that a person reads.  [default: the locale's]",
    )  # fmt: skip


def language_flag(command: Command) -> Command:
    """Let the group take `--lang` before the command's name too."""
    params: list[click.Parameter] = command.__dict__.setdefault("__click_params__", [])
    params.append(language_option())
    return command


def _chosen(context: click.Context, _option: click.Parameter, profile: str | None) -> None:
    if not context.resilient_parsing:
        apply(context, profile)
