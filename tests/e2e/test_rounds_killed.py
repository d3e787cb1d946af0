"""Rounds over servers that misbehave and processes that are killed: every customer exists once, in its newest version."""

from __future__ import annotations

import json
import signal
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import pytest
from conftest import SECRETS, Ended, Shell, people, write_csv
from e2e.pushing import posts
from e2e.round_files import Row, correct_csv, half_faulty, read_csv

from pipeline import targets

TARGETS = ("piriod", "dayzero")
PACE = ("--yes", "--rate", "0", "--quiet", "--timeout", "2", "--settle", "1", "--concurrency", "8")
COUNT = 60


def better(lines: list[Row]) -> list[Row]:
    """Every e-mail corrected, and each name marked, so that a superseded version would be seen."""
    return [line | {"Correo": f"bien{line['_row']}@x.example", "Nombre": f"{line['Nombre']} bis"} for line in lines]


def assert_exactly_once(ended: Ended, running: Any, target: str) -> None:
    """Each row is one customer, with the name and id that its result tells."""
    there = {c["id"]: c["name"] for c in running.customers(target)}
    assert Counter(there.values()).most_common(1)[0][1] == 1
    assert ended.counts == {"created": COUNT}, ended.counts
    assert {r["_id"]: r["Nombre"] for r in ended.results} == there


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
@pytest.mark.parametrize("target", TARGETS)
def test_killed_in_the_middle_of_a_round(target: str, shell: Shell, sandbox: Any, tmp_path: Path) -> None:
    """`kill -9` while a round is planned or pushed, again and again: then each customer is there once, as corrected."""
    write_csv(tmp_path / "list.csv", half_faulty(COUNT))
    running = sandbox(seed=5, latency=0.01, commit_then_drop=0.05, rate_429=0.03, retry_after=0)
    where = ("--base-url", running.base_url, *PACE)
    shell("run", "list.csv", "--to", target, "--out", "run", *where, secrets=True)
    settled = shell("push", "run", "--retry", "failed", *where, secrets=True)
    ended = Ended(settled.code, settled.out, settled.err, tmp_path / "run")
    assert ended.counts == {"created": COUNT // 2, "invalid": COUNT // 2}, settled.err
    errors = tmp_path / "run" / "errors.csv"
    correct_csv(errors, better)
    command: tuple[object, ...] = ("run", errors)
    for kill in range(4):
        process = shell.start(*command, *where, secrets=True)
        seen, deadline = len(running.requests()), time.monotonic() + 30
        while len(running.requests()) < seen + 2 + kill * 9 and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        if (tmp_path / "run" / "round-1" / ".pushed").exists():
            command = ("push", "run")
    for _ in range(4):
        last = shell(*command, *where, secrets=True)
        command = ("push", "run", "--retry", "failed")
        if last.code == 0:
            break
    assert last.code == 0, last.err
    assert_exactly_once(Ended(0, "", "", tmp_path / "run"), running, target)


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
@pytest.mark.parametrize("target", TARGETS)
def test_a_round_beside_unknown_rows_settles_them_first(
    target: str, shell: Shell, sandbox: Any, tmp_path: Path
) -> None:
    """Rows whose answer was lost are not in the error file; the push of a round looks them up before it sends anything."""
    write_csv(tmp_path / "list.csv", half_faulty(COUNT))
    running = sandbox(seed=2, commit_then_drop=0.5, late_commit=0.5, fault_limit=12)
    where = ("--base-url", running.base_url, *PACE)
    process = shell.start("run", "list.csv", "--to", target, "--out", "run", *where, "--settle", "60", secrets=True)
    deadline = time.monotonic() + 30
    while posts(running) < COUNT // 2 and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)  # while it waits to settle what is unknown
    _, err = process.communicate(timeout=60)
    first = Ended(process.returncode, "", err, tmp_path / "run")
    unknown = first.counts.get("unknown", 0)
    assert first.code == 130 and unknown > 2, (first.counts, err)
    listed = {r["_row"] for r in read_csv(tmp_path / "run" / "errors.csv")}
    assert not listed & {r["_row"] for r in first.results if r["_status"] == "unknown"}
    correct_csv(tmp_path / "run" / "errors.csv", better)
    last = shell("run", tmp_path / "run" / "errors.csv", *where, secrets=True)
    for _ in range(3):
        if last.code == 0:
            break
        last = shell("push", "run", "--retry", "failed", *where, secrets=True)
    assert last.code == 0, (unknown, last.err)
    assert_exactly_once(Ended(0, "", "", tmp_path / "run"), running, target)


def arrive_late(base_url: str, target: str, folder: Path, **changed: str) -> None:
    """Let the request of the first row, which the server dropped, be done after all; somebody changed it there."""
    known = targets.load(target)
    body = json.loads(pl.read_parquet(folder / "plan.parquet")["payload"][0]) | changed
    call = known.create(json.dumps(body).encode())
    headers = {**known.headers(SECRETS, False), "content-type": "application/json"}
    httpx.post(base_url + call.path, content=call.body, headers=headers).raise_for_status()


@pytest.mark.parametrize("target", TARGETS)
def test_a_row_whose_first_version_arrived_after_all_is_not_sent_again(
    target: str, shell: Shell, sandbox: Any, tmp_path: Path
) -> None:  # fmt: skip
    """A failed row is corrected, identity and all; its first request turns out to have arrived: one customer, and said."""
    rows = people(3, start=76_600_000)
    write_csv(tmp_path / "list.csv", rows)
    running = sandbox(drop_before=1.0, fault_limit=1)
    where = ("--base-url", running.base_url, "--yes", "--rate", "0", "--timeout", "2", "--max-retries", "0",
             "--concurrency", "1")  # fmt: skip
    shell("run", "list.csv", "--to", target, "--out", "run", *where, "--settle", "0.2", secrets=True)
    first = Ended(0, "", "", tmp_path / "run")
    assert first.counts == {"created": 2, "failed": 1}, first.counts
    arrive_late(running.base_url, target, tmp_path / "run")
    assert len(running.customers(target)) == 3
    errors = tmp_path / "run" / "errors.csv"
    correct_csv(errors, lambda lines: [line | {"RUT": "76.086.428-5", "Correo": "otro@x.example"} for line in lines])
    ended = shell("run", errors, *where, "--settle", "1", secrets=True)
    last = Ended(ended.code, ended.out, ended.err, tmp_path / "run")
    assert (last.code, last.counts) == (0, {"created": 3}), ended.err
    assert len(running.customers(target)) == 3
    late = next(r for r in last.results if r["_warnings"])
    assert "before it was corrected" in late["_warnings"]


@pytest.mark.parametrize("retry", ["failed", "all"])
def test_a_row_whose_first_version_may_have_arrived_is_not_sent_again_by_a_retry(
    retry: str, shell: Shell, sandbox: Any, tmp_path: Path
) -> None:  # fmt: skip
    """Who is there under the first e-mail may be the row, changed by hand: no `--retry` sends its correction."""
    write_csv(tmp_path / "list.csv", people(3, start=76_650_000))
    running = sandbox(drop_before=1.0, fault_limit=1)
    where = ("--base-url", running.base_url, "--yes", "--rate", "0", "--timeout", "2", "--max-retries", "0",
             "--concurrency", "1", "--settle", "0.2")  # fmt: skip
    shell("run", "list.csv", "--to", "dayzero", "--out", "run", *where, secrets=True)
    arrive_late(running.base_url, "dayzero", tmp_path / "run", name="Somebody changed it SpA")
    errors = tmp_path / "run" / "errors.csv"
    correct_csv(errors, lambda lines: [line | {"Correo": "otro@x.example"} for line in lines])
    for again in (("run", errors), ("push", "run", "--retry", retry), ("push", "run", "--retry", retry)):
        ended = shell(*again, *where, secrets=True)
        assert Ended(0, "", "", tmp_path / "run").counts == {"created": 2, "failed": 1}, ended.err
        assert len(running.customers("dayzero")) == 3
    told = next(r for r in Ended(0, "", "", tmp_path / "run").results if r["_status"] == "failed")
    assert "not exactly as it was sent" in told["_errors"]
