"""Turn hashes of whole files into the few rows that are the same customer as another row.

Two 64-bit hashes a row are kept: of who the customer is, and of name and address, by which rows of different customers
may be one all the same: that is only said. The texts of the rows that the first one points at are compared before
anything is decided, so that a collision harms nobody.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Literal

import polars as pl

from pipeline.columns.sentence import sentence
from pipeline.identity import readable
from pipeline.language import say
from pipeline.plan.verdicts import SCHEMA, Verdict, Verdicts

__all__ = ["Policy", "Verdict", "Verdicts", "affected", "hashes", "judge", "judge_some", "settled"]

Policy = Literal["error", "first", "last", "all"]
MOST_NAMED = 10
WHO, ALIKE = "hash.who", "hash.alike"
AT_ONCE = 1_000_000  # hashes that are sorted at once
MOST_ALIKE = 1_000  # rows; a name and an address that more customers have in common are a stand-in, and tell nothing


def hashes(who: pl.Series, valid: pl.Series, alike: pl.Series) -> pl.DataFrame:
    """The hashes of some rows (WHO, ALIKE: UInt64); null where a row is not valid, for such rows do not compete.

    `who` is the text of the identity, or of the whole record where there is none; `alike` is the row's `likeness`.
    """
    return pl.DataFrame([
        who.hash(0).set(~valid, None).alias(WHO), alike.hash(0).set(alike.is_null() | ~valid, None).alias(ALIKE)
    ])  # fmt: skip


def affected(hashes_of: Callable[[str], pl.Series]) -> pl.Series:
    """The seqs (UInt32) of valid rows that share a hash with another one, ascending.

    `hashes_of` has the hashes WHO or ALIKE of all rows, in order; it is asked for one after the other.
    """
    same = _among(alike := hashes_of(ALIKE), _repeated(alike, MOST_ALIKE))
    del alike
    same |= _among(who := hashes_of(WHO), _repeated(who))
    return same.arg_true().cast(pl.UInt32)


def _repeated(found: pl.Series, most: int | None = None) -> pl.Series:
    """The hashes that more than one row has, and not more than `most`.

    Range by range, and sorted, for a table of all would need several times the memory.
    """
    parts = max(-(-len(found) // AT_ONCE), 1)
    ends = [(1 << 64) * part // parts for part in range(1, parts + 1)]
    again = [_repeated_among(found.filter(found.is_between(first, end - 1)), most)
             for first, end in zip([0, *ends], ends, strict=False)]  # fmt: skip
    return pl.concat(again)


def _repeated_among(found: pl.Series, most: int | None) -> pl.Series:
    ordered = found.sort()
    again = ordered[1:].filter(ordered[1:] == ordered[:-1])
    counted = again.value_counts(name="count")
    return counted[found.name].filter(counted["count"] < most) if most else counted[found.name]


def _among(found: pl.Series, chosen: pl.Series) -> pl.Series:
    return found.is_in(chosen.implode()).fill_null(False)


def judge(rows: pl.DataFrame, policy: Policy, label: Callable[[str], str]) -> Verdicts:
    """Decide about the affected rows; `rows` has seq, row, sheet, who, identity, body (JSON of what is sent), alike.

    Identical rows: the first goes in. Rows that differ: as `policy` says. Of other customers that look like one
    (`alike`), all but the first are told so.
    """
    return settled([judge_some(rows, policy, label)])


def judge_some(rows: pl.DataFrame, policy: Policy, label: Callable[[str], str]) -> pl.DataFrame:
    """The first half of `judge`, for all rows of some of the customers, so that not all texts are needed at once.

    Returns:
        For each row, in order, what `verdicts.SCHEMA` names, and `group`, `name`, `count` and `alike` for `settled`.
    """
    who, text = "who", ["who", "body"]
    seq, name = pl.col("seq"), pl.col("name")
    placed = rows.with_columns(_named()).with_columns(
        pl.len().over(who).alias("count"), seq.first().over(who).alias("group"), seq.first().over(text).alias("lead"),
        pl.int_range(pl.len(), dtype=pl.UInt32).over(who).alias("ordinal"),
    ).with_columns((pl.col("lead") == seq).sum().over(who).alias("distinct"))  # fmt: skip
    over = text if policy in ("error", "all") else who
    leader = [(part.last() if policy == "last" else part.first()).over(over) for part in (seq, name, pl.col("lead"))]
    placed = placed.with_columns(leader[0].alias("leader"), leader[1].alias("leaders"), leader[2].alias("leading"))
    apart = pl.lit(policy == "error") & (pl.col("distinct") > 1)
    follows = ~apart & (seq != pl.col("leader"))
    same = pl.col("lead") == pl.col("leading")
    identical = pl.when(same).then(pl.lit("duplicate.identical")).otherwise(pl.lit("duplicate.superseded"))
    told = placed.with_columns(
        status=pl.when(apart).then(pl.lit("invalid")).when(follows).then(pl.lit("skipped")).otherwise(pl.lit("ready")),
        after=pl.when(follows).then("leader"),
        lane=pl.lit(policy == "all") & (pl.col("distinct") > 1),
        code=pl.when(apart).then(pl.lit("duplicate.conflict")).when(follows).then(identical),
        detail=pl.when(follows).then("leaders"),
        value=pl.lit(None, dtype=pl.String),
    )
    conflicts = _conflicts(placed.filter(apart), label)
    if conflicts.height:
        told = told.drop("detail", "value").join(conflicts, on="group", how="left", maintain_order="left").with_columns(
            detail=pl.coalesce("detail", pl.when(pl.col("status") == "skipped").then("leaders"))
        )  # fmt: skip
    return told.select(*(pl.col(n).cast(t) for n, t in SCHEMA.items()), "group", "name", "count", "alike")


def settled(parts: Sequence[pl.DataFrame]) -> Verdicts:
    """The second half of `judge`: who looks like another customer is known only when all of them are there.

    Each row that goes in and looks like the first one, which is another customer, is told so.
    """
    rows = pl.concat(parts).sort("seq")
    known = pl.col("alike").is_not_null()
    other = pl.col("group") != pl.col("group").first().over("alike")
    doubtful = (known & other & (pl.col("status") == "ready") & pl.col("code").is_null()).fill_null(False)
    rows = rows.with_columns(
        code=pl.when(doubtful).then(pl.lit("duplicate.possible")).otherwise("code"),
        detail=pl.when(doubtful).then(pl.col("name").first().over("alike")).otherwise("detail"),
    )
    return Verdicts(rows.filter((pl.col("count") > 1) | pl.col("code").is_not_null()).select(*SCHEMA))


def _conflicts(rows: pl.DataFrame, label: Callable[[str], str]) -> pl.DataFrame:
    """What is said of each `group` of rows that must not differ: `detail` and `value`."""
    labels: dict[str, str] = {}
    told = []
    groups = rows.group_by("group", maintain_order=True).agg(
        pl.col("name").head(MOST_NAMED),
        pl.col("row").head(MOST_NAMED),
        pl.struct("source", "sheet").n_unique().alias("places"),
        pl.len(),
        pl.col("identity").first(),
        pl.col("body").unique(maintain_order=True),
    )
    for group, names, numbers, places, count, identity, bodies in groups.iter_rows():
        if places == 1:  # said once, behind the last: "5, 12 of Clientes"
            names = [*map(str, numbers[:-1]), names[-1]]
        differing = _differing(bodies)
        labels.update({n: label(n) for n in differing if n not in labels})
        rows_, fields = ", ".join(names), ", ".join(labels[n] for n in differing)
        if (more := count - MOST_NAMED) > 0:
            rows_ = say("{rows} and {more:n} more", rows=rows_, more=more)
        detail = say("{rows}, which differ in {fields}", rows=rows_, fields=fields)
        told.append((group, detail, readable(identity) if identity else say("the same record")))
    schema = {"group": pl.UInt32, "detail": pl.String, "value": pl.String}
    return pl.DataFrame(told, schema=schema, orient="row")


def _differing(bodies: Sequence[str]) -> list[str]:
    """The fields in which records differ from the first one, in order of appearance."""
    first, *others = map(json.loads, bodies)
    differs = dict.fromkeys(first, False)
    for record in others:
        for name in first.keys() - record.keys():
            differs[name] = True
        for name, value in record.items():
            if value != first.get(name):
                differs[name] = True
    return [name for name, apart in differs.items() if apart]


def _named() -> pl.Expr:
    """How a row is called: its number, and where it stands."""
    some = [pl.when(pl.col(n) != "").then(n) for n in ("source", "sheet")]
    where = pl.concat_str(some, separator=", ", ignore_nulls=True)
    number = pl.col("row").cast(pl.String)
    both = sentence(say("{row} of {source}", row="{}", source="{}"), number, where)
    return pl.when(where == "").then(number).otherwise(both).alias("name")
