"""What a file leaves open is decided by evidence: which sheet is the list, which code page, which lines are comments."""

import pytest
import xlsxwriter

from pipeline.errors import Unreadable
from pipeline.progress import Silent
from pipeline.read import ReadOptions, open_sheet
from pipeline.read.encoding import detect

HEADER = ["Nombre", "RUT", "Correo", "Ciudad"]


def clients(count, start=0, mail=True):
    rows = range(start, start + count)
    return [HEADER, *([f"Ana {i}", f"{i}-9", f"a{i}@x.example" if mail else "", "Talca"] for i in rows)]


def book(tmp_path, sheets, hidden=()):
    path = tmp_path / "list.xlsx"
    with xlsxwriter.Workbook(path) as made:
        for name, rows in sheets.items():
            sheet = made.add_worksheet(name)
            for i, row in enumerate(rows):
                sheet.write_row(i, 0, row)
            if name in hidden:
                sheet.hide()
    return path


def read(path, tmp_path, **options):
    sheet = open_sheet(path, ReadOptions(**options), tmp_path, Silent())
    return sheet, [row for batch in sheet.batches(100) for row in batch.cells.rows()]


@pytest.mark.parametrize(
    "second", [clients(300, 50), clients(1, 50), [[*HEADER, "Nota"], *clients(20, 50, mail=False)[1:]]]
)
def test_two_sheets_of_customers_are_a_question(tmp_path, second):
    """Neither is taken for the list while the other would be left behind; both can be named."""
    path = book(tmp_path, {"Chile": clients(40), "México": second})
    if second[1][2] == "":  # no address in the second: the number of rows tells
        assert len(second) > 6
    with pytest.raises(Unreadable) as stop:
        read(path, tmp_path)
    assert "'Chile' (Nombre, RUT, Correo, Ciudad" in stop.value.message
    assert '--sheet "Chile" or --sheet "México"' in stop.value.remedy
    for name, count in (("Chile", 40), ("México", len(second) - 1)):
        sheet, rows = read(path, tmp_path, sheet=name)
        assert (sheet.facts.sheet, len(rows)) == (name, count)


@pytest.mark.parametrize(
    "other",
    [
        [["Producto", "Precio", "Stock"], *([f"Silla {i}", i, i] for i in range(40))],
        [["Nombre", "Total"], *([f"Ana {i}", i] for i in range(40))],
        [HEADER],
    ],
)
def test_a_sheet_of_another_kind_is_named_and_no_question(tmp_path, other):
    """Goods, a pivot and an empty form beside the list; the list is read, what has rows is named."""
    sheet, rows = read(book(tmp_path, {"Clientes": clients(8), "Otra": other}), tmp_path)
    assert (sheet.facts.sheet, len(rows)) == ("Clientes", 8)
    assert any("'Otra'" in note for note in sheet.facts.notes)


def test_a_hidden_copy_is_said_and_no_rival(tmp_path):
    path = book(tmp_path, {"Clientes": clients(8), "Copia": clients(8)}, hidden={"Copia"})
    sheet, rows = read(path, tmp_path)
    assert len(rows) == 8
    assert any("a hidden sheet was not read: 'Copia'" in note for note in sheet.facts.notes)


@pytest.mark.parametrize("first", [True, False])
def test_a_sheet_that_explains_the_columns_is_no_list(tmp_path, first):
    """A form's help and the lists of its drop-downs cause no note, wherever they stand."""
    help_ = [["Clientes"], ["Un cliente por fila."], [], ["Columna", "Qué es"], *([h, "texto"] for h in HEADER)]
    sheets = {"Ayuda": help_, "Clientes": clients(3)} if first else {"Clientes": clients(3), "Ayuda": help_}
    sheet, rows = read(book(tmp_path, sheets | {"Listas": [["Chile"]]}, hidden={"Listas"}), tmp_path)
    assert (sheet.facts.sheet, len(rows), sheet.facts.notes) == ("Clientes", 3, ())


def encoded(tmp_path, text, encoding):
    path = tmp_path / "list.csv"
    path.write_bytes(text.encode(encoding))
    return detect(path, None, "list.csv")


