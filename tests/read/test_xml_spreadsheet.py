"""XML spreadsheets (Excel 2003), mostly called .xls: they read as a workbook of the same cells does, or say why not."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from pipeline.errors import Unreadable
from pipeline.progress import Silent
from pipeline.read import ReadOptions, open_sheet, webpage, xmlfile
from pipeline.read.ooxml import Package
from pipeline.read.spreadsheetml import XmlSpreadsheet
from tests.read.spreadsheetml import EXCEL, HEAD, SPACE, plain, prefixed, rich, saved, sheet, workbook
from tests.read.test_workbook_equal import COLUMNS, ROW, by_xlsxwriter, said, slowly

KEEP = settings(max_examples=40, derandomize=True, deadline=None, phases=[Phase.generate],
                suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Cn"], include_characters=" <>&;\"'=]\n"), max_size=12
)
TABLES = st.integers(2, 5).flatmap(lambda n: st.lists(st.lists(TEXT, min_size=n, max_size=n), min_size=2, max_size=5))
FORMATS = {"z": "00000", "d": "Short Date", "g": "General Date", "t": "Short Time", "h": "[h]:mm:ss", "p": "Percent", "f": "Fixed",
           "c": "Currency", "y": "Yes/No", "m": "dd/mm/yyyy", "mt": "dd\\/mm\\/yyyy\\ hh:mm"}  # fmt: skip
STYLES = "".join(f'<Style ss:ID="{i}"><NumberFormat ss:Format="{c}"/></Style>' for i, c in FORMATS.items())


def rows(path: Path, text: str | bytes, name: str = "Lista") -> list[tuple]:
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
    return [said(r.number, r.cells, r.problems) for r in XmlSpreadsheet(path, "x", "utf-8").rows(name)]


def cell(tmp_path: Path, inner: str, style: str = "") -> tuple[str, list[str]]:
    """What one cell is read as, and its problems."""
    given = f' ss:StyleID="{style}"' if style else ""
    found = rows(tmp_path / "c.xml", workbook(sheet(f"<Row><Cell{given}>{inner}</Cell></Row>"), STYLES))
    if not found:
        return "", []
    [(_, cells, problems)] = found
    return cells.get(0, ""), [code for _, code, _ in problems]


def opened(path: Path, text: str | bytes, **options: Any) -> tuple[Any, list[tuple]]:
    """The sheet, and its rows with their numbers, as a run has them."""
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    path.with_suffix(".d").mkdir(exist_ok=True)
    found = open_sheet(path, ReadOptions(**options), path.with_suffix(".d"), Silent())
    return found, [row for batch in found.batches(100) for row in batch.cells.rows()]


@KEEP
@given(values=st.lists(ROW, min_size=1, max_size=5), old=st.booleans())
def test_twenty_columns_read_as_in_a_workbook(tmp_path, values, old):
    """Every kind of value and number format, both date systems: the rows of the .xlsx with the same cells."""
    by_xlsxwriter(tmp_path / "list.xlsx", values, old)
    text = saved([[(v, code) for v, (_, code, _) in zip(row, COLUMNS, strict=True)] for row in values], old=old)
    assert rows(tmp_path / "list.xml", text) == slowly(tmp_path / "list.xlsx", "List")


@KEEP
@given(table=TABLES, write=st.sampled_from([plain, prefixed, rich]))
def test_texts_come_back_in_every_dialect(tmp_path, table, write: Callable[[list[list[str]]], str]):
    """Prefixes, CDATA, rich text, comments beside it: the characters that were written."""
    found = {(n, i): text for n, cells, _ in rows(tmp_path / "a.xml", write(table)) for i, text in cells.items()}
    assert found == {(r, c): t for r, row in enumerate(table, 1) for c, t in enumerate(row) if t}


@pytest.mark.parametrize(
    ("kind", "value", "style", "wanted", "codes"),
    [
        ("Number", "123", "z", "00123", []), ("Number", "0.19", "p", "19%", []), ("Number", "1234.5", "f", "1234.5", ["cell.fraction"]),
        ("Number", "1234.565", "c", "1234.565", ["cell.fraction"]), ("Number", "1", "y", "1", []), ("Number", "45351", "d", "2024-02-29", []),
        ("Number", "45351.5", "g", "2024-02-29 12:00:00", []), ("Number", "0.5", "t", "12:00:00", []), ("Number", "1.5", "h", "36:00:00", []),
        ("Number", " 7 ", "", "7", []), ("Number", "", "", "", []), ("Number", "abc", "", "abc", []), ("Number", "1_000", "", "1_000", []),
        ("Number", "56912345678", "", "56912345678", []), ("Number", "5.6912345678E10", "", "56912345678", []),
        ("Number", "1.2345678901234E+19", "", "12345678901234000000", ["cell.precision_lost"]),
        ("Number", "1234567890123456", "", "1234567890123456", ["cell.precision_lost"]),
        ("String", "00123", "z", "00123", []), ("String", " a  b ", "", " a  b ", []), ("String", "a&#10;b", "", "a\nb", []),
        ("DateTime", "2024-02-29T00:00:00.000", "m", "2024-02-29", []), ("DateTime", "2024-02-29T08:05:00.000", "m", "2024-02-29", []),
        ("DateTime", "2024-02-29T08:05:00.000", "mt", "2024-02-29 08:05:00", []), ("DateTime", "2024-02-29T08:05:00.000", "", "2024-02-29 08:05:00", []),
        ("DateTime", "1899-12-31T08:05:00.000", "t", "08:05:00", []), ("DateTime", "1899-12-31T08:05:00.000", "", "08:05:00", []),
        ("DateTime", "1900-01-01T12:00:00.000", "h", "36:00:00", []), ("DateTime", "1900-02-29T00:00:00.000", "m", "1900-02-29", []),
        ("DateTime", "1850-05-01T00:00:00.000", "m", "1850-05-01", []), ("DateTime", "29/02/2024", "m", "29/02/2024", []),
        ("DateTime", "9999-12-31T00:00:00.000", "m", "9999-12-31", []), ("DateTime", "", "m", "", []),
        ("Boolean", "1", "", "TRUE", []), ("Boolean", "0", "", "FALSE", []), ("Error", "#N/A", "", "#N/A", ["cell.spreadsheet_error"]),
        ("Auto", "x", "", "x", []),
    ],
)  # fmt: skip
def test_a_value_is_what_its_kind_and_its_format_say(tmp_path, kind, value, style, wanted, codes):
    """Named formats, dates of both calendars' edges, numbers that are identifiers, values that are none."""
    assert cell(tmp_path, f'<Data ss:Type="{kind}">{value}</Data>', style) == (wanted, codes)


