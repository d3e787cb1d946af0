"""How batches are judged: in few of bounded size, each let go of at once, with all that it needs at hand."""

from __future__ import annotations

import gc
import subprocess
import sys
import weakref
from pathlib import Path

import pytest
from conftest import people, write_csv
from hypothesis import given
from hypothesis import strategies as st

from pipeline import judging
from pipeline.cli import call
from pipeline.handoff import Batch
from pipeline.judging import BATCHES, FEW, JUDGED, Judge, JudgedBatch, batch_rows

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
    monkeypatch.setattr("pipeline.prepare.batch_rows", lambda _: 100)
    gc.collect()
    gc.disable()
    try:
        call(["run", str(source), "--to", "piriod", "--offline", "--dry-run", "--quiet", "--out", str(tmp_path / "r")])
        assert len(held) > 2
        assert [ref() for ref in held] == [None] * len(held)
    finally:
        gc.enable()


LOADED = """
import sys
from pipeline import judging, targets
from pipeline.cli import call
target = targets.load(sys.argv[1])
judging.rehearse(target)
before = set(sys.modules)
call(["run", sys.argv[2], "--to", target.name, "--offline", "--dry-run", "--quiet", "--out", sys.argv[3]])
libraries = {"babel", "email_validator", "ftfy", "idna", "numpy", "phonenumbers", "pycountry", "rapidfuzz"}
late = libraries & set(sys.modules) - before | {n for n in set(sys.modules) - before if "pipeline.columns" in n}
print("late:", sorted(late))
"""


@pytest.mark.parametrize("target", ["piriod", "dayzero"])
def test_after_a_rehearsal_no_library_is_loaded_by_a_row(tmp_path: Path, target: str) -> None:
    """What judging loads when a row needs it is there before; what a country's own file is for comes with its rows."""
    rows = people(400)
    for number, row in enumerate(rows):
        row["Teléfono"] = PHONES[number % len(PHONES)]
        row["Correo"] = "nobody@" if number % 3 else row["Correo"]
        row["Nombre"] = f"PeÃ±a {number}" if number % 5 else row["Nombre"]
    source = write_csv(tmp_path / "clientes.csv", rows)
    command = [sys.executable, "-c", LOADED, target, str(source), str(tmp_path / "r")]
    said = subprocess.run(command, capture_output=True, text=True, check=True)
    assert said.stdout.splitlines()[-1] == "late: []"


@given(st.integers(1, 10**7))
def test_a_list_is_judged_in_few_batches_of_bounded_size(rows: int) -> None:
    """A list that is long enough keeps several hands busy, and no batch is larger than memory allows."""
    size = batch_rows(rows)
    assert FEW <= size <= JUDGED
    assert rows <= 2 * FEW or -(-rows // size) >= min(2, BATCHES)
    assert rows < BATCHES * FEW or -(-rows // size) >= BATCHES
