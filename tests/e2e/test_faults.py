"""Never twice, never lost: servers that misbehave, and processes that are killed. Seeded, over real sockets."""

from __future__ import annotations

import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from conftest import Ended, Shell, people, write_csv
from e2e.pushing import PACE, TARGETS, assert_exactly_once, push_until_settled


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(
    "knobs",
    [{"commit_then_drop": 0.1, "rate_5xx": 0.05}, {"error_after_commit": 0.1, "rate_429": 0.05, "retry_after": 0},
     {"drop_before": 0.1, "cut_short": 0.1}, {"html_502": 0.1, "status_503": 0.02, "retry_after": 0.1},
     {"commit_then_drop": 0.1, "filter_ignored": True}, {"commit_then_drop": 0.1, "filter_lag": 0.3, "get_5xx": 0.05}],
    ids=lambda k: "+".join(k),
)  # fmt: skip
def test_every_customer_exists_once_whatever_the_server_does(
    target: str, knobs: dict[str, Any], shell: Shell, sandbox: Any, tmp_path: Path
) -> None:
    """Committed-then-dropped, refused-after-commit, unreadable, late: after a few pushes nothing is unknown."""
    write_csv(tmp_path / "list.csv", people(120))
    running = sandbox(seed=7, **knobs)
    ended = shell(
        "run", "list.csv", "--to", target, "--base-url", running.base_url, "--out", "run", *PACE, secrets=True
    )
    if ended.code != 0:
        ended = push_until_settled(shell, running, tmp_path / "run")
    assert ended.code == 0, ended.err
    assert_exactly_once(ended, running, target, 120)


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGINT")
def test_ctrl_c_drains_and_push_goes_on(shell: Shell, sandbox: Any, tmp_path: Path) -> None:
    """Ctrl-C in mid push: exit 130, the message names the next command, and push finishes the rest."""
    write_csv(tmp_path / "list.csv", people(200))
    running = sandbox(latency=0.02)
    args = ("--base-url", running.base_url, "--yes", "--rate", "100", "--quiet")
    process = shell.start("run", "list.csv", "--to", "piriod", "--out", "run", *args, secrets=True)
    while not running.customers("piriod") and process.poll() is None:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "customer-import push run" in err
    partial = Ended(130, out, err, tmp_path / "run")
    assert 0 < partial.counts["created"] < 200
    assert partial.counts["created"] + partial.counts["not_attempted"] == 200
    ended = shell("push", "run", *args, secrets=True)
    assert ended.code == 0, ended.err
    assert_exactly_once(Ended(0, "", "", tmp_path / "run"), running, "piriod", 200)


def test_refused_credentials_stop_the_run_at_once(shell: Shell, sandbox: Any, tmp_path: Path) -> None:
    """A wrong token is one message and exit 5, not one error a row; the token is in no output."""
    write_csv(tmp_path / "list.csv", people(50))
    running = sandbox(tokens=("right",))
    for target, variable in (("piriod", "PIRIOD_API_TOKEN"), ("dayzero", "DAYZERO_API_TOKEN")):
        ended = shell(
            "run",
            "list.csv",
            "--to",
            target,
            "--base-url",
            running.base_url,
            "--yes",
            secrets=True,
            **{variable: "s3cr3t-tok"},
        )
        assert ended.code == 5, ended.err
        assert "s3cr3t-tok" not in ended.out + ended.err and "credentials" in ended.err
    assert len(running.requests()) <= 4


def test_a_token_that_dies_in_mid_run_stops_it_and_a_new_one_goes_on(
    shell: Shell, sandbox: Any, tmp_path: Path
) -> None:
    """401 in the middle: exit 5, nothing lost; push goes on with a token that works."""
    write_csv(tmp_path / "list.csv", people(30))
    database = tmp_path / "sandbox.sqlite"
    running = sandbox(database=database)
    dry = ("run", "list.csv", "--to", "piriod", "--dry-run", "--out", "run", "--base-url", running.base_url)
    assert shell(*dry, secrets=True).code == 0
    where = ("--base-url", running.base_url, "--yes", "--quiet")
    dead = shell("push", "run", *where, secrets=True, PIRIOD_API_TOKEN="wrong")
    assert dead.code == 5, dead.err
    ended = shell("push", "run", *where, "--retry", "failed", secrets=True)
    assert ended.code == 0, ended.err
    assert_exactly_once(Ended(0, "", "", tmp_path / "run"), running, "piriod", 30)