def test_rows_and_cells_stand_where_indices_spans_and_merged_cells_put_them(tmp_path):
    """Gaps, rows that stand for several, merged cells and the place after them, a table that begins elsewhere."""
    text = sheet(
        '<Row><Cell ss:MergeAcross="1" ss:MergeDown="1"><Data ss:Type="String">a</Data></Cell><Cell><Data ss:Type="String">c</Data></Cell></Row>'
        '<Row><Cell/><Cell/><Cell><Data ss:Type="String">d</Data></Cell></Row><Row ss:Span="2"/>'
        '<Row><Cell ss:Index="4"><Data ss:Type="String">e</Data></Cell><Cell><Data ss:Type="String">f</Data></Cell></Row>'
        '<Row ss:Index="20" ss:Hidden="1"><Cell><Data ss:Type="String">g</Data></Cell></Row><Row ss:Hidden="1" ss:Span="1"/>'
    ).replace("<Table>", '<Table><Column ss:Index="2" ss:Hidden="1" ss:Span="2"/>')
    assert rows(tmp_path / "a.xml", workbook(text)) == [
        (1, {0: "a", 2: "c"}, []), (2, {2: "d"}, []), (6, {3: "e", 4: "f"}, []), (20, {0: "g"}, []),
    ]  # fmt: skip
    book = XmlSpreadsheet(tmp_path / "a.xml", "x", "utf-8")
    list(book.rows("Lista"))
    [facts] = book.facts()
    assert (facts.hidden_rows, facts.hidden_columns, facts.merged) == (3, 3, 1)
    moved = text.replace("<Table>", '<Table ss:TopCell="3" ss:LeftCell="2">').replace(" ss:Hidden", " ss:Shown")
    assert rows(tmp_path / "a.xml", workbook(moved))[2] == (8, {4: "e", 5: "f"}, [])


