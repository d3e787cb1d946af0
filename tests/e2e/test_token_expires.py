"""A token that expires in the middle: the run stops, what was in flight has its outcome, and a new token goes on."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from conftest import Shell, people, write_csv
from e2e.pushing import TARGETS, assert_exactly_once

NEW = {"PIRIOD_API_TOKEN": "tok-piriod-two", "DAYZERO_API_TOKEN": "dz_2-second"}
PACE = ("--yes", "--rate", "0", "--quiet", "--concurrency", "8", "--timeout", "5", "--settle", "1")
ROWS = 200


@pytest.mark.parametrize("target", TARGETS)
def test_a_push_stops_when_its_token_expires_and_goes_on_with_a_new_one(
    target: str, shell: Shell, sandbox: Any, tmp_path: Any
) -> None:
    """200 rows, 8 at a time: exit 5, nothing is unknown or failed, and in the end each customer exists once."""
    write_csv(tmp_path / "list.csv", people(ROWS))
    running = sandbox(latency=0.01, expire_after=90)
    where = ("--base-url", running.base_url)
    planned = shell("run", "list.csv", "--to", target, "--dry-run", "--out", "run", "--quiet", *where, secrets=True)
    assert planned.code == 0, planned.err
    stopped = shell("push", "run", *where, *PACE, secrets=True)
    assert stopped.code == 5 and "401" in stopped.err and "push" in stopped.err, stopped.err
    first = type(stopped)(5, stopped.out, stopped.err, tmp_path / "run")
    there = running.customers(target)
    assert set(first.counts) == {"created", "not_attempted"} and first.counts["created"] == len(there), first.counts
    assert sum(first.counts.values()) == ROWS and 40 < len(there) < 100
    # It is refused again and again without a new token: nothing is lost by trying.
    assert shell("push", "run", *where, *PACE, secrets=True).code == 5
    ended = shell("push", "run", *where, *PACE, secrets=True, **NEW)
    assert ended.code == 0, ended.err
    assert_exactly_once(type(ended)(0, ended.out, ended.err, tmp_path / "run"), running, target, ROWS)


@pytest.mark.parametrize(("target", "after"), [("piriod", 55), ("dayzero", 90)])
def test_updates_and_their_undoing_stop_and_go_on_too(
    target: str, after: int, shell: Shell, sandbox: Any, tmp_path: Any
) -> None:
    """Where each row is read before it is written, the refusal may come to either: no row is failed by it."""
    before = write_csv(tmp_path / "before.csv", people(60))
    data = tmp_path / "data.sqlite"
    made = shell(
        "run",
        before,
        "--to",
        target,
        "--out",
        "made",
        *PACE,
        "--base-url",
        sandbox(database=data).base_url,
        secrets=True,
    )
    assert made.code == 0, made.err
    write_csv(tmp_path / "list.csv", [{**row, "Dirección": f"Calle Nueva {i}"} for i, row in enumerate(people(60))])
    running = sandbox(database=data, latency=0.005)
    where = ("--base-url", running.base_url)
    planned = shell("run", "list.csv", "--to", target, "--on-existing", "update", "--dry-run", "--out", "run", "--quiet",
                    *where, secrets=True)  # fmt: skip
    assert planned.code == 0, planned.err
    for command, done in (("push", "Calle Nueva"), ("undo", "Siempre Viva")):
        running.reconfigure(expire_after=after)
        stopped = shell(command, "run", *where, *PACE, secrets=True)
        assert stopped.code == 5 and "401" in stopped.err, (command, stopped.err)
        if command == "push":
            counts = type(stopped)(5, "", "", tmp_path / "run").counts
            assert set(counts) == {"updated", "not_attempted"}, counts
        ended = shell(command, "run", *where, *PACE, secrets=True, **NEW)
        assert ended.code == 0, (command, ended.err)
        told = Counter(done in c["address"] for c in running.customers(target))
        assert told == {True: 60}, told
        running.reconfigure(expire_after=None)
