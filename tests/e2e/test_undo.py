"""`undo RUN`: updated customers get back what they held, unless somebody else has changed it; created ones are listed."""

from __future__ import annotations

import csv
import json
import signal
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from conftest import SECRETS, Shell, people, write_csv

TARGETS = ("piriod", "dayzero")
PACE = ("--yes", "--rate", "0", "--quiet", "--timeout", "2", "--settle", "1")
COMPARED = ("name", "address", "phone", "metadata", "tax_settings", "email", "tax_id", "notes")


def kept(target: str, running: Any) -> dict[str, dict[str, Any]]:
    """What the customers hold, by id, without times."""
    found = {c["id"]: {n: c.get(n) for n in COMPARED} for c in running.customers(target)}
    for customer in found.values():
        customer["metadata"] = {n: v for n, v in (customer["metadata"] or {}).items() if v is not None}
    return found


def change(target: str, running: Any, id_: str, **fields: Any) -> None:
    """Somebody else changes a customer."""
    if target == "piriod":
        headers = {"Authorization": f"Token {SECRETS['PIRIOD_API_TOKEN']}", "x-simple-workspace": "acc_1"}
        answer = httpx.patch(f"{running.base_url}/customers/{id_}/", json=fields, headers=headers)
    else:
        headers = {
            "Authorization": f"Bearer {SECRETS['DAYZERO_API_TOKEN']}",
            "x-business-id": SECRETS["DAYZERO_BUSINESS_ID"],
        }
        answer = httpx.put(f"{running.base_url}/api/v1/customers/{id_}", json=fields, headers=headers)
    assert answer.status_code == 200, answer.text


