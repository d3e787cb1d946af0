"""OpenDocument workbooks (.ods): the shown digits, errors, repeats and what is hidden, by hand and by LibreOffice."""

import datetime as dt
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
import xlsxwriter

from pipeline.errors import Unreadable
from pipeline.progress import Silent
from pipeline.read import ReadOptions, open_sheet
from pipeline.read.ooxml import Package
from pipeline.read.opendocument import OpenDocument, shown

SPACES = (
    "".join(
        f' xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "table", "text", "style", "draw")
    )
    + ' xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"'
)
HEAD = "<table:table-row><table:table-cell><text:p>Name</text:p></table:table-cell><table:table-cell><text:p>Id</text:p></table:table-cell></table:table-row>"


def book(path: Path, rows: str, styles: str = "", more: str = "") -> Path:
    content = (
        f"<office:document-content{SPACES}><office:automatic-styles>{styles}</office:automatic-styles><office:body>"
        f'<office:spreadsheet>{more}<table:table table:name="Lista" table:style-name="ta1">{rows}</table:table>'
        f'<table:table table:name="Vieja" table:style-name="ta2"/></office:spreadsheet></office:body></office:document-content>'
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        out.writestr("content.xml", content)
    return path


def cells(path: Path) -> list[tuple[int, dict[int, str], list]]:
    return [(row.number, row.cells, row.problems) for row in OpenDocument(path, "x").rows("Lista")]


def number(value: str, text: str, kind: str = "float", **more: str) -> tuple[str, str]:
    return shown({"office:value-type": kind, "office:value": value, **more}, text)


@pytest.mark.parametrize(
    ("value", "text", "kind", "wanted"),
    [
        ("123", "00123", "float", "00123"), ("123", "123", "float", "123"), ("1234567", "1,234,567", "float", "1234567"),
        ("1234567", "1.234.567,00", "float", "1234567"), ("1234.567", "$ 1,234.57", "currency", "1234.567"),
        ("1234", "1.234 CLP", "float", "1234"), ("123456785", "12.345.678-5", "float", "12.345.678-5"),
        ("987654321", "+56 9 8765 4321", "float", "+56 9 8765 4321"), ("42", "ID-0042", "float", "ID-0042"),
        ("5551234567", "(555) 123-4567", "float", "(555) 123-4567"), ("-5", "(5)", "float", "-5"), ("-5", "-5", "float", "-5"),
        ("5", "5.00", "float", "5"), ("0", "0.00", "float", "0"), ("0", "000", "float", "000"), ("0", "0.00E+00", "float", "0"),
        ("0.19", "19%", "percentage", "19%"), ("0.125", "13%", "percentage", "12.5%"), ("100000", "1E+05", "float", "100000"),
        ("1.5E-7", "0.00", "float", "0.00000015"), ("72.965", "73", "float", "72.965"), ("7", "", "float", "7"),
        ("1", "TRUE", "float", "TRUE"), ("0", "FALSE", "float", "FALSE"), ("12345", "12 345", "float", "12345"),
        ("5", "5 €", "float", "5"), ("5", "###", "float", "5"),
    ],
)  # fmt: skip
def test_numbers_keep_the_digits_of_identifiers_and_lose_decoration(value, text, kind, wanted):
    assert number(value, text, kind) == (wanted, "cell.fraction" if re.fullmatch(r"[0-9]+[.][0-9]+", wanted) else "")


def test_other_kinds_of_cells():
    """Dates, times, truths, errors, formulas without value and lost digits."""
    date = {"office:value-type": "date"}
    assert shown({**date, "office:date-value": "2024-02-29"}, "29/02/24") == ("2024-02-29", "")
    assert shown({**date, "office:date-value": "2024-02-29T08:05:00"}, "29/02") == ("2024-02-29 08:05:00", "")
    assert shown({"office:value-type": "time", "office:time-value": "PT36H00M07S"}, "x") == ("36:00:07", "")
    assert shown({"office:value-type": "boolean", "office:boolean-value": "true"}, "VERDADERO") == ("TRUE", "")
    assert shown({"table:formula": "of:=1/0", "office:value-type": "string", "calcext:value-type": "error"}, "#DIV/0!") == (
        "#DIV/0!", "cell.spreadsheet_error",
    )  # fmt: skip
    assert shown({"office:value-type": "string"}, "#N/A") == ("#N/A", "")
    assert shown({"table:formula": "of:=[.A1]"}, "") == ("", "cell.formula_without_value")
    assert shown({"table:formula": "of:=[.A1]", "office:value-type": "string"}, "") == ("", "")
    assert number("12345678901234567890", "1.23E+19")[1] == "cell.precision_lost"


def test_repeats_comments_drawings_and_hidden_things(tmp_path):
    """Repeated rows and cells count; text of a comment, a drawing or a tracked change is none of the cell."""
    note = "<office:annotation><text:p>no cell</text:p></office:annotation>"
    box = "<table:shapes><draw:frame><text:p>no cell</text:p></draw:frame></table:shapes>"
    rows = f"""{box}<table:table-column/><table:table-column table:visibility="collapse" table:number-columns-repeated="2"/>
    <table:table-header-rows>{HEAD}</table:table-header-rows><table:table-row table:number-rows-repeated="2"><table:table-cell/></table:table-row>
    <table:table-row table:number-rows-repeated="2" table:visibility="filter"><table:table-cell table:number-columns-repeated="2"><text:p>a</text:p></table:table-cell></table:table-row>
    <table:table-row><table:table-cell table:number-columns-spanned="2">{note}<text:p>b <text:s text:c="2"/>c<text:tab/>d</text:p><text:p><text:a>e</text:a></text:p></table:table-cell><table:covered-table-cell/></table:table-row>
    <table:table-row table:number-rows-repeated="1048570"><table:table-cell table:number-columns-repeated="16384"/></table:table-row>"""
    hidden = '<style:style style:name="ta2"><style:table-properties table:display="false"/></style:style>'
    change = "<table:tracked-changes><table:cell-content-change><table:table-row><table:table-cell><text:p>old</text:p></table:table-cell></table:table-row></table:cell-content-change></table:tracked-changes>"
    path = book(tmp_path / "a.ods", rows, hidden, change)
    assert cells(path) == [
        (1, {0: "Name", 1: "Id"}, []), (4, {0: "a", 1: "a"}, []), (5, {0: "a", 1: "a"}, []), (6, {0: "b   c\td\ne"}, []),
    ]  # fmt: skip
    sheet = open_sheet(path, ReadOptions(), tmp_path, Silent())
    said = " ".join(sheet.facts.notes)
    assert (
        all(word in said for word in ("2 hidden row", "hidden column", "1 merged", "'Vieja'")) and "values" not in said
    )


@pytest.mark.parametrize(
    ("rows", "word"),
    [
        ('<table:table-row table:number-rows-repeated="99999999"><table:table-cell><text:p>a</text:p></table:table-cell></table:table-row>', "stands for"),
        ('<table:table-row><table:table-cell table:number-columns-repeated="9999999"><text:p>a</text:p></table:table-cell></table:table-row>', "columns"),
        (HEAD + "<table:table-row>", "damaged"),
    ],
)  # fmt: skip
def test_what_would_grow_without_end_or_is_cut_is_refused(tmp_path, rows, word):
    with pytest.raises(Unreadable, match=word):
        cells(book(tmp_path / "a.ods", rows))


def test_entities_are_refused(tmp_path):
    path = book(tmp_path / "a.ods", HEAD)
    content = zipfile.ZipFile(path).read("content.xml").decode()
    with zipfile.ZipFile(path, "w") as out:
        out.writestr("content.xml", '<!DOCTYPE x [<!ENTITY a "aaaa">]>' + content)
    with pytest.raises(Unreadable, match="entities"):
        cells(path)


@pytest.mark.skipif(not shutil.which("soffice"), reason="LibreOffice is not here")
def test_an_xlsx_saved_as_ods_reads_as_before(tmp_path):
    """Twenty columns of every kind of cell, errors, rich text and comments: the same rows, the same problems."""
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as out:
        sheet = out.add_worksheet("Lista")

        def style(code: str):
            return out.add_format({"num_format": code})

        row = [("00123", "@"), (123, "00000"), (42, '"C-"0000'), (123456789, "000-00-0000"), (987654321, '"+56 "0 0000 0000'),
               (1234.567, "#,##0.00"), (-5.5, "0.00"), (1500000, "[$$-340A]#,##0"), (0.19, "0%"), (0.125, "0%"), (True, ""),
               (False, ""), (dt.date(2024, 2, 29), "dd/mm/yyyy"), (dt.datetime(2024, 2, 29, 8, 5), "yyyy-mm-dd hh:mm"),
               (dt.time(23, 59, 59), "hh:mm:ss"), (1.5, "[h]:mm"), (123456789012345, "0.00E+00"), (0, "#,##0.00"),
               ("a\nb  c", ""), (72.96499999999999, "")]  # fmt: skip
        sheet.write_row(0, 0, [f"h{i}" for i in range(20)])
        for c, (value, code) in enumerate(row):
            sheet.write(1, c, value, style(code) if code else None)
        sheet.write(2, 0, "x")
        sheet.write_formula(2, 1, "=1/0", None, "#DIV/0!")
        sheet.write_rich_string(2, 2, "ri", out.add_format({"bold": True}), "ch")
        sheet.write_comment(2, 2, "no cell")
        sheet.write_formula(2, 3, "=A3&1", None, "x1")
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    command = ["soffice", profile, "--headless", "--convert-to", "ods", "--outdir", str(tmp_path), str(path)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    before = [(row.number, row.cells, row.problems) for row in Package(path, "x").rows("Lista")]
    assert cells(tmp_path / "a.ods") == before
