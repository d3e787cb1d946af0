"""Tables of web pages that bear the name of a workbook: what a browser shows is what is read, in every dialect."""

from __future__ import annotations

import datetime as dt
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from html import escape
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.errors import Unreadable
from pipeline.handoff import Sheet
from pipeline.progress import Silent
from pipeline.read import ReadOptions, open_sheet
from pipeline.read.htmltable import HtmlTables
from pipeline.read.htmltokens import tokens

EXCEL = (
    '<html xmlns:x="urn:schemas-microsoft-com:office:excel">\r\n<head>\r\n<meta http-equiv=Content-Type content="text/html; charset=utf-8">\r\n'
    "<!--[if gte mso 9]><xml><x:ExcelWorkbook><x:ExcelWorksheets><x:ExcelWorksheet><x:Name>Hoja &amp; 1</x:Name>"
    '</x:ExcelWorksheet></x:ExcelWorksheets></x:ExcelWorkbook></xml><![endif]-->\r\n<style><!--table {mso-displayed-decimal-separator:"\\,";}\r\n'
    '.xl24\r\n\t{mso-number-format:"\\@";}\r\n.xl25 {mso-number-format:"dd\\\\/mm\\\\/yyyy";}\r\n.gone {display:none}\r\n'
    "@media print { .visible {display:none} }\r\n--></style></head><body link=blue>\r\n"
)
HEAD = "<tr><th>Name</th><th>Email</th></tr>"
ANA = "<tr><td>Ana</td><td>ana@mail.example</td></tr>"


def grid(path: Path, page: str | bytes, sheet: int = 0) -> list[list[str]]:
    """All rows of one table, each as long as its last cell."""
    path.write_bytes(page if isinstance(page, bytes) else page.encode("utf-8", "surrogatepass"))
    book = HtmlTables(path, "x", "utf-8")
    return [
        [row.cells.get(i, "") for i in range(max(row.cells, default=-1) + 1)]
        for row in book.rows(book.facts()[sheet].name)
    ]


def opened(path: Path, page: str | bytes, **options: str) -> tuple[Sheet, list[tuple]]:
    """The sheet, and its rows with their numbers."""
    path.write_bytes(page if isinstance(page, bytes) else page.encode())
    path.with_suffix(".d").mkdir(exist_ok=True)
    sheet = open_sheet(path, ReadOptions(**options), path.with_suffix(".d"), Silent())
    return sheet, [row for batch in sheet.batches(100) for row in batch.cells.rows()]


def cell(tmp_path: Path, inner: str, given: str = "", style: str = "") -> str:
    """What one cell is read as."""
    page = f"<html><style>{style}</style><table><tr><td>A<td>B<tr><td{given}>{inner}</td><td>x</td></tr></table>"
    return grid(tmp_path / "c.xls", page)[1][0]


def spaces(text: str) -> str:
    return re.sub("  +|^ | $", lambda run: "&nbsp;" * len(run[0]), text, flags=re.MULTILINE)


def of_erp(rows: list[list[str]]) -> str:
    """As programs write it that put tags around values."""
    body = "".join(
        "<tr>" + "".join(f"<td>{spaces(escape(c)).replace(chr(10), '<br>')}</td>" for c in row) + "</tr>\n"
        for row in rows
    )
    return f"<table border='1'>\n{body}</table>"


