"""Turn the lines of an error file into the rows of the run that they correct, each cell compared with what is known.

A line is the correction of a row where row number and key agree with what the run knows. A line without both is a new
row, and so is a copy of another line. What a spreadsheet program did to a cell is undone, where nobody edited it.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from pipeline.errors import Misuse
from pipeline.language import say, say_n
from pipeline.rounds.damage import SURE, form, kind, open_to
from pipeline.rounds.reading import WHERE, Edits

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
    restored: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)


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
    differing = _differing(owned, known, texts)
    judged = _judged(differing, owned, known, texts, headers, edits)
    rows, said = _settled(owned, known, judged, headers)
    edited = judged.filter(pl.col("kind").is_null()).select("at", "column")
    found = Matched(rows.join(said, on="at", how="left", maintain_order="left"), edited)
    found.restored.update(judged["kind"].drop_nulls().to_list())
    return found


def _placed(lines: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """The lines with `number` (the row number they name) and `place` (which source and sheet), as the run knows them."""
    number = pl.col("_row").str.replace(r"[.,]0+$", "").str.extract(r"^(\d{1,9})$").cast(pl.UInt32)
    places = known.select("source", "sheet").unique()
    if places.height < 2:
        return lines.with_columns(number=number, source=pl.lit(None, pl.String), sheet=pl.lit(None, pl.String))
    return lines.with_columns(number=number, source=pl.col("_source").fill_null(""), sheet=pl.col("_sheet"))


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
        raise Misuse(say("row numbers of the error file stand for several rows of the run"), say(WHERE))


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
            say("{where} For a new row leave both _row and _key blank.", where=say(WHERE)),
        )
    unread = lines.filter(pl.col("_row").is_not_null() & pl.col("number").is_null())
    if unread.height:
        raise Misuse(
            say("_row holds no row number but {value!r} in {lines}", value=unread["_row"][0], lines=_lines(unread)),
            say(WHERE),
        )
    named = lines.filter(pl.col("found").is_null() & pl.col("_key").is_not_null())
    foreign = named.join(keys, left_on="_key", right_on="key", how="anti", maintain_order="left")
    if foreign.height:
        raise Misuse(
            say(
                "no row of this run has the key in {lines}: the file is of another run, or was changed",
                lines=_lines(foreign),
            ),
            say("{where} For a new row leave both _row and _key blank.", where=say(WHERE)),
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
    both = twice.join(known.select("seq", *(pl.col(n).alias(f"k.{n}") for n in texts)), on="seq", how="left")
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


def _differing(owned: pl.DataFrame, known: pl.DataFrame, texts: list[str]) -> pl.DataFrame:
    """The cells that are not what the run knows: at, column (`c3`), before, after."""
    corrected = owned.filter(pl.col("seq").is_not_null())
    both = corrected.join(known.select("seq", *(pl.col(n).alias(f"k.{n}") for n in texts)), on="seq", how="left")
    parts = [
        both.filter(pl.col(n).ne_missing(pl.col(f"k.{n}"))).select(
            "at", "seq", column=pl.lit(n), before=pl.col(f"k.{n}"), after=pl.col(n)
        )
        for n in texts
    ]
    empty = {"at": pl.UInt32, "seq": pl.UInt32, **dict.fromkeys(("column", "before", "after"), pl.String)}
    return pl.concat([pl.DataFrame(schema=empty), *parts])


def _judged(
    cells: pl.DataFrame, owned: pl.DataFrame, known: pl.DataFrame, texts: list[str], headers: list[str], edits: Edits
) -> pl.DataFrame:  # fmt: skip
    """The differing cells with the `kind` of damage that explains each, null where a person edited it."""
    pairs = cells.select("before", "after").unique()
    kinds = [None if edits.typed else _kind(before, after) for before, after in pairs.iter_rows()]
    cells = cells.join(pairs.with_columns(pl.Series("kind", kinds, dtype=pl.String)), on=["before", "after"], how="left",
                       nulls_equal=True, maintain_order="left")  # fmt: skip
    if cells["kind"].null_count() == cells.height:
        return cells
    header = (
        pl.col("column").str.slice(1).cast(pl.UInt32).replace_strict(dict(enumerate(headers)), return_dtype=pl.String)
    )
    faulty = known.select("seq", "faulty")
    cells = cells.join(faulty, on="seq", how="left", maintain_order="left").with_columns(header=header)
    wrong = pl.col("header").is_in(pl.col("faulty")).fill_null(False)
    doubtful = wrong & ~pl.col("kind").is_in(sorted(SURE)).fill_null(True)
    intact = _intact(cells, owned, known, texts, everywhere=not edits.workbook)
    forms = [k and form(k, b) for k, b in cells.select("kind", "before").iter_rows()]
    keyed = cells.with_columns(
        form=pl.Series(forms, dtype=pl.String), where=pl.lit("") if not edits.workbook else "column"
    )
    cells = keyed.join(intact, on=["kind", "where", "form"], how="left", maintain_order="left")
    return cells.with_columns(kind=pl.when(~(doubtful | pl.col("spared").fill_null(False))).then("kind"))


def _kind(before: str | None, after: str | None) -> str | None:
    if before is None or after is None:
        return "spaces" if not (before or "").strip() and not (after or "").strip() else None
    return kind(before, after)


def _intact(
    cells: pl.DataFrame, owned: pl.DataFrame, known: pl.DataFrame, texts: list[str], *, everywhere: bool
) -> pl.DataFrame:  # fmt: skip
    """Forms of text that came back whole although a damage of that kind would have changed them too.

    A cell of such a form that differs was changed by a person. `where` is the column, "" for the whole file.
    """
    corrected = owned.filter(pl.col("seq").is_not_null())
    both = corrected.join(known.select("seq", *(pl.col(n).alias(f"k.{n}") for n in texts)), on="seq", how="left")
    found: set[tuple[str, str, str]] = set()
    for kind_ in cells["kind"].drop_nulls().unique():
        if (pattern := open_to(kind_)) is not None:
            for name in texts:
                same = pl.col(name).eq_missing(pl.col(f"k.{name}")) & pl.col(name).str.contains(pattern)
                whole = both.filter(same)[name].unique().to_list()
                found |= {(kind_, "" if everywhere else name, form(kind_, text)) for text in whole}
    frame = pl.DataFrame(sorted(found), schema=dict.fromkeys(("kind", "where", "form"), pl.String), orient="row")
    return frame.with_columns(spared=True)


def _settled(
    owned: pl.DataFrame, known: pl.DataFrame, judged: pl.DataFrame, headers: list[str]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows as they are to be read now, and what was done to their cells in words."""
    every = [f"c{i}" for i in range(len(headers))]
    facts = known.select(
        "seq", "origin", "status", "source", "sheet", "row", "key", *(pl.col(n).alias(f"k.{n}") for n in every)
    )
    rows = owned.drop("source", "sheet").join(facts, on="seq", how="left", maintain_order="left")
    damaged = judged.filter(pl.col("kind").is_not_null())
    texts: list[pl.Expr] = []
    for name in every:
        back = damaged.filter(pl.col("column") == name)["at"]
        if name not in owned.columns:
            texts.append(pl.col(f"k.{name}").alias(name))
        else:
            texts.append(pl.when(pl.col("at").is_in(back.implode())).then(f"k.{name}").otherwise(name).alias(name))
    chosen = rows.select("at", "line", "seq", "origin", "status", "copied", "source", "sheet", "row", "key", "_source",
                         "_sheet", *texts)  # fmt: skip
    return chosen, _said(judged, headers)


def _said(judged: pl.DataFrame, headers: list[str]) -> pl.DataFrame:
    """`header (edited): before -> after` or `(restored)`, joined, for each row; at, said."""
    lines: dict[int, list[str]] = {}
    edited, restored = say("edited"), say("restored")
    kinds: list[str | None] = judged["kind"].to_list() if "kind" in judged.columns else []
    for (at, column, before, after), why in zip(
        judged.select("at", "column", "before", "after").iter_rows(), kinds, strict=True
    ):
        first, then = (after, before) if why else (before, after)
        if why in ("spaces", "apostrophe"):
            continue  # nobody sees these, and nothing of them is lost
        header = headers[int(column[1:])] or f"column {int(column[1:]) + 1}"
        how = restored if why else edited
        lines.setdefault(at, []).append(f"{header} ({how}): {_short(first)} -> {_short(then)}")
    said = [(at, " | ".join(texts)) for at, texts in sorted(lines.items())]
    return pl.DataFrame(said, schema={"at": pl.UInt32, "said": pl.String}, orient="row")


def _short(text: Any) -> str:
    one = re.sub(r"\s+", " ", text or "")
    return one if len(one) <= 200 else one[:199] + "…"
