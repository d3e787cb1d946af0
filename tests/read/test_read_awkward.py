"""Files that programs really write and that once were read wrong in silence: each has its own test."""

import os

import openpyxl
import pytest

from pipeline.errors import Unreadable
from pipeline.progress import Silent
from pipeline.read import ReadOptions, open_sheet, proof, wellformed

BODY = "".join(f"Cliente {i},{i:08},a{i}@empresa.cl\n" for i in range(300))
HEAD = "Nombre,Código,Correo\n"


def read(path, **options):
    """The sheet, its rows, and its problems as (row position, column, code)."""
    sheet = open_sheet(path, ReadOptions(**options), path.parent, Silent())
    batches = list(sheet.batches(1000))
    problems = [row for b in batches for row in b.issues.select("at", "column", "code").rows()]
    return sheet, [row for b in batches for row in b.cells.rows()], problems


def text(tmp_path, content, name="list.csv", **options):
    path = tmp_path / name
    path.write_bytes(content.encode())
    return read(path, **options)


@pytest.fixture(params=["fast", "careful"], autouse=True)
def way(request, monkeypatch):
    """Each file goes both ways; what looks irregular to the fast one goes the careful way by itself."""
    monkeypatch.setattr(wellformed, "SMALL", 0 if request.param == "fast" else 1 << 30)
    return request.param


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
@pytest.mark.parametrize(
    "title", ["Listado de clientes{end}Noviembre{end}", '"Listado",,{end}"Noviembre, 2026",,{end}', ""]
)
def test_title_rows_with_other_line_ends_hide_no_customer(tmp_path, title, end):
    """Rows above the header may end otherwise than those below: no customer is taken for a title."""
    sheet, rows, problems = text(tmp_path, title.format(end=end) + HEAD + BODY)
    above = title.count("{end}")
    assert sheet.facts.header_row == above + 1
    assert [row[1] for row in rows] == [f"Cliente {i}" for i in range(300)]
    assert [rows[0][0], rows[-1][0], problems] == [above + 2, above + 301, []]


@pytest.mark.parametrize("begin", ["x^", "x\x01", "x\u0681", "\ufeff", "a"])
def test_bytes_that_look_like_something_else_are_only_text(tmp_path, monkeypatch, begin):
    """A header or a record may begin with what begins compressed data, or a byte order mark elsewhere, at any block."""
    body = "".join(f"{begin}{i},{i:08},a{i}@empresa.cl\n" for i in range(300))
    for chunk in (64, 1 << 20):
        monkeypatch.setattr(proof, "CHUNK", chunk)
        sheet, rows, _ = text(tmp_path, begin + HEAD + body, header_row=1)
        assert sheet.headers[0] == begin.removeprefix("\ufeff") + "Nombre"
        assert [row[1] for row in rows] == [f"{begin}{i}" for i in range(300)]


def test_batches_are_cut_evenly_whatever_the_blocks(tmp_path, monkeypatch):
    """Blocks of the proof and batches of the caller have nothing to do with each other; each row comes once."""
    path = tmp_path / "list.csv"
    path.write_text(HEAD + BODY, encoding="utf-8")
    for chunk in (100, 1000, 1 << 20):
        monkeypatch.setattr(proof, "CHUNK", chunk)
        sheet = open_sheet(path, ReadOptions(), tmp_path, Silent())
        for size in (1, 7, 64, 299, 1000):
            batches = [b.cells for b in sheet.batches(size)]
            assert max(b.height for b in batches) <= size
            assert [n for b in batches for n in b["row"]] == list(range(2, 302))


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_joined_files_bring_their_header_along(tmp_path, mark):
    """Two exports joined into one: the second header, with its byte order mark or without, is no customer."""
    one = "Ana,1,a@empresa.cl\nEva,2,e@empresa.cl\n"
    sheet, rows, _ = text(tmp_path, f"\ufeff{HEAD}{one}{mark}{HEAD}{one}")
    assert [row[1] for row in rows] == ["Ana", "Eva", "Ana", "Eva"]
    assert any("repeats the header" in note for note in sheet.facts.notes)


@pytest.mark.parametrize("error", ["#REF!", "#¡REF!", "#VALUE!", "#¡VALOR!", "#DIV/0!", "#NAME?", "#¿NOMBRE?", "#NÚM!"])
@pytest.mark.parametrize("quoted", [True, False])
def test_an_error_value_in_a_text_file_is_no_name(tmp_path, error, quoted):
    """What a failed formula left behind is an error, also where the file came as CSV; a number sign is none."""
    bad = f'"{error}"' if quoted else error
    _, rows, problems = text(tmp_path, HEAD + BODY + f"{bad},9,z@empresa.cl\nCalle #5 VALOR!,#8,y@empresa.cl\n")
    assert rows[-2][1] == error
    assert problems == [(300, "Nombre", "cell.spreadsheet_error")]


@pytest.mark.parametrize("cell", ['="00123"', '"=""00123"""'])
def test_a_formula_that_only_keeps_zeros_is_its_text(tmp_path, cell):
    """`="00123"` shows as 00123 in a spreadsheet program, and is read so, and said; other formulas stay as they are."""
    sheet, rows, problems = text(tmp_path, HEAD + BODY + f"Ana,{cell},a@empresa.cl\nEva,=A1,e@empresa.cl\n")
    assert [row[2] for row in rows[-2:]] == ["00123", "=A1"]
    assert problems == []
    assert any('="text"' in note for note in sheet.facts.notes)


