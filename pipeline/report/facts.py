"""Turn what a run knows about itself, and what came of it, into two plain values.

`Facts` is what the report is told; `Summary` is what it found while it wrote the files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from collections.abc import Mapping as Dict
from dataclasses import dataclass, field

import polars as pl

from pipeline.handoff import Mapping, SourceFacts

STATUSES = ("created", "updated", "unchanged", "ready", "skipped", "invalid", "rejected", "failed", "unknown",
            "not_attempted")  # fmt: skip
"""Everything that can become of a row, the good ends first."""

TO_CORRECT = ("invalid", "rejected", "failed", "not_attempted")
"""The rows of the error files; not `unknown`: sending such a row again could make a second customer."""

NOT_IN = (*TO_CORRECT, "unknown")

Table = Callable[[], Iterator[pl.DataFrame]]
"""Every row of the run, in input order, in bounded frames with these columns:

source (String), sheet (String), row (UInt32), c0..cN (String, null where blank), status (String), action
(String: create, update, none), id (String), http_status (Int32), attempts (Int32), retryable (Boolean), key
(String), issues (List(Struct{field, column, value, code, detail, suggestion: String})), changes (String).
"""


@dataclass(frozen=True)
class Facts:
    """What the run knows about itself.

    `headers` are the source's columns as written (they may repeat or be empty); `delimiter` is the source's,
    None where it had none; `workbook` says that the source is one; `run` is the run folder's name; `mode` is
    one of LIVE, test, dry run, sandbox; `started` and `finished` are ISO 8601 times; `unchecked` are
    sentences. `rows` is how many data rows were read (None: the sum of the sources', where they were
    counted). `choices` are the accepted words of a field, where a closed list is known: they become
    drop-downs of errors.xlsx. `states` are the target's states by the country's ISO 3166-1 alpha-2 code; those of
    ISO 3166-2 are offered for a country that is not in it. `countries` are the codes that the target knows (none:
    every country is offered).
    """

    headers: tuple[str, ...]
    sources: tuple[SourceFacts, ...]
    delimiter: str | None
    workbook: bool
    run: str
    target: str
    workspace: str
    mode: str
    host: str
    version: str
    started: str
    finished: str
    mapping: Mapping
    decisions: Dict[str, str] = field(default_factory=dict)
    unchecked: tuple[str, ...] = ()
    dry_run: bool = False
    next_command: str = ""
    raw_csv: bool = False
    requests: int = 0
    rows: int | None = None
    choices: Dict[str, tuple[str, ...]] = field(default_factory=dict)
    states: Dict[str, tuple[str, ...]] = field(default_factory=dict)
    countries: tuple[str, ...] = ()
    lang: str = "en"
    mark: str = ""  # what `_run` says: by it an error file is recognised; the run's name where it is blank
    import_flags: str = ""  # what an error file needs to be imported again: `--to piriod`

    @property
    def expected(self) -> int | None:
        """How many rows must be accounted for; None where nobody counted them."""
        if self.rows is not None:
            return self.rows
        counts = [source.rows for source in self.sources]
        return sum(n for n in counts if n is not None) if counts and None not in counts else None


@dataclass(frozen=True)
class Example:
    """One cell that shows a cause: where it is, what it holds, and what would be accepted."""

    row: int
    sheet: str | None
    value: str | None
    message: str
    suggestion: str | None = None


@dataclass(frozen=True)
class Cause:
    """Problems of one kind in one column; `rows` counts the rows that have it.

    `detail` tells the refusals of the target apart, whose kind is one and the same code; it is "" for our own
    checks.
    """

    code: str
    severity: str
    title: str
    column: str
    field: str | None
    detail: str
    rows: int
    remedy: str
    examples: tuple[Example, ...]

    @property
    def family(self) -> str:
        """The part of the code before the dot."""
        return self.code.partition(".")[0]


@dataclass(frozen=True)
class Change:
    """What was changed automatically in one field.

    `pairs` are the different changes with their counts, the most frequent first; where there were too many to
    count apart, `complete` is False and the pairs are examples with the count 0.
    """

    field: str
    column: str
    cells: int
    pairs: tuple[tuple[str, str, int], ...]
    complete: bool


@dataclass(frozen=True)
class Summary:
    """What came of a run: counts by status, causes (the most frequent error first), notes for the user."""

    run: str
    rows: int
    counts: Dict[str, int]
    actions: Dict[str, int]
    causes: tuple[Cause, ...]
    changes: tuple[Change, ...]
    notes: tuple[str, ...]
    files: tuple[str, ...]
    conservation: bool

    @property
    def not_in(self) -> int:
        """How many rows are not in (nor, in a dry run, ready)."""
        return sum(self.counts[status] for status in NOT_IN)

    @property
    def to_correct(self) -> int:
        """How many rows are in the error files."""
        return sum(self.counts[status] for status in TO_CORRECT)
