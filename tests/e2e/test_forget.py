"""`forget RUN`: no byte of a cell is left in the run folder; counts and ids are; nothing is done behind the user's back."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import shutil
import sqlite3
import zipfile
from pathlib import Path
from typing import Any

import filelock
import polars as pl
import pytest
from conftest import Shell, people, write_csv

TARGETS = ("piriod", "dayzero")


UNLOGGED = (".lock", "run.log")
"""run.log says of each command that it came, also of one that was refused."""


def everything(folder: Path, but: tuple[str, ...] = (".lock",)) -> bytes:
    """All bytes of all files below `but` some, and what is packed in those that pack: zip parts, parquet columns, database rows."""
    found = b""
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and p.name not in but):
        data = path.read_bytes()
        found += str(path.relative_to(folder)).encode() + b"\n" + data
        if zipfile.is_zipfile(io.BytesIO(data)):
            with zipfile.ZipFile(io.BytesIO(data)) as book:
                found += b"".join(book.read(name) for name in book.namelist())
        if data.startswith(b"PAR1"):
            found += json.dumps(pl.read_parquet(io.BytesIO(data)).to_dicts(), ensure_ascii=False, default=str).encode()
    return found


def texts(rows: list[dict[str, str]]) -> set[str]:
    """What must not be found: each cell of four letters or more that no word of ours contains."""
    cells = {cell for row in rows for cell in row.values() if len(cell) >= 4}
    return cells - {"Chile", "Metropolitana"}


def imported(shell: Shell, running: Any, target: str, *more: str) -> tuple[Path, list[dict[str, str]]]:
    """A run of 30 rows of which three are wrong, pushed twice with other values, so that the journal holds before-images."""
    rows = people(30)
    write_csv(shell.home / "list.csv", rows)
    args = ("run", "list.csv", "--to", target, "--base-url", running.base_url, "--yes", "--rate", "0", "--quiet", *more)
    assert shell(*args, "--out", "first", secrets=True).code == 0
    for at, row in enumerate(rows[:25]):
        row["Nombre"] = f"Otro nombre {at} Ñandú"
    for row, wrong in zip(rows[25:28], ("pagos(at)nadie", "a@@b.example", "@@@@"), strict=True):
        row["Correo"] = wrong
    write_csv(shell.home / "list.csv", rows)
    ended = shell(*args, "--on-existing", "update", "--out", "second", secrets=True)
    assert ended.code == 1, ended.err
    return shell.home / "second", rows


@pytest.mark.parametrize("target", TARGETS)
def test_no_byte_of_a_cell_is_left_and_counts_and_ids_are(target: str, shell: Shell, sandbox: Any) -> None:
    """Searched before and after, also inside zip and parquet files, and in what the database left on its pages."""
    running = sandbox()
    folder, rows = imported(shell, running, target)
    (folder / "round-1").mkdir()
    (folder / "round-1" / "plan.parquet").write_bytes((folder / "plan.parquet").read_bytes())
    with contextlib.closing(sqlite3.connect(folder / "journal.db", isolation_level=None)) as db:
        db.execute("CREATE TABLE old AS SELECT * FROM row")
        db.execute("DROP TABLE old")  # its pages stay in the file, with their content
    before = everything(folder)
    ids = {
        row["_id"]
        for row in csv.DictReader((folder / "results.csv").read_text(encoding="utf-8-sig").splitlines())
        if row["_id"]
    }
    counts = json.loads((folder / "summary.json").read_text())["counts"]
    assert all(text.encode() in before for text in texts(rows)), "the search finds what is there"
    ended = shell("forget", "second", "--yes")
    assert ended.code == 0, ended.err
    after = everything(folder)
    assert {text for text in texts(rows) if text.encode() in after} == set()
    assert {p.name for p in folder.iterdir()} == {"plan.json", "results.csv", "run.log", "summary.json"}
    assert {p.stat().st_mode & 0o777 for p in folder.iterdir()} == {0o600}
    left = list(csv.DictReader((folder / "results.csv").read_text(encoding="utf-8-sig").splitlines()))
    assert {row["_id"] for row in left if row["_id"]} == ids and len(left) == len(rows)
    assert [int(row["_row"]) for row in left] == list(range(2, 32))
    assert sum(row["_error_codes"] == "email.syntax" for row in left) == 3
    told = json.loads((folder / "summary.json").read_text())
    assert {n: c for n, c in counts.items() if c} == told["counts"] and told["rows"] == 30


def test_a_forgotten_run_says_so(shell: Shell, sandbox: Any) -> None:
    """`status` still counts; `push` and a second `forget` do no harm; `latest` stays the newest run."""
    running = sandbox()
    folder, _ = imported(shell, running, "piriod")
    count = len(running.customers("piriod"))
    shutil.copy(folder / "errors.csv", shell.home / "kept.csv")
    assert shell("forget", "second", "--yes", "--quiet").out == ""
    status = shell("status", "second")
    assert status.code == 1 and "personal data was removed" in status.out and "30 rows read = " in status.out
    told = json.loads(shell("status", "second", "--json").out)
    assert sum(told["counts"].values()) == told["rows"] == 30 and told["forgotten"]
    push = shell("push", "second", "--base-url", running.base_url, "--yes", secrets=True)
    assert push.code == 2 and "personal data" in push.err and "from the source file" in push.err
    kept = shell("run", "kept.csv", "--base-url", running.base_url, "--yes", "--out", "second", secrets=True)
    assert kept.code == 2 and "personal data" in kept.err
    again = shell("forget", "second", "--json")
    assert again.code == 0 and json.loads(again.out)["removed"] == 0
    assert len(running.customers("piriod")) == count


@pytest.mark.parametrize("target", TARGETS)
def test_the_same_file_again_finds_who_is_in(target: str, shell: Shell, sandbox: Any) -> None:
    """After `forget`, an import of the same file creates nobody twice."""
    running = sandbox()
    write_csv(shell.home / "list.csv", people(40))
    args = ("run", "list.csv", "--to", target, "--base-url", running.base_url, "--yes", "--rate", "0", "--quiet")
    assert shell(*args, "--out", "first", secrets=True).counts == {"created": 40}
    assert shell("forget", "first", "--yes").code == 0
    assert shell(*args, "--out", "second", secrets=True).counts == {"skipped": 40}
    assert len(running.customers(target)) == 40


def test_rows_that_may_still_change_are_not_forgotten(shell: Shell) -> None:
    """A dry run's plan is refused with the way on, and nothing is removed; a flag of its own does it all the same."""
    write_csv(shell.home / "list.csv", people(5))
    shell("run", "list.csv", "--to", "piriod", "--sandbox", "--dry-run", "--out", "plan")
    before = everything(shell.home / "plan", UNLOGGED)
    ended = shell("forget", "plan", "--yes")
    assert ended.code == 2 and "5 ready" in ended.err and "--unfinished" in ended.err
    assert everything(shell.home / "plan", UNLOGGED) == before
    assert shell("forget", "plan", "--yes", "--unfinished").code == 0
    assert not (shell.home / "plan" / "plan.parquet").exists()


