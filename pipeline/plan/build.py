"""Turn checked batches into `plan.parquet`: spool them, settle what needs the whole file, write the plan."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

import polars as pl

from pipeline import store
from pipeline.ahead import ahead
from pipeline.existing import KEYED, Found, Wanted
from pipeline.folder import RunFolder
from pipeline.handoff import Checked, Mapping
from pipeline.language import later
from pipeline.plan import duplicates, problems
from pipeline.plan.encode import SETTLED, Choices, Made, encoded, piece_rows, told_apart
from pipeline.plan.met import Met, meet
from pipeline.plan.payload import unframe
from pipeline.plan.seal import sealed
from pipeline.plan.spool import Part, Spool
from pipeline.progress import Progress
from pipeline.targets.interface import Target

MOST_COMPARED = 200_000
"""So many rows of the file are held at once to tell which of them are the same customer."""


class Builder:
    """Collects the batches of a run and writes its plan."""

    def __init__(self, folder: RunFolder, target: Target, choices: Choices, mapping: Mapping, spool: Path) -> None:
        """Spool into `spool`, a private folder that the caller removes."""
        self._folder, self._target, self._choices, self._mapping = folder, target, choices, mapping
        self._spool = Spool(spool)
        self._cells = 0
        self._widths: dict[int, int] = {}
        self._verdicts = duplicates.Verdicts()
        self.rows = 0

    def add(
        self, cells: pl.DataFrame, checked: Checked, mapped: pl.DataFrame, source: str, sheet: str | None,
        left_out: pl.Series | None = None,
    ) -> None:  # fmt: skip
        """Encode and spool one batch; see `encoded`."""
        self.keep(encoded(self._target, self._choices, cells, checked, mapped, source, sheet, left_out))

    def keep(self, made: Made) -> None:
        """Spool an encoded batch, as the rows behind those that are there."""
        rows = piece_rows(made.spooled.height)
        for start, settled in zip(range(0, made.spooled.height, rows), made.settled, strict=True):
            self._widths[self.rows + start] = made.width
            here = made.problems.filter(pl.col("at").is_between(start, start + rows, closed="left"))
            there = here.with_columns(pl.col("at") - start) if start else here
            self._spool.put(made.spooled.slice(start, rows), there, made.constant, settled)
        self._cells = max(self._cells, made.width)
        self.rows += made.spooled.height

    def settle_duplicates(self) -> None:
        """Find the rows of the file that are the same customer, and decide about them."""
        affected = duplicates.affected(self._column) if self.rows else pl.Series(dtype=pl.UInt32)
        if affected.is_empty():
            return
        shares = self._spool.shares(-(-len(affected) // MOST_COMPARED))
        for rows in self._compared(affected):
            shares.deal(rows.drop(duplicates.WHO), rows[duplicates.WHO] % shares.count)
        judged = [duplicates.judge_some(rows, self._choices.policy, self._mapping.label) for rows in shares]
        self._verdicts = duplicates.settled(judged)

    def _compared(self, seqs: pl.Series) -> Iterator[pl.DataFrame]:
        """Some rows, part by part, with all of what is compared; see `duplicates.judge`."""
        for seq, part in self._read(_is_compared):
            start, end = (int(seqs.search_sorted(at)) for at in (seq[0], seq[-1] + 1))
            here = seqs.slice(start, end - start)
            if len(here):
                chosen = part.select(pl.all().gather(here - seq[0]))
                text = unframe(chosen).text().alias("body")
                told = chosen.select("row", "source", "sheet", "identity", duplicates.WHO, alike=duplicates.ALIKE)
                yield told.hstack([here.alias("seq"), text]).with_columns(who=pl.coalesce("identity", text))

    def _column(self, name: str) -> pl.Series:
        """One column of all rows."""
        return pl.concat([part[name] for _, part in self._read(lambda column: column == name)], rechunk=True)

    def wanted(self) -> Iterator[Wanted]:
        """The identities of the rows that would be sent, in order."""
        for seq, part in self._read():
            by = [n for n in part.columns if n.startswith("by.")]
            rows = part.select("valid", self._named(seq, part), *by).hstack([seq]).filter(
                pl.col("valid") & pl.col("name").is_not_null()
            )  # fmt: skip
            kept_out = self._verdicts_of(seq).filter(pl.col("status") != "ready")["seq"]
            for line in rows.filter(~pl.col("seq").is_in(kept_out.implode())).iter_rows(named=True):
                values = {n[3:]: line[n] for n in by if line[n] is not None and line["name"].startswith(n[3:])}
                yield Wanted(line["name"], values)

    def _named(self, seq: pl.Series, part: pl.DataFrame) -> pl.Series:
        """What each row is looked for by: its identity, else the import key where the target keeps it."""
        identity = part["identity"].alias("name")
        if self._target.key_path is None or not identity.null_count():
            return identity
        own = part["key"] if "key" in part.columns else self._keys(seq, part)
        keys = pl.select(pl.lit(KEYED) + own).to_series()
        return identity.zip_with(identity.is_not_null(), keys)

    def finish(self, found: Found | None, facts: dict[str, Any], progress: Progress) -> dict[str, int]:
        """Write the plan; `found` is None where the target was not asked. Return the rows by status."""
        counts: dict[str, int] = {}
        first = facts.get("first_seq")

        def planned(part: Part) -> tuple[pl.DataFrame, store.Group]:
            batch = self._settled(*part, found)
            group = store.encoded(batch, self._cells, first), self._spool.settled(part.seq[0])
            return batch["status"].value_counts(), group

        def groups() -> Iterator[store.Group]:
            for told, group in ahead(self._read(_is_planned_with), planned):
                for status, count in told.iter_rows():
                    counts[status] = counts.get(status, 0) + count
                progress.advance(int(told["count"].sum()))
                yield group

        progress.begin(later("plan"), self.rows)
        store.write(self._folder, groups(), self._cells, sealed({**facts, "rows": self.rows}))
        progress.end()
        return counts

    def _read(self, asked: Callable[[str], bool] = lambda _: True) -> Iterator[Part]:
        """The seqs and the rows of each part, in order; without those columns that are not `asked` for."""
        return self._spool.parts(asked)

    def _settled(self, seq: pl.Series, part: pl.DataFrame, found: Found | None) -> pl.DataFrame:
        """The rows of one part as PLAN_SCHEMA, without those columns that stay as they were settled."""
        keys = self._keys(seq, part)
        payload = unframe(part).text(keys, self._target.key_path)
        plan = part.with_columns(seq, keys, payload.alias("payload")).with_columns(
            status=pl.when("valid").then(pl.lit("ready")).when("skip").then(pl.lit("skipped")).otherwise(pl.lit("invalid")),
            action=pl.when("valid").then(pl.lit("create")).otherwise(pl.lit("none")),
            id=pl.lit(None, dtype=pl.String), after=pl.lit(None, dtype=pl.UInt32), lane=pl.lit(False),
            before=pl.lit(None, dtype=pl.String),
        )  # fmt: skip
        met = Met()
        if found and found.records:
            named = plan.with_columns(self._named(seq, plan))
            met = meet(named, found.records, self._verdicts, self._target, self._choices)
        for overlay in (self._of_duplicates(plan), met.overlay()):
            plan = _overlaid(plan, overlay)
        plan = self._with_issues(plan, found, met)
        sent = (pl.col("action") != "none") | (pl.col("after").is_not_null() & ~pl.col("seq").is_in(met.frozen))
        going = pl.col("status") != "invalid"  # who was found at the target, and may not be there, follows nobody
        plan = plan.with_columns(payload=pl.when(sent).then("payload"), after=pl.when(going).then("after"))
        plan = self._with_changes(plan.drop(SETTLED, strict=False), met)
        cells = (pl.lit(None, dtype=pl.String).alias(f"c{i}") for i in range(self._widths[seq[0]], self._cells))
        return plan.with_columns(*cells)

    def _with_changes(self, plan: pl.DataFrame, met: Met) -> pl.DataFrame:
        """The rows of one part, with their `changes` where those that were settled are not all."""
        if any(e.changes for e in met.decided.values()):
            return plan.with_columns(self._changes(plan["seq"], met))
        return plan

    def _changes(self, seq: pl.Series, met: Met) -> pl.Series:
        """The `changes` of the rows of one part, with what an update of them changes."""
        made = pl.read_parquet(self._spool.settled(seq[0]), columns=["changes"])["changes"]
        told = {s - seq[0]: e.changes for s, e in met.decided.items() if e.changes}
        return made.scatter(list(told), list(told.values())) if told else made

    def _keys(self, seq: pl.Series, part: pl.DataFrame) -> pl.Series:
        known = self._verdicts_of(seq)
        ordinal = pl.zeros(part.height, dtype=pl.UInt32, eager=True)
        if known.height:
            ordinal = ordinal.scatter(known["seq"] - seq[0], known["ordinal"])
        columns = pl.DataFrame(
            [part["valid"], part["source"], seq.alias("seq"), told_apart(part), ordinal.alias("ordinal")]
        )
        own = pl.concat_str("who", pl.lit("|"), "ordinal")
        row = pl.concat_str(pl.lit("row|"), "source", pl.lit("|"), "seq")
        texts = columns.select(pl.when("valid").then(own).otherwise(row).cast(pl.Binary)).to_series().to_list()
        begun = blake2b(f"{self._target.name}|{self._choices.workspace}|{self._choices.mode}|".encode(), digest_size=16)
        return pl.Series("key", _digests(begun, texts), dtype=pl.String)

    def _verdicts_of(self, seq: pl.Series) -> pl.DataFrame:
        """The verdicts about the rows of a part (`verdicts.SCHEMA`)."""
        return self._verdicts.between(seq[0], seq[-1] + 1) if len(seq) else self._verdicts.between(0, 0)

    def _of_duplicates(self, plan: pl.DataFrame) -> pl.DataFrame:
        """What is decided about rows that are the same customer as another one: `seq`, and what it changes."""
        known = self._verdicts_of(plan["seq"])
        action = pl.when(pl.col("status") == "ready").then(pl.lit("create")).otherwise(pl.lit("none")).alias("action")
        return known.select("seq", "status", action, "after", "lane")

    def _with_issues(self, plan: pl.DataFrame, found: Found | None, met: Met) -> pl.DataFrame:
        first = plan["seq"][0]
        told = problems.of_verdicts(self._verdicts_of(plan["seq"]), first)
        there = problems.of_rows([(s - first, e.issue) for s, e in met.decided.items() if e.issue])
        unverified = pl.repeat(False, plan.height, eager=True)
        if found is None:
            named = plan["identity"].is_not_null() | (self._target.key_path is not None)
            unverified = (plan["status"] == "ready") & named
        lists = problems.lists([self._spool.problems(first), told, there], unverified)
        return plan.with_columns(lists.alias("issues"))


def _overlaid(plan: pl.DataFrame, overlay: pl.DataFrame) -> pl.DataFrame:
    """The rows with what `overlay` (`seq`, some columns) says of them; its nulls say nothing."""
    if overlay.is_empty():
        return plan
    at = overlay["seq"] - plan["seq"][0]
    said = [(column, column.is_not_null()) for column in overlay.drop("seq")]
    return plan.with_columns(plan[c.name].clone().scatter(at.filter(some), c.filter(some)) for c, some in said)


def _digests(begun: blake2b, texts: Sequence[bytes]) -> list[str]:
    """The hash of each text behind what `begun` has read; to go on from a copy takes half the time of a beginning."""
    made = []
    for text in texts:
        own = begun.copy()
        own.update(text)
        made.append(own.hexdigest())
    return made


def _is_compared(name: str) -> bool:
    """Whether a column of a part tells who a row is, or what is sent of it."""
    return name in ("row", "source", "sheet", "identity", "body") or name.startswith(("object.", "hash."))


def _is_planned_with(name: str) -> bool:
    """Whether a column of a part decides what becomes of a row."""
    return name != "row" and not name.startswith(("by.", "hash."))
