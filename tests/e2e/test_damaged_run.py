"""A run folder that is torn, mixed up or not all there: push, undo and status say so, and nothing is sent."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import SECRETS, Shell, people, write_csv

from pipeline.cli import call


def emptied(name: str) -> Callable[[Path, Path], None]:
    return lambda run, _: (run / name).write_bytes(b"") and None


def halved(name: str) -> Callable[[Path, Path], None]:
    return lambda run, _: (
        (run / name).write_bytes((run / name).read_bytes()[: (run / name).stat().st_size // 2]) and None
    )


def flipped(name: str) -> Callable[[Path, Path], None]:
    def damage(run: Path, _: Path) -> None:
        content = bytearray((run / name).read_bytes())
        content[len(content) // 3] ^= 16
        (run / name).write_bytes(bytes(content))

    return damage


def swapped(*names: str) -> Callable[[Path, Path], None]:
    def damage(run: Path, other: Path) -> None:
        for name in names:
            shutil.copy(other / name, run / name)

    return damage


DAMAGES: dict[str, Callable[[Path, Path], None]] = {
    "the journal is empty": emptied("journal.db"),
    "the journal is gone": lambda run, _: (run / "journal.db").unlink(),
    "the journal is cut": halved("journal.db"),
    "the journal is another run's": swapped("journal.db"),
    "the plan is empty": emptied("plan.parquet"),
    "the plan is gone": lambda run, _: (run / "plan.parquet").unlink(),
    "the plan is cut": halved("plan.parquet"),
    "a bit of the plan is flipped": flipped("plan.parquet"),
    "the plan is another run's": swapped("plan.parquet"),
    "the plan and its facts are another run's": swapped("plan.parquet", "plan.json"),
    "the facts are another run's": swapped("plan.json"),
    "the facts are empty": emptied("plan.json"),
    "the facts are cut": halved("plan.json"),
}  # fmt: skip


@pytest.mark.parametrize("target", ["piriod", "dayzero"])
def test_a_damaged_run_is_said_and_nothing_is_sent(
    target: str,
    shell: Shell,
    sandbox: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Each kind of damage to a run of which half is in: exit 2 or 70 with the file or the reason, and no request that writes."""
    running = sandbox()
    for name, start in (("one", 76_000_000), ("two", 77_000_000)):
        write_csv(tmp_path / f"{name}.csv", people(6, start=start))
        flags = ("--yes", "--quiet", "--rate", "0", "--canary", "3", "--out", name)
        assert (
            shell("run", f"{name}.csv", "--to", target, "--base-url", running.base_url, *flags, secrets=True).code == 6
        )
    for name, value in {**SECRETS, **{n: v for n, v in shell.env.items() if n.startswith("XDG")}}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    shutil.copytree("one", "whole")
    writes = sum(r.method != "GET" for r in running.requests())
    where = ["--base-url", running.base_url, "--yes", "--quiet", "--rate", "0"]
    for what, damage in DAMAGES.items():
        shutil.rmtree("one")
        shutil.copytree("whole", "one")
        damage(Path("one"), Path("two"))
        for command in ("push", "undo"):
            capsys.readouterr()
            code = call([command, "one", *where])
            said = capsys.readouterr().err
            assert code in (2, 70), (what, command, code, said)
            assert "Traceback" not in said and "stopped:" in said and "→" in said, (what, command, said)
        assert sum(r.method != "GET" for r in running.requests()) == writes, what
    shutil.rmtree("one")
    shutil.copytree("whole", "one")
    assert call(["push", "one", *where]) == 0
    assert len(running.customers(target)) == 9
