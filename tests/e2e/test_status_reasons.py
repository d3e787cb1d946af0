"""`status` says what the target said: rows refused for one reason are one line, as in the report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from conftest import Shell, people, write_csv


def test_a_refusal_is_told_in_the_targets_words(shell: Shell, sandbox: Any, tmp_path: Path) -> None:
    """Three rows that the target refuses alike: the same line from `run` and from `status`, and in its JSON."""
    running = sandbox(require_tax_settings=True)
    write_csv(tmp_path / "list.csv", people(3))
    first = shell("run", "list.csv", "--to", "piriod", "--account-country", "CL", "--base-url", running.base_url,
                  "--out", "run", "--yes", "--quiet", secrets=True)  # fmt: skip
    line = "3 × The target refused the value in tax_settings: This field is required (row 2"
    assert line in first.out
    assert line in shell("status", "run").out
    (cause,) = json.loads(shell("status", "run", "--json").out)["causes"]
    assert (cause["code"], cause["rows"], cause["detail"]) == ("target.rejected", 3, "This field is required.")
