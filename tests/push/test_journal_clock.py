"""The journal's time: whatever is done to clocks, machines and processes, it never counts more seconds than passed."""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from conftest import Shell, people, write_csv
from e2e.pushing import assert_exactly_once
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import BrokenInvariant
from pipeline.journal import Entry, Journal, Machine
from pipeline.journal.clock import machine

BINDING = {"plan": "abc", "target": "piriod", "workspace": "acc_1", "mode": "LIVE"}
FAKED = """
import os, time
real = time.time
time.time = lambda: real() + float(os.environ["CLOCK_OFF"])
"""


@dataclass
class Scene:
    """A journal, the real time, and the machine that opens it."""

    db: sqlite3.Connection
    real: float = 1_000_000.0
    off: float = 0.0
    name: str = "one"
    started: float = 0.0
    restarts: bool = False

    def opened(self) -> Journal:
        wall, ticks = (lambda: self.real + self.off), (lambda: self.real - self.started)
        return Journal.on(self.db, Path("journal"), BINDING, Machine(self.name, ticks, wall, self.restarts))


def scene(**given_: Any) -> Scene:
    return Scene(sqlite3.connect(":memory:", isolation_level=None), **given_)


STEP = st.tuples(
    st.sampled_from(["wait", "set", "restart", "move", "send"]), st.floats(0.1, 10**5), st.sampled_from(["one", "two", "three"])
)  # fmt: skip


@given(steps=st.lists(STEP, max_size=12), restarts=st.booleans())
@settings(max_examples=300, deadline=None, derandomize=True)
def test_no_two_moments_are_further_apart_in_the_journal_than_in_truth(
    steps: list[tuple[str, float, str]], restarts: bool
) -> None:
    """Set forward and back, started anew, carried to other machines and back: what is counted has passed."""
    here = scene(restarts=restarts)
    uptimes = {"one": 0.0, "two": -3_000_000.0, "three": 900_000.0}
    sent: list[tuple[float, float]] = []  # the journal's time, the real time
    for seq, (what, seconds, name) in enumerate(steps):
        journal = here.opened()
        now = journal.clock.now()
        assert all(now - then <= here.real - truth + 1e-3 for then, truth in sent)
        if what == "send":
            journal._write([Entry(seq, "sent", sent_at=now)])
            sent.append((now, here.real))
        elif what == "set":
            here.off += seconds if seq % 2 else -seconds
        elif what == "restart":
            here.started, here.name = here.real, here.name if restarts else f"{here.name} again"
        elif what == "move":
            here.name, here.started = name, uptimes[name]
        here.real += seconds if what == "wait" else 0.1
    if not restarts:  # without names, a restart within seconds of another one is not seen, and only less is counted
        assert here.opened().clock.now() >= max((then for then, _ in sent), default=0.0)


def test_what_passed_between_two_processes_of_one_start_is_counted() -> None:
    """Nobody has to wait anew where the machine can tell how long ago it was, whatever the time of the day says."""
    here = scene(started=400.0)
    began = here.opened().clock.now()
    here.real, here.off = here.real + 70, -5_000.0
    clock = here.opened().clock
    assert clock.now() == pytest.approx(began + 70)
    assert clock.exact(began, clock.now())
    here.name = "two"
    later = here.opened().clock
    assert later.now() == pytest.approx(began) and not later.exact(began - 1, later.now())


def test_a_restart_of_a_machine_without_names_is_seen() -> None:
    """It goes on counting from there, and what passed meanwhile is known at least, not exactly."""
    for uptime, off in ((10.0, 0.0), (900.0, 0.0), (10.0, -400.0)):  # less than before, more, and with the day set back
        here = scene(started=1_000_000.0 - 400, restarts=True)
        journal = here.opened()
        began = journal.clock.now()
        journal._write(
            [Entry(1, "sent", sent_at=began)]
        )  # the last moment that is known: the next stretch begins there
        here.started, here.real = here.real, here.real + uptime
        here.off = off
        clock = here.opened().clock
        now = clock.now()
        here.real += 70
        assert clock.now() == pytest.approx(now + 70)
        assert not clock.exact(began, clock.now()) and not clock.exact(now, clock.now() + 1)
        assert clock.exact(now + 1, clock.now())


def test_a_journal_of_version_2_goes_on_with_a_clock_of_its_own(tmp_path: Path) -> None:
    """Its times are of the day: what it sent last counts as sent now, so that it is waited for in full."""
    path = tmp_path / "journal.db"
    journal = Journal.open(path, BINDING)
    journal._write([Entry(1, "sent", sent_at=12_345.0), Entry(2, "created", id="a", sent_at=12_000.0)])
    journal.close()
    with sqlite3.connect(path) as db:
        db.execute("DROP TABLE clock")
        db.execute("UPDATE meta SET value = '2' WHERE name = 'version'")
    db.close()
    journal = Journal.open(path, BINDING)
    assert journal.clock.now() - 12_345.0 < 60
    assert [e.seq for e in journal.in_doubt()] == [1]
    journal.close()
    with sqlite3.connect(path) as db:
        assert db.execute("SELECT value FROM meta WHERE name = 'version'").fetchall() == [("3",)]
    db.close()


def test_a_clock_that_was_tampered_with_is_said(tmp_path: Path) -> None:
    """A line that would make the journal's time run ahead is damage, as any other line is."""
    path = tmp_path / "journal.db"
    Journal.open(path, BINDING).close()
    with sqlite3.connect(path) as db:
        db.execute("UPDATE clock SET ticks = ticks - 1000")
    db.close()
    with pytest.raises(BrokenInvariant, match="checksum"):
        Journal.open(path, BINDING)


def test_this_machine_has_a_clock_that_counts() -> None:
    """It has a name, and passes as time does."""
    here, began = machine(), time.monotonic()
    first = here.ticks()
    time.sleep(0.05)
    assert here.name and 0.04 < here.ticks() - first < time.monotonic() - began + 1


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
@pytest.mark.parametrize(("target", "off"), [("dayzero", 3600), ("piriod", 3600), ("piriod", -3600)])
def test_a_time_of_the_day_that_is_set_between_two_pushes_doubles_nobody(
    target: str, off: int, shell: Shell, sandbox: Any, tmp_path: Path
) -> None:
    """Requests that are carried out seconds after the process was killed: the next one, an hour off, waits for them."""
    (tmp_path / "faked").mkdir()
    (tmp_path / "faked" / "sitecustomize.py").write_text(FAKED, encoding="utf-8")
    faked = os.pathsep.join(filter(None, (str(tmp_path / "faked"), shell.env.get("PYTHONPATH"))))
    write_csv(tmp_path / "list.csv", people(12))
    running = sandbox(late_commit=3.0, fault_limit=8)
    where = ("--base-url", running.base_url, "--yes", "--quiet")
    planned = shell("run", "list.csv", "--to", target, "--dry-run", "--out", "run", *where[:2], where[-1], secrets=True)
    assert planned.code == 0, planned.err
    pace = ("--rate", "0", "--timeout", "2", "--settle", "5", "--concurrency", "8")
    process = shell.start("push", "run", *where, *pace, secrets=True, PYTHONPATH=faked, CLOCK_OFF="0")
    while process.poll() is None and not any(r.method == "POST" for r in running.requests()):
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    ended = shell("push", "run", *where, *pace, secrets=True, PYTHONPATH=faked, CLOCK_OFF=str(off))
    assert ended.code == 0, ended.err
    assert_exactly_once(type(ended)(ended.code, ended.out, ended.err, tmp_path / "run"), running, target, 12)
