"""A filter that is falsely empty above many pages: the newest customers are read before a row is believed to be absent."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from conftest import SECRETS, people, write_csv

from pipeline import run
from pipeline.options import PushOptions, RunOptions, Server
from pipeline.progress import Silent
from pipeline.push import fate
from pipeline.report import Summary

OTHERS, ROWS = 320, 60


def imported(tmp_path: Path, running: Any, name: str, rows: list[dict[str, str]]) -> Summary:
    """Import rows in this process."""
    server = Server(running.base_url, "live", {n: v for n, v in SECRETS.items() if n.startswith("PIRIOD")})
    source = write_csv(tmp_path / f"{name}.csv", rows)
    options = PushOptions(rate=0, concurrency=4, timeout=2, settle=0.5)
    prepared = run.prepare(RunOptions((str(source),), "piriod", out=tmp_path / name), server, Silent())
    run.push(prepared.folder, server, options, Silent())
    return run.write_report(prepared.folder, options, datetime.now(UTC), 0, pushed=True, progress=Silent())


def spoiled(tmp_path: Path, sandbox: Any, seed: int) -> tuple[list[str], Summary]:
    """The names at a target that loses answers and whose filters are often falsely empty, after an import."""
    good = sandbox(database=tmp_path / "data.sqlite")
    imported(tmp_path, good, "others", people(OTHERS, start=71_000_000))
    bad = sandbox(database=tmp_path / "data.sqlite", seed=seed, commit_then_drop=0.2, filter_empty=0.5)
    summary = imported(tmp_path, bad, "rows", people(ROWS))
    return [c["tax_id"] for c in bad.customers("piriod")], summary


@pytest.mark.parametrize("seed", [7, 12, 14])
def test_no_customer_is_doubled_by_a_filter_that_shows_nothing(
    seed: int, sandbox: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With more customers than are read as a whole, each exists once, and each row is told as created."""
    monkeypatch.setattr(fate, "CHEAP_PAGES", 1)
    there, summary = spoiled(tmp_path, sandbox, seed)
    assert len(there) == len(set(there)) == OTHERS + ROWS
    assert summary.counts["created"] == ROWS
