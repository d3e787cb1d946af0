"""Workbooks read on the fast way equal the parser's reading and openpyxl's, cell for cell, whoever wrote them."""

import datetime as dt
import re
import shutil
import subprocess
import zipfile
from decimal import ROUND_HALF_UP, Context
from pathlib import Path

import openpyxl
import polars as pl
import pytest
import xlsxwriter
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from pipeline.errors import Unreadable
from pipeline.read.cells import taken_apart
from pipeline.read.formats import Formats
from pipeline.read.inside import read as read_inside
from pipeline.read.ooxml import Package
from pipeline.read.quick import Irregular
from pipeline.read.serials import dates
from pipeline.read.sheetxml import TextPass, unescape
from pipeline.read.xmltext import decoded, shared_texts

CORPUS = Path(__file__).parents[2] / "../shared/corpus/xlsx"
KEEP = settings(max_examples=20, derandomize=True, deadline=None, phases=[Phase.generate],
                suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip

WORDS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12
) | st.sampled_from(["00123", "TRUE", "1E5", "#N/A", "=x", "a\nb", " x ", "&amp;", "<v>", "_xyz", "_x00", "12,5", "\t"])
NUMBERS = st.integers(0, 10**9)
MONEY = st.integers(-(10**9), 10**9).map(lambda n: n / 100)
MOMENTS = st.datetimes(dt.datetime(1905, 1, 1), dt.datetime(9000, 1, 1)).map(lambda d: d.replace(microsecond=0))
COLUMNS = [  # (values, number format, what is shown of a value)
    (WORDS, "General", str), (WORDS, "@", str), (NUMBERS, "General", str), (NUMBERS, "0", str), (NUMBERS, "@", str),
    (NUMBERS, "00000", lambda n: f"{n:05}"), (NUMBERS, '"C-"0000', lambda n: f"C-{n:04}"),
    (st.integers(0, 999_999_999), "000-00-0000", lambda n: f"{n // 10**6:03}-{n // 10**4 % 100:02}-{n % 10**4:04}"),
    (st.integers(10**14, 10**15 - 1), "0.00E+00", str),
    (MONEY, "#,##0.00", lambda n: plain(n)), (MONEY, '"$"#,##0.00;[Red]("$"#,##0.00)', lambda n: plain(n)),
    (MONEY, "[$€-407] #,##0.00", lambda n: plain(n)), (st.floats(-1e9, 1e9).map(lambda n: round(n, 7)), "General", lambda n: plain(n)),
    (st.integers(0, 10_000).map(lambda n: n / 10_000), "0.00%", lambda n: plain(n * 100) + "%"),
    (st.booleans(), "General", lambda b: str(b).upper()),
    (MOMENTS.map(lambda d: d.date()), "dd/mm/yyyy", lambda d: str(d)[:10]), (MOMENTS, "yyyy-mm-dd hh:mm:ss", lambda d: moment(d)),
    (MOMENTS.map(lambda d: d.time()), "hh:mm:ss", str), (MOMENTS, "d-mmm-yy", lambda d: str(d)[:10]),
    (st.one_of(WORDS, NUMBERS, MONEY, st.booleans()), "General", lambda v: plain(v)),
]  # fmt: skip


def plain(value: object) -> str:
    """A number with 15 digits, without exponent; anything else as it is."""
    if isinstance(value, bool):
        return str(value).upper()
    if not isinstance(value, int | float):
        return str(value)
    text = f"{Context(prec=15, rounding=ROUND_HALF_UP).create_decimal(repr(value)):f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def moment(value: dt.datetime) -> str:
    return str(value.date()) if value.time() == dt.time() else str(value)


def said(number, cells, problems):
    return (number, cells, sorted((at, code, text or "") for at, code, text in problems))


def slowly(path: Path, sheet: str | None = None) -> list:
    """All rows as the parser reads them."""
    package = Package(path, "x")
    return [said(r.number, r.cells, r.problems) for r in package.rows(sheet or package.facts()[0].name)]


def quickly(path: Path, sheet: str | None = None) -> list:
    """All rows as the pieces give them; those that only have a problem too."""
    package, rows = Package(path, "x"), []
    for piece in package.pieces(sheet or package.facts()[0].name):
        problems: dict[int, list] = {}
        for row, col, code, value, _ in piece.problems.rows():
            problems.setdefault(row, []).append((col, code, value))
        for number, *cells in piece.cells.rows():
            shown = {i: cell for i, cell in enumerate(cells) if cell is not None}
            rows.append(said(number, shown, problems.get(number, [])))
    return rows


def known_shapes(path: Path) -> bool:
    """Whether the fast way takes the first sheet apart by itself."""
    with zipfile.ZipFile(path) as package:
        data = package.read("xl/worksheets/sheet1.xml")
    return taken_apart(data[data.index(b"<sheetData>") + 11 : data.index(b"</sheetData>")]) is not None


