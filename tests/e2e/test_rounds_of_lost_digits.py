"""What reading found wrong in a cell stays wrong through a round, until somebody corrects that cell."""

from __future__ import annotations

import csv
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


@pytest.fixture
def twice(shell: Shell, tmp_path: Path) -> Ended:
    """A workbook with two columns of one name, of which the first is used: each has lost digits in one row."""
    book = openpyxl.Workbook()
    book.active.append(("Name", "Tax ID", "Address", "Country", "State", "Code", "Code"))
    lost = 12345678901234567890
    for name, tax_id, *codes in (("Uno", "76.086.428-5", lost, "x"), ("Dos", "96.900.323-6", "D-2", lost)):
        book.active.append((name, tax_id, "Calle 1", "CL", "Metropolitana", *codes))
    book.save(tmp_path / "list.xlsx")
    used = ("--map", "#6=reference", "--map", "#7=")
    return shell("run", "list.xlsx", "--to", "piriod", "--dry-run", "--offline", "--out", "out", *used)


def test_of_two_columns_of_one_name_only_the_used_one_keeps_a_row_out(twice: Ended) -> None:
    """What the other one has lost is none of the import."""
    assert [row["_error_codes"] for row in twice.results] == ["cell.precision_lost", ""]


@pytest.mark.parametrize("file", ["errors.xlsx", "errors.csv"])
@pytest.mark.parametrize(("column", "left"), [(0, {""}), (1, {"", "cell.precision_lost"})])
def test_of_two_columns_of_one_name_the_edited_one_is_corrected(
    shell: Shell, twice: Ended, file: str, column: int, left: set[str]
) -> None:
    """An edit of the other one leaves the lost digits what they are."""
    path = twice.folder / file
    if file == "errors.csv":
        with path.open(encoding="utf-8-sig", newline="") as read:
            head, line = csv.reader(read)
        line[[at for at, name in enumerate(head) if name == "Code"][column]] = "E-1"
        with path.open("w", encoding="utf-8", newline="") as written:
            csv.writer(written).writerows((head, line))
    else:
        book = openpyxl.load_workbook(path)
        rows = book["Rows"]
        places = [cell.column for cell in rows[1] if cell.value == "Code"]
        rows.cell(2, places[column]).value = "E-1"
        book.save(path)
    ended = in_round(shell, f"out/{file}")
    assert {row["_error_codes"] for row in ended.results} == left, ended.err


def test_a_column_without_a_header_loses_digits_like_any_other(shell: Shell, tmp_path: Path) -> None:
    """Its cells are named by its letter."""
    book = openpyxl.Workbook()
    book.active.append(("Name", "Tax ID", "Address", "Country", "State", None))
    book.active.append(("Uno", "76.086.428-5", "Calle 1", "CL", "Metropolitana", 12345678901234567890))
    book.save(tmp_path / "list.xlsx")
    ended = shell(
        "run", "list.xlsx", "--to", "piriod", "--dry-run", "--offline", "--out", "out", "--map", "#6=reference"
    )
    assert [row["_error_codes"] for row in ended.results] == ["cell.precision_lost"], ended.err
    again = in_round(shell, "out/errors.csv")
    assert [row["_error_codes"] for row in again.results] == ["cell.precision_lost"], again.err


def test_an_edit_below_a_header_with_a_plus_sign_stays_an_edit(shell: Shell, tmp_path: Path) -> None:
    """A faulty cell that was corrected is not put back as if a program had rewritten it."""
    header = "Phone + extension"
    lines = [
        ("Name", "Tax ID", "Address", "Country", "State", header),
        ("Uno", "76.086.428-5", "Calle 1", "CL", "Metropolitana", "12.0"),
    ]
    (tmp_path / "list.csv").write_text("\n".join(",".join(line) for line in lines), encoding="utf-8")
    first = shell(
        "run", "list.csv", "--to", "piriod", "--dry-run", "--offline", "--out", "out", "--map", f"{header}=phone"
    )
    assert first.results[0]["_error_codes"].startswith("phone."), first.err
    path = first.folder / "errors.csv"
    text = path.read_text(encoding="utf-8-sig").replace("Metropolitana,12.0", "Metropolitana,12")
    path.write_text(text, encoding="utf-8")
    ended = in_round(shell, "out/errors.csv")
    assert f"{header} (edited): 12.0 -> 12" in ended.results[0]["_changes"], ended.results
