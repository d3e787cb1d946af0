"""Somebody deletes a customer of ours while the fate of other rows is open: another one is the proof that lists can be trusted."""

from __future__ import annotations

import threading
import time
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


@pytest.mark.parametrize(("target", "ends"), [("piriod", "failed"), ("dayzero", "rejected")])
def test_an_update_that_was_lost_together_with_its_customer_is_told_so(
    target: str, ends: str, tmp_path: Path, sandbox: Any
) -> None:
    """The answer is lost, then somebody deletes the customer: the row does not stay unknown for ever.

    DayZero goes on to show a deleted customer, and refuses to change it.
    """
    running = sandbox(patch_merges=True)
    server, paced = Server(running.base_url, "live", SECRETS), PushOptions(rate=0, timeout=2, settle=2)
    rows = people(2)
    source = write_csv(tmp_path / "list.csv", rows)
    first = run.prepare(RunOptions((str(source),), target, out=tmp_path / "first"), server, Silent()).folder
    run.push(first, server, paced, Silent())
    write_csv(source, [row | {"Dirección": "Calle Nueva 1"} for row in rows])
    options = RunOptions((str(source),), target, on_existing="update", out=tmp_path / "second")
    folder = run.prepare(options, server, Silent()).folder
    running.reconfigure(drop_before=1.0)
    before = len(running.requests())
    push = threading.Thread(target=run.push, args=(folder, server, paced, Silent()))
    push.start()
    while sum(r.method in ("PATCH", "PUT") for r in running.requests()[before:]) < 2:
        time.sleep(0.02)
    headers = targets.load(target).headers(SECRETS, False)
    running.reconfigure(drop_before=0.0)
    for customer in running.customers(target):
        path = PATHS[target].format(id=customer["id"])
        assert httpx.delete(running.base_url + path, headers=headers).status_code in (200, 204)
    push.join()
    told = run.write_report(folder, PushOptions(), datetime.now(UTC), 0, pushed=True, progress=Silent())
    assert {n: c for n, c in told.counts.items() if c} == {ends: 2}