def by_xlsxwriter(path: Path, rows: list, old: bool) -> None:
    options = {
        "date_1904": old,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "constant_memory": len(rows) % 2,
    }
    with xlsxwriter.Workbook(path, options) as out:
        sheet = out.add_worksheet("List")
        styles = [out.add_format({"num_format": code}) for _, code, _ in COLUMNS]
        for r, row in enumerate(rows):
            for c, value in enumerate(row):
                write = sheet.write_string if isinstance(value, str) else sheet.write
                write(r, c, value, styles[c])


def by_openpyxl(path: Path, rows: list, old: bool) -> None:
    out = openpyxl.Workbook(write_only=len(rows) % 2 == 0)
    sheet = out.create_sheet("List", 0)
    if old:
        out.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    for r, row in enumerate(rows, 1):
        cells = []
        for c, (value, (_, code, _)) in enumerate(zip(row, COLUMNS, strict=True), 1):
            cell = openpyxl.cell.WriteOnlyCell(sheet, value) if out.write_only else sheet.cell(r, c, value)
            if isinstance(value, str):
                cell.data_type = "s"
            cell.number_format = code
            cells.append(cell)
        if out.write_only:
            sheet.append(cells)
    out.save(path)


ROW = st.tuples(*(st.none() | values for values, _, _ in COLUMNS))


@KEEP
@given(
    rows=st.lists(ROW, min_size=1, max_size=5), old=st.booleans(), write=st.sampled_from([by_xlsxwriter, by_openpyxl])
)
def test_twenty_columns_are_what_was_written_and_what_openpyxl_reads(tmp_path, rows, old, write):
    """Every kind of value and number format, both date systems: fast, parsed, and by openpyxl and its formats."""
    path = tmp_path / "list.xlsx"
    write(path, rows, old)
    fast = quickly(path)
    assert known_shapes(path)
    assert fast == slowly(path)
    peer = openpyxl.load_workbook(path)["List"]
    got = {(number, i): text for number, cells, _ in fast for i, text in cells.items()}
    for cells in peer.iter_rows():
        for cell in cells:
            value, text = cell.value, got.pop((cell.row, cell.column - 1), None)
            if isinstance(value, str):
                assert text == value
            elif value is not None:
                assert text == COLUMNS[cell.column - 1][2](value), (cell.coordinate, cell.number_format)
    assert got == {}


def test_values_are_shown_as_their_columns_say(tmp_path):
    """What was written comes back, by the rule of each column, from the values themselves."""
    value = ["a", "b", 7, 8, 9, 42, 7, 123456789, 123456789012345, 1234.567, -5.5, 0.1, 72.96499999999999, 0.19, True,
             dt.date(2024, 2, 29), dt.datetime(2024, 2, 29, 8, 5), dt.time(23, 59, 59), dt.datetime(2024, 2, 29), "x"]  # fmt: skip
    by_xlsxwriter(tmp_path / "a.xlsx", [value], old=False)
    [(_, cells, problems)] = quickly(tmp_path / "a.xlsx")
    assert list(cells.values()) == [
        "a", "b", "7", "8", "9", "00042", "C-0007", "123-45-6789", "123456789012345", "1234.567", "-5.5", "0.1", "72.965",
        "19%", "TRUE", "2024-02-29", "2024-02-29 08:05:00", "23:59:59", "2024-02-29", "x",
    ]  # fmt: skip
    assert problems == [
        (at, "cell.fraction", text) for at, text in ((9, "1234.567"), (10, "-5.5"), (11, "0.1"), (12, "72.965"))
    ]


def books() -> list[Path]:
    return sorted(CORPUS.glob("*.xlsx")) if CORPUS.is_dir() else []


@pytest.mark.parametrize("path", books(), ids=lambda p: p.stem)
def test_every_sheet_of_the_corpus_reads_alike_both_ways(path):
    """Files of many programs: where the fast way answers at all, it answers as the parser does."""
    try:
        sheets = Package(path, "x").facts()
    except (Unreadable, zipfile.BadZipFile):
        return
    for sheet in sheets:
        try:
            slow = slowly(path, sheet.name)
        except Unreadable as stop:
            slow = stop.message
        try:
            assert quickly(path, sheet.name) == slow
        except Unreadable:
            assert isinstance(slow, str)  # refused both ways, perhaps for different ones of its faults
        except Irregular:
            pass


TEXTS = st.lists(st.text(st.sampled_from("ab&;#x0DA<>_\"\r\n é\u2028") , max_size=12) | st.sampled_from(
    ["_x000D_", "&#10;", "&#x41;", "&amp;lt;", "&#0;", "&#xD800;", "&nope;", "&", "_x005F_x000D_", "\x01", "a&#13;&#10;b"]
), min_size=1, max_size=4)  # fmt: skip


def parsed(raw: str) -> str | None:
    """What expat makes of character data; None where it is not well-formed."""
    from xml.parsers import expat

    state, parser = TextPass(), expat.ParserCreate()
    parser.StartElementHandler = lambda tag, _: state.start(tag)
    parser.EndElementHandler = state.end
    parser.CharacterDataHandler = state.data
    try:
        parser.Parse(f"<t>{raw}</t>".encode(), True)
    except expat.ExpatError:
        return None
    return unescape(state.take())


