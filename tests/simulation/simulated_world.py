"""A world without real time, network or disk: virtual seconds, a target in memory, a journal that can lose its process.

The real engine, journal and detective run in it. Every choice is drawn from one seed, so that a history replays
exactly. Faults: each request may fail before, while or after it is carried out, or be carried out late; the process
may die at any request and at any commit, before or after it.
"""

from __future__ import annotations

import asyncio
import json
import random
import selectors
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pipeline import targets
from pipeline.client import Failed, Lost, NotSent, Patience
from pipeline.journal import FINAL, OPEN, Entry, Journal
from pipeline.progress import Silent
from pipeline.push import Engine, Options
from pipeline.push.queue import Groups, Row
from pipeline.targets.interface import Answer, Call

SETTLE = 90.0
LATEST = 60.0
"""No server of this world commits later than this after it had the request; less than SETTLE."""
BINDING = {"plan": "p", "target": "t", "workspace": "w", "mode": "LIVE"}


class Died(BaseException):
    """The process was killed: nothing of it runs on."""


class _Jump(selectors.SelectSelector):
    """Waits by moving the clock."""

    loop: Virtual

    def select(self, timeout: float | None = None) -> list[Any]:
        self.loop.seconds += max(timeout or 0.0, 0.0)
        return []


class Virtual(asyncio.SelectorEventLoop):
    """An event loop whose time passes only where everybody waits."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        selector = _Jump()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        return self.seconds


@dataclass
class World:
    """What outlives a process: the target's customers, the journal's committed content, the clock."""

    target: Any
    rng: random.Random
    rows: list[Row]
    faults: float
    deaths: int
    seconds: float = 1_000_000.0
    customers: list[dict[str, Any]] = field(default_factory=list)
    late: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    late_changes: list[tuple[float, str, dict[str, Any]]] = field(default_factory=list)
    trace: list[str] = field(default_factory=list)
    lag: float = 0.0
    refuses: frozenset[int] = frozenset()
    filter_ignored: bool = False
    filter_empty: float = 0.0
    db: sqlite3.Connection | None = None

    def may_die(self, where: str) -> None:
        """Perhaps the end of the process."""
        if self.deaths > 0 and self.rng.random() < 0.04:
            self.deaths -= 1
            self.trace.append(f"dies {where}")
            raise Died

    def arrive(self, now: float) -> None:
        """Let what is late become true."""
        for due, customer in [c for c in self.late if c[0] <= now]:
            self.late.remove((due, customer))
            self.customers.append({**customer, "at": due})
        for change in [c for c in self.late_changes if c[0] <= now]:
            self.late_changes.remove(change)
            self.change(change[1], change[2])

    def change(self, id_: str, body: dict[str, Any]) -> dict[str, Any]:
        """Bring a customer up to date."""
        customer = next(c for c in self.customers if c["id"] == id_)
        customer.update(body)
        return customer

    def create(self, body: dict[str, Any], now: float) -> dict[str, Any]:
        """A new customer."""
        made = {**body, "id": f"id{len(self.customers) + len(self.late)}", "at": now}
        self.customers.append(made)
        return made


class Wire:
    """The client of one process: the same interface, over a network that loses, delays and repeats nothing."""

    def __init__(self, world: World) -> None:
        self.world, self.limiter, self.patience, self.requests = world, _Free(), Patience(30, 2, 60), 0

    async def send(self, call: Call, *, slot: bool = True) -> Answer:
        """One request, with its fate."""
        world = self.world
        self.requests += 1
        world.may_die("before a request")
        await asyncio.sleep(world.rng.random())
        world.may_die("in a request")
        now = asyncio.get_running_loop().time()
        world.arrive(now)
        fate = world.rng.random() / world.faults if world.faults else 1.0
        answer = self._faulty(call, fate, now) if call.writes else self._read(call, fate, now)
        await asyncio.sleep(world.rng.random())
        world.may_die("after a request")
        if answer is None:
            raise Lost("no answer")
        return answer

    def _faulty(self, call: Call, fate: float, now: float) -> Answer | None:
        world = self.world
        if fate < 0.1:
            raise NotSent("refused")
        if fate < 0.2:
            return Answer(429, {}, {"detail": "slow"})
        if fate < 0.35:
            return Answer(500, {}, None, "oops") if world.rng.random() < 0.5 else None
        body = json.loads(call.body or b"{}")
        if call.method != "POST":
            return self._change(call.path.rstrip("/").rpartition("/")[2], body, fate, now)
        if fate < 0.55 and body["nr"] not in world.refuses:
            made = {**body, "id": f"id{len(world.customers) + len(world.late)}"}
            world.late.append((now + world.rng.random() * LATEST, made))
            return None
        if body["nr"] in world.refuses:
            return Answer(400, {}, {"name": ["no"], "detail": "no"})
        made = world.create(body, now)
        if fate < 1.0:
            return Answer(502, {}, None, "<html>") if world.rng.random() < 0.5 else None
        return Answer(201, {}, made)

    def _change(self, id_: str, body: dict[str, Any], fate: float, now: float) -> Answer | None:
        world = self.world
        if fate < 0.55:
            world.late_changes.append((now + world.rng.random() * LATEST, id_, body))
            return None
        made = world.change(id_, body)
        return None if fate < 1.0 else Answer(200, {}, dict(made))

    def _read(self, call: Call, fate: float, now: float) -> Answer | None:
        if fate < 0.3:
            return Answer(500, {}, None, "oops")
        if fate < 0.6:
            return None
        if not call.path.rstrip("/").endswith("customers"):
            return Answer(
                200,
                {},
                dict(next(c for c in self.world.customers if c["id"] == call.path.rstrip("/").rpartition("/")[2])),
            )
        params = dict(call.params)
        shown = [c for c in self.world.customers if c["at"] + self.world.lag <= now]
        key, mail = params.get("metadata__import_key"), params.get("email")
        if (key or mail) and self.world.rng.random() < self.world.filter_empty:
            shown = []
        if key and not self.world.filter_ignored:
            shown = [c for c in shown if c["metadata"]["import_key"] == key]
        if mail:
            shown = [c for c in shown if c["email"] == mail]
        if self.world.target.key_path:
            return Answer(200, {}, {"count": len(shown), "next": None, "results": shown})
        return Answer(200, {}, {"items": shown, "next_cursor": None, "has_next": False, "total": len(shown)})

    async def read(self, call: Call) -> Answer:
        """A reading request, three times at most."""
        for _ in range(3):
            try:
                answer = await self.send(call)
            except Failed:
                continue
            if answer.status == 200:
                return answer
        raise Failed("the target does not answer")


class _Free:
    abandoned = False
    held_for = 0.0

    async def slot(self) -> None:
        await asyncio.sleep(0)


class Plan:
    """The queue of a plan that is a list."""

    def __init__(self, rows: list[Row], journal: Journal, retry: Iterable[str]) -> None:
        self.retry = tuple(retry)
        self._rows = rows
        closed = [s for s in (*FINAL, *OPEN) if s not in self.retry]
        self._closed = set(journal.seqs(closed, doubtful=self.retry))
        self.groups = Groups((r.seq, r.after) for r in rows if r.after is not None)
        for seq, state in journal.states():
            self.groups.note(seq, state)

    def pending(self) -> Iterator[Row]:
        return (r for r in self._rows if r.after is None and r.seq not in self._closed)

    def followers(self) -> Iterator[Row]:
        return (r for r in self._rows if r.after is not None and r.seq not in self._closed)

    def rows(self, seqs: Iterable[int]) -> dict[int, Row]:
        return {seq: self._rows[seq] for seq in seqs}


class Doomed(Journal):
    """The journal of one process of a world; dies, or finds the disk full, at a commit."""

    world: World

    async def commit(self, work: Callable[[list[Entry]], None], group: list[Entry]) -> None:
        self.world.may_die("before a commit")
        await asyncio.sleep(self.world.rng.random() / 100)
        work(group)
        self.world.trace.append("commit " + ", ".join(f"{e.seq} {e.state} {e.attempts}" for e in group))
        await asyncio.sleep(self.world.rng.random() / 100)
        self.world.may_die("after a commit")


def live(world: World, retry: tuple[str, ...] = (), engine: type[Engine] = Engine, settle: float = SETTLE) -> str:
    """One process from its start to its end or death; what it ended with."""
    assert world.db is not None
    journal = Doomed(Path("journal"), world.db)
    journal.world, journal._writer = world, journal.commit  # type: ignore[assignment]
    loop = Virtual(world.seconds)
    wire, queue = Wire(world), Plan(world.rows, journal, retry)
    options = Options(concurrency=world.rng.choice((1, 2, 4)), attempts=4, settle=settle)
    run = engine(wire, world.target, journal, queue, world.target.identities, options, Silent(), clock=loop.time)  # type: ignore[arg-type]
    try:
        loop.run_until_complete(run.run())
        return "ended"
    except BaseExceptionGroup as group:
        if group.split(Died)[1] is not None:
            raise
        return "died"
    except Died:
        return "died"
    finally:
        world.seconds = loop.seconds + world.rng.random() * 5
        for task in asyncio.all_tasks(loop):
            task._log_destroy_pending = False  # type: ignore[attr-defined]
        loop._ready.clear()  # type: ignore[attr-defined]
        loop.close()


def plan(rng: random.Random, name: str) -> list[Row]:
    """A few rows; some of the same customer."""
    rows: list[Row] = []
    for seq in range(rng.randint(1, 6)):
        after = lane = None
        who = seq
        if rows and rng.random() < 0.35:
            first = rng.choice([r for r in rows if r.after is None])
            who, after, lane = (first.seq, first.seq, False) if rng.random() < 0.6 else (first.seq, None, True)
        mail = f"p{who}@x.example"
        body: dict[str, Any] = {"nr": seq, "name": f"n{seq}", "email": mail}
        if name == "piriod":
            body["metadata"] = {"import_key": f"key{seq}"}
        rows.append(
            Row(seq, seq + 2, "create", None, f"key{seq}", f"email={mail}", after, bool(lane), json.dumps(body), None)
        )
    mails = [r.identity for r in rows if r.lane]
    for seq in range(len(rows), len(rows) + rng.choice((0, 0, 1, 2))):
        rows.append(Row(seq, seq + 2, "update", f"old{seq}", f"key{seq}", f"email=u{seq}@x.example", None, False,
                        json.dumps({"name": "new"}), json.dumps({"name": "old"})))  # fmt: skip
    return [replace(r, lane=True) if r.identity in mails else r for r in rows]


def world(seed: int, name: str) -> World:
    """The world of a seed."""
    rng = random.Random(seed)
    rows = plan(rng, name)
    target = replace(
        targets.load(name), record=_Anything, view=lambda c: c, identities=targets.load("dayzero").identities
    )
    made = World(target, rng, rows, rng.choice((0.0, 0.2, 0.5, 0.9)), rng.choice((0, 1, 3, 6)))
    made.customers = [{"nr": r.seq, "id": r.id, "name": "old", "email": f"u{r.seq}@x.example", "metadata": {"import_key": "none"}, "at": 0.0}
                      for r in rows if r.action == "update"]  # fmt: skip
    made.lag = rng.choice((0.0, 0.0, 20.0))
    made.refuses = frozenset(r.seq for r in rows if r.action == "create" and rng.random() < 0.15)
    made.filter_ignored = rng.random() < 0.2
    made.db = sqlite3.connect(":memory:", isolation_level=None)
    Journal.on(made.db, Path("journal"), BINDING)
    return made


class _Anything:
    """A record that takes every row; what rows may hold is not the question here."""

    model_fields = dict.fromkeys(("nr", "name", "email", "metadata"))

    @staticmethod
    def model_validate_json(*_: Any, **__: Any) -> None:
        return None


def history(seed: int, name: str, engine: type[Engine] = Engine, settle: float = SETTLE) -> World:
    """Push until nothing dies any more, then as a user would go on: unknown and failed rows again."""
    made = world(seed, name)
    with_deaths = 0
    while live(made, (), engine, settle) == "died" and with_deaths < 20:
        with_deaths += 1
    made.deaths, made.faults = 0, 0.0
    made.seconds += LATEST
    live(made, ("failed",), engine, settle)
    made.arrive(made.seconds + LATEST)
    return made


def broken_updates(made: World) -> list[str]:
    """The updates that are not in, or not told as what they are."""
    assert made.db is not None
    found: list[str] = []
    for row in (r for r in made.rows if r.action == "update"):
        state, before = made.db.execute("SELECT state, before FROM row WHERE seq = ?", (row.seq,)).fetchone()
        there = next(c for c in made.customers if c["id"] == row.id)
        if (state, there["name"]) != ("updated", "new") or json.loads(before or "null") != {"name": "old"}:
            found.append(f"update {row.seq} is {state}, with {before} before, and the customer is {there['name']}")
    return found


def broken_laws(made: World) -> list[str]:
    """What of "never twice, never lost" does not hold."""
    assert made.db is not None
    found = broken_updates(made)
    numbers = [c["nr"] for c in made.customers]
    found += [f"row {n} is there {numbers.count(n)} times" for n in set(numbers) if numbers.count(n) > 1]
    states = {
        s: (state, id_, why) for s, state, id_, why in made.db.execute("SELECT seq, state, id, problems FROM row")
    }
    ids = {c["id"]: c["nr"] for c in made.customers}
    for row in made.rows:
        if row.action == "update":
            continue
        state, id_, why = states.get(row.seq, ("none", None, None))
        if state == "created" and ids.get(id_) != row.seq:
            found.append(f"row {row.seq} has the id of {ids.get(id_)}")
        if state not in FINAL:
            found.append(f"row {row.seq} ended as {state}: {why}")
        if state != "created" and row.seq in numbers:
            found.append(f"row {row.seq} is there and ended as {state}")
        if state in ("rejected", "failed") and not why:
            found.append(f"row {row.seq} is {state} without a cause")
        if state == "rejected" and row.seq not in made.refuses:
            found.append(f"row {row.seq} was not refused")
    for first in (r for r in made.rows if r.after is None and r.action == "create"):
        group = [r.seq for r in made.rows if r.seq == first.seq or r.after == first.seq]
        there = [s for s in group if s in numbers]
        wanted = any(s not in made.refuses for s in group)
        if len(there) != int(wanted):
            found.append(f"of the same customer {group} there are {there}")
    return found
