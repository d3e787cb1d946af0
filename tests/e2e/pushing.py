"""What the end-to-end tests of the push share: pushing until nothing is left to settle, and the proof that it is right."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from conftest import Ended, Shell

TARGETS = ("piriod", "dayzero")
PACE = ("--yes", "--rate", "0", "--quiet", "--timeout", "2", "--settle", "1")


def push_until_settled(
    shell: Shell, running: Any, folder: Path, *more: object, pushes: int = 6, pace: tuple[str, ...] = PACE
) -> Ended:
    """Push as a user would go on, failed rows again, until every row is in; what the last push ended with."""
    ended = Ended(1, "", "nothing was pushed", folder)
    for _ in range(pushes):
        said = shell(
            "push", folder.name, "--retry", "failed", "--base-url", running.base_url, *pace, *more, secrets=True
        )
        ended = Ended(said.code, said.out, said.err, folder)
        if ended.code == 0:
            break
    return ended


def assert_exactly_once(ended: Ended, running: Any, target: str, count: int) -> None:
    """Each customer exists once, and each row is told as created, with the id of its own customer."""
    there = running.customers(target)
    names = Counter(c["name"] for c in there)
    assert len(names) == count and set(names.values()) == {1}, [n for n, k in names.items() if k > 1]
    ids = {c["id"]: c["name"] for c in there}
    assert ended.counts == {"created": count}, (ended.counts, ended.err)
    rows = ended.results
    assert len(rows) == count
    assert all(ids[r["_id"]] == r["Nombre"] for r in rows)


def posts(running: Any) -> int:
    """How many creates the target has answered or dropped so far."""
    return sum(1 for r in running.requests() if r.method == "POST")
