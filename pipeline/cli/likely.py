"""Turn a value of a flag, or a name, into the one that was probably meant; what may be right stays as it is."""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

LISTS = (
    ".csv", ".tsv", ".txt", ".gz", ".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".html", ".htm", ".xml", ".toml", ".json",
)  # fmt: skip
ALIKE = 0.8
"""How alike two files' names must be: another list must never be imported by mistake."""


def shaped(value: str, shape: str, example: str) -> str:
    """The value, where it has the shape (a regular expression) at all; else an example."""
    return value if re.fullmatch(shape, value) else example


def country(name: str) -> str:
    """The code of two letters."""
    import pycountry

    try:
        return str(pycountry.countries.lookup(name).alpha_2)
    except LookupError:
        return name


def encoding(name: str) -> str:
    """An encoding that there is: that of most old files, where there is none of that name."""
    try:
        codecs.lookup(name)
    except LookupError:
        return "cp1252"
    return name


def https(url: str) -> str:
    """The address, never one that would send a token in clear text."""
    scheme, _, rest = url.rpartition("://")
    host = rest.partition("/")[0].partition(":")[0]
    return url if scheme == "https" or (scheme == "http" and host in ("localhost", "127.0.0.1")) else f"https://{rest}"


def near(name: str, known: Sequence[str], otherwise: str | None = None) -> str:
    """The one of `known` that is most alike; where none is, `otherwise`, or the name as it is."""
    return name if name in known else next(iter(get_close_matches(name, known, 1)), otherwise or name)


def near_file(name: str) -> str:
    """The file of that name, else one of a similar name beside it, else in the folder it was taken for."""
    path = Path(name)
    if path.is_file() or name == "-":
        return name
    folder = path if path.is_dir() else path.parent
    names = [found.name for found in folder.iterdir() if found.is_file()] if folder.is_dir() else []
    stems = {Path(found).stem.casefold(): found for found in names if Path(found).suffix.lower() in LISTS}
    # The list of another month is another list.
    same = [stem for stem in stems if _digits(stem) == _digits(path.stem)]
    alike = get_close_matches(path.stem.casefold(), same, 1, ALIKE) if path.suffix.lower() in (*LISTS, "") else []
    return str(folder / stems[alike[0]]) if alike else name


def _digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))


def new_folder(name: str) -> str:
    """The folder, where it is new or empty; else a new one beside it."""
    path = Path(name)
    return unused(path) if path.is_file() or (path.is_dir() and any(path.iterdir())) else name


def unused(path: Path) -> str:
    """The name, with a number where there is such a file already."""
    names = [path, *(path.with_name(f"{path.stem}-{n}{path.suffix}") for n in range(2, 100))]
    return str(next((name for name in names if not name.exists()), path))
