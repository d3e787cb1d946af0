"""Turn a grid into the Sheet that the other stages work with: headers, data rows, issues in their place.

Rows above the header, footers and our own helper prefix go; everything else stays as it was written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import polars as pl

from pipeline.errors import Unreadable
from pipeline.handoff import READING_SCHEMA, Batch, Sheet, SourceFacts
from pipeline.language import later, say, say_n
from pipeline.read import header
from pipeline.read.book import HELPERS
from pipeline.read.footers import footers
from pipeline.read.grid import Grid, columns
from pipeline.spreadsheet import letters

MOST_COLUMNS = 2_000
FOOTERS = later("left out as totals or footers: {shown}")
PREFIXED = r"^'([=+\-@＝＋－＠\t\r\n'])"
"""What our own CSV files put an apostrophe before (OWASP, CSV Injection); any other apostrophe is the cell's own."""


def build(grid: Grid, facts: SourceFacts, told_row: int | None, limit: int | None, prefixes: bool) -> Sheet:
    """Find the table and hand it over; `prefixes`: a text file, whose cells we may have prefixed ourselves.

    Raises:
        Unreadable: no header, no data rows, too many columns, or two readings.
    """
    if grid.width > MOST_COLUMNS:
        raise Unreadable(
            say(
                "{name} has more than {most:n} columns, which no list of customers has",
                name=facts.name,
                most=MOST_COLUMNS,
            ),
            say("Keep the columns of the customer list alone, and run again."),
        )
    place = header.find(grid.head, grid.width, told_row, facts.name)
    cut = [] if place.end else footers(grid.tail, place.number)
    other = _count(grid, pl.col("row") >= place.end) if place.end else 0
    again = _repeated(grid, place)
    twice = 0 if again is None else _count(grid, again)
    rows = grid.count - sum(row.number <= place.number for row in grid.head) - len(cut) - other - twice
    if rows <= 0:
        raise Unreadable(
            say("{name} has a header (row {number}) but no customers below it", name=facts.name, number=place.number),
            say("Export the list again with its rows; if the rows stand elsewhere, use --sheet or --header-row."),
        )
    _refuse_uncomputed(grid, place.number, facts.name)
    ours = prefixes and set(place.cells) >= HELPERS
    notes = [*facts.notes, *grid.notes, *place.notes]
    if cut:
        shown = "; ".join(
            say("row {number} ({text})", number=row.number, text=(row.cells[row.filled()[0]] or "").strip()[:40])
            for row in cut
        )
        notes.append(say(FOOTERS, shown=shown))
    if other:
        notes.append(
            say_n(
                "row {end} is another table and was left out",
                "the {n:n} rows from row {end} on are another table and were left out",
                other,
                end=place.end,
            )
        )
    if twice:
        notes.append(
            say_n(
                "{n:n} row that repeats the header was left out",
                "{n:n} rows that repeat the header were left out",
                twice,
            )
        )
    if ours:
        notes.append(say("a result file of an earlier run: one leading apostrophe of its cells was removed"))
    headers = tuple(re.sub(PREFIXED, r"\1", cell) if ours else cell for cell in place.cells)
    facts = replace(facts, header_row=place.number, rows=rows, notes=tuple(notes))
    table = _Table(grid, headers, place.number, cut[0].number if cut else place.end, limit, ours, again)
    return Sheet(facts, headers, table.batches)


class _Table:
    """The data rows of a grid."""

    def __init__(
        self, grid: Grid, headers: tuple[str, ...], first: int, end: int | None, limit: int | None, ours: bool,
        again: pl.Expr | None,
    ) -> None:  # fmt: skip
        self.grid, self.headers, self.first, self.end = grid, headers, first, end
        self.limit, self.ours, self.again = limit, ours, again

    def batches(self, size: int) -> Iterator[Batch]:
        left = self.limit
        for frame in self.grid.frames(size):
            cells = frame.filter(pl.col("row") > self.first) if frame["row"][0] <= self.first else frame
            if self.end is not None and not cells.is_empty() and cells["row"][-1] >= self.end:
                cells = cells.filter(pl.col("row") < self.end)
            if self.again is not None:
                cells = cells.filter(~self.again)
            if left is not None:
                cells = cells.head(left)
                left -= cells.height
            if not cells.is_empty():
                yield Batch(self._stripped(cells), self._issues(cells["row"]))
            if left == 0:
                return

    def _stripped(self, cells: pl.DataFrame) -> pl.DataFrame:
        if not self.ours:
            return cells
        texts = pl.col(columns(self.grid.width))
        return cells.with_columns(texts.str.replace(PREFIXED, "$1"))

    def _issues(self, rows: pl.Series) -> pl.DataFrame:
        here = self.grid.problems.filter(pl.col("row").is_between(rows[0], rows[-1]))
        if self.grid.fractions is not None:
            here = pl.concat([here, self.grid.fractions(rows[0], rows[-1])]).sort("row", maintain_order=True)
        if here.is_empty():
            return pl.DataFrame(schema=READING_SCHEMA)
        at = pl.DataFrame({"row": rows, "at": pl.int_range(rows.len(), dtype=pl.UInt32, eager=True)})
        names = pl.DataFrame(
            {"col": pl.int_range(len(self.headers), dtype=pl.UInt32, eager=True), "column": self._names()},
            schema_overrides={"column": pl.String},
        )
        nothing = pl.lit(None, dtype=pl.String)
        joined = here.join(at, on="row", how="inner", maintain_order="left").join(
            names, on="col", how="left", maintain_order="left"
        )
        found = joined.with_columns(nothing.alias("field"), nothing.alias("suggestion"), pl.col("col").alias("place"))
        return found.select(*READING_SCHEMA)

    def _names(self) -> list[str]:
        return [name or say("column {letters}", letters=letters(i)) for i, name in enumerate(self.headers)]


def _repeated(grid: Grid, place: header.Place) -> pl.Expr | None:
    """What a row is that repeats the header, if one of the first rows does."""
    rows = {row.number: row for row in grid.head}
    named = rows.get(place.number)
    if named is None or not any(header.repeats(row, named) for n, row in rows.items() if n > place.number):
        return None
    texts = [pl.col(name).fill_null("") for name in columns(grid.width)]
    texts[0] = texts[0].str.strip_prefix("\ufeff")  # as in `header.repeats`
    same = [text == cell for text, cell in zip(texts, place.cells, strict=True)]
    before = True if place.end is None else pl.col("row") < place.end
    return pl.all_horizontal(*same, pl.col("row") > place.number, before)


def _count(grid: Grid, wanted: pl.Expr) -> int:
    return sum(frame.filter(wanted).height for frame in grid.frames(65_536))


def _refuse_uncomputed(grid: Grid, after: int, name: str) -> None:
    """Rows that consist of formulas without saved results are no customers, and not our guess to make."""
    problems = grid.problems.filter((pl.col("code") == "cell.formula_without_value") & (pl.col("row") > after))
    if problems.is_empty():
        return
    for frame in grid.frames(4096):
        texts = pl.col(columns(grid.width)).str.strip_chars() != ""
        if frame.filter((pl.col("row") > after) & pl.any_horizontal(texts.fill_null(False))).height:
            return
    raise Unreadable(
        say(
            "{name} has no rows with values: its cells are formulas whose results are not saved in the file", name=name
        ),
        say("Open it in a spreadsheet program, let it compute, save it, and run again."),
    )
