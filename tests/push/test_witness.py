"""Somebody deletes a customer of ours while the fate of other rows is open: another one is the proof that lists can be trusted."""

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

PATHS = {"piriod": "/customers/{id}/", "dayzero": "/api/v1/customers/{id}"}


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.mark.parametrize("deleted", [1, 2])
@pytest.mark.parametrize("knobs", [{}, {"filter_ignored": True}], ids=str)
@pytest.mark.parametrize("target", list(PATHS))
def test_rows_are_settled_although_those_created_first_were_deleted(
    target: str, knobs: dict[str, Any], deleted: int, tmp_path: Path, sandbox: Any
) -> None:
    """Three rows go in, some of them are deleted by others, the answers to the other three are lost: all are told."""
    running = sandbox(**knobs)
    server = Server(running.base_url, "live", SECRETS)
    source = write_csv(tmp_path / "list.csv", people(6))
    folder = run.prepare(RunOptions((str(source),), target, out=tmp_path / "run"), server, Silent()).folder
    options = {"rate": 0, "concurrency": 1, "timeout": 2, "settle": 0.5}
    run.push(folder, server, PushOptions(canary=3, **options), Silent())
    headers = targets.load(target).headers(SECRETS, False)
    for customer in running.customers(target)[:deleted]:
        path = PATHS[target].format(id=customer["id"])
        assert httpx.delete(running.base_url + path, headers=headers).status_code in (200, 204)
    running.reconfigure(commit_then_drop=1.0)
    run.push(folder, server, PushOptions(**options), Silent())
    told = run.write_report(folder, PushOptions(), datetime.now(UTC), 0, pushed=True, progress=Silent())
    assert {n: c for n, c in told.counts.items() if c} == {"created": 6}
    left = [c for c in running.customers(target) if not c.get("is_deleted")]
    assert len(left) == 6 - deleted