@pytest.mark.parametrize(
    "body",
    [
        '<Row ss:Index="3"/><Row ss:Index="3"/>', '<Row ss:Index="3"/><Row ss:Index="2"/>', '<Row ss:Index="0"/>',
        '<Row><Cell ss:Index="2"/><Cell ss:Index="2"/></Row>', '<Row><Cell ss:MergeAcross="2"/><Cell ss:Index="3"/></Row>',
        '<Row><Cell ss:MergeDown="1"><Data ss:Type="String">a</Data></Cell></Row><Row><Cell><Data ss:Type="String">b</Data></Cell></Row>',
        '<Row><Cell><Data ss:Type="String">a</Data><Data ss:Type="String">b</Data></Cell></Row>',
        '<Row ss:Index="99999999"/>', '<Row><Cell ss:Index="16385"/></Row>', f'<Row><Cell><Data>{"x" * 100_001}</Data></Cell></Row>',
    ],
)  # fmt: skip
def test_what_has_no_place_of_its_own_is_refused(tmp_path, body):
    """No cell takes the place of another, and none goes where no sheet reaches: refused, not guessed."""
    with pytest.raises(Unreadable):
        rows(tmp_path / "a.xml", workbook(sheet(body)))


def test_a_style_comes_from_the_cell_its_row_its_column_or_its_table(tmp_path):
    """The nearest that names one; and from the style that this one is based on."""
    styles = STYLES + '<Style ss:ID="child" ss:Parent="z"><Font/></Style><Style ss:ID="self" ss:Parent="self"/>'
    number = '<Data ss:Type="Number">12</Data>'
    body = (
        f"<Row><Cell>{number}</Cell><Cell>{number}</Cell></Row>"
        f'<Row ss:StyleID="p"><Cell>{number}</Cell><Cell ss:StyleID="child">{number}</Cell></Row>'
        f'<Row><Cell ss:StyleID="self">{number}</Cell><Cell ss:StyleID="none">{number}</Cell></Row>'
    )
    text = sheet(body).replace("<Table>", '<Table ss:StyleID="d"><Column ss:Index="2" ss:StyleID="z"/>')
    assert [list(cells.values()) for _, cells, _ in rows(tmp_path / "a.xml", workbook(text, styles))] == [
        ["1900-01-12", "00012"], ["1200%", "00012"], ["12", "12"],
    ]  # fmt: skip


def test_formulas_without_a_result_are_told(tmp_path):
    """A formula whose result is an empty text is no problem."""
    body = (
        '<Row><Cell ss:Formula="=1+1"/><Cell ss:Formula="=A1"><Data ss:Type="String"></Data></Cell>'
        '<Cell ss:Formula="=A1"><Data ss:Type="Number">2</Data></Cell></Row>'
    )
    assert rows(tmp_path / "a.xml", workbook(sheet(body))) == [
        (1, {2: "2"}, [(0, "cell.formula_without_value", "")]),
    ]  # fmt: skip


def test_sheets_are_chosen_as_in_a_workbook(tmp_path):
    """Hidden ones are told, `--sheet` names one, two lists are a question, names that are equal are told apart."""
    people = "".join(
        f'<Row><Cell><Data ss:Type="String">{a}</Data></Cell><Cell><Data ss:Type="String">{b}</Data></Cell></Row>'
        for a, b in [("Name", "Email"), *[(f"P{i}", f"p{i}@mail.example") for i in range(7)]]
    )
    gone = f'<WorksheetOptions xmlns="{EXCEL}"><Visible>SheetHidden</Visible></WorksheetOptions>'
    text = workbook(sheet(people, "Uno") + sheet(people, "Dos & tres", gone))
    found, got = opened(tmp_path / "a.xls", text)
    assert found.facts.sheet == "Uno" and len(got) == 7
    assert any("Dos & tres" in note for note in found.facts.notes)
    assert any("Excel 2003" in note and "utf-8" in note for note in found.facts.notes)
    assert opened(tmp_path / "a.xls", text, sheet="dos & tres")[0].facts.sheet == "Dos & tres"
    assert XmlSpreadsheet(tmp_path / "a.xls", "x", "utf-8").facts()[1].hidden
    with pytest.raises(Unreadable, match="2 sheets"):
        opened(tmp_path / "a.xls", text.replace(gone, ""))
    twice = workbook(sheet("", "A") + sheet("", "A") + f"<Worksheet>{sheet('')[18:]}")
    (tmp_path / "b.xml").write_text(twice.replace(' ss:Name="Lista"', ""))
    assert [f.name for f in XmlSpreadsheet(tmp_path / "b.xml", "x", "utf-8").facts()] == ["A", "A (2)", "Sheet3"]


