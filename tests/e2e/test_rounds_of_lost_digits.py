"""What reading found wrong in a cell stays wrong through a round, until somebody corrects that cell."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest
from conftest import Ended, Shell

HEADERS = ("Name", "Tax ID", "Address", "Country", "State", "Reference")
LOST, WHOLE = "12345678901234570000", "12345678901234567890"
FOUND = {LOST: "cell.precision_lost", "": "cell.formula_without_value", "#REF!": "cell.spreadsheet_error"}


@pytest.fixture
def planned(shell: Shell, tmp_path: Path) -> Ended:
    """A dry run of a workbook in which a number has lost its digits, a formula its value, and a cell is an error."""
    book = openpyxl.Workbook()
    book.active.append(HEADERS)
    for name, tax_id, reference in (
        ("Uno", "76.086.428-5", 12345678901234567890), ("Dos", "96.900.323-6", "=A1+1"), ("Tres", "76.910.101-2", "#REF!"),
    ):  # fmt: skip
        book.active.append((name, tax_id, "Calle 1", "CL", "Metropolitana", reference))
    book.active.cell(4, len(HEADERS)).data_type = "e"
    book.save(tmp_path / "list.xlsx")
    ended = shell("run", "list.xlsx", "--to", "piriod", "--dry-run", "--offline", "--out", "out")
    assert told(ended) == FOUND
    return ended


def told(ended: Ended) -> dict[str, str]:
    return {row["Reference"]: row["_error_codes"] for row in ended.results}


def in_round(shell: Shell, file: str) -> Ended:
    ended = shell("run", file, "--dry-run", "--json")
    return Ended(ended.code, ended.out, ended.err, shell.home / "out")


@pytest.mark.parametrize("file", ["errors.xlsx", "errors.csv"])
def test_an_error_file_that_nobody_edited_gives_the_same_errors(shell: Shell, planned: Ended, file: str) -> None:
    """The error file holds texts, which show no loss: a code must not become a good one by being imported twice."""
    for _ in range(2):
        again = in_round(shell, f"out/{file}")
        assert again.code == 1
        assert told(again) == told(planned) == FOUND


def test_the_cell_or_its_replacement_makes_it_good(shell: Shell, planned: Ended) -> None:
    """What a person writes into the cell, or once for all rows of the value, is taken as it stands."""
    path = planned.folder / "errors.xlsx"
    book = openpyxl.load_workbook(path)
    rows, causes = book["Rows"], book["Causes"]
    heads = {cell.value: cell.column for cell in rows[1]}
    lines = {rows.cell(line, heads["Name"]).value: line for line in range(2, 5)}
    rows.cell(lines["Dos"], heads["Reference"]).value = "D-2"
    rows.cell(lines["Tres"], heads["Reference"]).value = "-"  # a word for nothing
    at = next(line for line in causes.iter_rows() if line[2].value == LOST and line[3].fill.fill_type)
    at[3].value = WHOLE
    book.save(path)
    ended = in_round(shell, "out/errors.xlsx")
    assert ended.code == 0, ended.err
    assert set(told(ended).values()) == {""}
    assert any(f"{LOST} -> {WHOLE}" in row["_changes"] for row in ended.results)
