"""A fault at every write of the journal: what is known then, what is at the target, and how the next push ends it.

| fault before                         | journal knows | at the target | the next push                     |
|--------------------------------------|---------------|---------------|-----------------------------------|
| any statement of the intention       | nothing       | nobody        | sends it                          |
| the request (after its intention)    | sent          | nobody        | waits, looks, sends it            |
| any statement of the outcome         | sent          | the customer  | looks, finds it, sends nothing    |
| anything later (after the outcome)   | created       | the customer  | has nothing to do                 |

`pytest tests/push/test_journal_faults.py -k table -rP` prints it in full. A COMMIT is where the disk is synchronised:
before it nothing of its group is there after a death, after it everything is.
"""

from __future__ import annotations

import sqlite3
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import anyio
import pytest
from simulation import simulated_world as sim

from pipeline import journal as states
from pipeline.errors import Interrupted, unwrap
from pipeline.journal import STATES, TRANSITIONS, Entry, Journal

BINDING = {"plan": "abc", "target": "piriod", "workspace": "acc_1", "mode": "LIVE"}
STEPS = ("BEGIN", "INSERT", "UPDATE", "COMMIT")


class Disk:
    """A database whose disk is full, or whose process dies, before the n-th step of a commit; or after the last one."""

    def __init__(self, db: sqlite3.Connection, point: int, fault: str) -> None:
        self.db, self.left, self.fault = db, point, fault

    def _step(self, statement: str) -> None:
        if not statement.startswith(STEPS):
            return
        if self.left == 0:
            self.left = -1
            if self.fault == "death":
                if self.db.in_transaction:
                    self.db.rollback()  # what was not committed is not there after a death
                raise sim.Died
            raise sqlite3.OperationalError("database or disk is full")
        self.left -= 1

    def execute(self, statement: str, *values: Any) -> Any:
        self._step(statement)
        return self.db.execute(statement, *values)

    def executemany(self, statement: str, lines: Any) -> Any:
        self._step(statement)
        return self.db.executemany(statement, lines)


def one_row(target: str) -> sim.World:
    """A peaceful world with one row, which is new."""
    made = next(w for w in (sim.world(seed, target) for seed in range(50)) if w.rows[0].action == "create")
    made.rows = [sim.replace(made.rows[0], after=None, lane=False)]
    made.faults, made.deaths, made.stops, made.refused = 0.0, 0, 0.0, (sim.NEVER, sim.NEVER)
    made.server.refuses, made.server.strangers, made.server.customers = frozenset(), [], []
    made.ever_refused = frozenset()
    return made


POINTS = [(point, fault) for point in range(2 * len(STEPS) + 1) for fault in ("full", "death")]


@pytest.mark.parametrize("target", ["piriod", "dayzero"])
@pytest.mark.parametrize(("point", "fault"), POINTS)
def test_every_fault_of_the_journal_has_the_outcome_of_the_table(point: int, fault: str, target: str) -> None:
    """Disk full and death before each statement of both commits of a row; one customer and one `created` at the end."""
    made = one_row(target)
    db = made.db
    assert db is not None
    made.db = Disk(db, point, fault)  # type: ignore[assignment]
    ended = sim.live(made)
    made.db = db
    known = next(iter(db.execute("SELECT state FROM row")), (None,))[0]
    there = len(made.server.customers)
    if point < len(STEPS):
        assert (known, there) == (None, 0)
    elif point < 2 * len(STEPS):
        assert (known, there) == ("sent", 1)
    else:
        assert (known, there, ended) == ("created", 1, "ended")
    if point < 2 * len(STEPS):
        assert ended == "died" if fault == "death" else "cannot be written" in ended
    made.calm()
    asked, began = made.requests, made.seconds
    assert sim.live(made) == "ended"
    assert dict(db.execute("SELECT state, count(*) FROM row GROUP BY state")) == {"created": 1}
    assert len(made.server.customers) == 1
    print(f"| {target} | {fault} before {_named(point)} | {known or 'nothing'} | {there or 'nobody'} | {ended.split(':')[0]} | "
          f"{made.requests - asked} requests, {made.seconds - began:.0f} s: created |")  # fmt: skip