LIST = [["Nombre", "Ciudad"], ["Muñoz y Cía", "Ñuñoa"], ["José €", "Córdoba"], ["Zoë", "São Paulo"]]


@pytest.mark.parametrize("name", ["a.xls", "a.xml", "a.xlsx", "a.csv", "a.html"])
@pytest.mark.parametrize(
    ("encoding", "declared"),
    [("utf-8", ""), ("utf-8", "UTF-8"), ("utf-8-sig", "UTF-8"), ("utf-16", "UTF-16"), ("utf-16-le", "UTF-16"), ("utf-16-be", "utf-16"),
     ("cp1252", "windows-1252"), ("cp1252", "ISO-8859-1"), ("cp1252", "UTF-8"), ("utf-8", "ISO-8859-1"), ("cp1252", "")],
)  # fmt: skip
def test_the_encoding_is_that_of_the_bytes(tmp_path, name, encoding, declared):
    """Marks, declarations that are true, false or missing, zero bytes; whatever the file is called."""
    said_ = f' encoding="{declared}"' if declared else ""
    text = plain(LIST).replace('<?xml version="1.0"?>', f'<?xml version="1.0"{said_}?>')
    found, got = opened(tmp_path / name, text.encode(encoding))
    assert [list(row[1:]) for row in got] == LIST[1:]
    assert found.headers == tuple(LIST[0])


def test_an_encoding_can_be_told_and_lost_characters_are_told(tmp_path):
    """A Japanese file by its declaration; `--encoding` overrules; bytes of no character are an issue of their cell."""
    table = [["名前", "市"], ["山田", "東京"], ["ソ能", "表"]]
    japanese = plain(table).replace('"1.0"?>', '"1.0" encoding="Shift_JIS"?>', 1).encode("cp932")
    assert [list(r[1:]) for r in opened(tmp_path / "a.xls", japanese)[1]] == table[1:]
    told = opened(tmp_path / "a.xls", plain(LIST[:2]).encode("cp850"), encoding="cp850")
    assert [list(r[1:]) for r in told[1]] == LIST[1:2]
    broken = plain([*LIST, *LIST[1:]]).encode().replace("Zoë".encode(), b"Zo\xff", 1)
    found, _ = opened(tmp_path / "a.xls", broken)
    assert [r["code"] for b in found.batches(10) for r in b.issues.to_dicts()] == ["cell.undecodable"]


@pytest.mark.parametrize("blank", ["\ufeff", "\r\n\r\n", "<!-- made by x -->", " "])
def test_what_precedes_the_document_does_not_matter(tmp_path, blank):
    """Blank lines and comments before and instead of the declaration, as programs leave them."""
    text = plain(LIST)
    document = text[text.index("<Workbook") :]
    for whole in (blank + document, blank + text if "<!--" not in blank else text.replace("?>", "?>" + blank, 1)):
        assert len(opened(tmp_path / "a.xls", whole)[1]) == 3


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda t: t[: len(t) // 2], "its end is missing"), (lambda t: t[:-3], "its end is missing"),
        (lambda t: t.replace("Zoë", "Tom & Co"), "fault in line 6"), (lambda t: t.replace("Zoë", "&nbsp;"), "fault in line 6"),
        (lambda t: t.replace("Zoë", "&#2;"), "fault in line"), (lambda t: t.replace("Zoë", "a\x02"), "fault in line"),
        (lambda t: t.replace("<Workbook", '<!DOCTYPE x [<!ENTITY a "b">]><Workbook', 1).replace("Zoë", "&a;"), "entities"),
        (lambda t: t.replace("<Workbook", '<!DOCTYPE x SYSTEM "file:///etc/passwd"><Workbook', 1), "entities"),
        (lambda t: t.replace("</Workbook>", ""), "its end is missing"), (lambda t: t + "<html/>", "fault in line"),
        (lambda t: t[: t.index("<Worksheet")] + "</Workbook>", "no sheets"), (lambda t: t[: t.index("<Row")] + "</Table></Worksheet></Workbook>", "no rows"),
    ],
)  # fmt: skip
def test_a_file_that_is_cut_or_spoiled_says_so(tmp_path, spoil, words):
    """In words, with the line, and with what to do; never some of its rows."""
    with pytest.raises(Unreadable, match=words) as stop:
        opened(tmp_path / "a.xls", spoil(plain(LIST)))
    assert stop.value.remedy


