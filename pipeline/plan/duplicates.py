"""Turn hashes of whole files into the few rows that are the same customer as another row.

Two 64-bit hashes a row stay in memory: of who the customer is, and of name and address, by which rows of different
customers may be one all the same: that is only said. The texts of the rows that the first one points at are compared
before anything is decided, so that a collision harms nobody.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import polars as pl

from pipeline.columns.sentence import sentence
from pipeline.identity import readable
from pipeline.language import say
from pipeline.plan.verdicts import SCHEMA, Verdict, Verdicts

__all__ = ["Hashes", "Policy", "Verdict", "Verdicts", "judge", "judge_some", "settled"]

Policy = Literal["error", "first", "last", "all"]
MOST_NAMED = 10
MOST_ALIKE = 1_000  # rows; a name and an address that more customers have in common are a stand-in, and tell nothing


@dataclass
class Hashes:
    """The hashes of all rows, in order; null where a row is not valid, for such rows do not compete."""

    who: list[pl.Series] = field(default_factory=list)
    alike: list[pl.Series] = field(default_factory=list)

    def add(self, who: pl.Series, valid: pl.Series, alike: pl.Series | None = None) -> None:
        """Add a batch: `who` is the text of the identity, or of the whole record where there is none.

        `alike` is the row's `likeness`.
        """
        self.who.append(who.hash(0).set(~valid, None))
        likeness_ = pl.Series([None], dtype=pl.String).new_from_index(0, len(who)) if alike is None else alike
        self.alike.append(likeness_.hash(0).set(likeness_.is_null() | ~valid, None))

    def whole(self) -> None:
        """Make one series of each list: no batch comes any more."""
        for parts in (self.who, self.alike):
            parts[:] = [pl.concat(parts, rechunk=True)] if parts else []

    def affected(self) -> pl.Series:
        """The seqs of valid rows that share a hash with another one, ascending."""
        if not self.who:
            return pl.Series(dtype=pl.UInt32)
        self.whole()
        likenesses, counts = _repeated(self.alike[0])
        named = _among(self.alike[0], likenesses.filter(counts <= MOST_ALIKE))
        return (_among(self.who[0], _repeated(self.who[0])[0]) | named).arg_true().cast(pl.UInt32)

    def likeness_of(self, seqs: pl.Series) -> pl.Series:
        """The hash of name and address of some rows; null where one of both is blank."""
        self.whole()
        return self.alike[0].gather(seqs).alias("alike")

    def share_of(self, seqs: pl.Series, shares: int) -> pl.Series:
        """To which of so many shares each row belongs; all rows of a customer are in one."""
        self.whole()
        return (self.who[0].gather(seqs) % shares).alias("share")


def _repeated(hashes: pl.Series) -> tuple[pl.Series, pl.Series]:
    """The hashes that more than one row has, and how many rows; sorted, for a table of all would need several times the memory."""
    ordered = hashes.drop_nulls().sort()
    again = ordered[1:].filter(ordered[1:] == ordered[:-1])
    counted = again.value_counts(name="count")
    return counted[hashes.name], counted["count"] + 1


def _among(hashes: pl.Series, chosen: pl.Series) -> pl.Series:
    return hashes.is_in(chosen.implode()).fill_null(False)


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
        pl.len(),
        pl.col("identity").first(),
        pl.col("body").unique(maintain_order=True),
    )
    for group, names, count, identity, bodies in groups.iter_rows():
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