def of_excel(rows: list[list[str]]) -> str:
    """As Excel saves a web page: attributes without marks, long lines wrapped, runs of spaces in spans."""

    def text(value: str) -> str:
        runs = re.split("(  +|^ | $)", escape(value, quote=False), flags=re.MULTILINE)
        made = "".join(
            f"<span style='mso-spacerun:yes'>{run}</span>"
            if run and not run.strip(" ") and i % 2
            else run.replace(" ", "\r\n  ")
            for i, run in enumerate(runs)
        )
        return made.replace("\n", "<br>\r\n    ") if "\r" not in made else re.sub(r"(?<!\r)\n", "<br>\r\n    ", made)

    body = "".join(
        " <tr height=20 style='height:15.0pt'>\r\n"
        + "".join(f"  <td class=xl24 width=64 style='width:48pt' x:str>{text(c)}</td>\r\n" for c in row)
        + " </tr>\r\n"
        for row in rows
    )
    rest = "<![if supportMisalignedColumns]>\r\n <tr height=0 style='display:none'>\r\n  <td width=64></td>\r\n </tr>\r\n <![endif]>"
    return (
        f"{EXCEL}<table x:str border=0 cellpadding=0>\r\n <col width=64 span=2>\r\n{body}{rest}</table></body></html>"
    )


def of_old(rows: list[list[str]]) -> str:
    """As hand-written programs write it: capitals, no end tags, every character a number."""
    body = "".join(
        "<TR>" + "".join("<TD><FONT SIZE=2>" + "".join("<BR>" if x == "\n" else f"&#{ord(x)};" if x != " " else "&nbsp" for x in c) for c in row)
        for row in rows
    )  # fmt: skip
    return f"<HTML><BODY><H1>Report</H1><TABLE>{body}</TABLE></BODY></HTML>"


def of_xhtml(rows: list[list[str]]) -> str:
    """As frameworks write it: sections, paragraphs, quoted text whole."""
    body = "".join(
        "<tr>" + "".join(f"<td><pre>{escape(c)}</pre></td>" if c else "<td/>" for c in row) + "</tr>" for row in rows
    )
    return f'<?xml version="1.0" encoding="UTF-8"?><!DOCTYPE html PUBLIC "x"><html><body><table><tbody>{body}</tbody></table></body></html>'


DIALECTS: tuple[Callable[[list[list[str]]], str], ...] = (of_erp, of_excel, of_old, of_xhtml)
TEXT = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Cn"), exclude_characters="\u00a0\u2028\u2029\ufffd", include_characters=" <>&;\"'=-!/#\n"),
    max_size=12,
).map(lambda t: "" if not t.strip() else t.strip("\n"))  # fmt: skip
TABLES = st.integers(2, 5).flatmap(lambda n: st.lists(st.lists(TEXT, min_size=n, max_size=n), min_size=2, max_size=5))
SHARED = {"deadline": None, "derandomize": True, "suppress_health_check": [HealthCheck.function_scoped_fixture]}


@settings(max_examples=150, **SHARED)
@given(rows=TABLES, dialect=st.sampled_from(DIALECTS))
def test_every_table_is_read_back_exactly(tmp_path, rows, dialect):
    """Any texts, written as a table in any dialect, are the texts that are read."""
    rows = [["=Name", "E"], *rows, ["1", "2"]]
    wanted = [row for row in rows if any(row)]
    found = grid(tmp_path / "t.xls", dialect(rows))
    assert [row + [""] * 9 for row in found] == [
        [*row, *[""] * (9 + len(f) - len(row))] for row, f in zip(wanted, found, strict=True)
    ]


@settings(max_examples=100, **SHARED)
@given(page=st.lists(st.sampled_from(["<td>", "<!-- a -->", "a <b", " c>", "&am", "p;", "</", "<x@y>", "<style>.a{}</style>", "<td a='>'", ">", "<", "é", "<![CDATA[<]]>"]), max_size=12), size=st.integers(1, 5))  # fmt: skip
def test_where_a_page_is_cut_into_pieces_does_not_matter(page, size):
    """A page has the same tokens whatever the pieces in which it comes."""
    text = "".join(page) + " ."

    def all_of(pieces: Iterator[str]) -> list | str:
        try:
            found = [tuple(t) for t in tokens(pieces, "x")]
        except Unreadable as stop:
            return stop.message
        joined: list = []
        for token in found:  # the text between two tags may come in parts at a bare "<"
            if token[0] == "text" and joined and joined[-1][0] == "text":
                joined[-1] = ("text", token[1], joined[-1][2] + token[2])
            else:
                joined.append(token)
        return joined

    assert all_of(iter([text])) == all_of(text[i : i + size] for i in range(0, len(text), size))