def _named(point: int) -> str:
    """The statement before which a fault is, of which commit."""
    if point >= 2 * len(STEPS):
        return "anything later"
    return f"{STEPS[point % len(STEPS)]} of the {('intention', 'outcome')[point // len(STEPS)]}"


@pytest.mark.parametrize("target", ["piriod", "dayzero"])
def test_a_death_between_intention_and_request_is_waited_out(target: str) -> None:
    """The intention is there and the request never left: it is looked for, and sent after the settle time only."""
    made = one_row(target)
    db = made.db
    assert db is not None
    journal = Journal(Path("journal"), db)
    journal._write([Entry(0, "sent", attempts=1, sent_at=made.seconds, known=[])])
    began = made.seconds
    assert sim.live(made) == "ended"
    assert made.seconds - began >= sim.SETTLE and len(made.server.customers) == 1
    assert db.execute("SELECT state, attempts FROM row").fetchall() == [("created", 2)]


@pytest.mark.skipif(sys.platform == "win32", reason="needs resource limits")
def test_a_disk_that_ends_at_any_byte_never_loses_what_was_committed(tmp_path: Path) -> None:
    """Real files that may not grow beyond a limit, at many limits: what `put` returned from is there, and it is said."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    stopped = 0
    for limit in [*range(60_000, 160_000, 3_001), 1_000_000]:
        path = tmp_path / str(limit) / "journal.db"
        path.parent.mkdir()
        acknowledged: list[int] = []

        async def work(path: Path = path, acknowledged: list[int] = acknowledged, limit: int = limit) -> None:
            journal = Journal.open(path, BINDING)
            try:
                async with anyio.create_task_group() as group:
                    group.start_soon(journal.write_groups)
                    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
                    for seq in range(30):
                        await journal.put(
                            Entry(seq, "sent", attempts=1, sent_at=1.0, problems=[(None, "x", "y" * 300)])
                        )
                        acknowledged.append(seq)
                    group.cancel_scope.cancel()
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
                journal.close()

        try:
            anyio.run(work)
        except BaseExceptionGroup as group:
            assert isinstance(unwrap(group), Interrupted)
            stopped += 1
        journal = Journal.open(path, BINDING)
        assert [e.seq for e in journal.entries(["sent"])] == acknowledged
        journal.close()
    assert 20 < stopped < 35


def test_only_the_transitions_of_the_diagram_happen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Walk through many histories: every step is one of the table, and those that matter do happen."""
    seen: Counter[tuple[str | None, str]] = Counter()
    last: dict[int, str] = {}
    write = Journal._write

    def watched(self: Journal, group: list[Entry]) -> None:
        write(self, group)
        for entry in group:
            seen[last.get(entry.seq), entry.state] += 1
            last[entry.seq] = entry.state

    monkeypatch.setattr(Journal, "_write", watched)
    for seed in range(100):
        for target in ("piriod", "dayzero"):
            last.clear()
            sim.history(seed, target)
    strange = [step for step in seen if step[1] not in TRANSITIONS.get(step[0], frozenset())]
    assert not strange
    wanted = {(None, "sent"), ("sent", "created"), ("sent", "unknown"), ("sent", "rejected"), ("sent", "sent"), ("sent", "updated"),
              ("unknown", "created"), ("unknown", "sent"), ("unknown", "updated"), ("planned", "sent"), ("failed", "sent"),
              ("rejected", "sent")}  # fmt: skip
    assert wanted <= set(seen)


def test_the_diagram_has_every_state() -> None:
    """The text and the table speak of the same states; nothing follows what is in, but doubt about whose it is."""
    assert states.__doc__ is not None and all(state in states.__doc__ for state in STATES)
    assert {s for following in TRANSITIONS.values() for s in following} == STATES
    assert {s: TRANSITIONS.get(s) for s in states.IN} == dict.fromkeys(states.IN) | {"created": frozenset({"unknown"})}
