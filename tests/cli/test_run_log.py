"""`run.log` tells what each command did to a run, and nothing of anybody; `--verbose` tells it at once."""

from __future__ import annotations

import re
import threading
from pathlib import Path
from typing import Any

import pytest
from conftest import SECRETS, Shell, people, write_csv

from pipeline import wire

LINE = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z \d+ (begin|with|stage|requests|waits|rows|end) +(\S+=\S+ ?)+"
)
PACE = ("--yes", "--rate", "0", "--timeout", "2", "--settle", "1")


def entries(folder: Path) -> list[tuple[str, dict[str, str]]]:
    """The lines of the log: the event, and what is told."""
    lines = (folder / "run.log").read_text(encoding="ascii").splitlines()
    assert all(LINE.fullmatch(line) for line in lines), lines
    return [(line.split()[2], dict(word.split("=", 1) for word in line.split()[3:])) for line in lines]


def texts(rows: list[dict[str, str]]) -> set[str]:
    """What must be nowhere in a log: cells, headers, and the words in them."""
    whole = {text for row in rows for text in (*row, *row.values())}
    return {part for text in whole for part in (text, *text.split()) if len(part) > 3}


def test_the_log_tells_the_story_of_a_run_and_nothing_of_anybody(shell: Shell, sandbox: Any) -> None:
    """Import, correction, push, undo, forget: times, stages, requests, rows, exit codes; no cell, secret, header or path."""
    running = sandbox(rate_429=0.1, retry_after=0.1, seed=1)
    rows = people(12)
    rows[3]["Correo"] = "nadie"
    write_csv(shell.home / "María Pérez privado.csv", rows)
    where = ("--base-url", running.base_url, *PACE)
    said = shell("run", "María Pérez privado.csv", "--to", "piriod", *where, "--out", "r", "--default", "manager=Rosa Espinosa",
                 "--concurrency", "2", "--on-existing", "update", secrets=True)  # fmt: skip
    assert said.code == 1, said.err
    assert shell("run", "r/errors.csv", *where, secrets=True).code == 1
    assert shell("push", "r", *where, "--retry", "failed", secrets=True).code == 1
    assert shell("push", "r", "--rate", "Rosa Espinosa", secrets=True).code == 2
    assert shell("undo", "r", "--base-url", running.base_url, "--yes", "--quiet", secrets=True).code == 0
    assert shell("status", "r").code == 1
    log = entries(said.folder)
    began = [told["command"] for event, told in log if event == "begin"]
    assert began == ["run", "run", "push", "push", "undo"], "status only looks"
    ended = [(told["code"], told.get("stop")) for event, told in log if event == "end"]
    assert ended == [("1", None), ("1", None), ("1", None), ("2", "Misuse"), ("0", None)]
    assert (
        "--rate" in log[0][1]["flags"] and "--default" in log[0][1]["flags"] and "--concurrency=2" in log[0][1]["flags"]
    )
    sent = next(told for event, told in log if event == "requests")
    posts = sum(int(count) for name, count in sent.items() if name.startswith("POST_2"))
    assert posts == len(running.customers("piriod")) == 11
    assert {told["name"] for event, told in log if event == "stage"} >= {"reading", "check", "push", "report"}
    assert any(event == "waits" and int(told["429"]) > 0 for event, told in log)
    assert next(told for event, told in log if event == "rows") == {"created": "11", "invalid": "1", "rounds": "0"}
    assert shell("forget", "r", "--yes").code == 0
    text = (said.folder / "run.log").read_text(encoding="ascii")
    assert entries(said.folder)[-1][1]["code"] == "0" and text.count("command=forget") == 1
    private = (
        texts(rows)
        | set(SECRETS.values())
        | {"Rosa", "Espinosa", "Pérez", "Mar", "privado", "127.0.0.1", str(shell.home)}
    )
    assert {one for one in private if one in text} == set()
    assert (said.folder / "run.log").stat().st_mode & 0o777 == 0o600


def test_a_command_goes_on_where_the_log_cannot_be_written(shell: Shell) -> None:
    """The log is a help: a folder in its place, or a link to elsewhere, stops nothing and is not followed."""
    write_csv(shell.home / "list.csv", people(2))
    assert shell("run", "list.csv", "--to", "piriod", "--sandbox", "--dry-run", "--out", "r").code == 0
    (shell.home / "r" / "run.log").unlink()
    (shell.home / "elsewhere").write_text("untouched")
    (shell.home / "r" / "run.log").symlink_to(shell.home / "elsewhere")
    assert shell("push", "r").code == 0
    assert (shell.home / "elsewhere").read_text() == "untouched"