@settings(max_examples=300, **SHARED)
@given(
    parts=st.lists(
        st.sampled_from(
            ["<table>", "</table>", "<tr>", "</tr>", "<td>", "</td>", "<td colspan=9999999>", "<td rowspan=0>", "<th rowspan=-3>",
             "<tfoot>", "<thead style=display:none>", "<caption>", "<col hidden>", "<div hidden>", "</div>", "<br>", "a@x.example",
             "&#99999999999;", "&nbsp;", "&#x110000;", "\0", "<td x:num=1e400>", "<td x:num='NaN'>1", "<td sdval=45000 sdnum='1;0;YYYY'>2",
             "<td x:err>", "<td x:num=45321>1/1/24", "</body>", "<!--x-->", "<![endif]>", "</x", "<td =\"", "'>", "Ana", "<select>", "<p>", "<pre>", "</pre>"]
        ),
        max_size=40,
    )
)  # fmt: skip
def test_no_soup_of_tags_breaks_the_reader(tmp_path, parts):
    """Rows in ascending order, or a reason and a way out: nothing else."""
    path = tmp_path / "soup.xls"
    path.write_text("<html>" + "".join(parts), encoding="utf-8")
    try:
        book = HtmlTables(path, "soup.xls", "utf-8")
        for facts in book.facts():
            numbers = [row.number for row in book.rows(facts.name)]
            assert numbers == sorted(set(numbers))
    except Unreadable as stop:
        assert stop.message and stop.remedy


@pytest.mark.parametrize(
    ("inner", "wanted"),
    [
        ("Vi&ntilde;a &amp; C&iacute;a", "Viña & Cía"), ("  a\n   b ", "a b"), ("a&nbsp;&nbsp;b", "a  b"), ("&nbsp;", ""),
        ("a<br>b", "a\nb"), ("a <br/> b<br>", "a\nb"), ("<p>a</p><p>b</p>", "a\nb"), ("<div><div>a</div></div>b", "a\nb"),
        ("<b>A</b>n<i>a</i>", "Ana"), ("a<script>if (1 < 2) x</script>b", "ab"), ("a<!-- <td>b -->c", "ac"),
        ("<span style='display:none'>20240131</span>31/01/2024", "31/01/2024"), ("<span hidden>1<span>2</span>3</span>4", "4"),
        ("a<span class=gone>b</span>c", "ac"), ("a<span class=visible>b</span>c", "abc"), ("<span style='mso-hide:all'>x</span>y", "y"),
        ("<pre>a  b\n c</pre>", "a  b\n c"), ("a<span style='mso-spacerun:yes'>   </span>b", "a   b"), ("1 < 2 & 3", "1 < 2 & 3"),
        ("Eva <eva@mail.example>", "Eva <eva@mail.example>"), ("<Sin correo>", "<Sin correo>"), ("<a href=mailto:x>x</a>", "x"),
        ("00123", "00123"), ("1.234,50", "1.234,50"), ("+56 9 1234", "+56 9 1234"), ('="00123"', "00123"), ("<input value='a  b'>", "a  b"),
        ("<input type=hidden value=7>", ""), ("<![CDATA[a & b < c]]>", "a & b < c"), ("&lt;b&gt;", "<b>"), ("R&D", "R&D"),
    ],
)  # fmt: skip
def test_a_cell_is_what_a_browser_shows(tmp_path, inner, wanted):
    style = "<!-- .gone, td.x {color:red; display:none} @media print { .visible { display:none } } -->"
    assert cell(tmp_path, inner, style=style) == wanted


