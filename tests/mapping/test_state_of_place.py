"""A state that only a place can tell: what is said where it tells nothing, and that a default never overrules a place."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest
from conftest import Ended, Shell

from pipeline.columns import gazetteer

HEAD = "Razón Social,RUT,Dirección,Comuna,Correo\n"
LINES = (
    "Uno SpA,76.354.771-K,Av. Uno 1,Temuco,mal\n"
    "Dos SpA,76.086.428-5,Av. Dos 2,Nvo. Pueblo,dos@ejemplo.cl\n"
    "Tres SpA,96.790.240-3,Av. Tres 3,,tres@ejemplo.cl\n"
)


def states(ended: Ended) -> dict[str, str]:
    """The name of the state that each row gets."""
    return {
        line["_row"]: line["_changes"].rpartition("state:")[2].partition("(")[2].partition(")")[0]
        for line in ended.results
    }


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    path = tmp_path / "clientes.csv"
    path.write_text(HEAD + LINES, encoding="utf-8")
    return path


def test_a_default_fills_only_what_no_place_tells(shell: Shell, listed: Path) -> None:
    """Temuco stays in its region, whatever stands for the blank cells."""
    ended = shell(
        "run", listed, "--to", "piriod", "--sandbox", "--dry-run", "--set", "country=CL",
        "--default", "state=Región Metropolitana", "--out", "out",
    )  # fmt: skip
    metropolitan = "Región Metropolitana de Santiago"
    assert states(ended) == {"2": "La Araucanía", "3": metropolitan, "4": metropolitan}


def test_a_place_that_tells_nothing_is_named_and_can_be_replaced_once(
    shell: Shell, listed: Path, tmp_path: Path
) -> None:
    """The cell is not called blank; the replacement of that place goes into its rows, and no other row's region changes."""
    ended = shell("run", listed, "--to", "piriod", "--sandbox", "--dry-run", "--set", "country=CL", "--out", "out")
    codes = {line["_row"]: line["_error_codes"] for line in ended.results}
    assert codes == {"2": "email.syntax", "3": "state.not_derived", "4": "field.required"}
    assert "'Nvo. Pueblo' in Comuna" in ended.results[1]["_errors"]
    path = tmp_path / "out" / "errors.xlsx"
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    found = [line for line in sheet.iter_rows() if line[6].value == "state.not_derived" and line[0].value == 1]
    assert [line[2].value for line in found] == ["Nvo. Pueblo"]
    found[0][3].value = "Región del Biobío"
    rows = book.worksheets[1]
    mail = next(cell.column for cell in rows[1] if cell.value == "Correo")
    rows.cell(2, mail).value = "uno@ejemplo.cl"
    book.save(tmp_path / "fixed.xlsx")
    again = shell("run", tmp_path / "fixed.xlsx", "--dry-run", "--out", "out")
    assert {line["_row"]: line["_status"] for line in again.results} == {"2": "ready", "3": "ready", "4": "invalid"}
    assert "Araucanía" in states(again)["2"]
    assert "Biobío" in states(again)["3"]


@pytest.mark.parametrize(
    ("place", "codes"),
    [
        ("STGO CENTRO", {"CL-RM"}), ("Pto. Montt", {"CL-LL"}), ("Est. Central", {"CL-RM"}), ("Viña", {"CL-VS"}),
        ("Providencia (RM)", {"CL-RM"}), ("Vitacura - Santiago", {"CL-RM"}), ("Santiago de Chile", {"CL-RM"}),
        ("San Pedro, Antofagasta", {"CL-RM", "CL-AN"}), ("Nvo. Pueblo", set()),
    ],
)  # fmt: skip
def test_short_forms_and_remarks_of_a_place(place: str, codes: set[str]) -> None:
    """What people write for a commune is read in full; two places of two regions tell nothing."""
    assert gazetteer.states("CL", place) == codes