def test_an_unreachable_server_is_said(shell: Shell, tmp_path: Path) -> None:
    """Nothing listens: exit 5 with the reason, and nothing is left behind."""
    write_csv(tmp_path / "list.csv", people(3))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    ended = shell("run", "list.csv", "--to", "dayzero", "--base-url", url, "--yes", secrets=True)
    assert ended.code == 5, ended.err
    assert "--offline" in ended.err or "network" in ended.err


def test_two_pushes_to_one_workspace_exclude_each_other(shell: Shell, sandbox: Any, tmp_path: Path) -> None:
    """While one process pushes, a second one is refused; afterwards it may."""
    write_csv(tmp_path / "list.csv", people(60))
    write_csv(tmp_path / "other.csv", people(3, start=77_000_000))
    running = sandbox(latency=0.1)
    args = ("--to", "piriod", "--base-url", running.base_url, "--yes", "--quiet")
    process = shell.start("run", "list.csv", *args, "--out", "one", secrets=True)
    while not running.customers("piriod") and process.poll() is None:
        time.sleep(0.02)
    second = shell("run", "other.csv", *args, "--out", "two", secrets=True)
    assert second.code == 2 and "under way" in second.err
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert shell("push", "two", "--base-url", running.base_url, "--yes", "--quiet", secrets=True).code == 0


