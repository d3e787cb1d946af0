"""Never twice, never lost, in processes that are killed while they push to servers that misbehave: seeded, real sockets.

`KILLS=200 pytest tests/e2e/test_chaos.py -k killed -s` kills as often; the number of requests is told.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from itertools import combinations, product
from pathlib import Path
from typing import Any

import pytest
from conftest import Ended, Shell, people, write_csv
from e2e.pushing import PACE, TARGETS, assert_exactly_once, posts, push_until_settled

KILLS = int(os.environ.get("KILLS", "20"))
ROWS = 1000
HOSTILE: dict[str, Any] = {
    "commit_then_drop": 0.10, "error_after_commit": 0.05, "rate_5xx": 0.05, "rate_429": 0.05, "retry_after": 0,
    "latency": KILLS / 2000,
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
@pytest.mark.parametrize("target", TARGETS)
def test_killed_again_and_again_every_customer_exists_once(
    target: str, shell: Shell, sandbox: Any, tmp_path: Path
) -> None:
    """1,000 rows, a hostile server, `kill -9` at 20 random moments of sending, settling and looking up, then push."""
    rng = random.Random(f"{target} {KILLS}")
    write_csv(tmp_path / "list.csv", people(ROWS))
    running = sandbox(seed=11, **HOSTILE)
    where = ("--base-url", running.base_url)
    planned = shell("run", "list.csv", "--to", target, "--dry-run", "--out", "run", "--quiet", *where, secrets=True)
    assert planned.code == 0, planned.err
    killed, share = 0, 2 * ROWS // KILLS
    while killed < KILLS:
        process = shell.start("push", "run", "--retry", "failed", *where, *PACE, secrets=True)
        until = len(running.requests()) + rng.randint(1, share)
        while len(running.requests()) < until and process.poll() is None:
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        if process.returncode != -signal.SIGKILL:
            break  # it had ended by itself: every row is in
        killed += 1
    ended = push_until_settled(shell, running, tmp_path / "run")
    assert_exactly_once(ended, running, target, ROWS)
    assert posts(running) < 2 * ROWS
    assert killed > KILLS // 2
    print(
        f"\n{target}: {ROWS} customers, {killed} kills, {posts(running)} creates in {len(running.requests())} requests"
    )


KNOBS: dict[str, tuple[dict[str, Any], ...]] = {
    "lost": ({"commit_then_drop": 0.15}, {"error_after_commit": 0.15}, {"html_502": 0.15}, {"cut_short": 0.15},
             {"late_commit": 0.4, "late_commit_rate": 0.15}, {"drop_before": 0.15}),
    "filter": ({}, {"filter_ignored": True}, {"filter_lag": 0.3}, {"filter_empty": 0.2}),
    "duplicate": ({"duplicate": "allow"}, {"duplicate": "reject"}, {"duplicate": "conflict"}),
    "shape": ({}, {"envelope": False, "next_http": True}, {"short_pages": True, "string_state_ids": True}),
    "reads": ({}, {"get_5xx": 0.05, "get_cut_short": 0.05}, {"get_drop": 0.1}),
    "pace": ({}, {"rate_429": 0.1, "retry_after": 0}, {"status_503": 0.03, "retry_after": 0.1}),
    "merging": ({}, {"patch_merges": False, "put_replaces": True}),
    "mail": ({}, {"email_case_sensitive": False}),
}  # fmt: skip


def covering(sizes: dict[str, int]) -> list[dict[str, int]]:
    """Few rows in which every pair of values of two knobs occurs: greedy, the same each time."""
    pairs = {((a, i), (b, j)) for a, b in combinations(sizes, 2) for i in range(sizes[a]) for j in range(sizes[b])}
    rng, rows = random.Random(0), []
    while pairs:
        best: tuple[int, dict[str, int]] = (0, {})
        first = min(pairs)
        for _ in range(60):
            row = {name: rng.randrange(size) for name, size in sizes.items()} | dict(first)
            best = max(best, (sum(p <= row.items() for p in map(set, pairs)), row), key=lambda found: found[0])
        rows.append(best[1])
        pairs = {p for p in pairs if not set(p) <= best[1].items()}
    return rows


def test_every_pair_of_knobs_is_covered() -> None:
    """The rows of the covering array hold all pairs of values, in far fewer runs than all combinations."""
    sizes = {name: len(values) for name, values in KNOBS.items()}
    rows = covering(sizes)
    for a, b in combinations(sizes, 2):
        assert {(r[a], r[b]) for r in rows} == set(product(range(sizes[a]), range(sizes[b])))
    assert len(rows) < 50


COVERING = covering({name: len(values) for name, values in KNOBS.items()})


def _shown(row: dict[str, int]) -> str:
    return "-".join(str(row[name]) for name in KNOBS)


@pytest.mark.slow
@pytest.mark.parametrize("row", COVERING, ids=_shown)
def test_every_customer_exists_once_under_any_pair_of_knobs(
    row: dict[str, int], shell: Shell, sandbox: Any, tmp_path: Path
) -> None:
    """Each two of the server's faults and habits together, at both APIs in turn: created once, then updated, all told."""
    target = TARGETS[COVERING.index(row) % 2]
    knobs = {k: v for name, at in row.items() for k, v in KNOBS[name][at].items()}
    running = sandbox(seed=COVERING.index(row), **knobs)
    rows = people(30)
    write_csv(tmp_path / "list.csv", rows)
    where = ("--base-url", running.base_url, "--to", target, "--out")
    first = shell("run", "list.csv", *where, "run", *PACE, secrets=True)
    ended = first if first.code == 0 else push_until_settled(shell, running, tmp_path / "run")
    assert_exactly_once(Ended(ended.code, ended.out, ended.err, tmp_path / "run"), running, target, 30)
    before = {c["id"]: c for c in running.customers(target)}
    changed = [r | {"Teléfono": f"+56 9 6{i:07}"} if i % 3 == 0 else r for i, r in enumerate(rows)]
    write_csv(tmp_path / "changed.csv", changed)
    second = shell("run", "changed.csv", *where, "again", *PACE, "--on-existing", "update", secrets=True)
    if second.code != 0:
        second = push_until_settled(shell, running, tmp_path / "again")
    assert Ended(0, "", "", tmp_path / "again").counts == {"updated": 10, "unchanged": 20}, second.err
    after = {c["id"]: c for c in running.customers(target)}
    assert after.keys() == before.keys()
    moved = {"phone", "updated", "updated_at"}
    for id_, customer in after.items():
        assert {n for n, v in customer.items() if v != before[id_][n]} <= moved
    assert sum(customer["phone"] != before[id_]["phone"] for id_, customer in after.items()) == 10