@pytest.mark.parametrize(
    ("given", "inner", "wanted"),
    [
        (' x:num="56987654321"', "5,69877E+10", "56987654321"), (' x:num="1234.567"', "$ 1.235", "1234.567"),
        (' x:num="123"', "00123", "00123"), (' x:num="123456785"', "12.345.678-5", "12.345.678-5"), (" x:num", "123", "123"),
        (' x:num="45321"', "30/01/2024", "2024-01-30"), (' x:num="45321"', "30-ene-24", "2024-01-30"), (' x:num="0.19"', "19%", "19%"),
        (' x:num="45321" class=d', "martes", "2024-01-30"), (' x:num="7"', "###", "7"), (' x:num="1"', "Sí", "Sí"),
        (' sdval="45321" sdnum="1033;0;MM/DD/YY"', "01/30/24", "2024-01-30"), (' sdval="7" sdnum="1033;0;00000"', "00007", "00007"),
        (" x:str=\"'007  x\"", "007 x", "007  x"), (" x:str", "00123", "00123"), (" style='mso-number-format:\"\\@\"'", "00123", "00123"),
    ],
)  # fmt: skip
def test_exact_numbers_keep_their_digits_and_identifiers_their_zeros(tmp_path, given, inner, wanted):
    """What is shown may be rounded; what stands beside it is exact; what a format adds to an identifier stays."""
    assert cell(tmp_path, inner, given, '.d {mso-number-format:"dddd"}') == wanted