def test_it_asks_first_and_leaves_alone_what_is_not_ours(shell: Shell) -> None:
    """Without a terminal it needs --yes; a file the user put there stays, and is named; a running push is waited for."""
    write_csv(shell.home / "list.csv", people(5))
    folder = shell("run", "list.csv", "--to", "piriod", "--sandbox", "--out", "done").folder
    (folder / "minutes.docx").write_text("mine")
    before = everything(folder, UNLOGGED)
    asked = shell("forget", "done")
    assert asked.code == 2 and "--yes" in asked.err and "5 rows" in asked.err
    with filelock.FileLock(folder / ".lock"):
        busy = shell("forget", "done", "--yes")
    assert busy.code == 2 and "under way" in busy.err
    assert everything(folder, UNLOGGED) == before
    ended = shell("forget", "done", "--yes")
    assert "not ours, left alone" in ended.out and (folder / "minutes.docx").read_text() == "mine"


def test_killed_in_between_the_same_call_goes_on(shell: Shell) -> None:
    """Whatever was still there when the first call died is gone after the second; the counts are the first one's."""
    write_csv(shell.home / "list.csv", people(5))
    folder = shell("run", "list.csv", "--to", "piriod", "--sandbox", "--out", "done").folder
    saved = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert shell("forget", "done", "--yes").code == 0
    for name in ("plan.parquet", "journal.db", "report.html", "errors.csv", ".errors.csv.0123abcd.part"):
        (folder / name).write_bytes(saved.get(name, b"a cell"))
    assert shell("forget", "done", "--yes").code == 0
    assert {p.name for p in folder.iterdir()} == {"plan.json", "results.csv", "run.log", "summary.json"}
    assert json.loads((folder / "plan.json").read_text())["counts"] == {"created": 5}


def test_what_undo_has_written_is_forgotten_too(shell: Shell, sandbox: Any) -> None:
    """undo.csv holds the rows as they were: it is ours, and goes with the rest."""
    running = sandbox()
    folder, _ = imported(shell, running, "piriod")
    shell("undo", "second", "--base-url", running.base_url, "--yes", "--quiet", secrets=True)
    assert "Otro nombre" in (folder / "undo.csv").read_text(encoding="utf-8")
    assert shell("forget", "second", "--yes").code == 0
    assert not (folder / "undo.csv").exists() and b"Otro nombre" not in everything(folder)


def test_hidden_files_that_are_not_ours_stay(shell: Shell) -> None:
    """The folder may be one that is worked in: its secrets and its history are nobody's to remove; an editor's copy goes."""
    write_csv(shell.home / "list.csv", people(2))
    folder = shell("run", "list.csv", "--to", "piriod", "--sandbox", "--out", "done").folder
    (folder / ".git").mkdir()
    for name in (".env", ".git/HEAD", ".errors.csv.swp", ".~lock.errors.xlsx#"):
        (folder / name).write_text("mine")
    ended = shell("forget", "done", "--yes")
    assert (folder / ".env").read_text() == (folder / ".git" / "HEAD").read_text() == "mine"
    assert not (folder / ".errors.csv.swp").exists() and not (folder / ".~lock.errors.xlsx#").exists()
    assert all(f"left alone: done/{name}" in ended.out for name in (".env", ".git"))
