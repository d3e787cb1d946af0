"""Customers that a plan did not know of and a push finds: what `--on-existing` says, and never a second customer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import Ended, Shell, people, write_csv

TARGETS = ("piriod", "dayzero")
PACE = ("--yes", "--rate", "0", "--quiet", "--timeout", "2", "--settle", "1")


def pushed(shell: Shell, tmp_path: Path, *args: str) -> Ended:
    """Push the run `late`."""
    ended = shell("push", "late", *args, *PACE, secrets=True)
    return Ended(ended.code, ended.out, ended.err, tmp_path / "late")


def late(
    shell: Shell, tmp_path: Path, target: str, running: Any, policy: str, *, offline: bool, blank: str = "keep"
) -> str:
    """A plan of four customers that differ from what comes to the target after it was made; the where of the push."""
    rows = people(4)
    write_csv(
        tmp_path / "late.csv",
        [r | {"Nombre": f"Otra {i}"} | ({"Teléfono": ""} if i < 2 else {}) for i, r in enumerate(rows)],
    )
    extra = ("--offline",) if offline else ()
    flags = ("--dry-run", "--on-existing", policy, "--blank", blank, "--out", "late", "--base-url", running.base_url)
    planned = shell("run", "late.csv", "--to", target, *flags, *extra, secrets=True)
    assert planned.counts == {"ready": 4}, planned.err
    write_csv(tmp_path / "now.csv", rows[:3])
    where = ("--to", target, "--base-url", running.base_url, "--out", "now", *PACE)
    assert shell("run", "now.csv", *where, secrets=True).counts == {"created": 3}
    return str(running.base_url)


@pytest.mark.parametrize("target", TARGETS)
def test_an_offline_plan_updates_what_the_push_finds(target: str, shell: Shell, sandbox: Any, tmp_path: Path) -> None:
    """The plan could not look: the push does, brings up to date what is there, creates the rest; undo knows what was."""
    running = sandbox()
    url = late(shell, tmp_path, target, running, "update", offline=True, blank="clear")
    before = {c["id"]: (c["name"], c["phone"]) for c in running.customers(target)}
    ended = pushed(shell, tmp_path, "--base-url", url)
    assert ended.code == 0 and ended.counts == {"updated": 3, "created": 1}, ended.err
    after = {c["id"]: (c["name"], c["phone"]) for c in running.customers(target)}
    assert [after[i][0] for i in before] == ["Otra 0", "Otra 1", "Otra 2"] and len(after) == 4
    assert [bool(after[i][1]) for i in before] == [False, False, True]
    assert ended.results[0]["_action"] == "update" and "name: Comercial" in ended.results[0]["_changes"]
    assert "plan.unverified" not in ended.results[0]["_warnings"]
    undone = shell("undo", "late", "--base-url", url, *PACE, secrets=True)
    assert undone.code == 0, undone.out + undone.err
    assert {
        i: v for i, v in ((c["id"], (c["name"], c["phone"])) for c in running.customers(target)) if i in before
    } == before


@pytest.mark.parametrize("target", TARGETS)
def test_a_reviewed_plan_never_makes_an_update_that_nobody_reviewed(
    target: str, shell: Shell, sandbox: Any, tmp_path: Path
) -> None:
    """The plan looked and found nobody; who came since is stale, and not changed."""
    running = sandbox()
    url = late(shell, tmp_path, target, running, "update", offline=False)
    before = running.customers(target)
    ended = pushed(shell, tmp_path, "--base-url", url)
    assert ended.code == 1 and ended.counts == {"failed": 3, "created": 1}, ended.err
    assert ended.results[0]["_error_codes"] == "plan.stale" and before[0]["id"] in ended.results[0]["_errors"]
    assert running.customers(target)[:3] == before


@pytest.mark.parametrize("offline", [True, False])
@pytest.mark.parametrize(("policy", "state"), [("error", "invalid"), ("skip", "skipped")])
def test_error_and_skip_hold_at_push_time_too(
    policy: str, state: str, offline: bool, shell: Shell, sandbox: Any, tmp_path: Path
) -> None:
    """The same verdict whenever the customer is found: `error` keeps the row out and says so, `skip` counts it as in."""
    running = sandbox()
    url = late(shell, tmp_path, "piriod", running, policy, offline=offline)
    ended = pushed(shell, tmp_path, "--base-url", url)
    assert ended.counts == {state: 3, "created": 1} and ended.code == (1 if policy == "error" else 0), ended.err
    assert "already at the target" in ended.results[0]["_errors"]
    assert len(running.customers("piriod")) == 4


@pytest.mark.parametrize("target", TARGETS)
def test_updates_found_at_push_time_survive_lost_answers(
    target: str, shell: Shell, sandbox: Any, tmp_path: Path
) -> None:
    """Lost answers and errors after the commit: what was found is brought up to date once it is settled, nobody is there twice."""
    running = sandbox()
    rows = people(30)
    write_csv(tmp_path / "late.csv", [r | {"Nombre": f"Otra {i}"} for i, r in enumerate(rows)])
    flags = ("--dry-run", "--on-existing", "update", "--offline", "--out", "late", "--base-url", running.base_url)
    shell("run", "late.csv", "--to", target, *flags, secrets=True)
    write_csv(tmp_path / "now.csv", rows[:25])
    shell("run", "now.csv", "--to", target, "--base-url", running.base_url, "--out", "now", *PACE, secrets=True)
    running.reconfigure(commit_then_drop=0.3, error_after_commit=0.2, drop_before=0.2)
    for _ in range(6):
        ended = pushed(shell, tmp_path, "--base-url", running.base_url, "--retry", "failed")
        if ended.code == 0:
            break
    assert ended.counts == {"updated": 25, "created": 5}, ended.err
    assert sorted(c["name"] for c in running.customers(target)) == sorted(f"Otra {i}" for i in range(30))
    running.reconfigure(commit_then_drop=0.0, error_after_commit=0.0, drop_before=0.0)
    assert shell("undo", "late", "--base-url", running.base_url, *PACE, secrets=True).code == 0
    names = [c["name"] for c in running.customers(target)]
    assert len([n for n in names if n.startswith("Comercial")]) == 25


def test_who_was_made_by_hand_while_a_row_was_unknown_is_not_made_again(
    shell: Shell, sandbox: Any, tmp_path: Path
) -> None:
    """A lost request, and a person who enters the customer by hand before the next push: one customer, and it is said."""
    running = sandbox()
    write_csv(tmp_path / "list.csv", people(1))
    where = ("--to", "piriod", "--base-url", running.base_url, "--out", "late")
    running.reconfigure(drop_before=1.0)
    first = shell("run", "list.csv", *where, "--yes", "--quiet", "--rate", "0", "--settle", "0", "--max-retries", "0", "--timeout", "1",
                  secrets=True)  # fmt: skip
    assert first.code == 1 and not running.customers("piriod"), first.err
    running.reconfigure(drop_before=0.0)
    made_by_hand(running, people(1)[0])
    ended = pushed(shell, tmp_path, "--base-url", running.base_url, "--retry", "failed")
    assert len(running.customers("piriod")) == 1
    assert ended.counts == {"skipped": 1}, ended.err


def made_by_hand(running: Any, row: dict[str, str]) -> None:
    """Enter the customer as a person would, with dots in the tax id and no import key."""
    import httpx

    number, digit = row["RUT"].split("-")
    body = {
        "name": row["Nombre"],
        "address": "Por mano 1",
        "country": "CL",
        "tax_id": f"{int(number):,}-{digit}".replace(",", "."),
    }
    headers = {"Authorization": "Token tok-piriod", "x-simple-workspace": "acc_1"}
    states = httpx.get(f"{running.base_url}/generals/states/?country=CL", headers=headers).json()["results"]
    answer = httpx.post(f"{running.base_url}/customers/", json={**body, "state": states[0]["id"]}, headers=headers)
    assert answer.status_code == 201, json.dumps(answer.json())
