"""The journal: what was committed is there again, and what does not belong is refused."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import anyio
import pytest

from pipeline.errors import BrokenInvariant, Misuse
from pipeline.journal import Entry, Journal, outcomes

BINDING = {"plan": "abc", "target": "piriod", "workspace": "acc_1", "mode": "LIVE"}


def test_what_was_put_is_there_after_reopening(tmp_path: Path) -> None:
    """An entry survives, whole: problems, before-image, known ids."""
    entry = Entry(
        7, "rejected", "update", "cus_1", 400, 2, 12.5, [("name", "target.rejected", "no ñ")], {"a": 1}, ["x"], "c"
    )
    path = tmp_path / "journal.db"

    async def work() -> None:
        journal = Journal.open(path, BINDING)
        async with anyio.create_task_group() as group:
            group.start_soon(journal.write_groups)
            await journal.put(Entry(1, "sent"), entry)
            group.cancel_scope.cancel()
        journal.close()

    anyio.run(work)
    journal = Journal.open(path, BINDING)
    assert journal.entry(7) == entry
    assert journal.counts() == {"sent": 1, "rejected": 1}
    assert [e.seq for e in journal.entries(["sent"])] == [1]
    journal.close()
    assert outcomes(path, 0, 7)["seq"].to_list() == [1]
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("name", list(BINDING))
def test_a_journal_of_something_else_is_refused(tmp_path: Path, name: str) -> None:
    """Another plan, target, workspace or mode: the reason is named."""
    Journal.open(tmp_path / "j.db", BINDING).close()
    with pytest.raises(Misuse, match=name):
        Journal.open(tmp_path / "j.db", {**BINDING, name: "other"})


def test_a_newer_journal_is_refused(tmp_path: Path) -> None:
    """A journal of another version is never misread."""
    import sqlite3

    path = tmp_path / "j.db"
    Journal.open(path, BINDING).close()
    db = sqlite3.connect(path)
    db.execute("UPDATE meta SET value = '99' WHERE name = 'version'")
    db.commit()
    db.close()
    with pytest.raises(Misuse, match="version"):
        Journal.open(path, BINDING)


@pytest.mark.parametrize("damage", ["garbage", "torn"])
def test_a_damaged_journal_is_said(tmp_path: Path, damage: str) -> None:
    """A file that is no database any more is never taken for an empty journal."""
    path = tmp_path / "j.db"
    journal = Journal.open(path, BINDING)
    journal._write([Entry(i, "created", id=f"cus_{i}" * 20) for i in range(2000)])
    journal.close()
    content = path.read_bytes()
    path.write_bytes(b"x" * len(content) if damage == "garbage" else content[: len(content) // 2])
    with pytest.raises((BrokenInvariant, Misuse)):
        Journal.open(path, BINDING)


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_a_committed_intention_survives_kill(tmp_path: Path) -> None:
    """What `put` returned from is on the disk when the process is killed the moment after."""
    path = tmp_path / "j.db"
    program = f"""
import anyio, os, signal
from pathlib import Path
from pipeline.journal import Entry, Journal
async def work():
    journal = Journal.open(Path({str(path)!r}), {BINDING!r})
    async with anyio.create_task_group() as group:
        group.start_soon(journal.write_groups)
        await journal.put(Entry(5, "sent", attempts=1))
        os.kill(os.getpid(), signal.SIGKILL)
anyio.run(work)
"""
    ended = subprocess.run([sys.executable, "-c", program], check=False, env=os.environ, timeout=60)
    assert ended.returncode == -signal.SIGKILL
    journal = Journal.open(path, BINDING)
    assert [e.seq for e in journal.entries(["sent"])] == [5]
    journal.close()
