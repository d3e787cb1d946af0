"""A world without real time, network or disk: virtual seconds, a target in memory, a journal that can lose its process.

The real engine, journal and detective run in it. Every choice is drawn from one seed, so that a history replays
exactly. Faults: each request may fail before, while or after it is carried out, or be carried out late; the process
may die at any step of its event loop, at any request and at any commit, before or after it; it may be asked to stop,
and the target may refuse its credentials for a while. A process that died does nothing more: not even its clean-up.
Between two processes the time of the day may be set, the machine may be started anew, or the run go on at another one.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import selectors
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from simulation.simulated_server import FIELDS, LATEST, Manners, Server

from pipeline import targets
from pipeline.client import Failed, Lost, NotSent, Patience
from pipeline.errors import Stop, unwrap
from pipeline.journal import FINAL, OPEN, Entry, Journal, Machine
from pipeline.journal import clock as clocks
from pipeline.progress import Silent
from pipeline.push import Engine, Options
from pipeline.push.queue import Groups, Row
from pipeline.sending import _held
from pipeline.targets.interface import Answer, Call

SETTLE = 90.0
BINDING = {"plan": "p", "target": "t", "workspace": "w", "mode": "LIVE"}
NEVER = 10**9


class Died(BaseException):
    """The process was killed: nothing of it runs on."""


class _Jump(selectors.SelectSelector):
    """Waits by moving the clock."""

    loop: Virtual

    def select(self, timeout: float | None = None) -> list[Any]:
        self.loop.seconds += max(timeout or 0.0, 0.0)
        return []


class Virtual(asyncio.SelectorEventLoop):
    """An event loop whose time passes only where everybody waits, and that ends with its step `last`."""

    def __init__(self, seconds: float, last: int = NEVER) -> None:
        self.seconds, self.left, self.steps = seconds, last, 0
        selector = _Jump()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        return self.seconds

    def _run_once(self) -> None:
        if self.left <= 0:
            self.left = NEVER
            raise Died
        self.left -= 1
        self.steps += 1
        super()._run_once()  # type: ignore[misc]


@dataclass
class Clocks:
    """What the machines' clocks show: `off` is how wrong the time of the day is, `restarts` is false for quiet worlds."""

    rng: random.Random
    restarts: bool = False
    nameless: bool = False
    off: float = 0.0
    here: tuple[str, float] = ("one", 0.0)  # name, and when it was started

    def pass_on(self, now: float) -> str:
        """What happens between two processes."""
        if not self.restarts:
            return ""
        if self.rng.random() < 0.4:
            self.off += self.rng.choice((-1, 1)) * 10 ** self.rng.uniform(0, 5)
            return f"the time of the day is {self.off:.0f} s off"
        if self.rng.random() < 0.2:
            self.here = (self.here[0] if self.nameless else f"start {self.rng.random()}", now)
            return "the machine was started anew"
        if self.rng.random() < 0.2:
            self.here = (f"machine {self.rng.random()}", now - self.rng.uniform(0, 3 * 10**6))
            return "the run goes on at another machine"
        return ""

    def machine(self, time: Callable[[], float]) -> Machine:
        """The machine of one process."""
        name, started = self.here
        return Machine(name, lambda: time() - started, lambda: time() + self.off, restarts=self.nameless)


@dataclass
class World:
    """What outlives a process: the target, the journal's committed content, the clock."""

    target: Any
    rng: random.Random
    rows: list[Row]
    server: Server
    faults: float
    deaths: int
    seconds: float = 1_000_000.0
    trace: list[str] = field(default_factory=list)
    db: sqlite3.Connection | None = None
    processes: int = 0
    dies_at: int | None = None
    stops: float = 0.0
    refused: tuple[int, int] = (NEVER, NEVER)
    requests: int = 0
    clocks: Clocks = field(default_factory=lambda: Clocks(random.Random(0)))
    dead: bool = False
    concurrency: int | None = None
    ever_refused: frozenset[int] = frozenset()
    flying: dict[int, Call] = field(default_factory=dict)

    def may_die(self, where: str) -> None:
        """Perhaps the end of the process."""
        if self.dead:
            raise Died
        if self.deaths > 0 and self.rng.random() < 0.02:
            self.dead = True
            self.trace.append(f"dies {where}")
            raise Died

    def bury(self, now: float) -> None:
        """After a death: of the requests that had left, some reach the server all the same."""
        self.deaths -= 1
        for call in self.flying.values():
            if call.writes and self.rng.random() < 0.5:
                self.server.later(call, now)
        self.flying.clear()

    def calm(self) -> None:
        """From now on nothing fails, and all that is late has come."""
        self.deaths, self.faults, self.stops, self.dies_at = 0, 0.0, 0.0, None
        self.refused = (NEVER, NEVER)
        self.server.manners = replace(self.server.manners, empty=0.0)
        self.seconds += LATEST + self.server.manners.lag
        self.server.arrive(self.seconds)


