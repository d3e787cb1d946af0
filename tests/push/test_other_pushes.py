"""Two runs of the same rows to one workspace: what one has created since the other was planned is not created twice."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from conftest import SECRETS, people, write_csv

from pipeline import locks, run
from pipeline.errors import Unavailable
from pipeline.options import PushOptions, RunOptions, Server
from pipeline.progress import Silent

OPTIONS = PushOptions(rate=0, timeout=2, settle=0.5)


def planned(tmp_path: Path, running: Any, name: str) -> tuple[Any, Server]:
    source = write_csv(tmp_path / f"{name}.csv", people(5))
    server = Server(running.base_url, "live", {n: v for n, v in SECRETS.items() if n.startswith("PIRIOD")})
    return run.prepare(RunOptions((str(source),), "piriod", out=tmp_path / name), server, Silent()).folder, server


def pushed(folder: Any, server: Server) -> dict[str, int]:
    run.push(folder, server, OPTIONS, Silent())
    told = run.write_report(folder, OPTIONS, datetime.now(UTC), 0, pushed=True, progress=Silent())
    return {name: count for name, count in told.counts.items() if count}


@pytest.mark.parametrize("killed", [True, False])
def test_who_came_between_plan_and_push_is_found(
    killed: bool, tmp_path: Path, sandbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other push was killed, or ended with the time of the day set back: its customers are looked for all the same."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    running = sandbox()
    last = locks.last_push("piriod", SECRETS["PIRIOD_WORKSPACE"])
    if killed:
        last.parent.mkdir(parents=True)
        last.write_text(f"{locks.UNDER_WAY} 1234\n", encoding="ascii")
    mine, server = planned(tmp_path, running, "mine")
    before = (last.read_text(encoding="ascii"), last.stat().st_mtime_ns) if killed else ("", 1)
    theirs, _ = planned(tmp_path, running, "theirs")
    assert pushed(theirs, server) == {"created": 5}
    if killed:
        last.write_text(before[0], encoding="ascii")  # it was under way all the time, and says nothing since
    os.utime(last, ns=(before[1], before[1]))
    assert pushed(mine, server) == {"skipped": 5}
    assert len(running.customers("piriod")) == 5


def test_a_plan_that_nobody_came_between_is_not_looked_up_again(
    tmp_path: Path, sandbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The look-up of the plan still counts a moment later: the push sends a request for each row, and no other."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    running = sandbox()
    for name in ("one", "two"):  # a push that has ended is no reason to look again
        folder, server = planned(tmp_path, running, name)
        before = len(running.requests())
        assert pushed(folder, server) == ({"created": 5} if name == "one" else {"skipped": 5})
        assert len(running.requests()) - before == (5 if name == "one" else 0)


def test_a_stop_after_the_plan_names_the_command_that_goes_on(
    tmp_path: Path, sandbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was typed may have begun the run: typed again it would begin another one beside it."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    running = sandbox()
    folder, server = planned(tmp_path, running, "mine")
    running.reconfigure(tokens=())
    with pytest.raises(Unavailable) as stop:
        pushed(folder, server)
    assert f"customer-import push {folder.path} --base-url {running.base_url}" in stop.value.remedy
