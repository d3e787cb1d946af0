"""Turn the desk into a corrected file in the run folder, which `customer-import run` takes like an error file."""

from __future__ import annotations

from contextlib import closing

import polars as pl

from pipeline import rounds
from pipeline.report.delimited import CsvFile
from pipeline.review.desk import Desk
from pipeline.rounds.reading import own_names

NAME = "errors.corrected.csv"
"""Named so that `forget` removes it with the run's other error files."""

HELPERS = ("_source", "_sheet", "_row", "_key", "_run")


def save(desk: Desk) -> str:
    """Write the rows as they stand, replacements and defaults put into their cells; the answer is the file's name."""
    facts = desk.facts
    several = len(facts["sources"]) > 1
    names = [n for n in HELPERS if several or n != "_source"]
    place = desk.base.place.select(
        pl.col("source").alias("_source"), pl.col("sheet").alias("_sheet"), pl.col("row").cast(pl.String).alias("_row"),
        pl.col("key").alias("_key"), pl.lit(rounds.mark(desk.folder, facts)).alias("_run"),
    )  # fmt: skip
    with desk.folder.writing(NAME) as path:
        headers = [*names, *own_names(facts)]
        with closing(CsvFile(path, headers, facts["sources"][0]["delimiter"], raw=False)) as file:
            file.write(place.select(names), filled(desk))
    return NAME


def filled(desk: Desk) -> pl.DataFrame:
    """The texts with what was said once for many rows, where one column feeds the field.

    The state of a place has no cell of its own: its text in the place's cell would change the address.
    """
    cells = desk.now.cells
    derived = {name for source in desk.facts["sources"] for name, pattern in source["compose"].items() if not pattern}
    for one in desk.folded.replacements:
        if one.field in derived:
            continue
        at = desk.place_of(one.field, one.column)
        if at is not None:
            name = f"c{at}"
            same = pl.col(name).fill_null("").str.strip_chars().str.to_lowercase() == one.value.strip().lower()
            cells = cells.with_columns(pl.when(same).then(pl.lit(one.replacement)).otherwise(name).alias(name))
    for field, text in desk.folded.defaults.items():
        at = desk.cell_of(field)
        if at is not None and text and field not in derived:
            name = f"c{at}"
            blank = pl.col(name).fill_null("").str.strip_chars() == ""
            cells = cells.with_columns(pl.when(blank).then(pl.lit(text)).otherwise(name).alias(name))
    return cells
