"""The state that only a place tells, on the review page: a replacement of the place is the state of its rows, and no more."""

from __future__ import annotations

import csv
from pathlib import Path

from conftest import Shell

from pipeline.folder import RunFolder
from pipeline.progress import Silent
from pipeline.review.desk import Desk
from pipeline.review.history import History
from pipeline.review.saved import save

LIST = (
    "Razón Social,RUT,Dirección,Comuna,País,Correo\n"
    "Uno SpA,76.354.771-K,Av. Uno 1,Temuco,CL,mal\n"
    "Dos SpA,76.086.428-5,Av. Dos 2,Nvo. Pueblo,CL,dos@ejemplo.cl\n"
)


def test_a_replaced_place_gives_its_rows_the_state_and_leaves_the_address(shell: Shell, tmp_path: Path) -> None:
    """The row is ready at once; the commune in the saved file, a part of the address, is what it was."""
    (tmp_path / "a.csv").write_text(LIST, encoding="utf-8")
    ended = shell("run", tmp_path / "a.csv", "--to", "piriod", "--sandbox", "--dry-run", "--out", "out")
    assert ended.counts == {"invalid": 2}
    folder = RunFolder(ended.folder)
    history = History(folder)
    try:
        desk = Desk(folder, history, Silent(), None)
        desk.change({"kind": "once", "field": "state", "value": "Nvo. Pueblo", "replacement": "Región del Biobío",
                     "code": "state.not_derived", "column": "Comuna"})  # fmt: skip
        assert desk.counts() == {"invalid": 1, "ready": 1}
        desk.change({"kind": "default", "field": "state", "value": "Metropolitana"})
        name = save(desk)
    finally:
        history.close()
    with (ended.folder / name).open(encoding="utf-8-sig", newline="") as file:
        assert [line["Comuna"] for line in csv.DictReader(file)] == ["Temuco", "Nvo. Pueblo"]