def test_a_killed_command_has_left_what_it_had_done(shell: Shell, sandbox: Any) -> None:
    """Lines are written as things happen: the begin and the stages of a killed push are there, an end is not."""
    running = sandbox(latency=0.3)
    write_csv(shell.home / "list.csv", people(60))
    where = ("--base-url", running.base_url)
    assert shell("run", "list.csv", "--to", "piriod", *where, "--dry-run", "--out", "r", secrets=True).code == 0
    before = len(entries(shell.home / "r"))
    process = shell.start("push", "r", *where, *PACE, "--concurrency", "1", secrets=True)
    landed = threading.Event()
    for _ in range(300):
        if running.customers("piriod"):
            break
        landed.wait(0.1)
    process.kill()
    process.communicate(timeout=30)
    later = entries(shell.home / "r")[before:]
    assert [event for event, _ in later][:2] == ["begin", "with"] and "end" not in [event for event, _ in later]
    assert shell("push", "r", *where, *PACE, secrets=True).code == 0
    assert entries(shell.home / "r")[-1] == ("end", {**entries(shell.home / "r")[-1][1], "code": "0"})


def test_verbose_tells_decisions_requests_and_rows_without_cells(shell: Shell, sandbox: Any) -> None:
    """On stderr: how the file was read, which column goes where, each request's status, each row's; no cell's text."""
    running = sandbox(rate_429=0.2, retry_after=0.1, seed=2)
    rows = people(6)
    write_csv(shell.home / "list.csv", rows)
    args = ("run", "list.csv", "--to", "piriod", "--base-url", running.base_url, *PACE, "--out", "r")
    ended = shell(*args, "--verbose", secrets=True)
    assert ended.code == 0, ended.err
    assert "Correo → email" in ended.err and "utf-8" in ended.err
    assert len(re.findall(r"^  POST  201 +\d", ended.err, re.MULTILINE)) == 6
    assert "429: nothing is sent for" in ended.err
    assert sorted(re.findall(r"^  row (\d+): created$", ended.err, re.MULTILINE), key=int) == [
        str(n) for n in range(2, 8)
    ]
    cells = {text for row in rows for text in row.values()} - {"Chile", "Metropolitana"}
    assert not [cell for cell in cells if cell in ended.err] and not [
        s for s in SECRETS.values() if s in ended.err and s != "acc_1"
    ]
    assert shell(*args, "--quiet", "-v", secrets=True).code == 2


def test_quiet_says_nothing_on_stderr_but_errors(shell: Shell) -> None:
    """The result is on stdout as ever; where all is well stderr is empty, where it is not it says what to type."""
    write_csv(shell.home / "list.csv", people(2))
    args = ("run", "list.csv", "--to", "piriod", "--sandbox", "--quiet")
    ended = shell(*args)
    assert ended.code == 0 and ended.err == "" and "2 created" in ended.out
    ended = shell(*args, "--on-existing", "nonsense")
    assert ended.code == 2 and "customer-import run --help" in ended.err


@pytest.mark.parametrize("status", [429, 503])
def test_what_is_waited_for_is_told_until_it_is_over(status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The longest hold counts, with its cause and what is left of it."""
    clock = [1000.0]
    monkeypatch.setattr(wire.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(wire, "_held", [])
    assert wire.waiting() == ""
    wire.held(status, 12.0, asked=True)
    wire.held(429, 3.0, asked=False)
    clock[0] += 2
    assert "10 s" in wire.waiting() and str(status) in wire.waiting()
    clock[0] += 10
    assert wire.waiting() == ""


def test_events_change_no_count_of_a_stage(shell: Shell) -> None:
    """A row that is told to a program is one row all the same, in the log as in the progress line."""
    write_csv(shell.home / "list.csv", people(7))
    planned = ("run", "list.csv", "--to", "piriod", "--dry-run", "--offline", "--out")
    told = [entries(shell(*planned, *more).folder) for more in (("a",), ("b", "--events", "ev.jsonl"))]
    alone, followed = ([(t["name"], t["done"]) for event, t in log if event == "stage"] for log in told)
    assert alone == followed
    assert ("check", "7") in alone
