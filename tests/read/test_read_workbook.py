"""Workbooks: every kind of cell as a person sees it, sheets, damage, and the cage."""

import datetime as dt
import io
import re
import zipfile
from pathlib import Path

import openpyxl
import polars as pl
import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.errors import Unreadable
from pipeline.progress import Silent
from pipeline.read import ReadOptions, cage, open_sheet
from pipeline.read.inside import read as read_inside
from pipeline.read.ooxml import Package
from pipeline.read.quick import Irregular


def opened(path, tmp_path, **options):
    sheet = open_sheet(path, ReadOptions(**options), tmp_path, Silent())
    batches = list(sheet.batches(3))
    rows = [row for b in batches for row in b.cells.rows()]
    issues = [
        (b.cells["row"][i["at"]], i["column"], i["code"], i["value"])
        for b in batches
        for i in b.issues.iter_rows(named=True)
    ]
    return sheet, rows, issues


@pytest.fixture
def book(tmp_path):
    """Writes a workbook with the given cells (value, number format) under headers A1, B1 ..."""

    def write(rows, headers=("Nombre", "Valor"), name="list.xlsx", **options):
        path = tmp_path / name
        with xlsxwriter.Workbook(path, options) as out:
            sheet = out.add_worksheet("Clientes")
            sheet.write_row(0, 0, headers)
            for r, row in enumerate(rows, 1):
                for c, (value, code) in enumerate(row):
                    style = out.add_format({"num_format": code}) if code else None
                    if isinstance(value, str) and value.startswith("="):
                        sheet.write_formula(r, c, value, style, "")
                    elif isinstance(value, str):
                        sheet.write_string(r, c, value, style)
                    else:
                        sheet.write(r, c, value, style)
        return path

    return write


PARTED = re.compile(r"\d+\.\d+")
CELLS = [
    (123, "00000", "00123"),
    ("00123", "", "00123"),
    (123.0, "", "123"),
    (56987654321, "", "56987654321"),
    (56987654321, "0.00E+00", "56987654321"),
    (123456785, "00\\.000\\.000\\-0", "12.345.678-5"),
    (987654321, '"+56 "0 0000 0000', "+56 9 8765 4321"),
    (42, '"ID-"0000', "ID-0042"),
    (72.96499999999999, "", "72.965"),
    (1234.5, "#,##0.00", "1234.5"),
    (1500000, "[$$-340A]#,##0", "1500000"),
    (0.19, "0%", "19%"),
    (0.0000015, "", "0.0000015"),
    (-7, "0.00", "-7"),
    (True, "", "TRUE"),
    (False, "", "FALSE"),
    (dt.date(2024, 1, 31), "dd/mm/yyyy", "2024-01-31"),
    (dt.datetime(2024, 1, 31, 8, 30), "yyyy-mm-dd hh:mm", "2024-01-31 08:30:00"),
    (dt.time(8, 30), "hh:mm", "08:30:00"),
    ("  José\n& <b> ", "", "  José\n& <b> "),
]


@pytest.mark.parametrize("old", [False, True], ids=["1900", "1904"])
def test_cells_are_what_a_person_sees(book, tmp_path, old):
    """Every kind of cell, in both date systems; and the second pass over the rows equals the first."""
    path = book([[(f"n{i}", ""), (value, code)] for i, (value, code, _) in enumerate(CELLS)], date_1904=old)
    sheet, rows, issues = opened(path, tmp_path)
    assert [row[2] for row in rows] == [text for _, _, text in CELLS]
    fractions = [(n, "cell.fraction", text) for n, (_, _, text) in enumerate(CELLS, 2) if PARTED.fullmatch(text)]
    assert [(row, code, value) for row, _, code, value in issues] == fractions
    assert sheet.facts.rows == len(CELLS)
    assert [row for b in sheet.batches(100) for row in b.cells.rows()] == rows


