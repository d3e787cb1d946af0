"""A judged batch is let go of at once: nothing of it waits for the search for garbage, which comes late and rarely."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path

import pytest
from conftest import people, write_csv

from pipeline import judging
from pipeline.cli import call
from pipeline.handoff import Batch
from pipeline.judging import Judge, JudgedBatch

PHONES = ["+999 12345", "+0 55", "0", "999999999999999999", "+56 2 2345 6789", "12", "+1 555"]


class Held:
    """Stands for what a caller has at hand."""


def test_nothing_keeps_a_judged_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever exceptions the libraries have met, and kept, while its cells were judged."""
    rows = people(300)
    for number, row in enumerate(rows):
        row["Teléfono"] = f"{PHONES[number % len(PHONES)]}{number}"
        row["Correo"] = "nobody@" if number % 3 else row["Correo"]
    source, held = write_csv(tmp_path / "clientes.csv", rows), []
    judge = Judge.__call__

    def judged(self: Judge, batch: Batch) -> JudgedBatch:
        mine = Held()
        held.append(weakref.ref(mine))
        return judge(self, batch)

    monkeypatch.setattr(Judge, "__call__", judged)
    monkeypatch.setattr(judging, "HELD", 0)
    monkeypatch.setattr("pipeline.prepare.JUDGED", 100)
    gc.collect()
    gc.disable()
    try:
        call(["run", str(source), "--to", "piriod", "--offline", "--dry-run", "--quiet", "--out", str(tmp_path / "r")])
        assert len(held) > 2
        assert [ref() for ref in held] == [None] * len(held)
    finally:
        gc.enable()
