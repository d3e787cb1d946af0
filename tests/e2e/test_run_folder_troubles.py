"""Run folders that fill up, go away, cannot be written or were left by a killed process: what is said works as typed."""

from __future__ import annotations

import errno
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from conftest import Ended, Shell, people, write_csv
from e2e.pushing import PACE, TARGETS, assert_exactly_once, posts
from e2e.round_files import Inside, Row, correct_csv, half_faulty
from e2e.test_what_to_type_next import commands

from pipeline import rounds, store
from pipeline.folder import RunFolder, cannot_write
from pipeline.language import say
from pipeline.progress import Silent
from pipeline.read import ReadOptions

COUNT = 8


@pytest.fixture
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Inside:
    return Inside(tmp_path, monkeypatch, capsys)


def better(lines: list[Row]) -> list[Row]:
    """Every e-mail corrected."""
    return [line | {"Correo": f"bien{line['_row']}@x.example"} for line in lines]


def begun(inside: Inside, running: Any, target: str = "piriod") -> tuple[str, ...]:
    """A pushed run, its corrected errors in `fixed.csv`; the flags of its server."""
    where = ("--base-url", running.base_url, *PACE)
    write_csv(inside.home / "list.csv", half_faulty(COUNT, 76_700_000))
    assert inside("run", "list.csv", "--to", target, "--out", "run", *where, secrets=True).code == 1
    shutil.copy(inside.home / "run" / "errors.csv", inside.home / "fixed.csv")
    correct_csv(inside.home / "fixed.csv", better)
    return where


class Watching(Silent):
    """Looks again and again whether the round is there."""

    def __init__(self, plan: Path) -> None:
        self.plan, self.there = plan, []

    def begin(self, *_: Any) -> None:
        self.there.append(self.plan.is_file())


