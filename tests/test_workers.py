"""Work that several processes share: every result, in order, whatever happens to a worker, and nobody left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import polars as pl
import pytest
from conftest import people, write_csv
from polars.testing import assert_frame_equal

from pipeline import judging
from pipeline.ahead import ahead
from pipeline.cli import call
from pipeline.language import say, speak
from pipeline.workers import Hands, Worker, spare
from pipeline.workers.frames import LARGE

HERE = (Path(__file__).stem,)


def doubled(item: int) -> tuple[int, int]:
    """Who did it, and twice the item; slow enough that everybody gets some."""
    time.sleep(0.01)
    return os.getpid(), item * 2


def mortal(item: tuple[int, int]) -> int:
    """Ends every process but that of the test, in the midst of its work."""
    parent, number = item
    if os.getpid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def refused(item: int) -> int:
    """Cannot be done by anybody."""
    raise ValueError(f"no {item}")


def turned(frame: pl.DataFrame) -> pl.DataFrame:
    """The rows from the last to the first."""
    return frame.reverse()


def worded(count: int) -> str:
    """A text of the process's language."""
    return say("{told:n} rows have an outcome, and {read:n} were read", told=count, read=count)


def test_all_results_come_in_order_from_several_processes(tmp_path: Path) -> None:
    """A worker takes part once it is there; nobody can tell from the results who made them."""
    with closing(Hands(doubled, HERE, tmp_path, 2)) as hands:
        numbers, makers = 0, set()
        deadline = time.monotonic() + 60
        while len(makers) < 3 and time.monotonic() < deadline:
            for who, twice in ahead(range(50), hands, hands.count):
                assert twice == numbers % 50 * 2
                numbers += 1
                makers.add(who)
    assert len(makers) == 3
    assert not list(tmp_path.iterdir())


def test_what_a_killed_worker_had_is_done_here(tmp_path: Path) -> None:
    """The system may end a worker at any moment: no item is lost for it."""
    items = [(os.getpid(), n) for n in range(2_000)]
    with closing(Hands(mortal, HERE, tmp_path, 2)) as hands:
        assert list(ahead(items, hands, hands.count)) == list(range(2_000))


def test_a_worker_that_cannot_begin_is_not_missed(tmp_path: Path) -> None:
    """Its module cannot be loaded: this process does everything."""
    with closing(Hands(doubled, ("no_such_module",), tmp_path, 1)) as hands:
        assert {who for who, _ in ahead(range(200), hands, hands.count)} == {os.getpid()}


def test_what_is_wrong_is_said_by_this_process(tmp_path: Path) -> None:
    """An exception arrives as if there were no workers."""
    with closing(Hands(refused, HERE, tmp_path, 1)) as hands, pytest.raises(ValueError, match="no 3"):
        list(ahead([3] * 100, hands, hands.count))


@pytest.mark.parametrize("height", [0, 3, 60_000])
def test_frames_go_to_and_fro_unchanged(tmp_path: Path, height: int) -> None:
    """Small ones in the pipe, large ones as files that are gone afterwards; with nulls, lists and all types."""
    frame = pl.DataFrame(
        {
            "text": pl.Series([None if n % 7 == 0 else f"ñandú {n}\n" for n in range(height)], dtype=pl.String),
            "number": pl.Series(range(height), dtype=pl.UInt32),
            "flag": pl.Series([n % 2 == 0 for n in range(height)], dtype=pl.Boolean),
            "list": pl.Series([[str(n)] if n % 3 else [] for n in range(height)], dtype=pl.List(pl.String)),
        }
    )
    assert (frame.estimated_size() > LARGE) == (height == 60_000)
    with closing(Worker(HERE, turned, tmp_path)) as worker:
        worker.begin()
        for _ in range(2):
            assert_frame_equal(worker(frame), frame.reverse())
    assert not list(tmp_path.iterdir())


def test_a_worker_speaks_as_this_process_does(tmp_path: Path) -> None:
    """Problems are worded where they are found."""
    speak("es", "MX")
    try:
        with closing(Worker(HERE, worded, tmp_path)) as worker:
            worker.begin()
            assert worker(12_345) == worded(12_345) != ""
            assert "12,345" in worded(12_345) and "filas" in worded(12_345)
    finally:
        speak("en")


def test_no_thread_and_no_process_stays(tmp_path: Path) -> None:
    """Closed in the midst of its work, a worker is gone at once."""
    before = threading.active_count()
    worker = Worker(HERE, doubled, tmp_path)
    worker.begin()
    worker.close()
    assert worker._process.poll() is not None
    with closing(Hands(doubled, HERE, tmp_path, 1)):
        pass
    deadline = time.monotonic() + 30
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threading.active_count() == before


def test_a_worker_ends_with_a_parent_that_was_killed(tmp_path: Path) -> None:
    """`kill -9` of the parent leaves nobody who works on."""
    program = (
        "import sys, time; from pathlib import Path; from pipeline.workers import Worker; import test_workers as t\n"
        f"w = Worker({HERE!r}, t.doubled, Path({str(tmp_path)!r})); w.begin(); print(w(1)[0], flush=True); time.sleep(99)"
    )
    env = os.environ | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, env=env, text=True) as parent:
        assert parent.stdout
        pid = int(parent.stdout.readline())
        parent.kill()
    deadline = time.monotonic() + 30
    while _lives(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _lives(pid)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        with Path(f"/proc/{pid}/stat").open() as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("target", ["piriod", "dayzero"])
def test_a_worker_can_warm_up_for_every_target(target: str) -> None:
    """What it judges before it has anything to judge is of the target's own fields; nothing comes of it."""
    judging.warm(target)


def test_there_is_a_worker_for_each_further_processor() -> None:
    """One processor is this process's own; however many there are, memory stays bounded."""
    assert 0 <= spare() <= 3
    assert spare(1) == 0


@pytest.mark.parametrize("target", ["piriod", "dayzero"])
def test_a_shared_run_is_the_same_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str) -> None:
    """Judged by several processes, a list gives the same files as judged by one."""
    rows = people(1_000)
    for number, row in enumerate(rows):  # of each problem some, in every batch
        row["Correo"] = "nobody" if number % 9 == 0 else row["Correo"]
        row["RUT"] = rows[number // 2]["RUT"] if number % 11 == 0 else row["RUT"]
    source = write_csv(tmp_path / "clientes.csv", rows)
    monkeypatch.setattr(judging, "JUDGED", 50)
    told, shared = [], []
    does = Worker.__call__
    monkeypatch.setattr(Worker, "__call__", lambda self, item: (does(self, item), shared.append(1))[0])
    for name, least, count in (("one", 10**9, 0), ("several", 1, 2)):
        monkeypatch.setattr(judging, "SHARED", least)
        monkeypatch.setattr("pipeline.workers.spare", lambda count=count: count)
        folder = tmp_path / name
        call(["run", str(source), "--to", target, "--offline", "--dry-run", "--quiet", "--out", str(folder)])
        told.append((folder / "results.csv").read_bytes())
        assert not (folder / ".spool").exists()
    assert told[0] == told[1]
    assert shared
    assert told[0].count(b"\n") == 1_001
