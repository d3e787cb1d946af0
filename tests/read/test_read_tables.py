"""Several tables in one file: the run stops where two are equally likely, and a choice reads one of them alone."""

import pytest

from pipeline.errors import Unreadable
from pipeline.progress import Silent
from pipeline.read import ReadOptions, open_sheet, wellformed
from pipeline.read.kinds import kind

CLIENTS = "Nombre,RUT,Correo,Desde\n" + "".join(f"Ana {i},{i}-9,a{i}@x.example,2020-01-{i:02}\n" for i in range(1, 9))
GOODS = "Producto,Precio,Stock,Alta\n" + "".join(f"Silla {i},{i}200,{i},2021-02-{i:02}\n" for i in range(1, 7))


def read(tmp_path, text, **options):
    path = tmp_path / "list.csv"
    path.write_text(text, encoding="utf-8")
    sheet = open_sheet(path, ReadOptions(**options), tmp_path, Silent())
    rows = [row for batch in sheet.batches(4) for row in batch.cells.rows()]
    assert len(rows) == sheet.facts.rows
    return sheet, rows


@pytest.mark.parametrize("small", [0, 1 << 30])
@pytest.mark.parametrize("title", ["", "Lista de productos,,,\n"])
def test_two_tables_are_a_question_and_each_can_be_chosen(tmp_path, monkeypatch, small, title):
    """The message shows both header rows; the choice of the first ends above the second, and says so."""
    monkeypatch.setattr(wellformed, "SMALL", small)
    text = CLIENTS + "\n" + title + GOODS
    second = 12 if title else 11
    with pytest.raises(Unreadable) as stop:
        read(tmp_path, text)
    assert "--header-row 1" in stop.value.remedy
    assert f"--header-row {second}" in stop.value.remedy
    sheet, rows = read(tmp_path, text, header_row=1)
    assert (sheet.headers[1], len(rows), rows[-1][1]) == ("RUT", 8, "Ana 8")
    assert any("another table" in note for note in sheet.facts.notes)
    sheet, rows = read(tmp_path, text, header_row=second)
    assert (sheet.headers[0], len(rows), rows[0][1]) == ("Producto", 6, "Silla 1")


def test_groups_between_blank_rows_are_one_table(tmp_path):
    """Blank rows between customers, titles of groups and a row with a faulty cell divide no table."""
    lines = CLIENTS.splitlines(keepends=True)
    text = "".join([*lines[:4], "\n", "Pérez,sin rut,no tiene,ayer\n", *lines[4:6], ",,,\n\n", *lines[6:]])
    _, rows = read(tmp_path, text)
    assert len(rows) == 9


@pytest.mark.parametrize("small", [0, 1 << 30])
@pytest.mark.parametrize("between", ["", "\n"])
def test_a_header_repeated_on_every_page_is_no_customer(tmp_path, monkeypatch, small, between):
    """It is left out wherever it stands, and said; the rows of all pages are one table."""
    monkeypatch.setattr(wellformed, "SMALL", small)
    sheet, rows = read(tmp_path, CLIENTS + between + CLIENTS + between + CLIENTS)
    assert [row[1] for row in rows] == [f"Ana {i}" for i in range(1, 9)] * 3
    assert any("2 rows that repeat the header" in note for note in sheet.facts.notes)


def test_names_that_equal_the_header_in_part_stay(tmp_path):
    _, rows = read(tmp_path, CLIENTS + "Nombre,RUT,x@y.example,2020-05-05\n")
    assert rows[-1][1] == "Nombre"


def test_the_kind_of_a_long_cell_is_not_looked_for():
    """A page of text is a text, whatever it begins with."""
    assert [kind(cell) for cell in ("a@" + "b." * 20_000 + " y", "1" * 2_000, "ana@mail.example")] == [
        "text",
        "text",
        "email",
    ]
