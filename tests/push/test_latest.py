"""Lists that show new customers late: what one run has just created, the next one does not create again."""

from __future__ import annotations

import json
import shutil
import stat
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from conftest import SECRETS, people, write_csv

from pipeline import latest, options, run, targets
from pipeline.folder import RunFolder
from pipeline.journal import Machine
from pipeline.options import PushOptions, RunOptions, Server
from pipeline.progress import Silent

OPTIONS = PushOptions(rate=0, timeout=2, settle=0.5)


class Heard(Silent):
    """Keeps what the operator is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def imported(
    tmp_path: Path, running: Any, name: str, target: str, heard: Heard, options: PushOptions = OPTIONS
) -> dict[str, int]:
    source = write_csv(tmp_path / f"{name}.csv", people(5))
    server = Server(running.base_url, "live", SECRETS)
    folder = run.prepare(RunOptions((str(source),), target, out=tmp_path / name), server, heard).folder
    run.push(folder, server, options, heard)
    told = run.write_report(folder, options, datetime.now(UTC), 0, pushed=True, progress=heard)
    return {name: count for name, count in told.counts.items() if count}


@pytest.mark.parametrize("target", ["piriod", "dayzero"])
@pytest.mark.parametrize("knobs", [{}, {"filter_ignored": True}, {"short_pages": True}], ids=str)
def test_another_run_does_not_create_again_who_is_not_shown_yet(
    target: str, knobs: dict[str, Any], tmp_path: Path, sandbox: Any
) -> None:
    """The second run begins at once; it waits until the list shows the customer whom the first has created last."""
    running, heard = sandbox(filter_lag=1.5, **knobs), Heard()
    assert imported(tmp_path, running, "one", target, heard) == {"created": 5}
    assert not any("looking again" in line for line in heard.lines)
    assert imported(tmp_path, running, "two", target, heard) == {"skipped": 5}
    assert any("looking again" in line for line in heard.lines)
    assert len(running.customers(target)) == 5


@pytest.mark.parametrize("target", ["piriod", "dayzero"])
def test_a_push_that_was_killed_has_told_before_whom_it_is_about_to_create(
    target: str, tmp_path: Path, sandbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It could not tell in the end who was created; who runs the same file again waits as after a push that did."""
    running, heard = sandbox(filter_lag=1.5), Heard()
    with monkeypatch.context() as killed:
        killed.setattr(latest, "note", lambda *_: None)
        assert imported(tmp_path, running, "one", target, heard) == {"created": 5}
    assert imported(tmp_path, running, "two", target, heard) == {"skipped": 5}
    assert len(running.customers(target)) == 5


@pytest.mark.parametrize("target", ["piriod", "dayzero"])
def test_rows_without_an_answer_are_waited_for_by_another_run_of_the_same_file(
    target: str, tmp_path: Path, sandbox: Any
) -> None:
    """Their requests arrive late; the second run, begun at once, does not send them again."""
    running, heard = sandbox(late_commit=2.0), Heard()
    hasty = PushOptions(rate=0, timeout=2, settle=0.0, max_retries=0)
    assert imported(tmp_path, running, "one", target, heard, hasty) == {"failed": 5}
    running.reconfigure(late_commit=0.0)
    patient = PushOptions(rate=0, timeout=2, settle=4.0)
    assert imported(tmp_path, running, "two", target, heard, patient) == {"skipped": 5}
    assert any("waiting" in line for line in heard.lines)
    assert len(running.customers(target)) == 5


def test_a_plan_that_was_made_while_rows_could_still_arrive_is_not_believed(tmp_path: Path, sandbox: Any) -> None:
    """It found nobody; then they arrived, and only then, when their time was over, its push began: it looks again."""
    running, heard = sandbox(late_commit=2.0), Heard()
    hasty = PushOptions(rate=0, timeout=2, settle=0.0, max_retries=0)
    assert imported(tmp_path, running, "one", "piriod", heard, hasty) == {"failed": 5}
    running.reconfigure(late_commit=0.0)
    source, server = write_csv(tmp_path / "two.csv", people(5)), Server(running.base_url, "live", SECRETS)
    folder = run.prepare(RunOptions((str(source),), "piriod", out=tmp_path / "two"), server, heard).folder
    while len(running.customers("piriod")) < 5:
        time.sleep(0.05)
    run.push(folder, server, PushOptions(rate=0, timeout=2, settle=0.1), heard)
    assert len(running.customers("piriod")) == 5