@settings(max_examples=200, derandomize=True, deadline=None)
@given(texts=TEXTS.map(lambda ts: [t.replace("<", "") for t in ts]))
def test_character_data_is_decoded_as_the_parser_does(texts):
    """References, line breaks and escapes; data that is not well-formed is left to the parser."""
    wanted = [parsed(text) for text in texts]
    got = decoded(pl.Series(texts, dtype=pl.String))
    if got is None:
        assert None in wanted or any("]]>" in t for t in texts)
    else:
        assert got.to_list() == wanted


@pytest.mark.parametrize(
    ("raw", "text"),
    [("A_xD83D__xDE00_B", "A😀B"), ("_xd83d__xde00_", "😀"), ("_xD83D_", "_xD83D_"), ("_xDE00__xD83D_", "_xDE00__xD83D_"),
     ("_xD83D__xD83D__xDE00_", "_xD83D_😀"), ("_x005F_xD83D_", "_xD83D_"), ("_xD7FF__xE000_", "\ud7ff\ue000")],
)  # fmt: skip
def test_halves_of_a_character_make_one_or_stay_as_they_are_written(tmp_path, raw, text):
    """Escapes of characters beyond 16 bits; half of one is no text, and no reason to refuse the file."""
    path, made = tmp_path / "a.xlsx", tmp_path / "b.xlsx"
    with xlsxwriter.Workbook(path, {"constant_memory": False}) as out:
        out.add_worksheet("List").write_row(0, 0, ["HERE", "x"])
    with zipfile.ZipFile(path) as package, zipfile.ZipFile(made, "w") as new:
        for entry in package.infolist():
            new.writestr(entry, package.read(entry).replace(b"HERE", raw.encode()))
    assert quickly(made) == slowly(made) == [(1, {0: text, 1: "x"}, [])]
    text.encode()


def test_shared_texts_are_all_there_however_they_are_written():
    """Spaces kept, empty items, line breaks between items, unlike items; a rich text is left to the parser."""
    items = [
        "<si><t>a &amp; b</t></si>",
        '<si><t xml:space="preserve"> c </t></si>',
        "<si><t/></si>",
        "<si><t></t></si>",
    ]
    wanted = ["a & b", " c ", "", ""]
    for joint in ("", "\n", "\r\n  "):
        part = f"<sst>{joint.join(items)}{joint}</sst>".encode()
        assert shared_texts(part).to_list() == wanted
    assert shared_texts(b"<sst><si><r><t>a</t></r></si></sst>") is None
    assert shared_texts(b"<sst><si><t>a</t></si><!-- x --><si><t>b</t></si></sst>") is None


SERIALS = st.floats(0, 3_000_000).map(repr) | st.integers(0, 3_000_000).map(str) | st.sampled_from(
    ["61", "60", "59", "0", "2958465", "2957003.99999999", "2958465.9999999", "45000.5", "45000.000005787", "-1", "1e3", "x"]
) | st.integers(100, 20_000_000).map(lambda n: f"{n / 172_800:.15g}")  # fmt: skip


@settings(max_examples=200, derandomize=True, deadline=None)
@given(values=st.lists(SERIALS, min_size=1, max_size=6), old=st.booleans(), clock=st.booleans())
def test_columns_of_dates_equal_dates_one_by_one(values, old, clock):
    """Serial numbers of both systems, halves of seconds and the ends of the calendar."""
    formats = Formats(["yyyy-mm-dd hh:mm:ss" if clock else "yyyy-mm-dd"], old)
    for text, value in zip(dates(pl.Series(values), clock, old), values, strict=True):
        assert text is None or text == formats.show(value, 0)[0]
        assert text is not None or not re.fullmatch("[1-9][0-9]{2,5}", value)


@pytest.mark.skipif(not shutil.which("soffice"), reason="LibreOffice is not here")
def test_a_file_that_went_through_libreoffice_reads_alike(tmp_path):
    """The same rows after a spreadsheet program has saved them anew."""
    path, out = tmp_path / "a.xlsx", tmp_path / "out"
    value = ["a & b", "00123", 7, 8, "9", 42, 7, 123456789, 123456789012345, 1234.567, -5.5, 0.1, 0.25, 0.19, True,
             dt.date(2024, 2, 29), dt.datetime(2024, 2, 29, 8, 5), dt.time(23, 59, 59), dt.datetime(2024, 2, 29), "x"]  # fmt: skip
    by_xlsxwriter(path, [["h"] * 20, value], old=False)
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    command = ["soffice", profile, "--headless", "--convert-to", "xlsx", "--outdir", str(out), str(path)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    assert quickly(out / "a.xlsx") == slowly(out / "a.xlsx") == quickly(path)


def test_a_lone_cell_far_away_needs_no_space_between(tmp_path):
    """Rows whose only cell is in the last column: read, or refused by name, in little memory."""
    path = tmp_path / "far.xlsx"
    with xlsxwriter.Workbook(path) as out:
        sheet = out.add_worksheet()
        for row in range(500):
            sheet.write(row * 2000, 16_383, 1)
    job = {"path": str(path), "kind": "xlsx", "name": "x", "sheet": None, "scratch": str(tmp_path)}
    assert (read_inside(job)["count"], read_inside(job)["width"]) == (500, 16_384)