def test_what_a_reader_would_lose_is_an_issue(tmp_path):
    """Errors, formulas without result and numbers beyond 15 digits, each with its row and column."""
    path = tmp_path / "a.xlsx"
    out = openpyxl.Workbook()
    for row in [["Name", "Id"], ["a", "#N/A"], ["b", "=1+1"], ["c", 12345678901234567890], ["d", 123456789012345]]:
        out.active.append(row)
    out.active["B2"].data_type = "e"
    out.save(path)
    _, rows, issues = opened(path, tmp_path)
    assert issues == [
        (2, "Id", "cell.spreadsheet_error", "#N/A"),
        (3, "Id", "cell.formula_without_value", None),
        (4, "Id", "cell.precision_lost", "12345678901234567000"),
    ] or issues[2][:3] == (4, "Id", "cell.precision_lost")
    assert "E" not in rows[2][2]
    assert rows[3][2] == "123456789012345"


def test_a_formula_shows_its_result(tmp_path):
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as out:
        sheet = out.add_worksheet()
        sheet.write_row(0, 0, ["Name", "Sum", "Text"])
        sheet.write_row(1, 0, ["a"])
        sheet.write_formula(1, 1, "=1+1", None, 2)
        sheet.write_formula(1, 2, '=""', None, "x")
    assert opened(path, tmp_path)[1:] == ([(2, "a", "2", "x")], [])


def test_blank_rows_count_and_hidden_things_are_said(tmp_path):
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as out:
        out.add_worksheet("Vacía")
        sheet = out.add_worksheet("Datos")
        out.add_worksheet("Notas").write(0, 0, "x")
        out.add_worksheet("Oculta").hide()
        sheet.write_row(2, 1, ["Name", "City"])
        sheet.write_row(4, 1, ["a", "b"])
        sheet.write_row(6, 1, ["Eva Paz", "Lima"])
        sheet.set_row(6, None, None, {"hidden": True})
        sheet.merge_range("B9:C10", "Ana Gil")
    sheet, rows, _ = opened(path, tmp_path)
    assert [(row[0], row[2], row[3]) for row in rows] == [(5, "a", "b"), (7, "Eva Paz", "Lima"), (9, "Ana Gil", None)]
    assert (sheet.facts.sheet, sheet.facts.header_row) == ("Datos", 3)
    said = " ".join(sheet.facts.notes)
    assert all(word in said for word in ("'Notas'", "'Oculta'", "1 hidden row", "1 merged"))
    with pytest.raises(Unreadable, match="no sheet 'Otra'") as caught:
        opened(path, tmp_path, sheet="Otra")
    assert "'Datos'" in caught.value.remedy


def changed(path, part, change) -> Path:
    """The same package with one part's text changed."""
    out = path.with_name("changed.xlsx")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            data = old.read(entry)
            new.writestr(entry.filename, change(data) if entry.filename == part else data)
    return out


SHEET = "xl/worksheets/sheet1.xml"
ENTITY = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">]><worksheet'


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda d: d.replace(b"<worksheet", ENTITY, 1), "entities"),
        (lambda d: d[: len(d) // 2], "damaged"),
        (lambda d: d.replace(b"<v>0</v>", b"<v>99999</v>"), "texts that are not in the file"),
        (lambda d: d.replace(b'r="A1"', b'r="ZZZZ1"'), "damaged"),
    ],
)
def test_damage_ends_as_a_clear_error(book, tmp_path, change, word):
    path = changed(book([[("a", ""), (1, "")]]), SHEET, change)
    with pytest.raises(Unreadable, match=word):
        opened(path, tmp_path)


def test_a_zip_bomb_is_refused_before_unpacking(tmp_path):
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out, out.open(SHEET, "w", force_zip64=True) as part:
        for _ in range(300):
            part.write(bytes(1 << 20))
    with pytest.raises(Unreadable, match="too large inside"):
        opened(path, tmp_path)


