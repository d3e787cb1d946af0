"""An error file whose column `_run` was deleted is told as such, and never offered as a list of its own."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest

from pipeline.cli.correction import must_not_be_lost
from pipeline.cli.retyped import each
from pipeline.errors import Misuse

HEADERS = ["_row", "_status", "_error_codes", "_key", "nombre"]


def written(folder: Path, ending: str, headers: list[str]) -> str:
    path = folder / f"errors{ending}"
    if ending == ".csv":
        path.write_text(f"{','.join(headers)}\n2,invalid,email.syntax,k,Ana\n", encoding="utf-8")
    else:
        book = openpyxl.Workbook()
        book.active.append(headers)
        book.save(path)
    return str(path)


@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
def test_without_its_mark_it_belongs_to_no_run(tmp_path: Path, ending: str) -> None:
    """The run stops, and the command to type next names no target: the rows would go in as a list of their own."""
    source = written(tmp_path, ending, HEADERS)
    with pytest.raises(Misuse, match="without its column _run"):
        must_not_be_lost([source])
    assert each(["run", source]) == [["run", source]]


@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
@pytest.mark.parametrize("headers", [["nombre", "correo"], [*HEADERS, "_run"]])
def test_other_files_are_not_taken_for_one(tmp_path: Path, ending: str, headers: list[str]) -> None:
    """A list of customers, and an error file as we wrote it."""
    must_not_be_lost([written(tmp_path, ending, headers)])
