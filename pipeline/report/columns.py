"""Turn the source's headers into those of a result file: our helper columns first, then theirs.

Only names of our helper columns are kept free; headers that repeat or are empty stay as the user wrote them.
"""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.language import say
from pipeline.report.facts import Facts

HELPERS = ("_row", "_sheet", "_status", "_action", "_id", "_error_codes", "_errors", "_warnings", "_changes",
           "_http_status", "_attempts", "_retryable", "_key")  # fmt: skip
RESERVED = frozenset((*HELPERS, "_source", "_run"))


@dataclass(frozen=True)
class Layout:
    """The columns of the result files.

    `helpers` are those of results.csv, `error_helpers` those of the error files, `own` the source's; `notes`
    say which of the source's columns were renamed.
    """

    helpers: tuple[str, ...]
    error_helpers: tuple[str, ...]
    own: tuple[str, ...]
    notes: tuple[str, ...]


def layout(facts: Facts) -> Layout:
    """Settle the names of all columns of a run's result files."""
    helpers = ("_source", *HELPERS) if len(facts.sources) > 1 else HELPERS
    taken = set(facts.headers) | RESERVED
    own, notes = [], []
    for header in facts.headers:
        name = header
        if header in RESERVED:
            name = _free(header, taken)
            taken.add(name)
            notes.append(
                say(
                    "Your column {header!r} is called {name!r} in the result files, as {header!r} is ours.",
                    header=header,
                    name=name,
                )
            )
        own.append(name)
    return Layout(helpers, (*helpers, "_run"), tuple(own), tuple(notes))


def _free(header: str, taken: set[str]) -> str:
    name, count = f"{header} (original)", 1
    while name in taken:
        count += 1
        name = f"{header} (original {count})"
    return name