def test_a_child_that_dies_or_lingers_leaves_a_clear_error(book, tmp_path, monkeypatch):
    """Neither the memory nor the time limit harms the parent."""
    path = book([[("a", ""), (1, "")]])
    monkeypatch.setattr(cage, "_ready", [])
    monkeypatch.setattr(cage, "SECONDS", 0)
    with pytest.raises(Unreadable, match="longer than 0 seconds"):
        opened(path, tmp_path)
    monkeypatch.undo()
    monkeypatch.setattr(cage, "_ready", [])
    monkeypatch.setattr(cage, "MODULE", "pipeline.no_such_module")
    with pytest.raises(Unreadable, match="damaged, or needs more than"):
        opened(path, tmp_path)


def test_a_child_that_is_ready_reads_and_one_that_has_died_is_replaced(book, tmp_path, monkeypatch):
    """A child started before its job is known gives the same rows, and it is one child for one job."""
    ready: list = []
    monkeypatch.setattr(cage, "_ready", ready)
    path = book([[("a", ""), (1, "")]])
    cage.get_ready()
    cage.get_ready()
    (child,) = ready
    rows = opened(path, tmp_path)[1]
    assert rows == [(2, "a", "1")]
    assert child.poll() is not None and not ready
    cage.get_ready()
    ready[0].kill()
    ready[0].communicate()
    assert opened(path, tmp_path)[1] == rows


def test_a_child_without_a_job_ends_with_its_input(monkeypatch):
    """What was got ready and is not needed does not outlive the process that wanted it."""
    ready: list = []
    monkeypatch.setattr(cage, "_ready", ready)
    cage.get_ready()
    assert ready[0].communicate(timeout=120) == (None, None)
    assert ready[0].returncode == 0


def test_columns_beyond_reason_are_refused(tmp_path):
    path = tmp_path / "wide.xlsx"
    with xlsxwriter.Workbook(path) as out:
        out.add_worksheet().write_row(0, 0, ["x"] * 3000)
    with pytest.raises(Unreadable, match="more than 2,000 columns"):
        opened(path, tmp_path)


@settings(max_examples=60, derandomize=True, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
@given(data=st.data())
def test_changed_bytes_never_crash_the_reader(book, tmp_path, data):
    """Whatever bytes of a sheet change: rows or a clear error, nothing else."""
    path = book([[("a", ""), (1, "00000")], [("b", ""), (dt.date(2024, 1, 1), "yyyy-mm-dd")]])

    def damage(part: bytes) -> bytes:
        spoiled = bytearray(part)
        for _ in range(data.draw(st.integers(1, 4))):
            spoiled[data.draw(st.integers(0, len(part) - 1))] = data.draw(st.integers(0, 255))
        return bytes(spoiled)

    part = data.draw(st.sampled_from([SHEET, "xl/styles.xml", "xl/workbook.xml", "xl/sharedStrings.xml"]))
    job = {
        "path": str(changed(path, part, damage)),
        "kind": "xlsx",
        "name": "x",
        "sheet": None,
        "scratch": str(tmp_path),
    }
    try:
        found = read_inside(job)
    except Unreadable as stop:
        assert stop.remedy
    else:
        assert found["width"] >= 0


VALUES = st.one_of(
    st.integers(-(10**15) + 1, 10**15 - 1),
    st.decimals(-(10**6), 10**6, places=4).map(float),
    st.booleans(),
    st.datetimes(dt.datetime(1900, 3, 1), dt.datetime(9000, 1, 1)).map(lambda d: d.replace(microsecond=0)),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20),
)


def seen(value: object) -> str | None:
    """What openpyxl's value means as text."""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, dt.datetime):
        return str(value.date()) if value.time() == dt.time() else str(value.replace(microsecond=0))
    if isinstance(value, float):
        return f"{value:.15g}" if "e" not in f"{value:.15g}" else f"{value:.15f}".rstrip("0")
    return None if value is None else str(value)


