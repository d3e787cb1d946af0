"""Turn the edits of an error file into the rows that a round is made of, and say what becomes of all its lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from pipeline import store
from pipeline.folder import RunFolder
from pipeline.handoff import READING_SCHEMA
from pipeline.language import later, say, say_n
from pipeline.report import TO_CORRECT
from pipeline.rounds.causes import Replacement
from pipeline.rounds.matching import Matched, match, row_number
from pipeline.rounds.reading import Edits
from pipeline.rounds.standing import corrections, named

READ = ("cell.", "row.")
"""Problems that reading a source finds: they stay with a cell, or a row, until somebody edits it."""

KINDS = {
    "plus": later("a leading + that was gone"), "zeros": later("leading zeros that were gone"),
    "digits": later("digits that were lost"), "exponent": later("numbers written with an exponent"),
    "number": later("numbers written otherwise"), "date": later("texts turned into dates"),
    "time": later("times written otherwise"), "truth": later("truth values written otherwise"),
    "letters": later("letters that were lost"), "error": later("texts taken for formulas"),
}  # fmt: skip


@dataclass(frozen=True)
class Chosen:
    """The rows of a round.

    `rows` has `line`, `origin`, `seq` (null: a new row), `source`, `sheet`, `row`, `key` (so far), `said`, `copied` and
    `c0`..`cN`. `issues` has READING_SCHEMA with `at` the position in `rows`: what reading found. `notes` are for the user.
    """

    rows: pl.DataFrame
    issues: pl.DataFrame
    notes: list[str]


def choose(folder: RunFolder, facts: dict[str, Any], edits: Edits) -> Chosen:
    """Match the edits, leave out what is not to be corrected, and add what a replacement for a cause reaches.

    Raises:
        Misuse: the lines cannot be matched without guessing.
    """
    number = edits.rows.select(row_number()).to_series()
    known, keys = named(
        folder, facts, number.drop_nulls().unique(), edits.rows["_key"].drop_nulls().str.to_lowercase().unique()
    )
    headers = list(facts["headers"])
    matched = match(edits, known, keys, headers)
    rows = matched.rows
    cells = [f"c{i}" for i in range(len(headers))]
    blank = pl.all_horizontal([pl.col(n).fill_null("").str.strip_chars() == "" for n in cells])
    new, status = pl.col("origin").is_null(), pl.col("status")
    notes = _notes(matched, rows.filter(blank), rows.filter(~blank))
    going = rows.filter(~blank & (new | status.is_in(TO_CORRECT))).sort("origin", "at", nulls_last=True)
    going = _with_reached(going, folder, edits, cells)
    going = _numbered(going, facts, folder)
    return Chosen(going, _issues(going, matched, edits, known, facts), notes)


def _notes(matched: Matched, blank: pl.DataFrame, rows: pl.DataFrame) -> list[str]:
    """What became of the lines that are no corrections, and of the cells that were restored."""
    notes = []
    for kind, count in matched.restored.most_common():
        if kind in KINDS:
            notes.append(
                say_n(
                    "{n:n} cell restored, as a spreadsheet program had changed it: {kind}",
                    "{n:n} cells restored, as a spreadsheet program had changed them: {kind}",
                    count,
                    kind=say(KINDS[kind]),
                )
            )
    done = rows.filter(pl.col("origin").is_not_null() & ~pl.col("status").is_in([*TO_CORRECT, "unknown"]))
    touched = done.join(matched.edited, on="at", how="semi")
    if done.height:
        notes.append(
            say_n(
                "{n:n} row of the file is in already and not sent again",
                "{n:n} rows of the file are in already and not sent again",
                done.height,
            )
        )
    if touched.height:
        notes.append(say("what was edited in {rows} is not used: the customer is in already", rows=_rows(touched)))
    open_ = rows.filter(pl.col("status") == "unknown")
    if open_.height:
        notes.append(
            say(
                "{rows}: what became of the first request is not known yet, so nothing is corrected; push settles it",
                rows=_rows(open_),
            )
        )
    if blank.height:
        notes.append(
            say_n("{n:n} line without any cell left out", "{n:n} lines without any cell left out", blank.height)
        )
    added = rows.filter(pl.col("origin").is_null())
    if added.height:
        notes.append(say_n("{n:n} row of the file is new", "{n:n} rows of the file are new", added.height))
    copied = added.filter("copied")
    if copied.height:
        notes.append(
            say_n(
                "{n:n} row with the key of another row counted as new (line {line})",
                "{n:n} rows with the key of another row counted as new (line {line})",
                copied.height,
                line=copied["line"][0],
            )
        )
    return notes


def _rows(frame: pl.DataFrame) -> str:
    shown = ", ".join(str(n) for n in frame["row"].head(5))
    if frame.height > 5:
        return say("rows {shown} and {more:n} more", shown=shown, more=frame.height - 5)
    return say_n("row {shown}", "rows {shown}", frame.height, shown=shown)


def _with_reached(
    rows: pl.DataFrame, folder: RunFolder, edits: Edits, cells: list[str]
) -> pl.DataFrame:  # fmt: skip
    """The rows, and those behind the last line of a workbook that could not hold all, which a replacement reaches."""
    if not edits.replacements:
        return rows
    last = rows["origin"].max()
    found = [rows]
    for batch in corrections(folder):
        left = batch.filter(pl.col("origin") > (-1 if last is None else last)) if not rows.is_empty() else batch
        hit = left.filter(reached(edits.replacements)).join(rows, on="origin", how="anti")
        if hit.height and _cut(edits):
            found.append(hit.select(
                "seq", "origin", "status", "source", "sheet", "row", "key", *cells, line=pl.lit(0, pl.UInt32),
                copied=pl.lit(False), said=pl.lit(None, pl.String),
            ))  # fmt: skip
    return pl.concat(found, how="diagonal_relaxed")


def _cut(edits: Edits) -> bool:
    """Whether the file was full, so that rows may not have found room in it."""
    from pipeline.report.sheet import MOST_ROWS

    return edits.rows.height >= MOST_ROWS * 9 // 10


def reached(said: Sequence[Replacement]) -> pl.Expr:
    """Whether a row has a problem that one of the replacements is about."""
    item = pl.element().struct
    tests = [
        (item.field("code") == one.code) & (item.field("field").fill_null("") == one.field)
        & (item.field("column").fill_null("") == one.column)
        & (item.field("value").fill_null("").str.strip_chars().str.to_lowercase() == one.value.strip().lower())
        for one in said
    ]  # fmt: skip
    return pl.col("issues").list.eval(pl.any_horizontal(tests)).list.any()


def _numbered(rows: pl.DataFrame, facts: dict[str, Any], folder: RunFolder) -> pl.DataFrame:
    """The rows with a place: new ones follow the last row of the run, in the source that they name, else the first."""
    if not rows["origin"].null_count():
        return rows
    named_ = pl.DataFrame(
        [(s["name"] if len(facts["sources"]) > 1 else "", s["sheet"]) for s in facts["sources"]],
        schema={"source": pl.String, "sheet": pl.String}, orient="row",
    ).unique(maintain_order=True)  # fmt: skip
    first = named_.row(0)
    last = max((int(b["row"].max() or 0) for b in store.current(folder)), default=0)  # type: ignore[arg-type]
    new = pl.col("origin").is_null()
    there = pl.struct(pl.col("_source").fill_null("").alias("source"), pl.col("_sheet").alias("sheet"))
    known = there.is_in(named_.to_struct("p").implode()) if named_.height > 1 else pl.lit(False)
    return rows.with_columns(
        row=pl.when(new).then((last + new.cum_sum()).cast(pl.UInt32)).otherwise("row"),
        source=pl.when(~new)
        .then("source")
        .when(known)
        .then(pl.col("_source").fill_null(""))
        .otherwise(pl.lit(first[0])),
        sheet=pl.when(~new).then("sheet").when(known).then("_sheet").otherwise(pl.lit(first[1], pl.String)),
    )


def _issues(
    going: pl.DataFrame, matched: Matched, edits: Edits, known: pl.DataFrame, facts: dict[str, Any]
) -> pl.DataFrame:  # fmt: skip
    """What reading the error file found in edited cells and new rows, and what it found in the source of all others."""
    rows = going.with_row_index("here").select("here", "at", "seq", "origin")
    touched = matched.edited.select("at", pl.col("column").str.slice(1).cast(pl.UInt32).alias("place"))
    fresh = edits.issues.join(rows, on="at", how="inner")
    mine = fresh.join(touched, on=["at", "place"], how="semi")
    new = fresh.filter(pl.col("origin").is_null() | pl.col("code").str.starts_with("row."))
    carried = known.select("seq", "issues").filter(pl.col("issues").list.len() > 0).explode("issues").unnest("issues")
    carried = carried.filter(_read_problem() & ~_told_again() & ~_replaced(edits.replacements))
    carried = _placed(carried, facts).join(rows, on="seq", how="inner").with_row_index("n")
    anew = carried.explode("places", empty_as_null=True).join(
        touched, left_on=["at", "places"], right_on=["at", "place"], how="semi"
    )
    whole = pl.col("column").is_null() | pl.col("code").str.starts_with("row.")
    old = pl.concat([
        carried.filter(~whole).join(anew, on="n", how="anti"),
        carried.filter(whole).join(touched.select("at").unique(), on="at", how="anti"),
    ])  # fmt: skip
    places = [f.select(pl.col("here").alias("at"), *(n for n in READING_SCHEMA if n != "at")) for f in (mine, new, old)]
    return (
        pl.concat([pl.DataFrame(schema=READING_SCHEMA), *places])
        .unique(maintain_order=True)
        .sort("at", maintain_order=True)
    )


def _placed(problems: pl.DataFrame, facts: dict[str, Any]) -> pl.DataFrame:
    """Problems of a plan with the `places` (List(UInt32)) where their cells can be, and the `place` where there is only one."""
    pairs = problems.select("field", "column").unique()
    found = [_places(facts, field, column) for field, column in pairs.iter_rows()]
    pairs = pairs.with_columns(pl.Series("places", found, dtype=pl.List(pl.UInt32)))
    both = problems.join(pairs, on=["field", "column"], how="left", nulls_equal=True, maintain_order="left")
    return both.with_columns(place=pl.when(pl.col("places").list.len() == 1).then(pl.col("places").list.first()))


def _places(facts: dict[str, Any], field: str | None, column: str | None) -> list[int]:
    """The columns of the run that feed the field and have the header; else those that do either."""
    fed: set[int] = set()
    for source in facts["sources"] if field else ():
        own = [c["index"] for c in source["columns"] if c["field"] == field]
        fed.update(source["places"][i] for i in (*own, *source["parts"].get(field, ())))
    headed = {i for i, header in enumerate(facts["headers"]) if header == column}
    return sorted((fed & headed) or fed or headed)


def _told_again() -> pl.Expr:
    """Whether the text alone shows what is wrong, so that it is judged anew, a replacement for it included."""
    return (pl.col("code") == "cell.precision_lost") & pl.col("value").str.contains("[eE]").fill_null(False)


def _replaced(said: Sequence[Replacement]) -> pl.Expr:
    """Whether a replacement gives another value for the cell."""
    tests = [
        (pl.col("code") == one.code) & (pl.col("value").fill_null("").str.strip_chars() == one.value.strip())
        for one in said
    ]
    return pl.any_horizontal(pl.lit(False), *tests)


def _read_problem() -> pl.Expr:
    ours = pl.col("code").is_in(["row.left_out", "row.added", "row.copied", "row.earlier_version"])
    return pl.any_horizontal([pl.col("code").str.starts_with(start) for start in READ]) & ~ours
