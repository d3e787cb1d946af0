"""The journal: what was committed is there again, and what does not belong is refused."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import anyio
import pytest

from pipeline.errors import BrokenInvariant, Interrupted, Misuse, unwrap
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


def test_a_full_disk_stops_the_run_and_nobody_goes_on(tmp_path: Path) -> None:
    """Who waits for a commit that failed never goes on, no later commit is written, and closing keeps the reason."""
    path = tmp_path / "j.db"
    reached: list[int] = []

    async def work() -> None:
        journal = Journal.open(path, BINDING)
        pages = journal._db.execute("PRAGMA page_count").fetchone()[0]
        journal._db.execute(f"PRAGMA max_page_count={pages + 2}")

        async def fill(seq: int) -> None:
            await journal.put(Entry(seq, "sent", problems=[(None, "x", "y" * 500)]))
            reached.append(seq)

        try:
            async with anyio.create_task_group() as group:
                group.start_soon(journal.write_groups)
                for seq in range(100):
                    await fill(seq)
        finally:
            journal.put_soon(Entry(1000, "created"))
            journal.close()

    with pytest.raises(BaseExceptionGroup) as caught:
        anyio.run(work)
    assert isinstance(unwrap(caught.value), Interrupted)
    journal = Journal.open(path, BINDING)
    assert [e.seq for e in journal.entries(["sent"])] == reached
    assert len(reached) < 100 and journal.entry(1000) is None
    journal.close()


@pytest.mark.skipif(sys.platform == "win32", reason="a file that is open cannot be moved there")
def test_a_journal_that_is_moved_away_lets_nobody_go_on(tmp_path: Path) -> None:
    """What is written goes where no later push will look: who waits for it never sends."""
    (tmp_path / "run").mkdir()
    reached: list[int] = []

    async def work() -> None:
        journal = Journal.open(tmp_path / "run" / "j.db", BINDING)
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(journal.write_groups)
                for seq in range(3):
                    if seq == 2:
                        (tmp_path / "run").rename(tmp_path / "elsewhere")
                    await journal.put(Entry(seq, "sent"))
                    reached.append(seq)
        finally:
            journal.close()

    with pytest.raises(BaseExceptionGroup) as caught:
        anyio.run(work)
    stop = unwrap(caught.value)
    assert isinstance(stop, Interrupted) and "is gone" in stop.message and reached == [0, 1]


def test_a_journal_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    """A folder that is not there, or a folder in the file's place: a message, not a traceback, and not "damaged"."""
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "folder", tmp_path / "none" / "j.db"):
        with pytest.raises(Misuse, match="cannot write"):
            Journal.open(path, BINDING)


def test_who_has_an_id_is_told_and_two_rows_with_one_id_are_found(tmp_path: Path) -> None:
    """The ids of created rows belong to them; a row that was sent later with the same id is named with the first."""
    journal = Journal.open(tmp_path / "j.db", BINDING)
    journal._write([Entry(1, "created", id="a", sent_at=1.0), Entry(2, "created", id="b"), Entry(3, "created", id="a", sent_at=2.0),
                    Entry(4, "updated", "update", id="b")])  # fmt: skip
    assert journal.owners(["b", "c"]) == {"b": 2}
    assert [(entry.seq, first) for entry, first in journal.shared_ids()] == [(3, 1)]
    journal.close()


def test_rows_that_may_have_arrived_are_looked_up_before_they_are_sent_again(tmp_path: Path) -> None:
    """A failed row with a time of sending is in doubt when it is retried; one without is not."""
    journal = Journal.open(tmp_path / "j.db", BINDING)
    journal._write([Entry(1, "failed", sent_at=1.0), Entry(2, "failed"), Entry(3, "planned", sent_at=2.0),
                    Entry(4, "planned"), Entry(5, "sent", sent_at=3.0), Entry(6, "created", sent_at=3.0)])  # fmt: skip
    assert [e.seq for e in journal.in_doubt(["failed"])] == [1, 3, 5]
    assert [e.seq for e in journal.in_doubt()] == [3, 5]
    assert journal.seqs(["created"], doubtful=["failed"]).to_list() == [1, 3, 6]
    journal.close()