def test_problems_of_cells_are_told(tmp_path):
    """Errors, lost digits and undecodable characters are issues of their cells."""
    path = tmp_path / "p.xls"
    body = "<tr><td x:err>#N/A<td>#REF!<td>1,23E+19<td x:num=12345678901234567890>1,23E+19<td>a\ufffd</tr>"
    path.write_text(f"<table>{HEAD}{body}</table>", encoding="utf-8")
    book = HtmlTables(path, "x", "utf-8")
    assert [(at, code) for at, code, _ in list(book.rows("Table 1"))[1].problems] == [
        (0, "cell.spreadsheet_error"), (1, "cell.spreadsheet_error"), (2, "cell.precision_lost"), (3, "cell.precision_lost"),
        (4, "cell.undecodable"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("table", "wanted"),
    [
        ("<tr><td colspan=2>a<td>b<tr><td>1<td>2<td>3", [["a", "", "b"], ["1", "2", "3"]]),
        ("<tr><td rowspan=2>a<td>b<tr><td>c", [["a", "b"], ["", "c"]]),
        (
            "<tr><td>a<td rowspan=0>b<td>c<tr><td>d<td>e<tr><td>f<td>g",
            [["a", "b", "c"], ["d", "", "e"], ["f", "", "g"]],
        ),
        ("<td>a<td>b<tr><td>c<td>d", [["a", "b"], ["c", "d"]]),
        ("<tfoot><tr><td>total<td>2</tfoot><tbody><tr><td>a<td>1</tbody>", [["a", "1"], ["total", "2"]]),
        ("<tr><td style=display:none>id<td>a<td>b<tr><td style=display:none>7<td>c<td>d", [["a", "b"], ["c", "d"]]),
        ("<tr style=display:none><td>a<td>b<tr><td>c<td>d", [["a", "b"], ["c", "d"]]),
    ],
)
def test_cells_stand_where_a_browser_puts_them(tmp_path, table, wanted):
    """Spans leave blanks, a foot stands at the foot, what a page hides moves nothing."""
    assert grid(tmp_path / "s.xls", f"<table>{table}</table>") == wanted


def test_the_list_is_found_among_tables(tmp_path):
    """Layout tables and small ones give way to the list within; its name is the page's, the others are told."""
    page = (
        "<html><body><table id=layout><tr><td>Menu</td><td>Inicio</td></tr><tr><td>Empresa</td><td><table><tr><td>RUT<td>1-9<tr><td>Giro<td>x</table>"
        f"<table><caption>Mis <b>clientes</b></caption>{HEAD}{ANA * 3}</table></td></tr></table></body></html>"
    )
    sheet, rows = opened(tmp_path / "n.xls", page)
    assert (sheet.facts.kind, sheet.facts.sheet, len(rows)) == ("html", "Mis clientes", 3)
    assert any("layout" in note and "Table 2" in note for note in sheet.facts.notes)
    assert opened(tmp_path / "n.xls", page, sheet="Mis clientes")[1] == rows
    with pytest.raises(Unreadable, match="no sheet"):
        opened(tmp_path / "n.xls", page, sheet="Otra")


def test_hidden_things_and_missing_ends_are_told(tmp_path):
    page = f"{EXCEL}<table><col style=display:none>{HEAD}{ANA}<tr style=display:none><td>Eva<td>eva@mail.example<span hidden>x</span>"
    sheet, rows = opened(tmp_path / "h.xls", page)
    assert sheet.facts.sheet == "Hoja & 1"
    assert rows == [(2, "Ana", "ana@mail.example"), (3, "Eva", "eva@mail.example")]
    told = " ".join(sheet.facts.notes)
    assert all(
        word in told for word in ("1 hidden row", "hidden columns", "1 text that the page hides", "no end in the file")
    )


@pytest.mark.parametrize("name", ["a.xls", "a.xlsx", "a.csv", "a.html", "a.htm"])
def test_the_name_does_not_matter(tmp_path, name):
    assert opened(tmp_path / name, f"<html><table>{HEAD}{ANA}</table></html>")[1] == [(2, "Ana", "ana@mail.example")]


@pytest.mark.parametrize(
    ("head", "codec", "told"),
    [
        ("<meta charset=iso-8859-1>", "cp1252", None), ("<meta http-equiv=Content-Type content='text/html; charset=windows-1251'>", "cp1251", None),
        ("<meta charset=utf-8>", "utf-8", None), ("<meta charset=utf-8>", "utf-8-sig", None), ("<meta charset=unicode>", "utf-16", None),
        ("", "utf-16-le", None), ("<meta charset=utf-8>", "cp1252", None), ("<meta charset=windows-1252>", "utf-8", None),
        ("<meta charset=nonsense>", "utf-8", None), ("", "cp850", "cp850"),
    ],
)  # fmt: skip
def test_encodings_are_recognised_also_where_the_page_lies(tmp_path, head, codec, told):
    """By its mark, by what it says where that fits its bytes, as text files otherwise, and by the user's word."""
    name = "Ружица" if codec == "cp1251" else "Ñuñoa José María Peñalolén"
    page = f"<html><head>{head}</head><body><table>{HEAD}{ANA * 5}<tr><td>{name}</td><td>j@mail.example</td></tr></table></html>"
    options = {"encoding": told} if told else {}
    assert opened(tmp_path / "e.xls", page.encode(codec), **options)[1][-1][1] == name


@pytest.mark.parametrize(
    ("page", "words", "remedy"),
    [
        ("<html><title>Iniciar sesi&oacute;n - ERP</title><form><table><tr><td>Usuario<td><input name=u><tr><td>Clave<td><input type=password></table>",
         ["asks for a password", "Iniciar sesión - ERP"], "Log in"),
        ("<!DOCTYPE html><html><body><h1>Error 500</h1> Sin permiso</body></html>", ["web page", "Error 500"], "browser"),
        ("<html><xml><x:ExcelWorksheet><x:WorksheetSource HRef=\"lista_files/sheet001.htm\"/></xml><frameset><frame src=x></frameset></html>",
         ["folder beside it"], "lista_files/sheet001.htm"),
        ("MIME-Version: 1.0\nX-Document-Type: Workbook\nContent-Type: multipart/related; boundary=x\n\n<html>", ["MHTML"], ".xlsx"),
        (f"<html><table>{HEAD}{ANA}<tr><td>Ev<!-- x", ["it ends within"], "again"),
        (f"<html><table>{HEAD}{ANA}<tr><td>Eva<td cla", ["it ends within"], "again"),
        ("<?xml version='1.0'?><customers><customer/></customers>", ["XML file"], ".xlsx"),
        ("name,email\n<table>,x\n", ["plain text"], ".csv"),
    ],
)  # fmt: skip
def test_pages_without_a_list_are_refused_in_plain_words(tmp_path, page, words, remedy):
    """A login page, an error page, a frame, a mail and a cut file each have their reason and their way out."""
    with pytest.raises(Unreadable) as stop:
        opened(tmp_path / "lista.xls", page if "name,email" not in page else page.replace("<table>", "<tablet>"))
    assert all(word in stop.value.message for word in words), stop.value.message
    assert remedy in stop.value.remedy


@pytest.mark.parametrize(
    "page",
    [
        "<table><tr><td>" * 1_000_000, "<table>" + "<td colspan=1000 rowspan=65534>a" * 20_000, "<table><td>" + "&amp" * 300_000,
        "<table><td>" + "&#" + "9" * 500_000 + ";", "<html>" + "<!--" * 500_000, "<html><table><td>" + "<" * 500_000,
        "<html>" + "<table></table>" * 200_000, "<html><td " + "a=" * 500_000 + ">", "<html><td " + "a='" * 500_000 + ">",
        "<html><table><td>" + "</" * 500_000, "<html><style>" + ".a{" * 500_000 + "</style><table>", "<html><table>" + "<tfoot><tr><td>x" * 50_000,
        "<html><table><td>" + "<span hidden>" * 300_000, "<html><table><td>" + "<p>" * 300_000, "<html>" + "<!DOCTYPE" * 200_000,
        "<html><table><tr><td>a<td>b" + " " * 1_000_000 + "<br>" * 1_000_000, "<html><meta " * 100_000, "<html><script>" + "</scrip" * 300_000,
    ],
    ids=lambda page: page[:30],
)  # fmt: skip
def test_pages_made_to_harm_come_to_an_end(tmp_path, page):
    """Rows or a reason, through the door that users take; a reader that never ended would end the whole test run."""
    path = tmp_path / "x.xls"
    path.write_text(page)
    try:
        book = HtmlTables(path, "x", "utf-8")
        for facts in book.facts()[:3]:
            for row in book.rows(facts.name):
                assert max(row.cells) < 1 << 14
    except Unreadable as stop:
        assert stop.remedy


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is the oracle")
def test_what_libreoffice_saves_as_a_web_page_is_read_like_the_workbook(tmp_path):
    """Shortened numbers, rounded amounts, dates, percents and padded codes have what their cells hold."""
    book = openpyxl.Workbook()
    book.active.append(["Name", "Phone", "Amount", "Since", "Share", "Code", "Note"])
    book.active.append(["Vi\u00f1a & C\u00eda", 56987654321, 1234.567, dt.date(2024, 1, 30), 0.19, 123, "a\nb"])
    for place, code in {"B2": "0.00E+00", "C2": "#,##0", "D2": "dd/mm/yyyy", "E2": "0%", "F2": "00000"}.items():
        book.active[place].number_format = code
    book.save(tmp_path / "c.xlsx")
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    subprocess.run(
        ["soffice", profile, "--headless", "--convert-to", "html", "--outdir", tmp_path, tmp_path / "c.xlsx"],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    wanted = ["Vi\u00f1a & C\u00eda", "56987654321", "1234.567", "2024-01-30", "19%", "00123", "a\nb"]
    assert grid(tmp_path / "c.html", (tmp_path / "c.html").read_bytes())[1] == wanted
    assert opened(tmp_path / "c.xlsx", (tmp_path / "c.xlsx").read_bytes())[1] == [(2, *wanted)]