def test_a_plan_that_was_changed_is_refused(shell: Shell, sandbox: Any, tmp_path: Path) -> None:
    """A torn or edited plan is not executed."""
    write_csv(tmp_path / "list.csv", people(5))
    running = sandbox()
    where = ("--base-url", running.base_url)
    shell("run", "list.csv", "--to", "piriod", "--dry-run", "--out", "run", *where, secrets=True)
    plan = tmp_path / "run" / "plan.parquet"
    content = bytearray(plan.read_bytes())
    content[len(content) // 2] ^= 1
    plan.write_bytes(bytes(content))
    ended = shell("push", "run", *where, "--yes", secrets=True)
    assert ended.code == 70 and "plan" in ended.err
    assert running.customers("piriod") == []


@pytest.mark.parametrize("what", ["workspace", "server", "mode"])
def test_a_push_that_does_not_fit_the_plan_is_refused(what: str, shell: Shell, sandbox: Any, tmp_path: Path) -> None:
    """Another workspace, server or mode than the reviewed one: exit 2 with the reason, nothing sent."""
    write_csv(tmp_path / "list.csv", people(5))
    one, two = sandbox(), sandbox()
    shell("run", "list.csv", "--to", "piriod", "--dry-run", "--out", "run", "--base-url", one.base_url, secrets=True)
    env = {"PIRIOD_WORKSPACE": "acc_2"} if what == "workspace" else {}
    url = two.base_url if what == "server" else one.base_url
    if what == "mode":
        facts = tmp_path / "run" / "plan.json"
        facts.write_text(facts.read_text().replace('"mode": "LIVE"', '"mode": "test"'))
    ended = shell("push", "run", "--base-url", url, "--yes", secrets=True, **env)
    assert ended.code == 2 and "plan was made for" in ended.err
    assert one.customers("piriod") == two.customers("piriod") == []


def test_no_secret_reaches_any_file_or_output(shell: Shell, sandbox: Any, tmp_path: Path) -> None:
    """The token is in no file of the run folder and in no output, also when rows are refused."""
    rows = people(5)
    rows[0]["RUT"] = ""
    write_csv(tmp_path / "list.csv", rows)
    running = sandbox()
    ended = shell("run", "list.csv", "--to", "piriod", "--base-url", running.base_url, "--yes", secrets=True,
                  PIRIOD_API_TOKEN="tok-SECRET-4711")  # fmt: skip
    assert ended.code == 1
    assert "SECRET-4711" not in ended.out + ended.err
    for path in ended.folder.iterdir():
        assert b"SECRET-4711" not in path.read_bytes(), path
        assert path.stat().st_mode & 0o077 == 0, path
    assert ended.folder.stat().st_mode & 0o077 == 0


def test_two_reviewed_plans_of_one_list_create_each_customer_once(shell: Shell, sandbox: Any, tmp_path: Path) -> None:
    """Two dry runs of the same list, both pushed a moment later: the second push looks again before it sends."""
    write_csv(tmp_path / "list.csv", people(10))
    running = sandbox()
    where = ("--base-url", running.base_url, "--quiet")
    for name in ("one", "two"):
        assert shell("run", "list.csv", "--to", "dayzero", "--dry-run", "--out", name, *where, secrets=True).code == 0
    assert shell("push", "one", "--yes", *where, secrets=True).code == 0
    second = shell("push", "two", "--yes", *where, secrets=True)
    assert second.code == 0 and len(running.customers("dayzero")) == 10
    assert Ended(0, "", "", tmp_path / "two").counts == {"skipped": 10}


def test_decisive_facts_that_were_edited_are_refused(shell: Shell, sandbox: Any, tmp_path: Path) -> None:
    """plan.json with another workspace, and that workspace in the environment: not what was reviewed."""
    write_csv(tmp_path / "list.csv", people(3))
    running = sandbox()
    where = ("--base-url", running.base_url)
    shell("run", "list.csv", "--to", "piriod", "--dry-run", "--out", "run", *where, secrets=True)
    facts = tmp_path / "run" / "plan.json"
    facts.write_text(facts.read_text().replace('"acc_1"', '"acc_2"'))
    ended = shell("push", "run", *where, "--yes", secrets=True, PIRIOD_WORKSPACE="acc_2")
    assert ended.code == 70 and "plan.json" in ended.err
    assert running.customers("piriod") == []


def test_rows_of_one_mail_and_several_tax_ids_go_in_once_each(shell: Shell, sandbox: Any, tmp_path: Path) -> None:
    """DayZero with --match tax_id: equal e-mails are no reason to lose a row, also when answers are lost."""
    rows = [r | {"Correo": "contador@nandu.example"} for r in people(6)]
    write_csv(tmp_path / "list.csv", rows)
    running = sandbox(commit_then_drop=0.4, seed=5)
    where = ("--base-url", running.base_url, "--match", "tax_id", "--out", "run")
    ended = shell("run", "list.csv", "--to", "dayzero", *where, *PACE, secrets=True)
    assert ended.code == 0, ended.err + ended.out
    assert_exactly_once(ended, running, "dayzero", 6)


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
@pytest.mark.parametrize(
    ("knobs", "sent", "left"),
    [({"commit_then_drop": 1.0}, signal.SIGINT, "unknown"), ({"rate_429": 1.0, "retry_after": 60.0}, signal.SIGTERM, "not_attempted")],
    ids=["settling", "held"],
)  # fmt: skip
def test_no_waiting_outlasts_a_signal(
    knobs: dict[str, Any], sent: signal.Signals, left: str, shell: Shell, sandbox: Any, tmp_path: Path
) -> None:
    """Ctrl-C while lost rows settle, SIGTERM while the target asks to wait a minute: the push ends now, and says so."""
    write_csv(tmp_path / "list.csv", people(40))
    running = sandbox(latency=0.05)
    where = ("--base-url", running.base_url, "--quiet")
    assert shell("run", "list.csv", "--to", "dayzero", "--dry-run", "--out", "run", *where, secrets=True).code == 0
    process = shell.start("push", "run", "--yes", "--settle", "300", *where, secrets=True)
    while not any(r.method == "POST" for r in running.requests()) and process.poll() is None:
        time.sleep(0.01)
    running.reconfigure(**knobs)
    time.sleep(1.5)
    process.send_signal(sent)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    counts = Ended(130, "", err, tmp_path / "run").counts
    assert set(counts) <= {left, "created", "not_attempted"} and counts[left] > 0
