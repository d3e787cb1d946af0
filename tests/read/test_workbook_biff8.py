"""Old .xls workbooks that are written here: numbers that may be codes, and texts, are told apart as in any workbook."""

from __future__ import annotations

from pathlib import Path

from pipeline.progress import Silent
from pipeline.read import ReadOptions, open_sheet
from tests.read import biff8

ROWS: list[list[str | float]] = [
    ["Nombre", "Código"], ["Ana", 12.5], ["Eva", "12.50"], ["Leo", 12], ["Ñusta", -0.25], ["Sol", 1e-7], ["Tea", "x"],
]  # fmt: skip


def test_a_number_with_a_fraction_is_told(tmp_path: Path) -> None:
    """12.50 is kept as 12.5, so nobody knows what was typed; a text, and a whole number, are what they are."""
    biff8.write(tmp_path / "a.xls", ROWS)
    sheet = open_sheet(tmp_path / "a.xls", ReadOptions(), tmp_path, Silent())
    [batch] = sheet.batches(100)
    assert (sheet.facts.kind, sheet.facts.sheet, sheet.headers) == ("xls", "Clientes", ("Nombre", "Código"))
    assert batch.cells["c1"].to_list() == ["12.5", "12.50", "12", "-0.25", "0.0000001", "x"]
    assert batch.issues.select("at", "column", "code", "value").rows() == [
        (0, "Código", "cell.fraction", "12.5"),
        (3, "Código", "cell.fraction", "-0.25"),
        (4, "Código", "cell.fraction", "0.0000001"),
    ]
