"""Exports of other systems have the outcomes that were expected of them, on the sandbox, with only the flags named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, Shell

CORPUS = ROOT.parent / "shared" / "corpus" / "customers"
EXPECTED: dict[str, Any] = (
    json.loads((CORPUS / "expected.json").read_text(encoding="utf-8"))["files"] if CORPUS.exists() else {}
)
CASES = [(name, target, case[target]) for name, case in EXPECTED.items() for target in ("piriod", "dayzero")]
GOOD = {"ready": "created"}
SPANISH = {"New South Wales": "Nueva Gales del Sur"}  # the sandbox's catalogue is in Spanish, as the vendor's

pytestmark = pytest.mark.skipif(not EXPECTED, reason="the corpus is not beside the project")


def assert_outcome(shell: Shell, path: Path, target: str, case: dict[str, Any], *flags: str) -> None:
    ended = shell("run", path, "--to", target, "--sandbox", *flags, "--quiet")
    if "stop" in case:
        assert ended.code == 2, ended.out + ended.err
        assert all(field in ended.err for field in case["stop"])
        return
    wanted = {GOOD.get(status, status): case[status] for status in ("ready", "invalid", "skipped") if case.get(status)}
    assert ended.counts == wanted, ended.out + ended.err
    assert ended.code == (1 if case.get("invalid") else 0)
    there = {c["id"]: c for c in sandbox_customers(shell, target)}
    sent = [there[r["_id"]] for r in ended.results if r["_status"] == "created"]
    for name, value in case.get("cells", {}).items():
        cell = sent[0][name]
        assert (cell["id"] if isinstance(cell, dict) else cell) == value, name
    if "state" in case:
        word = case["state"].split(",")[0]
        assert all(any(name in c["state"]["name"] for name in (word, SPANISH.get(word, word))) for c in sent)
        if "derived" in case["state"]:
            assert all("state: " in r["_changes"] for r in ended.results)


def sandbox_customers(shell: Shell, target: str) -> list[dict[str, Any]]:
    """What the embedded sandbox of the shell's folder holds."""
    from pipeline.sandbox import Settings, serve

    with serve(Settings(database=shell.home / "runs" / ".sandbox.sqlite")) as running:
        found: list[dict[str, Any]] = running.customers(target)
        return found


@pytest.mark.parametrize(("name", "target", "case"), CASES, ids=[f"{n}-{t}" for n, t, _ in CASES])
def test_the_expected_outcome(name: str, target: str, case: dict[str, Any], shell: Shell) -> None:
    """As expected.json says: rows by status, values, or one stop that names the flag."""
    if "either" in case:
        ended = shell("run", CORPUS / name, "--to", target, "--sandbox", "--quiet")
        assert ended.code == 2 or ended.counts == {"created": 2, "skipped": 2}, ended.out + ended.err
        return
    assert_outcome(shell, CORPUS / name, target, case)
    for key, more in case.items():
        if key.startswith("with "):
            assert_outcome(shell, CORPUS / name, target, more, *key.removeprefix("with ").split())