def test_bare_decimal_commas_are_a_question(tmp_path):
    """Each amount `100,50` without quotation marks makes two cells: 100 would go in, and 50 nowhere."""
    content = "Nombre,Correo,Límite\n" + "".join(f"Ana {i},a{i}@empresa.cl,100,50\n" for i in range(9))
    with pytest.raises(Unreadable) as stop:
        text(tmp_path, content)
    assert "--header-row 1" in stop.value.remedy
    sheet, rows, _ = text(tmp_path, content, header_row=1)
    assert sheet.headers == ("Nombre", "Correo", "Límite", "")
    assert rows[0][3:] == ("100", "50")


FOOTERS = ["Total de registros: 300", "Total clientes: 300,,9000", "300 registros", "(300 rows affected)", "(300 filas afectadas)",
           "Fecha de impresión: 21/11/2026", "Generado por ERP el 01-02-2026 10:30", "--- Fin del reporte ---", "\x1a", ",,Total:"]  # fmt: skip


@pytest.mark.parametrize("footer", FOOTERS)
def test_what_a_program_prints_below_a_list_is_no_customer(tmp_path, footer):
    """Counts, dates of printing and the end mark of DOS are left out, and shown; row by row in any place else they stay."""
    sheet, rows, problems = text(tmp_path, HEAD + BODY + "\n" + footer + "\n")
    assert (len(rows), sheet.facts.rows, problems) == (300, 300, [])
    assert any("left out as totals or footers" in note for note in sheet.facts.notes)
    _, rows, _ = text(tmp_path, HEAD + footer + "\n" + BODY)
    assert len(rows) == 301


@pytest.mark.parametrize(
    "name", ["Generado SpA", "Fin de Semana Ltda.", "300 Registros SpA", "Total Clientes SpA", "Printed 3D"]
)
def test_customers_with_such_names_stay(tmp_path, name):
    """The last customer may be called like a footer."""
    _, rows, _ = text(tmp_path, HEAD + BODY + f"{name},,z@empresa.cl\n{name},,\n")
    assert [row[1] for row in rows[-2:]] == [name, name]


def workbook(tmp_path, fill):
    book = openpyxl.Workbook()
    fill(book, book.active)
    path = tmp_path / "list.xlsx"
    book.save(path)
    return path


def filled(sheet, rows):
    for row in rows:
        sheet.append(row)


SPANISH = [["Nombre", "RUT", "Correo"], ["Ana", "1-9", "a@empresa.cl"], ["Eva", "2-7", "e@empresa.cl"]]
ENGLISH = [["Name", "Tax id", "Email"], ["Bob", "3-5", "b@empresa.cl"], ["Joe", "4-3", "j@empresa.cl"]]


def test_the_same_list_in_two_languages_is_a_question(tmp_path):
    """Sheets whose columns hold the same kinds of values, e-mail addresses among them, are rivals whatever their headers."""

    def two(book, sheet):
        filled(sheet, SPANISH)
        filled(book.create_sheet("Customers"), ENGLISH)

    path = workbook(tmp_path, two)
    with pytest.raises(Unreadable) as stop:
        read(path)
    assert "Customers" in stop.value.remedy
    assert [row[1] for row in read(path, sheet="Customers")[1]] == ["Bob", "Joe"]


def test_a_sheet_without_addresses_is_no_rival(tmp_path):
    """Prices beside customers are named in a note, and no question."""

    def two(book, sheet):
        filled(sheet, SPANISH)
        filled(book.create_sheet("Precios"), [["Producto", "Clave", "Precio"], ["Pan", "x", "10"], ["Sal", "y", "20"]])

    sheet, rows, _ = read(workbook(tmp_path, two))
    assert [row[1] for row in rows] == ["Ana", "Eva"]
    assert any("Precios" in note for note in sheet.facts.notes)


def test_names_under_a_group_of_two_columns_are_a_second_header_row(tmp_path):
    """`Contacto` over `Correo` and `Código`, the others merged downwards: the second row is no customer."""

    def grouped(_, sheet):
        filled(sheet, [["Nombre", "RUT", "Contacto"], [None, None, "Correo", "Código"]])
        filled(sheet, [["Ana", "1-9", "a@empresa.cl", "00123"], ["Eva", "2-7", "e@empresa.cl", "00456"]])

    with pytest.raises(Unreadable) as stop:
        read(workbook(tmp_path, grouped))
    assert "--header-row" in stop.value.remedy


def test_a_file_whose_name_is_no_text_is_read(tmp_path):
    """As old archives leave it: bytes of another encoding. It has a name that can be written, and the same rows."""
    path = tmp_path / os.fsdecode(b"Jos\x82.csv")
    try:
        path.write_text(HEAD + BODY, encoding="utf-8")
    except OSError:
        pytest.skip("this file system has no such names")
    sheet, rows, _ = read(path)
    assert (sheet.facts.name, len(rows)) == ("Jos\ufffd.csv", 300)
