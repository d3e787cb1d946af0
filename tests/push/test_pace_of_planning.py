"""The flags of pace hold for what planning asks, too: one rate, one patience for a whole run."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from conftest import SECRETS, Shell, people, write_csv

from pipeline import asking, latest, run
from pipeline.options import PushOptions, RunOptions, Server
from pipeline.progress import Silent


def served(running: Any, pace: PushOptions | None) -> Server:
    return Server(running.base_url, "live", {n: v for n, v in SECRETS.items() if n.startswith("PIRIOD")}, pace=pace)


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_planning_asks_at_the_rate_that_was_set(tmp_path: Path, sandbox: Any) -> None:
    """At 2 requests a second, n requests take at least (n - 1) / 2 seconds."""
    running = sandbox()
    source = write_csv(tmp_path / "list.csv", people(3))
    began = time.monotonic()
    run.prepare(
        RunOptions((str(source),), "piriod", out=tmp_path / "run"), served(running, PushOptions(rate=2)), Silent()
    )
    requests = [r for r in running.requests() if r.method == "GET"]
    assert len(requests) >= 3
    assert time.monotonic() - began >= (len(requests) - 2) / 2


@pytest.mark.parametrize(
    ("pace", "settle"), [(None, 90.0), (PushOptions(settle=7.5), 7.5), (PushOptions(timeout=5), 65.0)]
)
def test_planning_waits_as_long_as_the_push_would(
    pace: PushOptions | None, settle: float, tmp_path: Path, sandbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who was created a moment ago by another run is waited for within the settle time that was set."""
    asked: list[float] = []
    real = latest.awaited

    def noted(place: Any, target: Any, identities: Any, within: float, *more: Any) -> Any:
        asked.append(within)
        return real(place, target, identities, within, *more)

    monkeypatch.setattr(asking.latest, "awaited", noted)
    source = write_csv(tmp_path / "list.csv", people(1))
    run.prepare(RunOptions((str(source),), "piriod", out=tmp_path / "run"), served(sandbox(), pace), Silent())
    assert asked == [settle]


def test_planning_gives_up_as_soon_as_it_was_told_to(tmp_path: Path, sandbox: Any) -> None:
    """Without retries the first failure ends the plan: one request, and no other."""
    from pipeline.errors import Unavailable

    running = sandbox(get_5xx=1.0)
    source = write_csv(tmp_path / "list.csv", people(1))
    options = RunOptions((str(source),), "piriod", out=tmp_path / "run")
    with pytest.raises(Unavailable):
        run.prepare(options, served(running, PushOptions(rate=0, max_retries=0)), Silent())
    assert len(running.requests()) == 1


@pytest.mark.parametrize(("flags", "asked"), [((), 4), (("--max-retries", "5"), 6), (("--max-retries", "1"), 2)])
def test_planning_repeats_as_often_as_it_was_told_also_where_that_is_the_usual(
    flags: tuple[str, ...], asked: int, shell: Shell, sandbox: Any, tmp_path: Path
) -> None:
    """What is typed holds, whatever it is; where nothing is, planning gives up before a push would."""
    write_csv(tmp_path / "list.csv", people(1))
    running = sandbox(status_503=1.0, retry_after=0)
    ended = shell(
        "run", "list.csv", "--to", "piriod", "--base-url", running.base_url, "--rate", "0", *flags, secrets=True
    )
    assert ended.code == 5 and len(running.requests()) == asked, ended.err
