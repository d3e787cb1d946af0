"""Two processes that write the result files of one run, and what a killed one has left of them."""

from __future__ import annotations

import csv
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from e2e.round_files import Inside

from pipeline import forget, locks, outcomes, report, run
from pipeline.folder import RunFolder
from pipeline.options import PushOptions
from pipeline.progress import Silent


@pytest.fixture
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Inside:
    """The command line in this process."""
    return Inside(tmp_path, monkeypatch, capsys)


def planned(inside: Inside) -> RunFolder:
    """A dry run of three customers."""
    text = "name,email\nAna,ana@x.example\nBea,bea@x.example\nCid,cid@\n"
    (inside.home / "list.csv").write_text(text, encoding="utf-8")
    assert inside("run", "list.csv", "--to", "dayzero", "--sandbox", "--dry-run", "--out", "run").code == 1
    return RunFolder(inside.home / "run")


def written(folder: RunFolder, *, pushed: bool) -> report.Summary:
    """Write the result files."""
    return run.write_report(folder, PushOptions(), datetime.now(UTC), 0, pushed=pushed, progress=Silent())


def statuses(folder: RunFolder) -> list[str]:
    """What results.csv says of each row."""
    with folder.file("results.csv").open(encoding="utf-8-sig", newline="") as file:
        return [row["_status"] for row in csv.DictReader(file)]


def test_the_report_of_a_dry_run_that_was_pushed_meanwhile_does_not_call_its_rows_ready(inside: Inside) -> None:
    """A long list's dry run still writes its files when the push of another terminal has ended."""
    folder = planned(inside)
    assert inside("push", "run", "--canary", "1").code == 6
    written(folder, pushed=False)
    assert statuses(folder) == ["created", "not_attempted", "invalid"]
    assert folder.read_json("summary.json")["dry_run"] is False


def test_a_report_that_was_begun_before_a_push_does_not_take_the_place_of_its_report(
    inside: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The slow one has read how the rows stood before; the quick one knows more, and its files stay."""
    folder = planned(inside)
    slow, honest = threading.Event(), outcomes.table
    began, kept = threading.Event(), []

    def table(*args: Any, **more: Any) -> Any:
        rows = list(honest(*args, **more))
        if not began.is_set():
            began.set()
            slow.wait(3)
        return iter(rows)

    monkeypatch.setattr(outcomes, "table", table)
    first = threading.Thread(target=lambda: kept.append(written(folder, pushed=False)))
    first.start()
    assert began.wait(20)
    threading.Timer(1.5, slow.set).start()
    assert inside("push", "run").code == 1
    first.join()
    assert kept[0].counts["ready"] == 2
    assert statuses(folder) == ["created", "created", "invalid"]


def test_what_a_killed_process_left_of_result_files_is_removed_by_the_next_report(inside: Inside) -> None:
    """They hold customers; nothing else in the folder is touched."""
    folder = planned(inside)
    left = [
        ".report-abcd1234/results.csv",
        ".results.csv.0123abcd.part",
        ".errors.xlsx.0123abcd.part",
        ".summary.json.1.part",
    ]
    others = [
        ".round-1.0123abcd/plan.json",
        ".plan.json.0123abcd.part",
        "notes.part",
        "results.csv.part",
        ".report-mine",
    ]
    for name in (*left, *others):
        folder.file(name).parent.mkdir(exist_ok=True)
        folder.file(name).write_text("Ana", encoding="utf-8")
    written(folder, pushed=False)
    assert [name for name in left if folder.file(name).exists()] == []
    assert [name for name in others if not folder.file(name).exists()] == []
    assert not folder.file(".report-abcd1234").exists()


def test_what_somebody_is_writing_is_left_alone(inside: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that holds the files longer than a report takes keeps its scratch files; this one's report is whole."""
    folder = planned(inside)
    monkeypatch.setattr(locks, "LONGEST_REPORT", 0.1)
    theirs = folder.file(".report-theirs")
    theirs.mkdir()
    with locks.reporting(folder) as alone:
        assert alone
        done: list[bool] = []
        other = threading.Thread(target=lambda: done.append(bool(written(folder, pushed=False))))
        other.start()
        other.join()
    assert done == [True] and theirs.exists()


def test_nothing_of_a_report_comes_after_a_run_was_forgotten(inside: Inside) -> None:
    """Who forgets waits for the report that is being written; afterwards no lock is left either."""
    folder = planned(inside)
    assert inside("push", "run").code == 1
    with locks.reporting(folder):
        waiting = threading.Thread(target=lambda: forget.forget(folder))
        waiting.start()
        waiting.join(1)
        assert waiting.is_alive() and folder.file("plan.parquet").exists()
    waiting.join(20)
    assert {p.name for p in folder.path.iterdir()} <= set(forget.KEPT)