class Wire:
    """The client of one process: the same interface, over a network that loses, delays and repeats nothing."""

    def __init__(self, world: World) -> None:
        self.world, self.limiter, self.patience = world, _Free(), Patience(30, 2, 60)
        self.requests, self.connections = 0, 8

    async def send(self, call: Call, *, slot: bool = True) -> Answer:
        """One request, with its fate."""
        world = self.world
        self.requests += 1
        world.requests += 1
        number = world.requests
        world.may_die("before a request")
        world.flying[number] = call
        await asyncio.sleep(world.rng.random())
        world.may_die("in a request")
        world.flying.pop(number, None)
        now = asyncio.get_running_loop().time()
        world.server.arrive(now)
        answer = self._carried_out(call, now)
        await asyncio.sleep(world.rng.random())
        world.may_die("after a request")
        if answer is None:
            raise Lost("no answer")
        if answer.status == 0:
            raise NotSent("refused")
        return answer

    def _carried_out(self, call: Call, now: float) -> Answer | None:
        world = self.world
        if world.refused[0] <= world.requests < world.refused[1]:
            return Answer(401, {}, {"detail": "who are you?"})
        fate = world.rng.random() / world.faults if world.faults else 1.0
        if not call.writes:
            return None if fate < 0.3 else Answer(500, {}, None, "oops") if fate < 0.6 else world.server.read(call, now)
        if fate < 0.1:
            return Answer(0, {}, None)
        if fate < 0.2:
            return Answer(429, {}, {"detail": "slow"})
        if fate < 0.35:
            return Answer(500, {}, None, "oops") if world.rng.random() < 0.5 else None
        if fate < 0.55:
            world.server.later(call, now)
            return None
        answer = world.server.write(call, now)
        if fate < 1.0:
            return world.rng.choice(
                (None, Answer(502, {}, None, "<html>"), Answer(answer.status, {}, None, '{"id": "i'))
            )
        return answer

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

    def count(self) -> int:
        return sum(1 for _ in self.pending())

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
        self.world.may_die("in a commit")
        work(group)
        self.world.trace.append("commit " + ", ".join(f"{e.seq} {e.state} {e.attempts}" for e in group))
        await asyncio.sleep(self.world.rng.random() / 100)
        self.world.may_die("after a commit")


async def _push(world: World, journal: Journal, retry: tuple[str, ...], engine: type[Engine], settle: float) -> str:
    """A push as the flow does it: look who came since the plan was made, then send; what it ended with."""
    wire, queue, target = Wire(world), Plan(world.rows, journal, retry), world.target
    loop = asyncio.get_running_loop()
    many = world.concurrency or world.rng.choice((1, 2, 8))
    held = await _held(wire, target, queue, target.identities, Silent()) if world.processes > 1 else {}  # type: ignore[arg-type]
    options = Options(
        concurrency=many, attempts=4, settle=settle, canary=1 if world.rng.random() < world.stops else None
    )
    run = engine(wire, target, journal, queue, target.identities, options, Silent(), held)  # type: ignore[arg-type]
    if world.rng.random() < world.stops:
        loop.call_later(world.rng.random() * 120, partial(run.stop, "interrupted"))
    return (await run.run()).stopped or "ended"


def live(world: World, retry: tuple[str, ...] = (), engine: type[Engine] = Engine, settle: float = SETTLE) -> str:
    """One process from its start to its end or death; what it ended with."""
    assert world.db is not None
    world.processes += 1
    chance = random.getstate()
    random.seed(world.rng.random())
    last = world.dies_at if world.dies_at is not None else _last(world)
    loop = Virtual(world.seconds, last)
    if told := world.clocks.pass_on(world.seconds):
        world.trace.append(told)
    journal = Doomed(Path("journal"), world.db, clock=clocks.start(world.db, world.clocks.machine(loop.time)))
    journal.world, journal._writer = world, journal.commit  # type: ignore[assignment]
    task = loop.create_task(_push(world, journal, retry, engine, settle))
    try:
        ended = loop.run_until_complete(task)
    except Died:
        world.trace.append(f"dies at step {loop.steps}")
        ended = "died"
    except Stop as error:
        ended = f"stopped: {error.message}"
    except BaseExceptionGroup as group:
        why = unwrap(group)
        if not isinstance(why, Died | Stop):
            raise
        ended = "died" if isinstance(why, Died) else f"stopped: {why.message}"
    finally:
        world.dead = True
        _vanish(loop, task)
        loop.close()
        world.dead = False
        random.setstate(chance)
    if ended == "died":
        world.bury(loop.seconds)
    world.flying.clear()
    world.trace.append(ended)
    world.seconds = loop.seconds + world.rng.random() * 5
    return ended


