"""What tests of rounds share: a list with faults of many kinds, and hands that correct an error file."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from conftest import SECRETS, Ended, people, rut

from pipeline.cli import call

Row = dict[str, str]

FIRST: dict[int, Row] = {
    3: {"RUT": rut(76_500_001)}, 4: {"Correo": "bien4@nandu.example"}, 5: {"Teléfono": "+56 9 8765 4321"},
    6: {"Status": "active", "Región": "Metropolitana"}, 7: {"Nombre": "Un nombre corto"}, 8: {"País": "Chile"},
    9: {"Nombre": "Comercial 9"}, 10: {"Correo": "todavía mal"}, 11: {"Dirección": "Igual 11"},
    12: {"Dirección": "Igual 11"}, 13: {"Sitio web": "https://trece.example"}, 14: {"Límite de crédito": "1500,50"},
    15: {"RUT": rut(76_500_015), "Notas": "breve"}, 16: {"RUT": rut(76_500_016), "Correo": "pagos16@nandu.example"},
}  # fmt: skip
"""The first corrections by row: one leaves its row wrong, two make rows of one customer equal."""
SECOND: dict[int, Row] = {10: {"Correo": "bien10@nandu.example"}}
KNOBS: dict[str, dict[str, Any]] = {
    "piriod": {"duplicate": "reject", "account_country": "CL"}, "dayzero": {"duplicate": "conflict", "largest_body": 1500},
}  # fmt: skip
"""Sandboxes that refuse a missing or a taken tax id; a body that is too large, or a taken e-mail."""


def half_faulty(count: int, start: int = 76_600_000) -> list[Row]:
    """Customers of whom every second one has no e-mail that could be one."""
    rows = people(count, start=start)
    for at, row in enumerate(rows):
        row["Correo"] = f"mal{at}" if at % 2 else row["Correo"]
    return rows


def faulty(target: str) -> list[Row]:
    """Seventeen rows: eleven with faults of our own checks (at least eight kinds), two that the target refuses."""
    rows = people(17, start=76_100_000)
    for row in rows:
        row.update({"Notas": "", "Status": "active", "Sitio web": "", "Límite de crédito": "1.250,75"})
    rows[1]["RUT"] = "76.086.428-9"
    rows[2]["Correo"] = "pagos(at)x"
    rows[3]["Teléfono"] = "12"
    rows[4]["Status"] = "quizás"
    rows[4]["Región"] = "Xyzzy" if target == "piriod" else "Metropolitana"
    rows[5]["Nombre"] = "x" * 300
    rows[6]["País"] = "Chiile"
    rows[7]["Nombre"] = ""
    rows[8]["Correo"] = "mal"
    rows[10].update({n: rows[9][n] for n in rows[9]}, Dirección="Otra 5")
    rows[11]["Sitio web"] = "no es web"
    rows[12]["Límite de crédito"] = "mil"
    if target == "piriod":
        rows[13]["RUT"], rows[14]["RUT"] = "", rows[0]["RUT"]
    else:
        rows[13]["Notas"], rows[14]["Correo"] = "n" * 1800, rows[0]["Correo"]
    return rows


def read_csv(path: Path) -> list[Row]:
    """The lines of one of our CSV files."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def write_rows(path: Path, rows: list[Row]) -> None:
    """Write lines as a spreadsheet program would."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def correct_csv(path: Path, change: Callable[[list[Row]], list[Row]]) -> None:
    """Change the lines of errors.csv."""
    write_rows(path, change(read_csv(path)))


def correct_xlsx(path: Path, change: Callable[[list[Row]], list[Row]]) -> None:
    """Change the lines of errors.xlsx, on its sheet of rows; every cell stays text."""
    book = openpyxl.load_workbook(path)
    sheet = sheet_of_rows(book)
    header, *lines = [[cell.value for cell in line] for line in sheet.iter_rows()]
    rows = change([{h: v or "" for h, v in zip(header, line, strict=True)} for line in lines])
    sheet.delete_rows(2, sheet.max_row)
    for at, row in enumerate(rows, 2):
        for column, name in enumerate(header, 1):
            if row[name]:
                cell = sheet.cell(at, column, row[name])
                cell.data_type, cell.number_format = "s", "@"
    book.save(path)


def sheet_of_rows(book: Any) -> Any:
    """The sheet that has our helper columns."""
    return next(s for s in book.worksheets if "_key" in [c.value for c in next(s.iter_rows(max_row=1))])


class Inside:
    """The command line in this process, in a folder and with an environment of its own: quicker than a process each."""

    def __init__(self, home: Path, patch: pytest.MonkeyPatch, heard: pytest.CaptureFixture[str]) -> None:
        self.home, self._patch, self._heard = home, patch, heard
        patch.chdir(home)
        for name, value in {"HOME": home, "XDG_CACHE_HOME": home / "cache", "XDG_STATE_HOME": home / "state"}.items():
            patch.setenv(name, str(value))

    def __call__(self, *args: object, secrets: bool = False, folder: str = "run") -> Ended:
        """Run the command; the results are those of `folder`."""
        for name, value in SECRETS.items():
            if secrets:
                self._patch.setenv(name, value)
            else:
                self._patch.delenv(name, raising=False)
        self._heard.readouterr()
        code = call([str(arg) for arg in args])
        out, err = self._heard.readouterr()
        return Ended(code, out, err, self.home / folder)


def with_changes(changes: dict[int, Row]) -> Callable[[list[Row]], list[Row]]:
    """A hand that changes cells of rows, by their number."""

    def change(rows: list[Row]) -> list[Row]:
        return [row | changes.get(int(row["_row"]), {}) for row in rows]

    return change
