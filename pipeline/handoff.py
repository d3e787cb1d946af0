"""The values that stages hand to one another: what each is, and the shape of every frame.

    Sheet ──mapping──▶ Mapping ──normalise──▶ Clean ──validate──▶ Checked ──plan──▶ plan.parquet

All frames of one batch have the same height and order, so they are put side by side, never joined.
A blank cell is null in every frame. Nothing here reads, decides or computes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from collections.abc import Mapping as Dict
from dataclasses import dataclass, replace
from dataclasses import field as default
from typing import Any, NamedTuple

import polars as pl

from pipeline.schema import Field

__all__ = [
    "ISSUE_SCHEMA",
    "READING_SCHEMA",
    "Around",
    "Batch",
    "Catalogue",
    "Checked",
    "Choice",
    "Clean",
    "Entry",
    "Judged",
    "Mapping",
    "Result",
    "Settings",
    "Sheet",
    "SourceFacts",
    "replace",
]  # fmt: skip

ISSUE_SCHEMA: dict[str, Any] = {
    "at": pl.UInt32,  # position of the row in its batch, later in the plan; 0-based
    "field": pl.String,  # null where the problem is of a whole row
    "column": pl.String,  # the header as the user wrote it; several joined by " + "
    "value": pl.String,  # the raw cell
    "code": pl.String,  # a key of the catalogue in `issues`
    "detail": pl.String,  # what the code's message puts into {detail}
    "suggestion": pl.String,  # a value that would be accepted, or null
}
"""A problem is a row of a table with these columns."""

READING_SCHEMA: dict[str, Any] = {**ISSUE_SCHEMA, "place": pl.UInt32}
"""A problem that reading found also has the `place` of its column, as two may have one header; null where it is not known."""


@dataclass(frozen=True)
class SourceFacts:
    """What was detected about a source; `rows` counts data rows (None: not counted yet).

    `header_row` is the 1-based row number that a spreadsheet program shows. `notes` are sentences for the
    user: what was skipped, what was decided and how sure it is.
    """

    name: str
    kind: str
    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    header_row: int = 1
    rows: int | None = None
    sha256: str = ""
    notes: tuple[str, ...] = ()


class Batch(NamedTuple):
    """A bounded piece of a sheet.

    `cells` has `row` (UInt32, as a spreadsheet shows it) and `c0`..`cN` (String, exactly the text a person
    sees, null where blank). `issues` has READING_SCHEMA, with `field` null, `column` the header and
    `place` its index: cells that could not be read with certainty.
    """

    cells: pl.DataFrame
    issues: pl.DataFrame


@dataclass(frozen=True)
class Sheet:
    """A table found in a source: its headers as written, and its rows in batches, as often as asked.

    `headers[i]` belongs to `c{i}`; a header may be empty or repeated. `batches()` starts from the first data
    row each time and yields at most `size` rows a time.
    """

    facts: SourceFacts
    headers: tuple[str, ...]
    batches: Callable[[int], Iterator[Batch]]


@dataclass(frozen=True)
class Choice:
    """What happens to one source column, and why.

    `how` is one of exact, alias, preset, content, mapping, none; `field` is None for a column left out;
    `reason` is a clause for a person ("second candidate for email after 'Correo'").
    """

    index: int
    header: str
    field: str | None
    how: str
    reason: str = ""
    examples: tuple[str, ...] = ()


@dataclass(frozen=True)
class Mapping:
    """How the columns of one sheet become the fields of one target.

    `compose` maps a field to a pattern such as "{Calle} {Número}, {Ciudad}"; `parts` maps it to the column
    indexes the pattern uses. `constants` hold for every row, `defaults` for blank cells, `values[field]`
    replaces cell texts. `missing` are required fields that nothing feeds.
    """

    choices: tuple[Choice, ...]
    compose: Dict[str, str] = default(default_factory=dict)
    parts: Dict[str, tuple[int, ...]] = default(default_factory=dict)
    constants: Dict[str, str] = default(default_factory=dict)
    defaults: Dict[str, str] = default(default_factory=dict)
    values: Dict[str, Dict[str, str]] = default(default_factory=dict)
    null_words: tuple[str, ...] = ()
    preset: str | None = None
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def label(self, name: str) -> str:
        """The header(s) that feed field `name`, as the user wrote them; the field itself where none does."""
        if name in self.parts:
            names = [c.header for c in self.choices if c.index in self.parts[name]]
        else:
            names = [c.header for c in self.choices if c.field == name]
        return " + ".join(names) or name


@dataclass(frozen=True)
class Entry:
    """One value of a closed list of the target: `id` is sent as it is, `names` are what people write.

    `code` is the ISO 3166-2 code of a state where it is known. `parent` is the country of a state.
    """

    id: int | str
    name: str
    code: str | None = None
    parent: str | None = None
    regulated: bool | None = None


@dataclass(frozen=True)
class Catalogue:
    """The closed lists of a target; None where a list could not be fetched (then it is not checked)."""

    countries: tuple[Entry, ...] | None = None
    states: tuple[Entry, ...] | None = None
    terms: tuple[Entry, ...] | None = None
    facts: Dict[str, str] = default(default_factory=dict)


@dataclass(frozen=True)
class Settings:
    """What was settled for the whole run before the first row.

    `decimal` maps a money field to "," or "."; `business_currency` is the account's own currency.
    """

    catalogue: Catalogue = default(default_factory=Catalogue)
    decimal: Dict[str, str] = default(default_factory=dict)
    account_country: str | None = None
    business_currency: str | None = None


@dataclass(frozen=True)
class Around:
    """What a normaliser may know besides its own cells: the row's other values, the run's settings.

    `country` is the ISO 3166-1 alpha-2 code of each row (null: unknown), the same length as the cells, or
    None where no country is known for any row. `others` are raw text columns of the row (`city`, the tax
    id's own check digit) by name.
    """

    field: Field
    country: pl.Series | None = None
    others: Dict[str, pl.Series] = default(default_factory=dict)
    settings: Settings = default(default_factory=Settings)


class Judged(NamedTuple):
    """What a normaliser makes of its cells; four series of equal length.

    `value` is the normal form (its dtype is the field's), null where blank or wrong; `code` is null where
    nothing is to be said, else one code of the catalogue: with an error the value is null, with a warning
    it stands. `detail` and `suggestion` go into the code's message.
    """

    value: pl.Series
    code: pl.Series
    detail: pl.Series
    suggestion: pl.Series


class Clean(NamedTuple):
    """A normalised batch: `record` has one column per mapped field, `issues` has ISSUE_SCHEMA.

    `changes` (String) lists what was changed or derived: `field: before -> after`, joined by ` | `.
    """

    record: pl.DataFrame
    issues: pl.DataFrame
    changes: pl.Series


class Checked(NamedTuple):
    """A judged batch: `valid` (Boolean) says which rows have no error; `issues` has every problem."""

    record: pl.DataFrame
    valid: pl.Series
    issues: pl.DataFrame
    changes: pl.Series


@dataclass
class Result:
    """What a push did: states by count, who was created last, why it stopped early (None: it did not), the first causes.

    `latest` is the seq of the row and the target's id.
    """

    counts: Counter[str] = default(default_factory=Counter)
    latest: tuple[int, str] | None = None
    stopped: str | None = None
    causes: list[str] = default(default_factory=list)
