"""The same table in a text file, a workbook, a web page and XML: the same header, rows, row numbers, notes and issues."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from pipeline.errors import Unreadable
from pipeline.progress import Silent
from pipeline.read import ReadOptions, cage, open_sheet
from pipeline.read.inside import read as read_inside
from tests.read.spreadsheetml import plain, saved
from tests.read.test_workbook_opendocument import SPACES

Table = list[list[str]]


def text(
    encoding: str, delimiter: str, quoting: Any = csv.QUOTE_MINIMAL, end: str = "\r\n"
) -> Callable[[Path, Table], None]:
    def write(path: Path, table: Table) -> None:
        made = io.StringIO()
        csv.writer(made, delimiter=delimiter, quoting=quoting, lineterminator=end).writerows(table)
        path.write_bytes(made.getvalue().encode(encoding))

    return write


def xlsx(path: Path, table: Table) -> None:
    with xlsxwriter.Workbook(path, {"strings_to_formulas": False, "strings_to_urls": False}) as out:
        sheet = out.add_worksheet("Lista")
        for r, row in enumerate(table):
            for c, cell in enumerate(row):
                if cell:
                    sheet.write_string(r, c, cell)


def ods(path: Path, table: Table) -> None:
    def cell(value: str) -> str:
        lines = "".join(f"<text:p>{escape(line, quote=False)}</text:p>" for line in value.split("\n"))
        return (
            f'<table:table-cell office:value-type="string">{lines}</table:table-cell>'
            if value
            else "<table:table-cell/>"
        )

    rows = "".join(f"<table:table-row>{''.join(map(cell, row))}</table:table-row>" for row in table)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        out.writestr("content.xml", f"<office:document-content{SPACES}><office:body><office:spreadsheet>"
                     f'<table:table table:name="Lista">{rows}</table:table></office:spreadsheet></office:body></office:document-content>')  # fmt: skip


def html(path: Path, table: Table) -> None:
    rows = "".join(
        "<tr>" + "".join(f"<td>{escape(cell).replace(chr(10), '<br>')}</td>" for cell in row) + "</tr>" for row in table
    )
    path.write_text(f"<html><meta charset=utf-8><table>{rows}</table></html>", encoding="utf-8")


def xml(path: Path, table: Table) -> None:
    path.write_text(saved([[(cell or None, "@") for cell in row] for row in table]), encoding="utf-8")


def xml_by_hand(path: Path, table: Table) -> None:
    path.write_text(plain(table), encoding="utf-8")


KINDS: dict[str, Callable[[Path, Table], None]] = {
    "comma.csv": text("utf-8", ","), "quoted.csv": text("cp1252", ";", csv.QUOTE_ALL), "tab.tsv": text("utf-8-sig", "\t"),
    "bar.csv": text("utf-8", "|", end="\n"), "wide.csv": text("utf-16", ";"), "unmarked.csv": text("utf-16-le", ";"),
    "page.html": html, "saved.xml": xml, "by_hand.xls": xml_by_hand, "open.ods": ods,
}  # fmt: skip
OF_KIND = ("web page", "XML", "encoding", "zero bytes")
"""What notes say of one kind of file alone."""

WORDS = st.sampled_from(
    ["José Ñuñez", "O'Brien & Hijos", "a@mail.example", "76.086.428-5", "00123", "1.234,56", "15/03/2024", "+56 9 6123 4567",
     "Calle 1, Depto 2", "x;y", "a|b", 'di"jo', '"Q"', "TRUE", "#N/A", "=1+1", "-", "línea 1\nlínea 2", "Total", "TOTAL", "0", ""]
)  # fmt: skip
HEADERS = ["Nombre", "Correo", "RUT", "Teléfono", "Dirección", "Ciudad", "Saldo", "Fecha", "Notas", "Código"]
FILLED = st.integers(0, 999)


@st.composite
def tables(draw: st.DrawFn) -> Table:
    """A list as programs export it: titles, blank rows, repeated headers, equal ones, columns without one, totals, a last line."""
    width = draw(st.integers(2, 6))
    headers = draw(st.permutations(HEADERS))[:width]
    odd = draw(st.sampled_from(["", "", "", "twice", "none"]))
    if odd:
        headers = [*headers[:-1], headers[0] if odd == "twice" else ""]
    blank = [""] * width

    def row(i: int) -> list[str]:
        usual = [
            f"Cliente {i} SpA",
            f"c{i}@mail.example",
            f"76.{i:03}.428-5",
            f"Calle {i}, Depto {i}",
            f"{i:05}",
            f"nota; {i}",
        ]
        return [draw(WORDS) if draw(st.integers(0, 5)) == 0 else usual[c % len(usual)] for c in range(width)]

    title = draw(st.sampled_from([[], [["Listado de clientes"]], [["Empresa SpA"], ["Fecha:", "03/2024"], []]]))
    made = [[*cells, *blank][:width] for cells in title] + [headers]
    for i in range(draw(st.integers(1, 12))):
        made += draw(st.sampled_from([[], [], [], [], [], [], [], [blank], [headers]]))
        made.append(row(i))
    made += draw(st.sampled_from([[], [], [[*blank[:-2], "Total", "99"]], [blank, ["TOTAL GENERAL", *blank[1:]]],
                                  [["Generado por ERP el 15/03/2024", *blank[1:]]]]))  # fmt: skip
    return [[*cells, ""] for cells in made] if draw(st.integers(0, 6)) == 0 else made


def seen(path: Path, write: Callable[[Path, Table], None], table: Table) -> tuple[Any, ...]:
    """All that a run takes from a file, without the empty columns behind the last; or why it takes nothing."""
    write(path, table)
    try:
        sheet = open_sheet(path, ReadOptions(), path.parent, Silent())
        batches = list(sheet.batches(1000))
    except Unreadable as stop:
        return (stop.message.replace(path.name, "FILE"),)
    rows = [[cell or "" for cell in row] for b in batches for row in b.cells.rows()]
    width = max(
        [i + 1 for row in [list(sheet.headers), *(row[1:] for row in rows)] for i, c in enumerate(row) if c], default=0
    )
    notes = [note for note in sheet.facts.notes if not any(word in note for word in OF_KIND)]
    issues = [row for b in batches for row in b.issues.select("at", "column", "code").rows()]
    return (
        sheet.facts.header_row,
        sheet.headers[:width],
        [row[: width + 1] for row in rows],
        notes,
        sorted(issues, key=str),
    )


@pytest.fixture
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """The child's own work, without a child for each file; children have tests of their own."""

    def run(path: Path, kind: str, name: str, sheet: str | None, scratch: Path, encoding: str = "") -> dict[str, Any]:
        return read_inside({"path": str(path), "kind": kind, "name": name, "sheet": sheet, "scratch": str(scratch), "encoding": encoding})  # fmt: skip

    monkeypatch.setattr(cage, "run", run)


@pytest.mark.usefixtures("in_this_process")
@settings(max_examples=25, derandomize=True, deadline=None, phases=[Phase.generate],
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
@given(table=tables())
def test_a_table_is_the_same_in_every_kind_of_file(tmp_path: Path, table: Table) -> None:
    """What an .xlsx workbook gives, ten other kinds give; titles, totals and repeated headers are told alike."""
    wanted = seen(tmp_path / "list.xlsx", xlsx, table)
    for name, write in KINDS.items():
        assert seen(tmp_path / name, write, table) == wanted, name
