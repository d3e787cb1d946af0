"""A clock that was set, or stood still: `latest` is the run that was made last, what is old is not called fresh."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import platformdirs
import pytest
from e2e.round_files import Inside

from pipeline import locks, lookups, run
from pipeline.client import retry_after
from pipeline.folder import RunFolder
from pipeline.handoff import Catalogue, Entry
from pipeline.options import FRESH

YEAR = 365 * 24 * 3600


@pytest.fixture
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Inside:
    """The command line in this process."""
    return Inside(tmp_path, monkeypatch, capsys)


def dated(folder: Path, seconds: float) -> None:
    """Let everything in a run folder look as if it were written so many seconds later."""
    for path in folder.rglob("*"):
        told = path.stat().st_mtime + seconds
        os.utime(path, (told, told))


def test_latest_is_the_run_that_was_planned_last_although_the_clock_was_set_back(inside: Inside) -> None:
    """A run of "next year", made before the clock was put right, is not what `push latest` sends."""
    (inside.home / "list.csv").write_text("name,email\nAna,ana@x.example\n", encoding="utf-8")
    names = []
    for _ in range(3):
        assert inside("run", "list.csv", "--to", "dayzero", "--sandbox", "--dry-run").code == 0
        (made,) = set((inside.home / "runs").glob("*/plan.json")) - set(names)
        assert RunFolder.find("latest").path.resolve() == made.parent.resolve()
        names.append(made)
        if len(names) == 1:
            dated(made.parent, YEAR)


def test_runs_that_begin_in_the_same_second_have_a_folder_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two jobs look for a free name at once: each of them finds none, and only one of them makes it."""
    monkeypatch.chdir(tmp_path)
    with monkeypatch.context() as both:
        both.setattr(Path, "exists", lambda _: False)
        made = [RunFolder.create(None, "list", "piriod").path for _ in range(3)]
    assert len(set(made)) == 3 and all(path.is_dir() for path in made)


def test_a_correction_that_is_newer_than_its_own_files_by_the_clock_is_not_called_interrupted(
    inside: Inside,
) -> None:
    """The clock was set back between planning and pushing: the older error file is refused with the newest one's name."""
    text = "name,email\nAna,ana@x.example\nBea,bea@\nCid,cid@\n"
    (inside.home / "list.csv").write_text(text, encoding="utf-8")
    assert inside("run", "list.csv", "--to", "dayzero", "--sandbox", "--out", "run").code == 1
    errors = (inside.home / "run" / "errors.csv").read_text(encoding="utf-8-sig")
    (inside.home / "first.csv").write_text(errors.replace("bea@,", "bea@x.example,"), encoding="utf-8-sig")
    assert inside("run", "first.csv").code == 1
    dated(inside.home / "run" / "round-1", YEAR)
    again = inside("run", "first.csv")
    assert again.code == 2 and "interrupted" not in again.err
    assert "Correct the newest file" in again.err and "errors.xlsx" in again.err, again.err


def test_lists_that_were_remembered_later_than_now_are_not_fresh(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """They were kept before the clock was set back by a year; they would count as new for that year."""
    monkeypatch.setattr(platformdirs, "user_cache_dir", lambda _: str(tmp_path))
    known = Catalogue(countries=(Entry("CL", "Chile"),))
    lookups.remember("https://api.example.com", False, known)
    (file,) = tmp_path.glob("lists-*.json")
    stored = json.loads(file.read_text())
    for at, fresh in ((0, True), (-3600, True), (120, True), (-YEAR, False), (YEAR, False)):
        file.write_text(json.dumps({**stored, "at": time.time() + at}))
        found = lookups.recall("https://api.example.com", False)
        assert found is not None and (found[1] <= lookups.FRESH) is fresh, at


@pytest.mark.parametrize(("seconds", "fresh"), [
    ((1, 1, 1), True), ((0, 0, 0), True), ((1, 8 * 3600, 8 * 3600), False), ((1, 1, 8 * 3600), False), ((1, 1, -3600), False),
    ((FRESH, FRESH, FRESH), False),
])  # fmt: skip
def test_a_look_up_from_before_the_machine_slept_does_not_count(
    seconds: tuple[float, ...], fresh: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planned in the evening, agreed to in the morning: whoever came to the target at night is looked for."""
    folder, last = RunFolder(tmp_path), tmp_path / "last"
    now = run._clocks()
    run._planned[folder] = (locks.stamp(last), now)
    monkeypatch.setattr(run, "_clocks", lambda: tuple(n + s for n, s in zip(now, seconds, strict=True)))
    assert run._is_fresh(folder, last) is fresh
    assert not run._is_fresh(RunFolder(tmp_path), last)


@pytest.mark.parametrize("zone", ["UTC", "America/Santiago", "Pacific/Kiritimati"])
@pytest.mark.parametrize(
    "text", ["Sun Nov  6 08:49:37 1994", "Sun, 06 Nov 1994 08:49:37 -0000", "Sunday, 06-Nov-94 08:49:37 GMT"]
)
def test_a_date_without_a_zone_is_no_local_time(zone: str, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The older forms of a date in a header are of Greenwich too (RFC 9110, 5.6.7)."""
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        assert retry_after({"retry-after": text, "date": "Sun, 06 Nov 1994 08:49:30 GMT"}) == 7
    finally:
        monkeypatch.undo()
        time.tzset()