@settings(max_examples=25, derandomize=True, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
@given(rows=st.lists(st.lists(VALUES, min_size=20, max_size=20), min_size=1, max_size=4))
def test_cells_equal_what_openpyxl_reads(tmp_path, rows):
    """Workbooks of 20 columns of every cell type, cell for cell."""
    path = tmp_path / "peer.xlsx"
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"default_date_format": "yyyy-mm-dd hh:mm:ss", "strings_to_numbers": False,
                                      "strings_to_formulas": False, "strings_to_urls": False}) as out:  # fmt: skip
        sheet = out.add_worksheet()
        for r, row in enumerate(rows):
            for c, value in enumerate(row):
                sheet.write_string(r, c, value) if isinstance(value, str) else sheet.write(r, c, value)
    path.write_bytes(stream.getvalue())
    job = {"path": str(path), "kind": "xlsx", "name": "x", "sheet": None, "scratch": str(tmp_path)}
    found = read_inside(job)
    got = pl.read_ipc(tmp_path / found["folder"] / "000000.arrow").rows()
    peer = openpyxl.load_workbook(path).active
    wanted = [(i, *(seen(v) for v in row)) for i, row in enumerate(peer.iter_rows(values_only=True), 1)]
    assert got == wanted


ODD = [  # shapes of cells that programs write, usual and not
    '<c r="{c}{r}" t="s"><v>0</v></c>', '<c r="{c}{r}" t="s" s="1"><v>1</v></c>', '<c r="{c}{r}" s="1"><v>42</v></c>',
    '<c r="{c}{r}"><v>1.50</v></c>', '<c r="{c}{r}"><v>12345678901234567</v></c>', '<c r="{c}{r}" s="1"/>',
    '<c r="{c}{r}" t="b"><v>1</v></c>', '<c r="{c}{r}" t="e"><v>#REF!</v></c>', '<c r="{c}{r}"><f>A1</f></c>',
    '<c r="{c}{r}" t="str"><f>A1</f><v></v></c>', '<c r="{c}{r}" t="str"><f t="shared" si="0"/><v>a &amp;lt; b</v></c>',
    '<c r="{c}{r}" t="inlineStr"><is><t xml:space="preserve"> x </t></is></c>', '<c r="{c}{r}"><v>-0.5</v></c>',
    '<c r="{c}{r}" t="inlineStr"><is><r><t>ri</t></r><r><t>ch</t></r></is></c>', '<c t="str" r="{c}{r}"><v>z</v></c>',
    '<c r="{c}{r}" t="str"><v>a_x000D_b&#10;c</v></c>', '<c r="{c}{r}" s="2"><v>45000.25</v></c>', '<c><v>7</v></c>',
    "<c r='{c}{r}'><v>8</v></c>", '<c r="{c}{r}" t="str"><v><![CDATA[<v>]]></v></c>', '<c r="{c}{r}" t="n"><v/></c>',
]  # fmt: skip


@settings(max_examples=80, derandomize=True, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
@given(rows=st.lists(st.lists(st.sampled_from(ODD), max_size=5), min_size=1, max_size=8), usual=st.booleans())
def test_the_fast_pass_reads_what_the_parser_reads(book, tmp_path, rows, usual):
    """Whatever shapes the cells have, both ways give the same rows and problems."""
    xml = ""
    for r, cells in enumerate(rows, 1):
        shapes = [cell if not usual else ODD[ODD.index(cell) % 13] for cell in cells]
        xml += f'<row r="{2 * r}">' + "".join(s.format(c="ABCDE"[i], r=2 * r) for i, s in enumerate(shapes)) + "</row>"
    start = b"<sheetData>"
    path = changed(
        book([[("a", "00000"), (dt.date(2024, 1, 1), "yyyy-mm-dd")]], headers=("x", "y & z")), SHEET,
        lambda d: d[: d.index(start) + len(start)] + xml.encode() + d[d.index(b"</sheetData>") :],
    )  # fmt: skip
    package = Package(path, "x")
    slow = [(r.number, r.cells, sorted(r.problems)) for r in package.rows("Clientes")]
    fast = []
    try:
        for piece in package.pieces("Clientes"):
            said = piece.problems.select("row", "col", "code", "value").rows()
            for row in piece.cells.rows():
                cells = {i: cell for i, cell in enumerate(row[1:]) if cell is not None}
                fast.append((row[0], cells, sorted(p[1:] for p in said if p[0] == row[0])))
    except Irregular:
        assert "CDATA" in xml
    else:
        assert fast == slow