@pytest.mark.parametrize(
    "text",
    [
        '<?xml version="1.0"?><customers><customer/></customers>', "<customers>\n<customer/>\n</customers>",
        f'<?xml version="1.0"?><x xmlns="{SPACE}"/>', '<?xml version="1.0"?><Workbook xmlns="other"/>',
    ],
)  # fmt: skip
def test_other_xml_is_none(tmp_path, text):
    """XML of other kinds is called what it is, in UTF-16 too."""
    for data in (text.encode(), text.encode("utf-16")):
        with pytest.raises(Unreadable, match="is an XML file"):
            opened(tmp_path / "a.xml", data)


@settings(
    max_examples=150, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_damaged_documents_end_as_rows_or_a_clear_error(tmp_path, data):
    """Tags and attributes doubled, removed, exchanged: nothing but rows or a reason with a remedy."""
    text = saved([[("a", "@"), (1, "0")], [("b", "@"), (2.5, "00000")]])
    pieces = text.replace(">", ">\x00").split("\x00")
    for _ in range(data.draw(st.integers(1, 4))):
        at, to = (data.draw(st.integers(0, len(pieces) - 1)) for _ in range(2))
        how = data.draw(st.sampled_from(["drop", "double", "swap"]))
        if how == "drop" and len(pieces) > 1:
            del pieces[at]
        elif how == "double":
            pieces.insert(to, pieces[at])
        else:
            pieces[at], pieces[to] = pieces[to], pieces[at]
    path = tmp_path / "a.xml"
    path.write_text("".join(pieces), encoding="utf-8")
    try:
        book = XmlSpreadsheet(path, "x", "utf-8")
        for facts in book.facts():
            list(book.rows(facts.name))
    except Unreadable as stop:
        assert stop.remedy


@pytest.mark.skipif(not shutil.which("soffice"), reason="LibreOffice is not here")
def test_libreoffice_reads_the_same_cells(tmp_path):
    """A file as Excel saves it, opened by a spreadsheet program and saved as .xlsx: the same rows."""
    values = [
        ["h"] * 4,
        ["a & b", "00123", 42, 1234.567],
        [None, "x\ny", None, -5.5],
        [None] * 4,
        ["no", None, 7, 0.25],
    ]
    codes = ["@", "@", "00000", "#,##0.00"]
    path = tmp_path / "a.xml"
    found = rows(path, saved([list(zip(row, codes, strict=True)) for row in values]))
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    command = ["soffice", profile, "--headless", "--convert-to", "xlsx", "--outdir", str(tmp_path / "out"), str(path)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    package = Package(tmp_path / "out" / "a.xlsx", "x")
    assert [said(r.number, r.cells, r.problems) for r in package.rows("Lista")] == found
    assert HEAD in path.read_text()


@pytest.mark.parametrize("declared", ["", '<?xml version="1.0"?>'])
@pytest.mark.parametrize("element", ["<div>", "<Workbook>", "<!-- no end", "name,email"])
def test_comments_before_something_else_are_looked_at_once(tmp_path, declared, element):
    """A file that begins with thousands of them is told what it is; each more once took twice as long."""
    head = (declared + "<!-- a -->\n<?x y?>" * 2000 + element).encode()
    assert not xmlfile.is_spreadsheet(head)
    assert not webpage.is_page(declared.encode() + b"<!-- a -->" * 3000 + element.encode(), book=False)
    assert xmlfile.is_spreadsheet(head.replace(element.encode(), f'<Workbook xmlns="{SPACE}">'.encode()))
    assert webpage.is_page(b"<!-- a -->" * 3000 + b"<html>", book=False)
