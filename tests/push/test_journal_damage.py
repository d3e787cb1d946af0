"""A journal that is not what was written is refused and said, never taken for an empty or a shorter one."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.errors import BrokenInvariant, Misuse
from pipeline.journal import Entry, Journal, Undone, outcomes, seqs, to_put_back
from pipeline.journal.disk import MARK

BINDING = {"plan": "abc", "target": "piriod", "workspace": "acc_1", "mode": "LIVE"}


def written(folder: Path, rows: int = 300) -> Path:
    """A journal whose process was killed after several commits: the last ones are in the -wal only."""
    path = folder / "journal.db"
    program = f"""
import os, signal
from pathlib import Path
from pipeline.journal import Entry, Journal
journal = Journal.open(Path({str(path)!r}), {BINDING!r})
for start in range(0, {rows}, 50):
    journal._write([Entry(i, "created", id=f"cus_{{i}}", attempts=1, sent_at=1.0) for i in range(start, start + 50)])
os.kill(os.getpid(), signal.SIGKILL)
"""
    ended = subprocess.run([sys.executable, "-c", program], check=False, env=os.environ, timeout=60)
    assert ended.returncode == -signal.SIGKILL
    return path


def wal(path: Path) -> Path:
    return path.with_name("journal.db-wal")


def cut(path: Path, part: float) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * part)])


def older(path: Path) -> None:
    """The folder as a backup had it, before the last push."""
    kept = path.with_name("old")
    kept.mkdir()
    journal = Journal.open(kept / "journal.db", BINDING)
    journal._write([Entry(1, "created", id="cus_1")])
    journal.close()
    wal(path).unlink()
    shutil.copy(kept / "journal.db", path)


def emptied(path: Path) -> None:
    path.write_bytes(b"")
    wal(path).unlink()


DAMAGES: dict[str, Callable[[Path], None]] = {
    "the -wal is not copied": lambda path: wal(path).unlink(),
    "the -wal is cut in the middle": lambda path: cut(wal(path), 0.5),
    "the -wal has lost its last page": lambda path: cut(wal(path), 0.97),
    "a bit of the -wal is flipped": lambda path: flip(wal(path), 0.6),
    "the file is empty": emptied,
    "the file is gone": lambda path: (path.unlink(), wal(path).unlink())[0],
    "an older copy is put back": older,
    "no database at all": lambda path: (path.write_bytes(b"x" * 4096), wal(path).unlink())[1],
}  # fmt: skip


def flip(path: Path, at: float) -> None:
    content = bytearray(path.read_bytes())
    content[int(len(content) * at)] ^= 4
    path.write_bytes(bytes(content))


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_journal_that_knows_less_than_it_did_is_refused(damage: str, tmp_path: Path) -> None:
    """Each way to lose commits from outside: said as damage, with the file and what to do; whole, it opens."""
    path = written(tmp_path)
    whole = tmp_path / "whole"
    shutil.copytree(tmp_path, whole)
    DAMAGES[damage](path)
    with pytest.raises((BrokenInvariant, Misuse), match=r"journal\.db") as caught:
        Journal.open(path, BINDING)
    assert caught.value.remedy
    journal = Journal.open(whole / "journal.db", BINDING)
    assert journal.counts() == {"created": 300}
    journal.close()


@pytest.mark.parametrize("column", ["id", "state", "attempts", "sent_at", "problems", "payload"])
def test_a_line_that_was_changed_is_found_by_its_checksum(column: str, tmp_path: Path) -> None:
    """One value of one row is another one: neither the push nor the report uses it."""
    path = tmp_path / "journal.db"
    journal = Journal.open(path, BINDING)
    journal._write(
        [
            Entry(
                7,
                "unknown",
                "update",
                "cus_1",
                400,
                2,
                12.5,
                [("name", "target.unknown", "ñ")],
                {"a": 1},
                ["x"],
                "c",
                {"a": 2},
            )
        ]
    )
    journal.close()
    assert outcomes(path, 0, 9).height == 1
    db = sqlite3.connect(path)
    db.execute(
        f"UPDATE row SET {column} = CASE typeof({column}) WHEN 'text' THEN replace({column}, 'n', 'm') || ' ' ELSE {column} + 1 END"
    )
    db.commit()
    db.close()
    with pytest.raises(BrokenInvariant, match="damaged"):
        outcomes(path, 0, 9)
    with pytest.raises(BrokenInvariant, match="damaged"):
        Journal.open(path, BINDING).in_doubt()


def test_every_bit_of_a_journal_is_guarded(tmp_path: Path) -> None:
    """Flip bits all over a journal: it is refused, or what is read from it is what was written."""
    path = tmp_path / "journal.db"
    journal = Journal.open(path, BINDING)
    journal._write([Entry(i, "created", id=f"cus_{i}", attempts=1, sent_at=1.0 + i) for i in range(200)])
    journal.close()
    content, truth = path.read_bytes(), outcomes(path, 0, 200)
    refused = 0
    for at in range(100, len(content), 97):
        flipped = bytearray(content)
        flipped[at] ^= 1 << (at % 8)
        path.write_bytes(bytes(flipped))
        try:
            journal = Journal.open(path, BINDING)
            entries = journal.entries(["created"])
            journal.close()
            found = outcomes(path, 0, 200)
        except (BrokenInvariant, Misuse):
            refused += 1
            for name in ("journal.db-wal", "journal.db-shm"):
                path.with_name(name).unlink(missing_ok=True)
            continue
        assert found.equals(truth) and len(entries) == 200, at
    assert refused > 50


def test_a_journal_of_version_1_is_migrated(tmp_path: Path) -> None:
    """What an older version wrote is read as it was, and gets its checksums; also where only a report reads it."""
    path = tmp_path / "journal.db"
    db = sqlite3.connect(path)
    db.executescript("""
        CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
        CREATE TABLE row (seq INTEGER PRIMARY KEY, state TEXT NOT NULL, action TEXT NOT NULL, id TEXT, http_status INTEGER,
            attempts INTEGER NOT NULL, sent_at REAL, problems TEXT, before TEXT, known TEXT, changes TEXT);
        CREATE INDEX created ON row (id) WHERE state = 'created';
        INSERT INTO row VALUES (1, 'created', 'create', 'cus_1', 201, 1, 5.5, NULL, NULL, NULL, NULL);
        INSERT INTO row VALUES (2, 'unknown', 'update', 'cus_2', NULL, 2, 6.0, '[[null, "target.unknown", "x"]]', '{"a": 1}', '["y"]', NULL);
    """)
    db.executemany("INSERT INTO meta VALUES (?, ?)", {"version": "1", **BINDING}.items())
    db.commit()
    db.close()
    assert outcomes(path, 0, 9)["id"].to_list() == ["cus_1", "cus_2"] and to_put_back(path, ()) == 0
    for _ in range(2):
        journal = Journal.open(path, BINDING)
        assert journal.in_doubt() == [
            Entry(2, "unknown", "update", "cus_2", None, 2, 6.0, [(None, "target.unknown", "x")], {"a": 1}, ["y"])
        ]
        assert journal.owners(["cus_1"]) == {"cus_1": 1}
        journal.close()
    assert outcomes(path, 0, 9)["attempts"].to_list() == [1, 2]


def test_a_journal_that_was_never_written_is_no_damage(tmp_path: Path) -> None:
    """Killed before the first line: an empty file, or none, is a journal without rows; so is one without its mark."""
    path = tmp_path / "journal.db"
    assert outcomes(path, 0, 9).is_empty() and seqs(path, ["created"]).is_empty()
    path.touch()
    assert outcomes(path, 0, 9).is_empty() and seqs(path, ["created"]).is_empty()
    journal = Journal.open(path, BINDING)
    journal._write([Entry(1, "sent")])
    journal.close()
    (tmp_path / MARK).unlink()
    journal = Journal.open(path, BINDING)
    assert journal.counts() == {"sent": 1}
    journal.close()


def test_what_was_put_back_is_there_after_reopening(tmp_path: Path) -> None:
    """The steps of an undo survive, whole."""
    import anyio

    path = tmp_path / "journal.db"
    undone = Undone(
        3, "partly", "cus_3", 200, 2, 7.5, {"name": "Añil", "metadata": {"a": None}}, {"phone": None}, "said"
    )
    journal = Journal.open(path, BINDING)
    journal._write([Entry(3, "updated", "update", "cus_3"), Entry(4, "updated", "update", "cus_4")])
    anyio.run(journal.put_undone, undone)
    journal.close()
    assert to_put_back(path, ("partly",)) == 1
    journal = Journal.open(path, BINDING)
    assert journal.undone() == {3: undone}
    assert [e.seq for e in journal.updates()] == [3, 4]
    journal.close()
