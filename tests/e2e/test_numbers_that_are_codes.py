"""A number with a fraction where a code belongs: 12.50 is kept as 12.5, so it is wrong until somebody types it as text."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable
from html import escape
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter
from conftest import Ended, Shell

from tests.read.spreadsheetml import saved
from tests.read.test_workbook_opendocument import SPACES

HEADERS = ("Name", "Tax ID", "Address", "Country", "State", "Reference", "metadata.rate", "Balance")
CODES = (12.5, "13.50", 12, 7.25, "C-1.50", 0.5)
"""The references of the rows; numbers are written as numbers, texts as texts."""
BAD = {"Uno", "Cuatro", "Seis"}

Row = tuple[str | float, ...]
NAMES = ("Uno", "Dos", "Tres", "Cuatro", "Cinco", "Seis")
ROWS: list[Row] = [
    (name, "", f"Calle {n}", "MX", "Jalisco", code, 19.5, 1234.56)
    for n, (name, code) in enumerate(zip(NAMES, CODES, strict=True), 1)
]


def xlsx(path: Path) -> None:
    with xlsxwriter.Workbook(path) as out:
        sheet = out.add_worksheet("List")
        for r, row in enumerate([HEADERS, *ROWS]):
            sheet.write_row(r, 0, row)


def ods(path: Path) -> None:
    def cell(value: str | float) -> str:
        kind = f'float" office:value="{value}' if isinstance(value, float | int) else "string"
        return f'<table:table-cell office:value-type="{kind}"><text:p>{escape(str(value))}</text:p></table:table-cell>'

    rows = "".join(f"<table:table-row>{''.join(map(cell, row))}</table:table-row>" for row in [HEADERS, *ROWS])
    with zipfile.ZipFile(path, "w") as out:
        out.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        out.writestr("content.xml", f"<office:document-content{SPACES}><office:body><office:spreadsheet>"
                     f'<table:table table:name="List">{rows}</table:table></office:spreadsheet></office:body></office:document-content>')  # fmt: skip


def xml(path: Path) -> None:
    path.write_text(saved([[(cell, "General") for cell in row] for row in [HEADERS, *ROWS]]), encoding="utf-8")


def html(path: Path) -> None:
    """A page that a spreadsheet program saved: the numbers say so."""

    def cell(value: str | float) -> str:
        exact = f' x:num="{value}"' if isinstance(value, float | int) else ""
        return f"<td{exact}>{value}</td>"

    rows = "".join(f"<tr>{''.join(map(cell, row))}</tr>" for row in [HEADERS, *ROWS])
    path.write_text(f"<html><meta charset=utf-8><table>{rows}</table></html>", encoding="utf-8")


KINDS: dict[str, Callable[[Path], None]] = {"a.xlsx": xlsx, "a.xlsm": xlsx, "a.ods": ods, "a.xml": xml, "a.html": html}


def dry_run(shell: Shell, file: str, out: str = "out") -> Ended:
    return shell("run", file, "--to", "piriod", "--dry-run", "--offline", "--set", "metadata.kind=x", "--out", out)


def refused(ended: Ended) -> set[str]:
    """Whose reference is such a number; nothing else may be wrong."""
    codes = {row["Name"]: row["_error_codes"] for row in ended.results}
    assert set(codes.values()) <= {"", "cell.fraction"}
    return {name for name, code in codes.items() if code}


@pytest.mark.parametrize("name", KINDS)
def test_numbers_in_a_column_of_codes_are_refused_and_texts_are_not(shell: Shell, tmp_path: Path, name: str) -> None:
    """Whatever the kind of workbook; an amount and an entry of metadata with the same digits stay what they are."""
    KINDS[name](tmp_path / name)
    ended = dry_run(shell, name)
    assert refused(ended) == BAD, ended.err
    [first] = [row for row in ended.results if row["Name"] == "Uno"]
    assert "'12.5' in Reference" in first["_errors"]


def test_the_same_texts_in_a_text_file_are_codes(shell: Shell, tmp_path: Path) -> None:
    lines = [",".join(map(str, row)) for row in [HEADERS, *ROWS]]
    (tmp_path / "a.csv").write_text("\n".join(lines), encoding="utf-8")
    ended = dry_run(shell, "a.csv")
    assert ended.code == 0 and refused(ended) == set()


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_it_is_wrong_until_somebody_types_it(shell: Shell, tmp_path: Path, kind: str) -> None:
    """An error file that nobody edited gives the same errors; what is typed into it counts as typed."""
    xlsx(tmp_path / "a.xlsx")
    dry_run(shell, "a.xlsx")
    again = shell("run", f"out/errors.{kind}", "--dry-run", "--json")
    assert again.code == 1 and refused(Ended(again.code, again.out, again.err, shell.home / "out")) == BAD
    path = shutil.copy(tmp_path / "out/errors.xlsx", tmp_path / "corrected.xlsx")
    book = openpyxl.load_workbook(path)
    rows = book["Rows"]
    heads = {cell.value: cell.column for cell in rows[1]}
    for line in range(2, rows.max_row + 1):
        if rows.cell(line, heads["Name"]).value != "Seis":
            rows.cell(line, heads["Reference"]).value += "0"
    at = next(line for line in book["Causes"].iter_rows() if line[2].value == "0.5")
    at[3].value = "0.5"  # somebody looked, and it is the whole code
    book.save(path)
    mended = shell("run", "corrected.xlsx", "--dry-run", "--json")
    assert mended.code == 0, mended.err
    results = Ended(mended.code, mended.out, mended.err, shell.home / "out").results
    assert {row["Name"]: row["Reference"] for row in results} == dict(
        zip(NAMES, ("12.50", "13.50", "12", "7.250", "C-1.50", "0.5"), strict=True)
    )
