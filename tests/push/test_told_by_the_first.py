"""Rows that are never sent, as an earlier row of the file is the same customer: they are told what became of that one."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from conftest import SECRETS, people, write_csv

from pipeline import run, targets
from pipeline.options import PushOptions, RunOptions, Server
from pipeline.progress import Silent

PACE = PushOptions(rate=0, settle=0.1)


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def test_the_last_rows_of_a_push_are_told_what_became_of_the_first(tmp_path: Path, sandbox: Any) -> None:
    """The first row's update is stale, which is told without a request: so are its copies, in the same push."""
    running = sandbox()
    server = Server(running.base_url, "live", SECRETS)

    def planned(name: str, rows: list[dict[str, str]], **how: Any) -> Any:
        source = write_csv(tmp_path / f"{name}.csv", rows)
        return run.prepare(RunOptions((str(source),), "piriod", out=tmp_path / name, **how), server, Silent()).folder

    (row,) = people(1)
    run.push(planned("first", [row]), server, PACE, Silent())
    folder = planned("second", [{**row, "Dirección": "Otra 1"}] * 3, on_existing="update")
    (customer,) = running.customers("piriod")
    headers = targets.load("piriod").headers(SECRETS, False)
    path = f"{running.base_url}/customers/{customer['id']}/"
    assert httpx.patch(path, headers=headers, json={"address": "Tercera 1"}).status_code == 200
    run.push(folder, server, PACE, Silent())
    told = run.write_report(folder, PACE, datetime.now(UTC), 0, pushed=True, progress=Silent())
    assert {name: count for name, count in told.counts.items() if count} == {"failed": 3}
