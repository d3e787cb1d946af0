"""Turn the lines of an error file into the rows of the run that they correct, each cell compared with what is known.

A line is the correction of a row where row number and key agree with what the run knows. A line without both is a new
row, and so is a copy of another line. What was done to its cells, `comparing` tells.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import polars as pl

from pipeline.errors import Misuse
from pipeline.language import say, say_n
from pipeline.rounds.belonging import KEEP_OURS
from pipeline.rounds.comparing import beside, compared, undone
from pipeline.rounds.reading import Edits

SORTED_APART = 2
SHOWN = 5


@dataclass
class Matched:
    """The lines of an error file, and what they are.

    `rows` has `at` (position among the lines), `line`, `origin` and `seq` of the row (null: a new one), `status`
    (null: a new one), `copied` (Boolean), `source`, `sheet`, `row`, `key`, `c0`..`cN` (String, as they are to be read
    now) and `said` (String: what was edited or restored, for `_changes`). `edited` has `at` and `column` of the cells
    that a person changed. `restored` counts cells by kind of damage.
    """

    rows: pl.DataFrame
    edited: pl.DataFrame
    restored: Counter[str]


def match(edits: Edits, known: pl.DataFrame, keys: pl.DataFrame, headers: list[str]) -> Matched:
    """Find the row of each line, and what was done to its cells.

    `known` has every row of the run that is named in the file: seq, origin, source, sheet, row, key, status, c0..cN
    and `faulty` (List(String): the headers of its faulty cells, null where the problem is of the row). `keys` has the
    `key` of every row of the run.

    Raises:
        Misuse: the lines cannot be matched without guessing.
    """
    lines = _placed(edits.rows.with_row_index("at"), known)
    owned = _owned(lines, known, keys)
    texts = [f"c{i}" for i in range(len(headers)) if f"c{i}" in edits.rows.columns]
    owned = _copies(owned, known, texts)
    if not edits.typed:  # nobody sorts a page's columns apart, and a row may become like another one
        _refuse_sorted_apart(owned, known, texts)
    cells = compared(owned, known, texts, headers, edits)
    edited = cells.filter(pl.col("kind").is_null()).select("at", "column")
    return Matched(undone(owned, known, cells, headers), edited, Counter(cells["kind"].drop_nulls().to_list()))


def row_number() -> pl.Expr:
    """The row number that `_row` holds, null where it is none; a program may have written `7.0` for `7`."""
    return pl.col("_row").str.replace(r"[.,]0+$", "").str.extract(r"^(\d{1,9})$").cast(pl.UInt32)


def _placed(lines: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """The lines with `number`, and with the `source` and `sheet` that they name; null where the run has only one."""
    lines = lines.with_columns(number=row_number())
    if known.select("source", "sheet").unique().height < 2:
        return lines.with_columns(source=pl.lit(None, pl.String), sheet=pl.lit(None, pl.String))
    return lines.with_columns(source=pl.col("_source").fill_null(""), sheet=pl.col("_sheet"))


def _owned(lines: pl.DataFrame, known: pl.DataFrame, keys: pl.DataFrame) -> pl.DataFrame:
    """The lines with `seq` of their row; null for a new one."""
    several = known.select("source", "sheet").unique().height > 1
    by = ["source", "sheet", "number"] if several else ["number"]
    there = known.select("seq", "source", "sheet", pl.col("row").alias("number"), pl.col("key").alias("theirs"))
    lines = lines.join(there if several else there.drop("source", "sheet"), on=by, how="left", nulls_equal=True,
                       maintain_order="left")  # fmt: skip
    _refuse_ambiguous(lines)
    key = pl.col("_key").str.to_lowercase()
    ours = pl.col("theirs").eq_missing(key) & key.is_not_null()
    owner = known.filter(pl.col("key").is_unique()).select(pl.col("key").alias("_key"), pl.col("seq").alias("by_key"))
    lines = lines.with_columns(_key=key, ours=ours).join(owner, on="_key", how="left", maintain_order="left")
    blank = pl.col("number").is_null() & pl.col("_row").is_null()
    seq = pl.when("ours").then("seq").when(blank & pl.col("by_key").is_not_null()).then("by_key")
    lines = lines.with_columns(found=seq)
    _refuse_unmatched(lines, keys)
    strange = pl.col("found").is_null() & pl.col("_key").is_not_null()
    return lines.with_columns(seq=pl.col("found"), copied=strange).drop("theirs", "ours", "by_key", "found")


def _refuse_ambiguous(lines: pl.DataFrame) -> None:
    if lines["at"].is_duplicated().any():
        raise Misuse(say("row numbers of the error file stand for several rows of the run"), say(KEEP_OURS))


def _refuse_unmatched(lines: pl.DataFrame, keys: pl.DataFrame) -> None:
    """Stop where a line names a row and its key is gone, or has a key that the run never gave."""
    lost = lines.filter(pl.col("found").is_null() & pl.col("_key").is_null() & pl.col("seq").is_not_null())
    if lost.height:
        raise Misuse(
            say(
                "the key (_key) is gone from {lines}, so it cannot be told whether it is still row {row}",
                lines=_lines(lost),
                row=lost["number"][0],
            ),
            say("{where} For a new row leave both _row and _key blank.", where=say(KEEP_OURS)),
        )
    unread = lines.filter(pl.col("_row").is_not_null() & pl.col("number").is_null())
    if unread.height:
        raise Misuse(
            say("_row holds no row number but {value!r} in {lines}", value=unread["_row"][0], lines=_lines(unread)),
            say(KEEP_OURS),
        )
    named = lines.filter(pl.col("found").is_null() & pl.col("_key").is_not_null())
    foreign = named.join(keys, left_on="_key", right_on="key", how="anti", maintain_order="left")
    if foreign.height:
        raise Misuse(
            say(
                "no row of this run has the key in {lines}: the file is of another run, or was changed",
                lines=_lines(foreign),
            ),
            say("{where} For a new row leave both _row and _key blank.", where=say(KEEP_OURS)),
        )


def _lines(frame: pl.DataFrame) -> str:
    shown = ", ".join(str(n) for n in frame["line"].head(SHOWN))
    if (more := frame.height - SHOWN) > 0:
        return say("lines {shown} and {more:n} more of the file", shown=shown, more=more)
    return say_n("line {shown} of the file", "lines {shown} of the file", frame.height, shown=shown)


def _copies(owned: pl.DataFrame, known: pl.DataFrame, texts: list[str]) -> pl.DataFrame:
    """Of several lines of one row, the one that differs least is its correction; the others are new rows."""
    twice = owned.filter(pl.col("seq").is_not_null() & pl.col("seq").is_duplicated())
    if twice.is_empty():
        return owned
    both = beside(twice, known, texts)
    count = pl.sum_horizontal([pl.col(n).ne_missing(pl.col(f"k.{n}")) for n in texts])
    best = both.with_columns(differs=count).sort("differs", "at").unique("seq", keep="first", maintain_order=True)
    others = pl.col("at").is_in(twice["at"].implode()) & ~pl.col("at").is_in(best["at"].implode())
    return owned.with_columns(seq=pl.when(~others).then("seq"), copied=pl.col("copied") | others)


def _refuse_sorted_apart(owned: pl.DataFrame, known: pl.DataFrame, texts: list[str]) -> None:
    """Stop where lines hold the cells of other rows: the columns were sorted without the helper columns."""
    ours = known.select("seq", mine=pl.concat_str([pl.col(n).fill_null("\0") for n in texts], separator="\1"))
    theirs = owned.filter(pl.col("seq").is_not_null()).select(
        "seq", "line", now=pl.concat_str([pl.col(n).fill_null("\0") for n in texts], separator="\1")
    )
    moved = theirs.join(ours, on="seq").filter(pl.col("now") != pl.col("mine"))
    other = moved.join(ours.select(now="mine", other="seq").unique("now"), on="now", how="inner").filter(
        pl.col("other") != pl.col("seq")
    )
    if other.height >= SORTED_APART and 2 * other.height >= moved.height:
        raise Misuse(
            say(
                "the cells of other rows are in {lines}: the columns were sorted apart from the columns that begin with _",
                lines=_lines(other),
            ),
            say("Take the error file again, and sort all of its columns together."),
        )
