"""Turn what a person calls a column of the source into its index, and an index into what finds the column again."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipeline.errors import Misuse
from pipeline.language import say
from pipeline.mapping.words import fold, nearest

NAMED = 12
"""So many columns are named in a message."""


def column_name(index: int, headers: Sequence[str]) -> str:
    """What finds column `index` again: its header, "#3 Header" where several have it, "#3" where no header will do."""
    header = headers[index]
    if not header.strip() or re.search(r"[{}|\n\r]|^#", header):
        return f"#{index + 1}"
    return header if headers.count(header) == 1 else f"#{index + 1} {header.strip()}"


def find_column(name: str, headers: Sequence[str], where: str) -> int:
    """The index of the column called `name`: its header, its number ("#3") or its letter in a spreadsheet ("#C").

    "#3 Header" is the third column, and only if that is its header.

    Raises:
        Misuse: there is none, or there are several.
    """
    if headers.count(name) == 1:
        return headers.index(name)
    at = _numbered(name)
    if at is not None and 0 <= at < len(headers):
        said = name.partition(" ")[2].strip()
        if said and headers[at].strip() != said:
            message = say(
                "{where}: column {number} of the source is not called {said!r}, but {header!r}",
                where=where, number=at + 1, said=said, header=headers[at],
            )  # fmt: skip
            raise Misuse(message, say("`customer-import inspect SOURCE` lists the columns."))
        return at
    if headers.count(name) > 1:
        first = headers.index(name) + 1
        raise Misuse(
            say("{where}: several columns are called {name!r}", where=where, name=name),
            say("Name the column by its number (the first is #1) or letter (#A), for example #{first}.", first=first),
        )
    close = nearest(name, [h for h in headers if h.strip()], 60)
    hint = say("Did you mean {close!r}? ", close=close) if close else ""
    if re.fullmatch(r"[A-Z]{1,2}|\d{1,3}", name):
        hint += say("For the column {name} of a spreadsheet write #{name}. ", name=name)
    shown = ", ".join(repr(h) for h in headers[:NAMED] if h.strip()) + (", …" if len(headers) > NAMED else "")
    raise Misuse(
        say("{where}: the source has no column {name!r}", where=where, name=name),
        say("{hint}Its columns: {shown}", hint=hint, shown=shown),
    )


def find_loosely(header: str, headers: Sequence[str], where: str) -> int:
    """The same of a header that may be written with other accents, case or punctuation, if only one is alike.

    Raises:
        Misuse: there is none, or there are several.
    """
    exact = [i for i, h in enumerate(headers) if h == header]
    folded = [i for i, h in enumerate(headers) if fold(h) == fold(header) and fold(header)]
    if len(exact) == 1 or len(folded) == 1:
        return (exact if len(exact) == 1 else folded)[0]
    return find_column(header, headers, where)


def _numbered(name: str) -> int | None:
    """The 0-based place that "#3" or "#C" names; None where `name` is neither."""
    found = re.fullmatch(r"#(?:(\d{1,5})|([A-Za-z]{1,3}))(?: .*)?", name)
    if found is None:
        return None
    if found[1]:
        return int(found[1]) - 1
    at = 0
    for letter in found[2].upper():
        at = at * 26 + ord(letter) - ord("A") + 1
    return at - 1