@pytest.mark.parametrize(
    ("target", "left"), [("piriod", "moved away"), ("dayzero", "removed"), ("piriod", "removed and planned anew")]
)
def test_a_push_that_was_killed_is_waited_for_also_where_its_folder_is_gone(
    target: str, left: str, tmp_path: Path, sandbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody knows its rows: who is about to be sent is looked for once more when what it sent has had its time."""
    running, heard = sandbox(late_commit=5.0), Heard()
    hasty = PushOptions(rate=0, timeout=2, settle=0.0, max_retries=0)
    with monkeypatch.context() as killed:
        killed.setattr(latest, "note", lambda *_: None)
        assert imported(tmp_path, running, "one", target, heard, hasty) == {"failed": 5}
    running.reconfigure(late_commit=0.0)
    if left == "moved away":
        (tmp_path / "one").rename(tmp_path / "elsewhere")
    else:
        shutil.rmtree(tmp_path / "one")
    patient = PushOptions(rate=0, timeout=2, settle=10.0)
    again = "one" if left == "removed and planned anew" else "two"
    assert imported(tmp_path, running, again, target, heard, patient) == {"skipped": 5}
    assert sum("its run folder is gone" in line for line in heard.lines) == 1
    assert len(running.customers(target)) == 5
    assert imported(tmp_path, running, "three", target, heard, patient) == {"skipped": 5}
    assert sum("its run folder is gone" in line for line in heard.lines) == 1  # who is there is not waited for


def test_a_run_that_was_moved_settles_its_own_rows_without_waiting_for_itself(
    tmp_path: Path, sandbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was cut off, and goes on where it lies now: it is not taken for another one."""
    running, heard = sandbox(), Heard()
    with monkeypatch.context() as killed:
        killed.setattr(latest, "note", lambda *_: None)
        imported(tmp_path, running, "one", "piriod", heard)
    (tmp_path / "one").rename(tmp_path / "elsewhere")
    place = latest.Place("piriod", SECRETS["PIRIOD_WORKSPACE"], running.base_url, "live")
    piriod = targets.load("piriod")
    assert latest.awaited(place, piriod, piriod.identities, 90.0, RunFolder(tmp_path / "elsewhere")) is None
    imported(tmp_path, running, "other", "dayzero", heard)
    told = latest.awaited(place, piriod, piriod.identities, 90.0, RunFolder(tmp_path / "other"))
    assert told is not None and told.anybody and 80 < told.blind <= 90


def test_a_push_gives_a_sign_of_life_that_is_never_cut_short(tmp_path: Path, sandbox: Any) -> None:
    """The note is younger after each sign, and says otherwise the same; where it cannot be written, it stays."""
    running = sandbox()
    imported(tmp_path, running, "one", "piriod", Heard())
    place = latest.Place("piriod", SECRETS["PIRIOD_WORKSPACE"], running.base_url, "live")
    latest.begin(place, RunFolder(tmp_path / "one"))
    before = json.loads(place.path.read_text(encoding="utf-8"))
    latest.still(place)
    after = json.loads(place.path.read_text(encoding="utf-8"))
    assert after["ticks"] > before["ticks"] and after == {**before, "ticks": after["ticks"]}
    assert sorted(p.suffix for p in place.path.parent.iterdir()) == [".last", ".live", ".lock"]
    place.path.with_name(f"{place.path.name}.new").mkdir()  # nothing can be written there
    latest.still(place)
    assert json.loads(place.path.read_text(encoding="utf-8")) == after


def test_a_push_that_sends_nothing_leaves_behind_what_was_left_before(tmp_path: Path, sandbox: Any) -> None:
    """The customer created last is waited for by whoever comes after it."""
    running = sandbox()
    imported(tmp_path, running, "one", "piriod", Heard())
    place = latest.Place("piriod", SECRETS["PIRIOD_WORKSPACE"], running.base_url, "live")
    told = place.path.read_text(encoding="utf-8")
    assert imported(tmp_path, running, "two", "piriod", Heard()) == {"skipped": 5}
    assert place.path.read_text(encoding="utf-8") == told


def test_a_list_that_shows_everybody_is_read_once(tmp_path: Path, sandbox: Any) -> None:
    """Where the customer created last is shown, one look-up more than the rows is all it costs."""
    running, heard = sandbox(), Heard()
    assert imported(tmp_path, running, "one", "piriod", heard) == {"created": 5}
    before = len(running.requests())
    assert imported(tmp_path, running, "two", "piriod", heard) == {"skipped": 5}
    assert len(running.requests()) - before <= 3
    assert heard.lines == []


def test_who_is_never_shown_again_is_not_waited_for_beyond_the_settle_time(
    tmp_path: Path, sandbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """He may have been deleted: then "not there" counts after the time that it takes for an own row."""
    monkeypatch.setattr(options, "SETTLE_EXTRA", 1 - targets.load("piriod").pace.timeout)
    running, heard = sandbox(filter_lag=1000), Heard()
    assert imported(tmp_path, running, "one", "piriod", heard) == {"created": 5}
    assert imported(tmp_path, running, "two", "piriod", heard) == {"created": 5}
    assert sum("looking again" in line for line in heard.lines) == 1


def test_only_a_customer_of_this_server_and_this_hour_is_waited_for(
    tmp_path: Path, sandbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another address, a time that has passed, a run folder that was forgotten: nobody. After a restart: anew."""
    running = sandbox()
    imported(tmp_path, running, "one", "piriod", Heard())
    piriod = targets.load("piriod")
    place = latest.Place("piriod", SECRETS["PIRIOD_WORKSPACE"], running.base_url, "live")
    created = {c["id"] for c in running.customers("piriod")}

    def now(where: latest.Place = place) -> str | None:
        found = latest.awaited(where, piriod, piriod.identities, 90.0)
        return found and found.id

    assert now() in created
    assert now(latest.Place("piriod", SECRETS["PIRIOD_WORKSPACE"], "http://127.0.0.1:9", "live")) is None
    assert now(latest.Place("piriod", "acc_2", running.base_url, "live")) is None
    assert now(latest.Place("piriod", SECRETS["PIRIOD_WORKSPACE"], running.base_url, "test")) is None
    assert stat.S_IMODE(place.path.stat().st_mode) == 0o600
    told = place.path.read_text(encoding="utf-8")
    assert not any(person["Correo"] in told or person["RUT"] in told for person in people(5))
    here = latest.machine()
    for name, later, awaited in ((here.name, 89, True), (here.name, 91, False), ("restarted", 91, True)):
        monkeypatch.setattr(latest, "machine", lambda n=name, s=later: Machine(n, lambda: here.ticks() + s))
        assert (now() in created) is awaited
    for broken in ("", "{}", "[]", '{"ticks": "x"}', told.replace("one", "none")):
        place.path.write_text(broken, encoding="utf-8")
        assert now() is None
