"""Turn a table of a configuration file into values by the name of their flag, or stop at a key that no file may have."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.errors import Misuse
from pipeline.language import later, say

KEYS = {
    "to": "target", "sandbox": "use_sandbox", "test-mode": "test_mode",
    "sheet": "sheet", "header-row": "header_row", "encoding": "encoding", "delimiter": "delimiter",
    "mapping": "mapping_file", "map": "assigned", "set": "constants", "default": "defaults", "preset": "preset",
    "decimal": "decimal", "date-order": "date_order", "account-country": "account_country", "business-currency": "business_currency",
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


def checked(path: Path, place: str, table: Mapping[str, Any]) -> dict[str, Any]:
    """The table of the file `path` with its keys in their usual spelling; `place` stands before them in messages.

    The texts of unknown keys are never shown.

    Raises:
        Misuse: a key is unknown or forbidden, or has a value of the wrong kind.
    """
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
            near = nearest(key, [*KEYS, "workspace"])
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


def nearest(name: str, known: list[str]) -> list[str]:
    """The one of `known` that was probably meant, if one was."""
    from difflib import get_close_matches

    return get_close_matches(name, known, 1)
