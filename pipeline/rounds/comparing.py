"""Turn the cells of matched lines that differ from the run's into a person's edits and a spreadsheet program's damage.

What a program did to a cell is undone, where nobody edited it. A text that came back whole, although a program would
have changed it as well, tells that another one of its form was edited by a person.
"""

from __future__ import annotations

import re
from typing import Any

import polars as pl

from pipeline.language import say
from pipeline.rounds.damage import SURE, form, kind, open_to
from pipeline.rounds.reading import Edits
from pipeline.spreadsheet import letters


def compared(
    owned: pl.DataFrame, known: pl.DataFrame, texts: list[str], headers: list[str], edits: Edits
) -> pl.DataFrame:  # fmt: skip
    """The cells that are not what the run knows: at, column (`c3`), before, after, kind.

    `kind` is the kind of damage that explains each (`damage`), null where a person edited it. `owned` are the lines with
    `seq` of their row, `texts` the columns that they have, the rest is as in `matching.match`.
    """
    both = beside(owned, known, texts)
    cells = _differing(both, texts)
    pairs = cells.select("before", "after").unique()
    kinds = [None if edits.typed else _kind(before, after) for before, after in pairs.iter_rows()]
    cells = cells.join(pairs.with_columns(pl.Series("kind", kinds, dtype=pl.String)), on=["before", "after"], how="left",
                       nulls_equal=True, maintain_order="left")  # fmt: skip
    if cells["kind"].null_count() == cells.height:
        return cells
    faulty = known.select("seq", "faulty")
    cells = cells.join(faulty, on="seq", how="left", maintain_order="left").with_columns(
        header=header_of("column", headers)
    )
    wrong = pl.col("header").is_in(pl.col("faulty")).fill_null(False)
    doubtful = wrong & ~pl.col("kind").is_in(sorted(SURE)).fill_null(True)
    intact = _intact(cells, both, texts, everywhere=not edits.workbook)
    forms = [k and form(k, b) for k, b in cells.select("kind", "before").iter_rows()]
    keyed = cells.with_columns(
        form=pl.Series(forms, dtype=pl.String), where=pl.lit("") if not edits.workbook else "column"
    )
    cells = keyed.join(intact, on=["kind", "where", "form"], how="left", maintain_order="left")
    return cells.with_columns(kind=pl.when(~(doubtful | pl.col("spared").fill_null(False))).then("kind"))


def beside(lines: pl.DataFrame, known: pl.DataFrame, texts: list[str]) -> pl.DataFrame:
    """The lines that correct a row, with what the run knows of its cells `texts` beside them, as `k.c0` ..."""
    corrected = lines.filter(pl.col("seq").is_not_null())
    return corrected.join(known.select("seq", *(pl.col(n).alias(f"k.{n}") for n in texts)), on="seq", how="left")


def header_of(column: str, headers: list[str]) -> pl.Expr:
    """The header of the column that stands in `column` as `c3`."""
    place = pl.col(column).str.slice(1).cast(pl.UInt32)
    return place.replace_strict(dict(enumerate(headers)), return_dtype=pl.String)


def _differing(both: pl.DataFrame, texts: list[str]) -> pl.DataFrame:
    """The cells that are not what the run knows: at, column (`c3`), before, after."""
    parts = [
        both.filter(pl.col(n).ne_missing(pl.col(f"k.{n}"))).select(
            "at", "seq", column=pl.lit(n), before=pl.col(f"k.{n}"), after=pl.col(n)
        )
        for n in texts
    ]
    empty = {"at": pl.UInt32, "seq": pl.UInt32, **dict.fromkeys(("column", "before", "after"), pl.String)}
    return pl.concat([pl.DataFrame(schema=empty), *parts])


def _kind(before: str | None, after: str | None) -> str | None:
    if before is None or after is None:
        return "spaces" if not (before or "").strip() and not (after or "").strip() else None
    return kind(before, after)


def _intact(cells: pl.DataFrame, both: pl.DataFrame, texts: list[str], *, everywhere: bool) -> pl.DataFrame:
    """Forms of text that came back whole although a damage of that kind would have changed them too.

    A cell of such a form that differs was changed by a person. `where` is the column, "" for the whole file.
    """
    found: set[tuple[str, str, str]] = set()
    for kind_ in cells["kind"].drop_nulls().unique():
        if (pattern := open_to(kind_)) is not None:
            for name in texts:
                same = pl.col(name).eq_missing(pl.col(f"k.{name}")) & pl.col(name).str.contains(pattern)
                whole = both.filter(same)[name].unique().to_list()
                found |= {(kind_, "" if everywhere else name, form(kind_, text)) for text in whole}
    frame = pl.DataFrame(sorted(found), schema=dict.fromkeys(("kind", "where", "form"), pl.String), orient="row")
    return frame.with_columns(spared=True)


def undone(owned: pl.DataFrame, known: pl.DataFrame, judged: pl.DataFrame, headers: list[str]) -> pl.DataFrame:
    """The rows as they are to be read now, without the damage; see `matching.Matched`."""
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
    return chosen.join(_said(judged, headers), on="at", how="left", maintain_order="left")


def _said(judged: pl.DataFrame, headers: list[str]) -> pl.DataFrame:
    """`header (edited): before -> after` or `(restored)`, joined, for each row; at, said."""
    lines: dict[int, list[str]] = {}
    edited, restored = say("edited"), say("restored")
    for at, column, before, after, why in judged.select("at", "column", "before", "after", "kind").iter_rows():
        first, then = (after, before) if why else (before, after)
        if why in ("spaces", "apostrophe"):
            continue  # nobody sees these, and nothing of them is lost
        header = headers[int(column[1:])] or say("column {letters}", letters=letters(int(column[1:])))
        how = restored if why else edited
        lines.setdefault(at, []).append(f"{header} ({how}): {_short(first)} -> {_short(then)}")
    said = [(at, " | ".join(texts)) for at, texts in sorted(lines.items())]
    return pl.DataFrame(said, schema={"at": pl.UInt32, "said": pl.String}, orient="row")


def _short(text: Any) -> str:
    one = re.sub(r"\s+", " ", text or "")
    return one if len(one) <= 200 else one[:199] + "…"
