"""Turn the rows of a correction into its plan, with what the run itself knows of its customers.

Besides what any plan heeds, a row of a correction must not meet a row of the same run that may still go in, and must
never get the key of another row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path

import polars as pl

from pipeline.existing import Found
from pipeline.folder import RunFolder
from pipeline.handoff import Mapping as ColumnMapping
from pipeline.identity import readable
from pipeline.language import say
from pipeline.plan import Builder, Choices
from pipeline.plan.duplicates import Verdict
from pipeline.plan.met import Met
from pipeline.targets.interface import Target


@dataclass(frozen=True)
class Others:
    """The rows of the run that a correction leaves alone, by identity.

    `going` are rows that may still go in (their row number), `there` ids of customers that the run brought in, `count`
    how many rows were valid: the next ordinal among equals.
    """

    going: dict[str, str] = field(default_factory=dict)
    there: dict[str, list[str]] = field(default_factory=dict)
    count: dict[str, int] = field(default_factory=dict)


class RoundBuilder(Builder):
    """A builder of plans whose rows have, beside their cells, `origin`, `prior` (their key so far) and `said`."""

    def __init__(
        self, folder: RunFolder, target: Target, choices: Choices, mapping: ColumnMapping, spool: Path, *,
        others: Callable[[pl.Series], Others], mark: str, width: int,
    ) -> None:  # fmt: skip
        """`others` tells about identities, `mark` names the run and its round, `width` is how many columns it has."""
        super().__init__(folder, target, choices, mapping, spool)
        self._ask, self._others, self._mark = others, Others(), mark
        self._cells = width

    def settle_duplicates(self) -> None:
        """As of any plan; then hold the rows against those of the run that may still go in."""
        super().settle_duplicates()
        here = [part.filter("valid")["identity"] for _, part in self._read()]
        self._others = self._ask(pl.concat(here)) if here else self._others
        if not self._others.going or self._choices.policy == "all":
            return
        names = list(self._others.going)
        for seq, part in self._read():
            met = (
                part.select("identity", "valid").hstack([seq]).filter(pl.col("valid") & pl.col("identity").is_in(names))
            )
            for identity, at in met.select("identity", "seq").iter_rows():
                verdict = self._verdicts.setdefault(at, Verdict())
                if verdict.status != "invalid":
                    said = say("{row} of this run, which may still go in", row=self._others.going[identity])
                    verdict.status, verdict.after, verdict.issue = "invalid", None, _conflict(readable(identity), said)

    def known(self, found: Found) -> Found:
        """What was found at the target, and what the run brought there, which a list that lags may not show yet."""
        for identity, ids in self._others.there.items():
            if self._choices.policy == "all":
                mine = [r for r in found.records.get(identity, []) if str(r.get("id")) not in ids]
                if identity in found.records:
                    found.records[identity] = mine
            elif self._choices.on_existing != "update":
                for id_ in ids:
                    if all(str(r.get("id")) != id_ for r in found.records.get(identity, [])):
                        found.add(identity, {"id": id_})
        for identity in [n for n, records in found.records.items() if not records]:
            del found.records[identity]
        return found

    def _keys(self, seq: pl.Series, part: pl.DataFrame) -> pl.Series:
        """The import keys; a row that is not valid keeps the one it had, a new one gets its own."""
        made = super()._keys(seq, part).to_list()
        keys = []
        for key, at, valid, identity, prior in zip(
            made, seq, part["valid"], part["identity"], part["prior"], strict=True
        ):
            if not valid:
                keys.append(prior or self._hash(f"new|{self._mark}|{at}"))
            elif self._choices.policy == "all" and identity and (before := self._others.count.get(identity)):
                verdict = self._verdicts.get(at)
                keys.append(self._of(identity, before + (verdict.ordinal if verdict else 0)))
            else:
                keys.append(key)
        return pl.Series("key", keys, dtype=pl.String)

    def _of(self, identity: str, ordinal: int) -> str:
        return self._hash(f"{identity}|{ordinal}")

    def _hash(self, text: str) -> str:
        base = f"{self._target.name}|{self._choices.workspace}|{self._choices.mode}|"
        return blake2b((base + text).encode(), digest_size=16).hexdigest()

    def _settled(self, seq: pl.Series, part: pl.DataFrame, found: Found | None) -> pl.DataFrame:
        """The rows of one part."""
        plan = super()._settled(seq, part, found)
        if self._choices.policy != "all":
            return plan
        mine = part["identity"].is_in(list(self._others.there)).fill_null(False)
        return plan.with_columns(lane=pl.col("lane") | mine)  # the run's own customers are no reason to stay out

    def _with_changes(self, plan: pl.DataFrame, met: Met) -> pl.DataFrame:
        """The rows of one part; each begins its changes with what was done to its cells."""
        plan = plan.with_columns(self._changes(plan["seq"], met))
        further = pl.when(pl.col("changes") != "").then("changes")
        told = pl.concat_str("said", further, separator=" | ", ignore_nulls=True)
        return plan.with_columns(changes=told.fill_null(""))


def _conflict(identity: str, said: str) -> dict[str, str | None]:
    return {
        "field": None,
        "column": None,
        "value": identity,
        "code": "duplicate.conflict",
        "detail": said,
        "suggestion": None,
    }
