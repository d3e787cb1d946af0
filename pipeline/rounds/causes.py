"""Turn the sheet of causes of errors.xlsx into what was said once for all rows that hold a value.

A hidden row of the sheet names its columns, the same in every language. A line counts where its replacement is
filled in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from pipeline import handoff, read
from pipeline.errors import Misuse, Unreadable
from pipeline.language import say
from pipeline.progress import Progress
from pipeline.read import ReadOptions
from pipeline.report.words import Words
from pipeline.store import ROWS

NAMES = ("code", "field", "column", "value", "replacement")


@dataclass(frozen=True)
class Replacement:
    """What takes the place of `value` in `field`; a blank `value` stands for blank cells.

    Where the problem was of a column and not of a field, `field` is "".
    """

    field: str
    value: str
    replacement: str
    code: str = ""
    column: str = ""


def replacements(path: Path, scratch: Path, progress: Progress) -> tuple[Replacement, ...]:
    """The filled-in lines of a workbook's sheet of causes; none where it has no such sheet.

    Raises:
        Misuse: one value has two replacements, or a replacement cannot be read.
    """
    scratch.mkdir(mode=0o700)
    for name in dict.fromkeys(Words(lang)("causes") for lang in ("en", "es")):
        try:
            sheet = read.open_sheet(path, ReadOptions(sheet=name, header_row=1), scratch, progress)
        except Unreadable:
            continue
        return _unique([line for batch in sheet.batches(ROWS) for line in _lines(batch.cells, batch.issues)])
    return ()


def _lines(cells: pl.DataFrame, problems: pl.DataFrame) -> Iterable[Replacement]:
    places: dict[str, str] = {}
    doubtful = dict(problems.select("at", "code").iter_rows())
    for at, line in enumerate(cells.iter_rows(named=True)):
        texts = {name: (text or "").strip() for name, text in line.items() if name != "row"}
        if {*NAMES} <= {*texts.values()}:
            places = {text: name for name, text in texts.items()}
        elif places and at in doubtful and not texts[places["replacement"]]:
            raise Misuse(
                say(
                    "row {row} of the sheet of causes has a replacement that cannot be read ({problem})",
                    row=line["row"],
                    problem=doubtful[at],
                ),
                say("Write it as plain text, not as a formula, save the file, and run it again."),
            )
        elif places and texts[places["replacement"]] and texts[places["code"]].count(".") == 1:
            said = {name: texts[places[name]] for name in NAMES}
            yield Replacement(
                said["field"], line[places["value"]] or "", said["replacement"], said["code"], said["column"]
            )


def _unique(lines: Sequence[Replacement]) -> tuple[Replacement, ...]:
    found: dict[tuple[str, str, str], Replacement] = {}
    for line in lines:
        known = found.setdefault((line.field, "" if line.field else line.column, line.value.strip().lower()), line)
        if known.replacement != line.replacement:
            raise Misuse(
                say(
                    "the sheet of causes replaces {value!r} in {column} by {first!r} and by {second!r}",
                    value=line.value,
                    column=line.column or line.field,
                    first=known.replacement,
                    second=line.replacement,
                ),
                say("Write the same replacement into both lines, or leave one blank."),
            )
    return tuple(found.values())


def applied(mapping: handoff.Mapping, said: Sequence[Replacement]) -> handoff.Mapping:
    """The mapping with the replacements: of a value in its table of values, of blank cells as the default."""
    values: dict[str, dict[str, str]] = {name: dict(table) for name, table in mapping.values.items()}
    defaults: dict[str, str] = dict(mapping.defaults)
    for one in said:
        field = _field(mapping, one)
        if field is None or field in mapping.constants:
            continue
        if one.value.strip():
            table = values.setdefault(field, {})
            _replace(table, one.value, one.replacement)
        else:
            defaults[field] = one.replacement
    return replace(mapping, values=values, defaults=defaults)


def _replace(table: dict[str, str], value: str, replacement: str) -> None:
    """Put a line into a table of values; what was replaced by `value` before is now replaced by the new text."""
    key = value.strip()
    for known, other in table.items():
        if other.strip().lower() == key.lower():
            table[known] = replacement
    for known in [k for k in table if k.strip().lower() == key.lower()]:
        del table[known]
    table[key] = replacement


def _field(mapping: handoff.Mapping, one: Replacement) -> str | None:
    """The field that a replacement is about; None where its column feeds none alone."""
    if one.field:
        return one.field
    return next((c.field for c in mapping.choices if c.header == one.column and c.field), None)


def idle(mappings: Sequence[handoff.Mapping], said: Sequence[Replacement]) -> list[str]:
    """What to say of replacements that cannot be applied."""
    notes = []
    for one in said:
        fields = [_field(m, one) for m in mappings]
        if not any(fields):
            notes.append(
                say(
                    "the replacement {replacement!r} for {value!r} is not used: {column} feeds no field alone",
                    replacement=one.replacement,
                    value=one.value,
                    column=one.column,
                )
            )
        elif all(f in m.constants for f, m in zip(fields, mappings, strict=True) if f):
            notes.append(
                say(
                    "the replacement {replacement!r} for {value!r} is not used: {field} is the same in every row",
                    replacement=one.replacement,
                    value=one.value,
                    field=one.field,
                )
            )
    return notes


def replaced(before: pl.DataFrame, after: pl.DataFrame, of: Mapping[str, object]) -> pl.Series:
    """`field: before -> after` for each row whose text a replacement has changed (String, null elsewhere)."""
    parts = [
        pl.when(pl.col(f"{n}.before").ne_missing(pl.col(n)) & pl.col(n).is_not_null())
        .then(pl.concat_str(pl.lit(f"{n}: "), pl.col(f"{n}.before").fill_null(""), pl.lit(" -> "), pl.col(n)))
        for n in of if n in before.columns and n in after.columns
    ]  # fmt: skip
    if not parts:
        return pl.Series("replaced", [None] * after.height, dtype=pl.String)
    both = after.hstack(before.rename({n: f"{n}.before" for n in before.columns}))
    text = pl.concat_str([p.alias(str(i)) for i, p in enumerate(parts)], separator=" | ", ignore_nulls=True)
    return both.select(pl.when(text != "").then(text).alias("replaced")).to_series()
