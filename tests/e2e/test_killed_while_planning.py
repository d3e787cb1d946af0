"""Who is killed while planning leaves customers' cells behind: the next run clears them, and those of nobody alive."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import Shell, people, write_csv

from pipeline import unfinished
from pipeline.errors import Misuse
from pipeline.folder import RunFolder

PLAN = ("--to", "piriod", "--dry-run", "--offline")


def begun(shell: Shell, *args: str) -> tuple[subprocess.Popen[str], Path]:
    """A run that waits for more of its standard input, and its folder."""
    process = subprocess.Popen([sys.executable, "-m", "pipeline", "run", "-", *PLAN, *args], cwd=shell.home, env=shell.env,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # fmt: skip
    assert process.stdin is not None
    rows = people(20)
    lines = [",".join(rows[0]), *(",".join(row.values()) for row in rows)]
    process.stdin.write("\n".join(lines) + "\n")
    process.stdin.flush()
    until = time.monotonic() + 60
    while time.monotonic() < until:
        found = [*shell.home.glob("*/.spool/*"), *shell.home.glob("runs/*/.spool/*")]
        if found:
            return process, found[0].parent.parent
        time.sleep(0.05)
    raise AssertionError


@pytest.mark.parametrize("args", [(), ("--out", "mine")])
def test_what_a_killed_run_has_read_is_cleared_by_the_next_one(
    shell: Shell, tmp_path: Path, args: tuple[str, ...]
) -> None:
    """In runs/, and in a folder that is named again."""
    process, folder = begun(shell, *args)
    process.kill()
    process.communicate()
    assert folder.joinpath(".spool").is_dir() and not folder.joinpath("plan.json").exists()
    ended = shell("run", write_csv(tmp_path / "list.csv", people(2)), *PLAN, *args)
    assert ended.counts == {"ready": 2}, ended.err
    assert not folder.joinpath(".spool").exists() and folder.exists() is bool(args)
    assert not list(tmp_path.glob("**/.planning"))


def test_a_run_that_is_being_planned_is_left_alone(shell: Shell, tmp_path: Path) -> None:
    """It comes to its end, and another one is refused its folder."""
    process, folder = begun(shell)
    file = write_csv(tmp_path / "list.csv", people(2))
    assert shell("run", file, *PLAN).counts == {"ready": 2}
    refused = shell("run", file, *PLAN, "--out", folder)
    assert refused.code == 2 and "Traceback" not in refused.err
    _, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert folder.joinpath("plan.json").is_file()


def test_of_two_that_find_one_folder_empty_one_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the other plans, and once it has planned; what it has made stays."""
    monkeypatch.setattr(unfinished, "PATIENCE", 0.0)
    one, other = (RunFolder.create(tmp_path / "out", "list", "piriod") for _ in range(2))
    with unfinished.planning(one):
        with pytest.raises(Misuse, match="another run"), unfinished.planning(other):
            raise AssertionError
        one.write_json("plan.json", {})
    with pytest.raises(Misuse, match="another run"), unfinished.planning(other):
        raise AssertionError
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["plan.json"]


def test_a_file_of_somebody_else_stays(tmp_path: Path) -> None:
    """Of a folder without a plan only what planning has left goes; one without the mark of planning is not touched."""
    for name in ("one", "two"):
        (tmp_path / name / ".spool").mkdir(parents=True)
        (tmp_path / name / "notes.txt").touch()
    (tmp_path / "one" / unfinished.LOCK).touch()
    unfinished.clear(*tmp_path.iterdir())
    assert [p.name for p in (tmp_path / "one").iterdir()] == ["notes.txt"]
    assert (tmp_path / "two" / ".spool").is_dir()
