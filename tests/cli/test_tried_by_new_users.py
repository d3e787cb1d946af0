"""What new users stumbled over: each was told something untrue, or something that did not help."""

from __future__ import annotations

from pathlib import Path

from conftest import Shell

from pipeline.cli import counted
from pipeline.identity import readable

BLANK_ID = "Razón Social,RUT,Dirección,Comuna,País\nUno SpA,,Av. Uno 1,Providencia,CL\n"


def test_a_file_that_is_not_there_is_said_before_credentials_are_asked_for(shell: Shell) -> None:
    """Nobody is sent for a token because of a mistyped name."""
    ended = shell("run", "nowhere.csv", "--to", "piriod")
    assert ended.code == 3
    assert "nowhere.csv does not exist" in ended.err
    assert "PIRIOD_API_TOKEN" not in ended.err


def test_the_last_lines_say_what_the_target_said(shell: Shell, tmp_path: Path) -> None:
    """A refusal without the target's words helps nobody; a blank cell is not quoted."""
    (tmp_path / "a.csv").write_text(BLANK_ID, encoding="utf-8")
    ended = shell("run", tmp_path / "a.csv", "--to", "piriod", "--sandbox", "--out", "out")
    assert ended.counts == {"rejected": 1}, ended.out
    assert "The target refused the value in RUT: This field is required (row 2)" in ended.out
    assert "the target refused RUT: This field is required" in ended.results[0]["_errors"]


def test_an_error_file_of_an_earlier_round_is_answered_with_the_newest_one(shell: Shell, tmp_path: Path) -> None:
    """The command to type names the newest file, and no target: the run knows it."""
    (tmp_path / "a.csv").write_text(BLANK_ID, encoding="utf-8")
    shell("run", tmp_path / "a.csv", "--to", "piriod", "--sandbox", "--out", "out")
    first = (tmp_path / "out" / "errors.csv").read_bytes()
    (tmp_path / "b.csv").write_bytes(first)
    shell("run", tmp_path / "b.csv")
    (tmp_path / "c.csv").write_bytes(first.replace(b"Av. Uno 1", b"Av. Uno 2"))
    shell("run", tmp_path / "c.csv")
    ended = shell("run", tmp_path / "b.csv")
    assert ended.code == 2
    assert "customer-import run" in ended.err
    assert "out/errors." in ended.err.splitlines()[-1].replace("\\", "/")
    assert "--to" not in ended.err


def test_identities_and_times_read_as_a_person_writes_them() -> None:
    """The country's code in capitals, the time to the minute."""
    assert readable("tax_id=760864285|country=cl") == "tax_id 760864285, country CL"
    assert readable("email=a@b.cl") == "email a@b.cl"
    assert counted.when("2026-11-21T15:30:43+00:00") == "2026-11-21 15:30 UTC"
    assert counted.when("long ago") == "long ago"
