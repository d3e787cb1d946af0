"""Turn an opened source into the page of `inspect`: what was detected, and which column goes into which field."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import polars as pl

from pipeline import mapping
from pipeline.cli import counted, screen
from pipeline.cli.talk import measure
from pipeline.handoff import Choice, SourceFacts
from pipeline.language import later, say, say_n
from pipeline.schema import fields
from pipeline.sources import Source
from pipeline.targets.interface import Target

EXAMPLES = 3
NAMED = 16
"""So many columns that are left out for the same reason are named."""
MINIMUM = 12
"""Columns that the source of a field has at least, however narrow the screen is."""
HOW = {
    "exact": later("own name"), "alias": later("known name"), "preset": later("preset"), "content": later("its cells"),
    "mapping": later("as you said"),
}  # fmt: skip
READS = {"~city": "state", "~district": "state", "~tax_id_check_digit": "tax_id"}
"""Helper columns, and the field that is read with their help."""


def content(found: Source, cells: pl.DataFrame) -> dict[str, Any]:
    """What `--json` prints; `compose` has patterns that a mapping file takes, `field` only fields of the target."""
    facts = found.facts
    return {
        "source": {"name": facts.name, "kind": facts.kind, "encoding": facts.encoding, "delimiter": facts.delimiter,
                   "sheet": facts.sheet, "header_row": facts.header_row, "rows": facts.rows, "notes": list(facts.notes)},
        "preset": found.mapping.preset,
        "columns": [{"header": c.header, "field": READS.get(c.field or "", c.field), "how": c.how, "reason": c.reason,
                     "examples": _examples(cells, f"c{c.index}")} for c in found.mapping.choices],
        "compose": {name: text for name, text in found.mapping.compose.items() if text and not name.startswith("~")},
        "set": dict(found.mapping.constants),
        "defaults": dict(found.mapping.defaults),
        "missing": list(found.mapping.missing),
        "notes": list(found.mapping.notes),
    }  # fmt: skip


def _examples(cells: pl.DataFrame, name: str) -> list[str]:
    """The first different texts of a column that are not blank."""
    return (
        cells[name].drop_nulls().unique(maintain_order=True).head(EXAMPLES).to_list() if name in cells.columns else []
    )


def page(found: Source, cells: pl.DataFrame, target: Target) -> Iterator[str]:
    """The page: what was detected, which field comes from where, what is left out, what is missing."""
    facts, mapped = found.facts, found.mapping
    yield from screen.wrap(", ".join(_detected(facts)), measure())
    for note in (*mapped.notes, *facts.notes):
        yield from screen.wrap(note[0].upper() + note[1:], measure())
    for reason, count in mapping.left_out(cells, found.rules).drop_nulls().value_counts(sort=True).iter_rows():
        said = say_n("Of the first {rows:n} rows {n:n} will be skipped: {reason}.",
                     "Of the first {rows:n} rows {n:n} will be skipped: {reason}.", count, rows=cells.height, reason=reason)  # fmt: skip
        yield from screen.wrap(said, measure())
    used = sum(c.field is not None for c in mapped.choices)
    yield ""
    yield say("{used} of {all} columns go into {target} (* it requires the field):",
              used=used, all=len(mapped.choices), target=target.title)  # fmt: skip
    sample = mapping.apply(cells, mapped)
    names = _fields(found, target)
    wide = min(26, measure() // 3, max((screen.width(name) for name in names), default=0) + 2)
    for name in names:
        yield from _field_lines(name, found, sample, target, wide)
    yield from _left_out(mapped.choices)
    if mapped.missing:
        message, remedy = mapping.missing_message(mapped, target.record, headless=facts.header_row == 0)
        yield ""
        yield from screen.wrap(say("Missing: {what}.", what=message), measure())
        yield from screen.wrap(f"→ {remedy}", measure(), further="  ")


def _detected(facts: SourceFacts) -> Iterator[str]:
    """What is known of a source, part by part."""
    yield facts.name
    yield facts.encoding or facts.kind
    if facts.delimiter:
        named = {"\t": say("tab"), " ": say("space")}.get(facts.delimiter, f"'{facts.delimiter}'")
        yield say("delimiter {delimiter}", delimiter=named)
    if facts.sheet:
        yield say("sheet {sheet}", sheet=facts.sheet)
    yield say("header in row {row}", row=facts.header_row) if facts.header_row else say("no header")
    if facts.rows is not None:
        yield counted.rows(facts.rows)


def _fields(found: Source, target: Target) -> list[str]:
    """The fields that something feeds, in the target's order, then entries such as metadata.x."""
    mapped = found.mapping
    fed = {c.field for c in mapped.choices if c.field} | {*mapped.compose, *mapped.constants, *mapped.defaults}
    known = list(fields(target.record))
    names = [name for name in fed if not name.startswith("~")]
    return sorted(names, key=lambda n: (known.index(n) if n in known else len(known), n))


def _field_lines(name: str, found: Source, sample: pl.DataFrame, target: Target, wide: int) -> Iterator[str]:
    """One field, its name `wide`: where it comes from, why, and the first texts that it will get."""
    mapped = found.mapping
    field = fields(target.record).get(name)
    how = next((say(HOW.get(c.how, c.how)) for c in mapped.choices if c.field == name), "")
    source = mapped.label(name).strip()
    if name in mapped.constants:
        source, how = repr(mapped.constants[name]), say("every row")
    elif name in mapped.compose and not mapped.compose[name]:
        how = say("derived")
    elif name in mapped.compose:
        source = re.sub(r"\}(?:/100)?!?", "}", mapped.compose[name]).replace("|", " | ")
        how = say("joined") if len(mapped.parts[name]) > 1 else how
    elif name in mapped.defaults and not any(c.field == name for c in mapped.choices):
        source, how = repr(mapped.defaults[name]), say("default")
    label = f"{name} {'*' if field and field.required else ''}"
    room = max(measure() - wide - 17, MINIMUM)
    first, *more = screen.wrap(screen.shown(source), room) or [""]
    yield f"  {screen.pad(screen.cut(label, wide), wide)}  {screen.pad(first, room)}  {how}".rstrip()
    yield from (f"  {'':<{wide}}  {line}" for line in more)
    if name not in mapped.constants:
        texts = " · ".join(screen.cut(screen.shown(text), room) for text in _examples(sample, name))
        if texts:
            yield f"  {'':<{wide}}  {screen.style(screen.cut('→ ' + texts, measure() - wide - 4), 'dim')}"


def _left_out(choices: tuple[Choice, ...]) -> Iterator[str]:
    """The columns that feed nothing, those with the same reason together."""
    why: dict[str, list[str]] = {}
    for c in choices:
        if c.field is None:
            number, header = f"#{c.index + 1}", c.header.strip()
            repeated = sum(o.header == c.header for o in choices) > 1
            why.setdefault(c.reason, []).append(f"{header} ({number})" if header and repeated else header or number)
    if why:
        yield ""
        yield say("Left out:")
    for reason, names in why.items():
        said = ", ".join(screen.shown(name) for name in names[:NAMED])
        if len(names) > NAMED:
            said = say("{names} and {more:n} more", names=said, more=len(names) - NAMED)
        yield from screen.wrap(f"{said}: {reason}", measure(), first="  ", further="    ")