def lines(folder: Path) -> list[dict[str, str]]:
    """The lines of undo.csv."""
    with (folder / "undo.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def updated(shell: Shell, tmp_path: Path, target: str, running: Any, count: int = 6, new: int = 2) -> dict[str, Any]:
    """Import `count` customers, then bring them up to date and add `new` ones (run `two`); what they held before."""
    rows = [r | {"metadata.tier": "A" if i % 2 else ""} for i, r in enumerate(people(count))]
    if target == "dayzero":
        rows = [{n: v for n, v in r.items() if n != "metadata.tier"} for r in rows]
    write_csv(tmp_path / "one.csv", rows)
    where = ("--to", target, "--base-url", running.base_url, *PACE)
    assert shell("run", "one.csv", *where, "--out", "one", secrets=True).code == 0
    before = kept(target, running)
    for i, row in enumerate(rows):
        row |= {"Nombre": f"Otra razón {i}", "Dirección": f"Calle nueva {i}"} | ({"Teléfono": ""} if i % 3 == 0 else {})
        row |= {"metadata.tier": "B"} if target == "piriod" else {}
    more = (
        [r | ({"metadata.tier": ""} if target == "piriod" else {}) for r in people(new, start=77_000_000)]
        if new
        else []
    )
    write_csv(tmp_path / "two.csv", [*rows, *more])
    ended = shell("run", "two.csv", *where, "--on-existing", "update", "--blank", "clear", "--out", "two", secrets=True)
    assert ended.counts == {"updated": count} | ({"created": new} if new else {}), ended.err
    assert all(c["name"].startswith("Otra") for i, c in kept(target, running).items() if i in before)
    return before


@pytest.mark.parametrize(
    ("target", "knobs"),
    [("piriod", {}), ("piriod", {"patch_merges": False}), ("dayzero", {}), ("dayzero", {"put_replaces": True, "envelope": False})],
)  # fmt: skip
def test_updated_customers_are_what_they_were(
    target: str, knobs: dict[str, Any], shell: Shell, sandbox: Any, tmp_path: Path
) -> None:
    """Every field is back, cleared ones and entries of metadata too; created customers stay, and are listed with their ids."""
    running = sandbox(**knobs)
    before = updated(shell, tmp_path, target, running)
    requests = len(running.requests())
    ended = shell("undo", "two", "--base-url", running.base_url, *PACE, "--json", secrets=True)
    assert ended.code == 0, ended.err
    after = kept(target, running)
    assert {id_: after[id_] for id_ in before} == before
    told = json.loads(ended.out)
    assert told["schema"] == "customer-import/undo/1" and told["counts"] == {"restored": 6, "created": 2}
    assert {c["id"] for c in told["created"]} == set(after) - set(before)
    assert [line["_undo"] for line in lines(tmp_path / "two")] == ["restored"] * 6 + ["created"] * 2
    assert (tmp_path / "two" / "undo.csv").stat().st_mode & 0o077 == 0
    writes = len([r for r in running.requests()[requests:] if r.method != "GET"])
    again = shell("undo", "two", "--base-url", running.base_url, *PACE, secrets=True)
    assert again.code == 0 and "6 restored" in again.out
    assert len([r for r in running.requests()[requests:] if r.method != "GET"]) == writes
    assert all(r.method != "DELETE" for r in running.requests())


@pytest.mark.parametrize("target", TARGETS)
def test_what_somebody_else_changed_stays_and_is_said(target: str, shell: Shell, sandbox: Any, tmp_path: Path) -> None:
    """One field changed since: it is left, the others go back; the exit code and undo.csv say so."""
    running = sandbox()
    before = updated(shell, tmp_path, target, running, new=0)
    ids = list(before)
    change(target, running, ids[0], name="De otra persona")
    change(target, running, ids[1], name="De otra persona", address="Otra calle 7", phone="+56911111111")
    if target == "piriod":
        change(
            target, running, ids[2], metadata={**kept(target, running)[ids[2]]["metadata"], "tier": "Z", "otro": "1"}
        )
    ended = shell("undo", "two", "--base-url", running.base_url, *PACE, secrets=True)
    assert ended.code == 1 and "changed since" in ended.out, ended.out + ended.err
    after, told = kept(target, running), lines(tmp_path / "two")
    assert after[ids[0]]["name"] == "De otra persona" and after[ids[0]]["address"] == before[ids[0]]["address"]
    assert after[ids[1]]["name"] == "De otra persona" and after[ids[1]]["address"] == "Otra calle 7"
    assert told[0]["_undo"] == "partly" and "name: De otra persona" in told[0]["_left"]
    assert told[1]["_undo"] == ("left" if target == "dayzero" else "partly")
    if target == "piriod":
        tags = after[ids[2]]["metadata"]
        assert tags["tier"] == "Z" and tags["otro"] == "1" and told[2]["_undo"] == "partly"
    assert [line["_undo"] for line in told[3:]] == ["restored"] * 3


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
@pytest.mark.parametrize("target", TARGETS)
def test_killed_at_any_moment_it_goes_on_where_it_stopped(
    target: str, shell: Shell, sandbox: Any, tmp_path: Path
) -> None:
    """SIGKILL in the middle, over a server that loses answers; then undo again: everything is back, nothing was touched twice."""
    running = sandbox(seed=3)
    before = updated(shell, tmp_path, target, running, count=40, new=0)
    running.reconfigure(latency=0.05, commit_then_drop=0.2, rate_5xx=0.1)
    where = ("--base-url", running.base_url, *PACE, "--concurrency", "2")
    started = len(running.requests())
    for moment in (3, 12):
        process = shell.start("undo", "two", *where, secrets=True)
        begun = len(running.requests())
        while len(running.requests()) < begun + moment and process.poll() is None:
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    running.reconfigure(latency=0.0)
    assert any(r.method != "GET" for r in running.requests()[started:])
    for _ in range(8):
        ended = shell("undo", "two", *where, secrets=True)
        if ended.code == 0:
            break
    assert ended.code == 0, ended.out + ended.err
    after = kept(target, running)
    assert [after[i]["name"] for i in before] == [w["name"] for w in before.values()]
    assert {line["_undo"] for line in lines(tmp_path / "two")} == {"restored"}
    pushed = shell("push", "two", "--base-url", running.base_url, *PACE, secrets=True)
    assert pushed.code == 0 and kept(target, running) == after


def test_undo_is_refused_where_it_does_not_fit(shell: Shell, sandbox: Any, tmp_path: Path) -> None:
    """Never pushed, another workspace, nobody to answer, a dead token: the reason and the remedy, and nothing is changed."""
    running = sandbox()
    before = updated(shell, tmp_path, "piriod", running, count=2, new=0)
    now = kept("piriod", running)
    where = ("--base-url", running.base_url)
    write_csv(tmp_path / "three.csv", people(2, start=78_000_000))
    shell("run", "three.csv", "--to", "piriod", "--dry-run", "--out", "dry", *where, secrets=True)
    never = shell("undo", "dry", *where, "--yes", secrets=True)
    assert never.code == 2 and "never pushed" in never.err
    asked = shell("undo", "two", *where, secrets=True)
    assert asked.code == 2 and "LIVE" in asked.err and "acc_1" in asked.err and "--yes" in asked.err
    other = shell("undo", "two", *where, "--yes", secrets=True, PIRIOD_WORKSPACE="acc_2")
    assert other.code == 2 and "acc_1" in other.err
    dead = shell("undo", "two", *where, "--yes", secrets=True, PIRIOD_API_TOKEN="wrong")
    assert dead.code == 5 and "credentials" in dead.err
    assert kept("piriod", running) == now != before
    assert shell("undo", "two", *where, "--yes", secrets=True).code == 0
    assert kept("piriod", running) == before


def test_the_embedded_sandbox_can_be_undone_too(shell: Shell, tmp_path: Path) -> None:
    """The first thing a person tries: run, run with an update, undo; no credentials and no question."""
    rows = people(2)
    write_csv(tmp_path / "one.csv", rows)
    assert shell("run", "one.csv", "--to", "dayzero", "--sandbox", "--out", "one").code == 0
    write_csv(tmp_path / "two.csv", [r | {"Nombre": "Otra"} for r in rows])
    args = ("--to", "dayzero", "--sandbox", "--on-existing", "update")
    assert shell("run", "two.csv", *args, "--out", "two").counts == {"updated": 2}
    ended = shell("undo", "two")
    assert ended.code == 0 and "2 restored" in ended.out, ended.err
    assert shell("run", "one.csv", *args, "--out", "three").counts == {"unchanged": 2}
    listed = shell("undo", "one")
    assert listed.code == 0 and "2 created customers, still there" in listed.out


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGINT")
def test_ctrl_c_drains_and_undo_goes_on(shell: Shell, sandbox: Any, tmp_path: Path) -> None:
    """Ctrl-C: exit 130, what is back is told, the next command is named, and it ends the rest; created rows are no business of it."""
    running = sandbox()
    before = updated(shell, tmp_path, "dayzero", running, count=30, new=1)
    process = shell.start("undo", "two", "--base-url", running.base_url, "--yes", "--rate", "15", secrets=True)
    writes = len([r for r in running.requests() if r.method == "PUT"])
    while len([r for r in running.requests() if r.method == "PUT"]) < writes + 3 and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130 and "customer-import undo two" in err, err
    counts = {line["_undo"] for line in lines(tmp_path / "two")}
    assert counts == {"restored", "not_attempted", "created"}
    assert shell("undo", "two", "--base-url", running.base_url, *PACE, secrets=True).code == 0
    after = kept("dayzero", running)
    assert {i: after[i] for i in before} == before and len(after) == 31
