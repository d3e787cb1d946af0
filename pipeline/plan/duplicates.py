"""Turn hashes of whole files into the few rows that are the same customer as another row.

Two 64-bit hashes a row stay in memory: of who the customer is, and of name and address, by which rows of different
customers may be one all the same: that is only said. The texts of the rows that the first one points at are compared
before anything is decided, so that a collision harms nobody.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import polars as pl

from pipeline.identity import readable

Policy = Literal["error", "first", "last", "all"]
MOST_NAMED = 10
MOST_ALIKE = 1_000  # rows; a name and an address that more customers have in common are a stand-in, and tell nothing


@dataclass(slots=True)
class Verdict:
    """What becomes of one affected row: `after` is the seq of the row that goes first, `ordinal` its number."""

    status: str = "ready"
    after: int | None = None
    lane: bool = False
    ordinal: int = 0
    issue: dict[str, str | None] | None = None


@dataclass
class Hashes:
    """The hashes of all rows, in order; rows that are not valid do not compete."""

    who: list[pl.Series] = field(default_factory=list)
    valid: list[pl.Series] = field(default_factory=list)
    alike: list[pl.Series] = field(default_factory=list)

    def add(self, who: pl.Series, valid: pl.Series, alike: pl.Series | None = None) -> None:
        """Add a batch: `who` is the text of the identity, or of the whole record where there is none.

        `alike` is the row's `likeness`.
        """
        self.who.append(who.hash(0))
        self.valid.append(valid)
        likeness_ = pl.Series([None], dtype=pl.String).new_from_index(0, len(who)) if alike is None else alike
        self.alike.append(likeness_.hash(0).set(likeness_.is_null(), None))

    def affected(self) -> pl.Series:
        """The seqs of valid rows that share a hash with another one, ascending."""
        if not self.who:
            return pl.Series(dtype=pl.UInt32)
        columns = {"who": pl.concat(self.who), "valid": pl.concat(self.valid), "alike": pl.concat(self.alike)}
        rows = pl.DataFrame(columns).with_row_index("seq").filter("valid")
        named = rows.filter(pl.col("alike").is_not_null() & pl.col("alike").is_duplicated())
        few = named.group_by("alike").len().filter(pl.col("len") <= MOST_ALIKE)["alike"]
        alike = pl.col("alike").is_in(few.implode()).fill_null(False)
        return rows.filter(pl.col("who").is_duplicated() | alike)["seq"].cast(pl.UInt32)

    def likeness_of(self, seqs: pl.Series) -> pl.Series:
        """The hash of name and address of some rows; null where one of both is blank."""
        return pl.concat(self.alike).gather(seqs).alias("alike")


def likeness(record: pl.DataFrame) -> pl.Series:
    """Name and address of each row (String) without case, accents and punctuation; null where one of both is blank."""
    if not {"name", "address"} <= set(record.columns):
        return pl.Series("alike", [None], dtype=pl.String).new_from_index(0, record.height)
    folded = [
        pl.col(n).str.normalize("NFKD").str.to_lowercase().str.replace_all(r"[^\p{L}\p{N}]+", "")
        for n in ("name", "address")
    ]
    return record.select(alike=pl.concat_str(folded, separator="|")).to_series()


def judge(rows: pl.DataFrame, policy: Policy, label: Callable[[str], str]) -> dict[int, Verdict]:
    """Decide about the affected rows; `rows` has seq, row, sheet, who, identity, body (JSON of what is sent), alike.

    Identical rows: the first goes in. Rows that differ: as `policy` says. Of other customers that look like one
    (`alike`), all but the first are told so.
    """
    verdicts: dict[int, Verdict] = {}
    for _, group in rows.group_by("who", maintain_order=True):
        if group.height > 1:
            verdicts.update(_group(group, policy, label))
    for (alike,), group in rows.group_by("alike", maintain_order=True):
        if alike is not None and group["who"].n_unique() > 1:
            _possible(group.drop("body").to_dicts(), verdicts)
    return verdicts


def _possible(lines: list[dict[str, Any]], verdicts: dict[int, Verdict]) -> None:
    """Warn of each row that goes in and looks like the first one, which is another customer."""
    for line in lines[1:]:
        verdict = verdicts.get(line["seq"], Verdict())
        if line["who"] != lines[0]["who"] and verdict.status == "ready" and verdict.issue is None:
            verdict.issue = _issue("duplicate.possible", _name(lines[0]))
            verdicts[line["seq"]] = verdict


def _group(group: pl.DataFrame, policy: Policy, label: Callable[[str], str]) -> dict[int, Verdict]:
    places = _Places(group)
    leads = group.with_row_index("at").select(pl.col("at").first().over("body")).to_series().to_list()
    distinct = len(set(leads))
    if distinct > 1 and policy == "error":
        issue = _conflict(group, places, label)
        return {seq: Verdict("invalid", ordinal=n, issue=issue) for n, seq in enumerate(group["seq"].to_list())}
    leader = {"first": 0, "last": group.height - 1}.get(policy)
    lane = leader is None and distinct > 1
    told: dict[tuple[int, bool], dict[str, str | None]] = {}
    seqs = group["seq"].to_list()
    verdicts: dict[int, Verdict] = {}
    for at, (seq, lead) in enumerate(zip(seqs, leads, strict=True)):
        first = lead if leader is None else leader
        verdict = verdicts[seq] = Verdict(lane=lane, ordinal=at)
        if first == at:
            continue
        same = leads[first] == lead
        code = "duplicate.identical" if same else "duplicate.superseded"
        if (first, same) not in told:
            told[first, same] = _issue(code, _name(places[first]))
        verdict.status, verdict.after, verdict.issue = "skipped", seqs[first], told[first, same]
    return verdicts


class _Places:
    """The rows of a group by their place, each made only where it is asked for: a group can be the whole file."""

    def __init__(self, group: pl.DataFrame) -> None:
        self._group = group.drop("body")

    def __getitem__(self, at: int) -> dict[str, Any]:
        return self._group.row(at, named=True)


def _conflict(group: pl.DataFrame, places: _Places, label: Callable[[str], str]) -> dict[str, str | None]:
    first: dict[str, Any] = json.loads(group["body"][0])
    differs = dict.fromkeys(first, False)
    for body in group["body"].unique(maintain_order=True):
        record = json.loads(body)
        for name in (*differs, *record):
            differs[name] = differs.get(name, False) or record.get(name) != first.get(name)
    named = ", ".join(_name(places[at]) for at in range(min(MOST_NAMED, group.height)))
    more = f" and {group.height - MOST_NAMED} more" if group.height > MOST_NAMED else ""
    detail = f"{named}{more}, which differ in {', '.join(label(n) for n, apart in differs.items() if apart)}"
    identity = places[0]["identity"]
    return {**_issue("duplicate.conflict", detail), "value": readable(identity) if identity else "the same record"}


def _name(line: dict[str, Any]) -> str:
    where = [str(line[n]) for n in ("source", "sheet") if line.get(n)]
    return f"{line['row']} of {', '.join(where)}" if where else str(line["row"])


def _issue(code: str, detail: str) -> dict[str, str | None]:
    return {"field": None, "column": None, "value": None, "code": code, "detail": detail, "suggestion": None}
