"""Turn a run folder into how each of its rows stands now: what may be corrected, and what a correction must heed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl

from pipeline import outcomes, store
from pipeline.folder import RunFolder
from pipeline.issues import errors
from pipeline.language import say
from pipeline.report import TO_CORRECT
from pipeline.rounds.builder import Others
from pipeline.sources import origin

HERE = ("seq", "origin", "source", "sheet", "row", "key", "status", "issues")
IN = ("created", "updated", "unchanged")
MAY_GO = ("ready", "failed", "unknown", "not_attempted", "rejected")


def standing(folder: RunFolder, facts: dict[str, Any]) -> Iterator[pl.DataFrame]:
    """Every row of the run in input order, in bounded frames; see `report.Table`."""
    pushed = store.unpushed(folder) is None
    return outcomes.table(folder, origin(facts), pushed=pushed)


def corrections(folder: RunFolder) -> Iterator[pl.DataFrame]:
    """The rows that are not in and may be corrected, with their texts and problems, as `report.Table` has them."""
    for batch in standing(folder, store.facts(folder)):
        wrong = batch.filter(pl.col("status").is_in(TO_CORRECT))
        if wrong.height:
            yield wrong


def named(
    folder: RunFolder, facts: dict[str, Any], rows: pl.Series, keys: pl.Series
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows of the run that a file names by number or key, and the keys of all rows.

    The first frame has HERE, `c0`..`cN` and `faulty`, the headers of the cells that are faulty.
    """
    found, every = [], [pl.DataFrame(schema={"key": pl.String})]
    cells = [f"c{i}" for i in range(len(facts["headers"]))]
    for batch in standing(folder, facts):
        every.append(batch.select("key"))
        hit = batch.filter(pl.col("row").is_in(rows.implode()) | pl.col("key").is_in(keys.implode()))
        found.append(hit.select(*HERE, *cells))
    wrong = pl.element().filter(pl.element().struct.field("code").is_in(errors())).struct.field("column")
    every_one = pl.concat_list(wrong, wrong.str.split(" + "))  # a header may have a plus sign itself
    known = pl.concat(found).with_columns(faulty=pl.col("issues").list.eval(every_one.explode(empty_as_null=True)))
    return known, pl.concat(every)


def others(folder: RunFolder, facts: dict[str, Any], corrected: pl.Series, identities: pl.Series) -> Others:
    """Of all rows but those with the origins `corrected`: who has one of `identities`, and how it stands."""
    found = Others()
    versions = store.versions(folder, corrected)
    asked, mine, firsts = (s.unique().implode() for s in (identities.drop_nulls(), corrected, versions))
    for batch in standing(folder, facts):
        chosen = batch.filter(pl.col("identity").is_in(asked) & ~pl.col("origin").is_in(mine))
        for line in chosen.select(
            "source", "row", "status", "identity", "id", follows=pl.col("after").is_in(firsts)
        ).iter_rows(named=True):
            identity = line["identity"]
            found.count[identity] = found.count.get(identity, 0) + (line["status"] != "invalid")
            if line["status"] in IN and line["id"]:
                found.there.setdefault(identity, []).append(line["id"])
            elif line["status"] in MAY_GO and not line["follows"]:
                found.going.setdefault(
                    identity,
                    say("{row} of {source}", row=line["row"], source=line["source"])
                    if line["source"]
                    else str(line["row"]),
                )
    return found