def _last(world: World) -> int:
    """The step of the event loop before which the process dies; early steps are as likely as late ones."""
    return int(2 ** (world.rng.random() * 9)) if world.deaths > 0 and world.rng.random() < 0.7 else NEVER


def _vanish(loop: Virtual, task: asyncio.Task[Any]) -> None:
    """End what is left of a dead process, which can neither send nor commit any more."""
    loop.left = NEVER
    if not task.done():
        task.cancel()
        with contextlib.suppress(BaseException):
            loop.run_until_complete(task)
    if not task.cancelled():
        task.exception()


def plan(rng: random.Random, name: str, most: int) -> list[Row]:
    """A few rows; some of the same customer."""
    rows: list[Row] = []
    for seq in range(rng.randint(1, most)):
        after = lane = None
        who = seq
        if rows and rng.random() < 0.35:
            first = rng.choice([r for r in rows if r.after is None])
            who, after, lane = (first.seq, first.seq, False) if rng.random() < 0.6 else (first.seq, None, True)
            who = int(str(json.loads(first.payload)["email"]).partition("@")[0][1:])
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


def world(seed: int, name: str, most: int = 6) -> World:
    """The world of a seed, with at most so many rows that create."""
    rng = random.Random(seed)
    rows = plan(rng, name, most)
    target = replace(targets.load(name), record=_Anything, view=_view, identities=targets.load("dayzero").identities)
    server = Server(target.key_path is not None, rng, Manners.drawn(rng))
    made = World(target, rng, rows, server, rng.choice((0.0, 0.2, 0.5, 0.9)), rng.choice((0, 1, 3, 6)))
    server.customers = [{"nr": r.seq, "id": r.id, "name": "old", "email": f"u{r.seq}@x.example", "phone": "1",
                         "metadata": {"import_key": "none"}, "at": 0.0} for r in rows if r.action == "update"]  # fmt: skip
    server.refuses = made.ever_refused = frozenset(r.seq for r in rows if rng.random() < 0.15)
    if rng.random() < 0.25:
        server.strangers = [_stranger(rng, r, made.seconds) for r in rows if rng.random() < 0.3]
    made.stops = rng.choice((0.0, 0.0, 0.2))
    made.clocks = Clocks(random.Random(f"clocks {seed}"), rng.random() < 0.5, rng.random() < 0.3)
    if rng.random() < 0.15:
        first = rng.randint(1, 20)
        made.refused = (first, first + rng.randint(1, 5))
    made.db = sqlite3.connect(":memory:", isolation_level=None)
    Journal.on(made.db, Path("journal"), BINDING, made.clocks.machine(lambda: made.seconds))
    return made


def _stranger(rng: random.Random, row: Row, now: float) -> tuple[float, str | None, dict[str, Any]]:
    """Somebody else who, during the push, creates the row's customer or changes it."""
    at = now + rng.random() * 120
    if row.action == "update":
        return at, row.id, {"name": "theirs"}
    return at, None, {"nr": -1 - row.seq, "name": "theirs", "email": json.loads(row.payload)["email"]}


def _view(customer: dict[str, Any]) -> dict[str, Any]:
    return {n: customer[n] for n in FIELDS if n in customer}


class _Anything:
    """A record that takes every row; what rows may hold is not the question here."""

    model_fields = dict.fromkeys(FIELDS)

    @staticmethod
    def model_validate_json(*_: Any, **__: Any) -> None:
        return None


def history(seed: int, name: str, engine: type[Engine] = Engine, settle: float = SETTLE) -> World:
    """Push until it ends by itself, then as a user would go on: failed rows again, rejected ones once they are taken."""
    made = world(seed, name)
    return concluded(made, engine, settle)


def _waits(made: World) -> bool:
    """Whether a row was refused as taken, by whom a slow list did not show yet: it is believed when it is said again."""
    assert made.db is not None
    said = "SELECT 1 FROM row WHERE state = 'unknown' AND problems LIKE '%is taken%'"
    return made.server.manners.lag > 0 and made.db.execute(said).fetchone() is not None


def concluded(
    made: World, engine: type[Engine] = Engine, settle: float = SETTLE, forgives: bool | None = None
) -> World:
    """The rest of a history; where the server `forgives`, it takes in the end what it refused before."""
    for _ in range(30):
        if live(made, (), engine, settle) == "ended":
            break
    made.calm()
    ended = live(made, ("failed",), engine, settle)
    if made.rng.random() < 0.3 if forgives is None else forgives:
        made.server.refuses = frozenset()
        ended = live(made, ("failed", "rejected"), engine, settle)
    if ended == "unreachable" or _waits(made):
        made.seconds += made.server.manners.lag
        live(made, (), engine, settle)
    made.server.arrive(made.seconds + LATEST)
    return made