def test_a_reviewed_round_is_there_until_another_one_takes_its_place(inside: Inside, sandbox: Any) -> None:
    """While the correction is planned anew, a process may be killed at any moment: the round is never away."""
    where = begun(inside, sandbox())
    assert inside("run", "fixed.csv", "--out", "run", "--dry-run", *where, secrets=True).code == 0
    plan = inside.home / "run" / "round-1" / "plan.json"
    before = plan.read_bytes()
    found = rounds.recognise("fixed.csv", ReadOptions(), inside.home / "run", Silent())
    assert found is not None
    watching = Watching(plan)
    assert rounds.start(*found, None, watching).counts == {"ready": COUNT // 2}
    assert watching.there and all(watching.there)
    assert plan.is_file() and plan.read_bytes() != before
    assert store.facts(found[0])["round"] == 1


@pytest.mark.parametrize("killed", ["planning", "replacing"])
def test_what_a_killed_correction_has_left_behind_goes_away(killed: str, inside: Inside, sandbox: Any) -> None:
    """Half a plan is removed by the next correction; a round that was just moved out of the way comes back."""
    where = begun(inside, sandbox())
    assert inside("run", "fixed.csv", "--out", "run", "--dry-run", *where, secrets=True).code == 0
    run, place = inside.home / "run", inside.home / "run" / "round-1"
    before = (place / "plan.json").read_bytes()
    (run / ".round-ab_12xyz").mkdir()
    (run / ".round-ab_12xyz" / "plan.parquet").write_bytes(b"half")
    if killed == "replacing":
        place.rename(run / ".round-1.0123abcd")
    else:
        shutil.copytree(place, run / ".round-1.0123abcd")
    assert not rounds.withdraw(RunFolder(run), "nobody's plan")
    assert (place / "plan.json").read_bytes() == before
    assert [p.name for p in run.glob(".round-*")] == []


@pytest.mark.parametrize("target", TARGETS)
def test_a_correction_whose_push_was_cut_off_is_gone_on_with(target: str, inside: Inside, sandbox: Any) -> None:
    """Its file, typed again, is older than the round, and so are the files of the run: the push is named, and works."""
    running = sandbox()
    where = begun(inside, running, target)
    assert inside("run", "fixed.csv", "--out", "run", "--dry-run", *where, secrets=True).code == 0
    store.mark_pushed(RunFolder(inside.home / "run"))
    again = inside("run", "fixed.csv", "--out", "run", *where, secrets=True)
    assert again.code == 2 and "was interrupted" in again.err
    (named,) = [c for c in commands(again.err) if c[0] == "push"]
    ended = inside(*named, *PACE, secrets=True)
    assert ended.code == 0, ended.err
    assert_exactly_once(ended, running, target, COUNT)
    done = inside("run", "fixed.csv", "--out", "run", *where, secrets=True)
    assert done.code == 2 and "No row is left to correct" in done.err
    assert ["status", "run"] in [[c[0], Path(c[1]).name] for c in commands(done.err)]


def test_a_correction_of_a_folder_that_cannot_be_written_is_no_bug(inside: Inside, sandbox: Any) -> None:
    """Exit 2, the file that cannot be written, and no advice to choose another folder: the run has this one."""
    where = begun(inside, sandbox())
    lock = inside.home / "run" / ".lock"
    lock.unlink(missing_ok=True)
    lock.mkdir()
    for command, flags in (
        (("run", "fixed.csv", "--out", "run"), where),
        (("push", "run"), where),
        (("forget", "run"), ["--yes"]),
    ):
        ended = inside(*command, *flags, secrets=True)
        assert ended.code == 2 and "cannot write" in ended.err and "another folder" not in ended.err, ended.err
        assert commands(ended.err)[-1][: len(command)] == list(command)


@pytest.mark.parametrize("text", ["[Errno 28] No space left on device", "No space left (os error 28)", ""])
def test_a_full_disk_is_told_in_plain_words_whoever_has_met_it(text: str) -> None:
    """Libraries tell the number of the error as such, or in their text only."""
    error = OSError(text) if text else OSError(errno.ENOSPC, "No space left on device")
    assert cannot_write(Path("run"), error).message == say(
        "cannot write {path}: {why}", path="run", why=say("the disk is full")
    )


@pytest.mark.skipif(sys.platform == "win32", reason="a file that is open cannot be moved there")
@pytest.mark.parametrize("target", TARGETS)
def test_a_run_folder_that_is_moved_under_its_push_stops_it(
    target: str, shell: Shell, sandbox: Any, tmp_path: Path
) -> None:
    """Nothing is sent that no journal will know; put back, the push goes on: each customer is there once."""
    count = 60
    write_csv(tmp_path / "list.csv", people(count, start=76_700_000))
    running = sandbox(latency=0.05)
    where = ("--base-url", running.base_url, *PACE, "--concurrency", "2")
    process = shell.start("run", "list.csv", "--to", target, "--out", "run", *where, secrets=True)
    deadline = time.monotonic() + 60
    while posts(running) < 5 and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    (tmp_path / "run").rename(tmp_path / "elsewhere")
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130 and "Traceback" not in err, err
    assert "is gone" in err and posts(running) < count
    (tmp_path / "elsewhere").rename(tmp_path / "run")
    (named,) = commands(err)
    said = shell(*named, *PACE, secrets=True)
    assert_exactly_once(Ended(said.code, said.out, said.err, tmp_path / "run"), running, target, count)


def test_a_push_that_has_ended_leaves_its_journal_as_one_file(inside: Inside, sandbox: Any) -> None:
    """A finished run leaves one file of its journal: what lies beside it belongs to a push that is under way, or was killed."""
    where = begun(inside, sandbox())
    for command in (("status", "run"), ("push", "run", *where), ("undo", "run", *where), ("status", "run")):
        inside(*command, secrets=True)
        assert [p.name for p in (inside.home / "run").glob("journal.db*")] == ["journal.db"], command


def test_a_folder_whose_name_is_no_text_is_refused(inside: Inside) -> None:
    """Its files could not be written; a name in any script is a name."""
    write_csv(inside.home / "list.csv", people(2, start=76_700_000))
    said = inside("run", "list.csv", "--to", "piriod", "--offline", "--dry-run", "--out", "r\udcff")
    assert said.code == 2 and "cannot write" in said.err and not (inside.home / "r\udcff").exists()
    assert inside("run", "list.csv", "--to", "piriod", "--offline", "--dry-run", "--out", "rñ客").code == 0