@pytest.mark.parametrize(
    "text",
    ["Ana;é\nEva;á\nLuz;ñ\n", "Ana;É\nEva;Ñ\n", "x;ã\ny;ç\n", "Ana é Luis;1\n", "O’Higgins;1\n", "Joe’s;1\n", "Søren;Århus\n",
     "Precio;5 €\n", "Nº 5;1ª\n", "“hola” – x;1\n", "Año;1\n", "L'Haÿ;1\n", "MUÑOZ;PEÑA\n"],
)  # fmt: skip
def test_few_accents_are_read_in_the_usual_page(tmp_path, text):
    """A letter alone, a sign or a curly apostrophe is what nearly all such files mean by it."""
    assert encoded(tmp_path, "Nombre;Nota\n" + text, "cp1252").name in {"cp1252", "iso8859-15"}


@pytest.mark.parametrize("page", ["cp850", "mac-roman", "cp1252"])
def test_words_tell_the_page(tmp_path, page):
    """Accented letters inside of words outweigh how usual a page is."""
    text = "Nombre;Ciudad\nJosé Muñoz;Bogotá\nMaría Peña;Córdoba\nJoão Conceição;São Paulo\n"
    assert encoded(tmp_path, text, page).name == page
    assert encoded(tmp_path, "Nombre\nMaría\nGarcía\n", page).name == page


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("cp1251", "Имя;Город\nИван Петров;Москва\nАнна Каренина;Киев\nЛев Толстой;Ясная Поляна\n"),
        ("cp1253", "Γιώργος Παπαδόπουλος;Αθήνα\n"),
    ],
)
def test_another_alphabet_is_a_guess_and_says_so(tmp_path, page, text):
    found = encoded(tmp_path, "Name;City\n" + text, page)
    assert (found.name, "guess" in found.note) == (page, True)


def test_how_sure_the_page_is(tmp_path):
    """Letters in words are told, a letter alone is likely; --encoding is named where there is a doubt."""
    assert "told by" in encoded(tmp_path, "Nombre\nJosé Muñoz\nMaría Peña\n", "cp1252").note
    assert "likely" in (note := encoded(tmp_path, "Nombre;Talla\nAna;ã\n", "cp1252").note)
    assert "--encoding" in note


def test_a_doubtful_page_shows_its_words_and_those_of_the_others(tmp_path):
    """Who knows the customers sees at a glance which reading is right, and what to type."""
    note = encoded(tmp_path, "Nombre;Nota\nAna;é\nEva;á\nLuz;ñ\n", "cp850").note
    assert "'é', 'á', 'ñ'" in note
    assert "cp1252 ('‚'" in note
    assert "--encoding" in note
    guess = encoded(tmp_path, "Имя;Город\nИван Петров;Москва\nАнна Каренина;Киев\n", "cp1251").note
    assert "'Имя', 'Город'" in guess


def test_comment_lines_are_quoted_in_the_note(tmp_path):
    """Whoever meant one as a customer sees it; only the first are shown."""
    path = tmp_path / "list.csv"
    lines = "".join(f"# exportado {i}\n" for i in range(7))
    path.write_text(lines + "Nombre,RUT\nAna,1-9\nEva,2-7\nLuz,3-5\n", encoding="utf-8")
    sheet, rows = read(path, tmp_path)
    assert len(rows) == 3
    (note,) = [n for n in sheet.facts.notes if "comment" in n]
    assert note.startswith("7 comment lines")
    assert "row 1 ('# exportado 0')" in note
    assert note.endswith("and 2 more")


def test_a_summary_before_the_list_is_not_the_list(tmp_path):
    """A narrow first sheet without an address gives way to a wide one with addresses; which was left out is said."""
    wide = [[*HEADER, "País"], *([*row, "CL"] for row in clients(3)[1:])]
    sheet, rows = read(book(tmp_path, {"Resumen": [["Mes", "Clientes"], ["Enero", 5]], "Lista": wide}), tmp_path)
    assert (sheet.facts.sheet, len(rows)) == ("Lista", 3)
    assert any("Resumen" in note for note in sheet.facts.notes)


def test_a_first_sheet_about_as_wide_as_the_others_stays_the_list(tmp_path):
    """Customers without addresses come before their contacts with addresses."""
    names = [["Cliente", "RUT", "Dirección"], *([f"Ana {i}", f"{i}-9", "Uno 1"] for i in range(3))]
    sheet, _ = read(book(tmp_path, {"Clientes": names, "Contactos": clients(3)}), tmp_path)
    assert sheet.facts.sheet == "Clientes"
