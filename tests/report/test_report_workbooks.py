"""errors.xlsx and results.xlsx: all text, exactly as it was, marked where it is wrong."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import openpyxl
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl.utils.escape import unescape
from report.report_samples import HEADERS, facts, issue, row, story, table

from pipeline.folder import RunFolder
from pipeline.handoff import Choice, Mapping
from pipeline.progress import Silent
from pipeline.read import ReadOptions, open_sheet
from pipeline.report import Summary, cellxml, sheet, write
from pipeline.report.cellxml import rows_xml

HOSTILE = ["=1+1", "+56 9", "-1", "@x", "'x", "00123", "1.23E+19", "<r><t>x</t></r>", "<r></r>", "<r>&<b></r>", "</t></is>",
           "_x0041_", "_x000D__x000D_", "a\x00b", "\x0b", "\r", "a\r\nb", " x ", "\n", "http://x.example", "{=1}", "TRUE", "\ufffe\uffff",
           "]]>", "&amp;", "ñandú 😀"]  # fmt: skip


def run(path: Path, outcomes: list[dict[str, Any]], width: int = len(HEADERS), **changes: Any) -> Summary:
    return write(RunFolder(path), table(outcomes, width), facts(**changes), Silent())


def rows_of(path: Path) -> list[dict[str, Any]]:
    """The rows of the sheet "Rows", by header, as a reader of the format sees them."""
    book = openpyxl.load_workbook(path)
    head, *lines = book["Rows"].iter_rows()
    for cell in (cell for line in lines for cell in line):
        assert cell.value is None or cell.data_type == "s", f"{cell.coordinate} is no text: {cell.value!r}"
        assert cell.hyperlink is None
    names = [cell.value for cell in head]
    return [
        {name: None if cell.value is None else unescape(cell.value) for name, cell in zip(names, line, strict=True)}
        for line in lines
    ]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.none() | st.sampled_from(HOSTILE) | st.text(min_size=1, max_size=8), min_size=1, max_size=12))
def test_every_cell_is_text_and_as_it_was(tmp_path: Path, cells: list[str | None]) -> None:
    outcomes = [row(number, [cell], "invalid") for number, cell in enumerate(cells, 2)]
    run(tmp_path, outcomes, 1, headers=("Texto",), workbook=True)
    for name in ("errors.xlsx", "results.xlsx"):
        assert [line["Texto"] for line in rows_of(tmp_path / name)] == cells


@pytest.mark.parametrize("cell", HOSTILE)
def test_hostile_headers_names_and_messages_stay_text(tmp_path: Path, cell: str) -> None:
    """The same cell as header, value, detail and suggestion."""
    run(tmp_path, [row(2, [cell], "rejected", issue("target.rejected", "email", cell, cell, cell, cell))], 1,
        headers=(cell,), workbook=True)  # fmt: skip
    for name in ("errors.xlsx", "results.xlsx"):
        for worksheet in openpyxl.load_workbook(tmp_path / name).worksheets:
            assert all(c.data_type != "f" for line in worksheet.iter_rows() for c in line)


def test_faulty_cells_are_coloured_and_say_why(tmp_path: Path) -> None:
    """Red for an error, amber for a warning, blank cells too; the message and the remedy are the cell's note."""
    run(tmp_path, story())
    worksheet = openpyxl.load_workbook(tmp_path / "errors.xlsx")["Rows"]
    at = {cell.value: cell.column for cell in worksheet[1]}
    mail, rut, name = (worksheet.cell(2, at[header]) for header in ("Correo", "RUT", "Razón Social"))
    assert (mail.fill.fgColor.rgb, rut.fill.fgColor.rgb) == ("FFFFC7CE", "FFFFEB9C")
    assert "is no e-mail address" in mail.comment.text and "Correct the address" in mail.comment.text
    assert "RUT is empty" in rut.comment.text
    assert name.comment is None and name.fill.fill_type is None


def test_a_field_made_of_several_columns_marks_them_all(tmp_path: Path) -> None:
    mapping = Mapping(tuple(Choice(i, h, None, "mapping") for i, h in enumerate(("Calle", "Ciudad"))),
                      {"address": "{Calle}, {Ciudad}"}, {"address": (0, 1)})  # fmt: skip
    problem = issue("text.too_long", "address", "Calle + Ciudad", "a, b", "80 characters")
    run(tmp_path, [row(2, ["a", "b"], "invalid", problem)], 2, headers=("Calle", "Ciudad"), mapping=mapping)
    worksheet = openpyxl.load_workbook(tmp_path / "errors.xlsx")["Rows"]
    marked = [cell.column_letter for cell in worksheet[2] if cell.comment]
    assert marked == [
        worksheet.cell(1, worksheet.max_column - 1).column_letter,
        worksheet.cell(1, worksheet.max_column).column_letter,
    ]


def test_of_columns_with_one_name_the_faulty_one_is_marked(tmp_path: Path) -> None:
    problem = issue("cell.spreadsheet_error", None, "Monto", "#N/A")
    run(
        tmp_path,
        [row(2, ["1", "#N/A"], "invalid", problem)],
        2,
        headers=("Monto", "Monto"),
        mapping=Mapping(()),
    )
    worksheet = openpyxl.load_workbook(tmp_path / "errors.xlsx")["Rows"]
    assert [cell.value for cell in worksheet[2] if cell.comment] == ["#N/A"]


def test_the_first_sheet_sums_up_the_causes(tmp_path: Path) -> None:
    """Three lines of what to do, then each cause with its count; causes of rows that are in are not there."""
    run(tmp_path, story())
    book = openpyxl.load_workbook(tmp_path / "errors.xlsx")
    assert book.sheetnames[:2] == ["Causes", "Rows"]
    lines = [[cell.value for cell in line] for line in book["Causes"].iter_rows()]
    assert lines[0][0] == "4 rows are not in"
    assert [line[0][:2] for line in lines[1:4]] == ["1.", "2.", "3."]
    assert str(tmp_path / "errors.xlsx") in lines[3][0]
    end = next(at for at, line in enumerate(lines) if line[0] == "Correct many rows at once")
    codes = {line[5]: line[0] for line in lines[:end] if line[5] and line[5] != "Code"}
    assert codes == dict.fromkeys(
        ("email.syntax", "state.unknown", "target.rejected", "target.failed", "target.not_attempted"), 1
    )


def test_helpers_are_frozen_first_and_the_filter_is_on(tmp_path: Path) -> None:
    """Only row, status and errors are shown of ours, so that the user's own columns fit on the screen."""
    run(tmp_path, story())
    worksheet = openpyxl.load_workbook(tmp_path / "errors.xlsx")["Rows"]
    names = [cell.value for cell in worksheet[1]]
    assert names == [*names[:14], *HEADERS] and names[13] == "_run"
    assert worksheet.freeze_panes == "O2" and worksheet.auto_filter.ref == "A1:T5"
    hidden = [range(d.min, d.max + 1) for d in worksheet.column_dimensions.values() if d.hidden]
    shown = [name for at, name in enumerate(names, 1) if not any(at in columns for columns in hidden)]
    assert shown[:3] == ["_row", "_status", "_errors"] and shown[3:] == list(HEADERS)


@pytest.mark.parametrize("name", ["errors.xlsx", "results.xlsx"])
def test_columns_are_as_wide_as_their_fields_and_paper_says_which_row_it_is(tmp_path: Path, name: str) -> None:
    """A telephone is not cut because its header is `Tel`; header and row number stand on each sheet of paper."""
    headers = (
        "Tel",
        "Calle",
        "Ciudad",
        "Notas",
        "Un encabezado bastante largo",
        "Un encabezado que nadie lee, de tan largo",
    )
    choices = tuple(Choice(i, h, "phone" if h == "Tel" else None, "mapping") for i, h in enumerate(headers))
    mapping = Mapping(choices, {"address": "{Calle}, {Ciudad}"}, {"address": (1, 2)})
    run(tmp_path, [row(2, ["x"] * 6, "invalid")], headers=headers, workbook=True, mapping=mapping)
    worksheet = openpyxl.load_workbook(tmp_path / name)["Rows"]
    names = [cell.value for cell in worksheet[1]]
    widths = {n: d.width for d in worksheet.column_dimensions.values() for n in names[d.min - 1 : d.max]}
    assert [int(widths[header]) for header in headers] == [20, 30, 30, 10, 31, 40]
    assert (worksheet.print_title_rows, worksheet.print_title_cols) == ("$1:$1", "$A:$A")


def test_a_value_to_correct_does_not_lie_over_the_cell_for_its_replacement(tmp_path: Path) -> None:
    """It is wrapped, and its line is as high as it needs: a text that runs over looks as if it stood in the green cell."""
    long = "Avenida Presidente Carlos Ibáñez del Campo 5650, Bodega 14, Barrio Industrial, Punta Arenas"
    run(tmp_path, [row(2, [long], "invalid", issue("text.too_long", "address", "Dirección", long, "91"))], 1,
        headers=("Dirección",), mapping=Mapping((Choice(0, "Dirección", "address", "alias"),)))  # fmt: skip
    front = openpyxl.load_workbook(tmp_path / "errors.xlsx").worksheets[0]
    cell = next(line[2] for line in front.iter_rows() if line[2].value == long)
    assert cell.alignment.wrap_text
    assert front.row_dimensions[cell.row].height >= 15 * len(long) / front.column_dimensions["C"].width


def test_closed_lists_become_drop_downs(tmp_path: Path) -> None:
    """A list of any length works (those inside a rule end at 255 characters), and other words stay possible."""
    countries = tuple(f"País {n}" for n in range(250))
    run(tmp_path, story(), choices={"country": countries, "term": ("x",)})
    book = openpyxl.load_workbook(tmp_path / "errors.xlsx")
    rule = next(r for r in book["Rows"].data_validations.dataValidation if "R2" in str(r.sqref))
    assert (str(rule.sqref), rule.formula1, rule.errorStyle) == (
        "R2:R5",
        "'Lists'!$A$1:$A$250",
        "information",
    )
    assert [cell.value for cell in book["Lists"]["A"]] == list(countries)
    assert book["Lists"].sheet_state == "hidden"


def test_a_cell_too_long_for_a_workbook_is_never_cut(tmp_path: Path) -> None:
    """Its row stays in the CSV file only, and that is said; a cell of exactly the limit is there whole."""
    fitting, longer = "😀" * (32_766 // 2) + "x", "y" * 32_768
    summary = run(
        tmp_path,
        [row(2, [fitting], "invalid"), row(3, [longer], "invalid")],
        1,
        headers=("T",),
        workbook=True,
    )
    assert [line["T"] for line in rows_of(tmp_path / "errors.xlsx")] == [fitting]
    assert "results.xlsx" not in summary.files and not (tmp_path / "results.xlsx").exists()
    assert longer in (tmp_path / "errors.csv").read_text(encoding="utf-8")
    assert len([note for note in summary.notes if "row" in note and "3" in note]) == 2


BLANKS = "\t\n\x0b\x0c\r \x85\xa0\u1680\u2003\u2028\u202f\u205f\u3000"
ODD = st.sampled_from("_x0041F5\x00\x7f<&]>\uffff'=😀Ñ°" + BLANKS)


@pytest.mark.parametrize("worth_it", [cellxml.WORTH_IT, 1])
@settings(max_examples=60, deadline=None)
@given(cells=st.lists(st.text(ODD) | st.text(), min_size=1, max_size=30))
def test_any_text_is_read_back_from_its_xml(worth_it: int, cells: list[str]) -> None:
    """Law: a reader that undoes `_x0041_` once, from the left, has the text again; overlapping marks too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cellxml, "WORTH_IT", worth_it)
        xml = b"".join(rows_xml([pl.Series(cells, dtype=pl.String)], [3], {}, 2)).decode()
    rows = ElementTree.fromstring(f"<sheetData>{xml}</sheetData>")
    assert [row.get("r") for row in rows] == [str(n) for n in range(2, 2 + len(cells))]
    assert [unescape(row.findtext("c/is/t") or "") for row in rows] == cells
    kept = any(text[:1] in BLANKS or text[-1:] in BLANKS for text in cells if text)
    assert all((t.get("{http://www.w3.org/XML/1998/namespace}space") == "preserve") is kept for t in rows.iter("t"))


@pytest.mark.parametrize(
    "sign", ["&", "<", "]]>", "_x0041_", "\x00", "\uffff", "é ", *(f"a{blank}" for blank in BLANKS)]
)
def test_one_odd_text_among_thousands_is_written_as_it_is_alone(sign: str) -> None:
    """A column is looked at as a whole: whatever needs care is found in it, wherever it stands."""
    texts = pl.Series([*["Comercial Ñuñoa Ltda."] * 9_000, sign])
    *_, last = ElementTree.fromstring(b"<x>" + b"".join(rows_xml([texts], [1], {}, 2)) + b"</x>")
    (alone,) = ElementTree.fromstring(b"<x>" + b"".join(rows_xml([texts[-1:]], [1], {}, 9_002)) + b"</x>")
    assert ElementTree.tostring(last) == ElementTree.tostring(alone)


def test_rows_are_the_same_however_many_are_written_at_once() -> None:
    """Blank cells, marks and tall rows stand where they belong in every piece, and no row is lost between two."""
    cells = [pl.Series([None if n % 3 == at else f"{n} {at}" for n in range(50)], dtype=pl.String) for at in range(3)]
    marks = {1: pl.Series([5 if n % 7 == 0 else None for n in range(50)], dtype=pl.Int32)}
    lines = pl.Series([1 + (n == 33) for n in range(50)])
    whole = b"".join(rows_xml(cells, [1, 2, 3], marks, 2, lines))
    single = [rows_xml([c[n : n + 1] for c in cells], [1, 2, 3], {1: marks[1][n : n + 1]}, 2 + n, lines[n : n + 1])
              for n in range(50)]  # fmt: skip
    assert whole == b"".join(xml for one in single for xml in one)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cellxml, "CHUNK", 7)
        assert b"".join(rows_xml(cells, [1, 2, 3], marks, 2, lines)) == whole


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(st.none() | st.sampled_from(["a", " b "]), st.none() | st.sampled_from([5, 6])),
        min_size=1,
        max_size=9,
    )
)
def test_marked_cells_have_their_style_and_blank_ones_without_a_mark_are_not_there(
    made: list[tuple[str | None, int | None]],
) -> None:
    """Law: a cell is there if it holds a text or is marked; its style is the mark's, else the column's."""
    texts, marks = (
        pl.Series(values, dtype=dtype)
        for values, dtype in zip(zip(*made, strict=True), (pl.String, pl.Int32), strict=True)
    )
    rows = ElementTree.fromstring(b"<x>" + b"".join(rows_xml([texts], [1], {0: marks}, 2)) + b"</x>")
    found = [(row.findtext("c/is/t"), [int(c.get("s") or 0) for c in row]) for row in rows]
    assert found == [(text, [mark or 1] if text or mark else []) for text, mark in made]


def test_what_is_wrong_with_a_row_as_a_whole_marks_its_errors(tmp_path: Path) -> None:
    """A row of which no single cell is faulty has a red cell all the same: the one that says why."""
    run(tmp_path, [row(2, ["a"] * 6, "failed", issue("target.failed", None, None, None, "time-out"))])
    worksheet = openpyxl.load_workbook(tmp_path / "errors.xlsx")["Rows"]
    assert [worksheet.cell(1, c.column).value for c in worksheet[2] if c.fill.fgColor.rgb == "FFFFC7CE"] == ["_errors"]
    assert not any(cell.comment for line in worksheet.iter_rows() for cell in line)


def corrections(path: Path, sheet_name: str) -> tuple[list[str], list[dict[str, Any]]]:
    """The second table of the first sheet, as a program reads it: the heads a person sees, and the lines by name."""
    lines = list(openpyxl.load_workbook(path)[sheet_name].iter_rows())
    at = next(n for n, line in enumerate(lines) if {"code", "field", "value", "replacement"} <= {c.value for c in line})
    worksheet = openpyxl.load_workbook(path)[sheet_name]
    assert worksheet.row_dimensions[at + 1].hidden, "the names are for programs"
    names = [cell.value for cell in lines[at]]
    told = [{n: c.value for n, c in zip(names, line, strict=True)} for line in lines[at + 2 :]]
    return [str(cell.value) for cell in lines[at + 1]], told


@pytest.mark.parametrize(("lang", "name"), [("en", "Causes"), ("es", "Causas")])
def test_a_value_of_many_rows_can_be_corrected_once(tmp_path: Path, lang: str, name: str) -> None:
    """One line for each cause and value with its rows; blank cells count; rows that are in, and whole rows, do not."""
    wrong = [
        row(n, ["a"] * 6, "invalid", issue("country.unknown", "country", "País", "EEUU", None, "US"))
        for n in range(2, 14)
    ]
    wrong += [row(n, ["a"] * 6, "invalid", issue("country.unknown", "country", "País", f"X{n}")) for n in range(20, 40)]
    wrong += [row(n, ["a"] * 6, "rejected", issue("field.required", "email", "Correo")) for n in (40, 41)]
    wrong += [row(50, ["a"] * 6, "created", issue("country.unknown", "country", "País", "EEUU")),
              row(51, ["a"] * 6, "failed", issue("target.failed"))]  # fmt: skip
    run(tmp_path, wrong, lang=lang)
    heads, lines = corrections(tmp_path / "errors.xlsx", name)
    assert heads[3] == {"en": "Replacement", "es": "Reemplazo"}[lang]
    assert [(x["rows"], x["code"], x["field"], x["column"], x["value"]) for x in lines] == [
        (12, "country.unknown", "country", "País", "EEUU"),
        (2, "field.required", "email", "Correo", ""),
    ]
    assert (lines[0]["suggestion"], {x["replacement"] for x in lines}) == ("US", {None})


def test_hostile_values_are_whole_in_the_corrections(tmp_path: Path) -> None:
    """What a program reads back from the column of values is the cell's own text."""
    cells = [cell for cell in HOSTILE if "_x" not in cell]  # openpyxl undoes half of that in shared texts
    run(tmp_path, [row(n, [cell], "invalid", issue("country.unknown", "country", "T", cell)) for cell in cells for n in (2, 3)], 1,
        headers=("T",))  # fmt: skip
    _, lines = corrections(tmp_path / "errors.xlsx", "Causes")
    assert {unescape(line["value"]) for line in lines} == set(cells)


def test_the_states_offered_are_those_of_the_rows_country(tmp_path: Path) -> None:
    """As the row writes its country, and as the list offers it; the target's own states where they are known."""
    rows = [row(n, ["a", "b", "c", land, "?", "d"], "invalid", issue("state.unknown", "state", "Región", "?")) for n, land in
            enumerate(("CHILE", "chl", "México", "Atlantis"), 2)]  # fmt: skip
    run(tmp_path, rows, states={"MX": ("Jalisco", "Sonora")})
    book = openpyxl.load_workbook(tmp_path / "errors.xlsx")
    rule = next(r.formula1 for r in book["Rows"].data_validations.dataValidation if "S2" in str(r.sqref))
    assert rule == "OFFSET('Lists'!$E$1,VLOOKUP($R2,{0},2,FALSE),0,VLOOKUP($R2,{0},3,FALSE),1)".format(
        rule.split(",")[2]
    )
    lines = list(book["Lists"].iter_rows(values_only=True))
    starts = {line[1]: (line[2], line[3]) for line in lines if line[1]}
    offered = {text: [line[4] for line in lines[start : start + count]] for text, (start, count) in starts.items()}
    assert offered["México"] == ["Jalisco", "Sonora"] and "Atlantis" not in offered
    assert offered["CHILE"] == offered["chl"] == offered["Chile"] and "Valparaíso" in offered["CHILE"]


def test_our_own_reader_has_every_cell_of_the_error_workbook(tmp_path: Path) -> None:
    """What is written is what a second import reads."""
    cells = [cell for cell in HOSTILE if not set(cell) & set("\x00\ufffe\uffff")]
    run(tmp_path, [row(n, [cell, "x"], "invalid") for n, cell in enumerate(cells, 2)], 2, headers=("Texto", "Otro"))
    table_ = open_sheet(tmp_path / "errors.xlsx", ReadOptions(sheet="Rows"), tmp_path, Silent())
    column = table_.headers.index("Texto")
    read = [text for batch in table_.batches(100) for text in batch.cells[f"c{column}"]]
    assert [(text or "").strip() for text in read] == [cell.replace("\r\n", "\n").strip() for cell in cells]


def test_what_a_workbook_cannot_hold_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a limit of 5 rows: errors.xlsx holds the first, results.xlsx all or none, the CSV files everything."""
    monkeypatch.setattr("pipeline.report.workbooks.MOST_ROWS", 5)
    outcomes = [row(number, ["a"] * 6, "invalid") for number in range(2, 10)]
    summary = run(tmp_path, outcomes, workbook=True)
    assert [line["_row"] for line in rows_of(tmp_path / "errors.xlsx")] == ["2", "3", "4", "5", "6"]
    assert not (tmp_path / "results.xlsx").exists()
    assert len((tmp_path / "errors.csv").read_text(encoding="utf-8").splitlines()) == 9
    assert any("first 5 rows" in note for note in summary.notes) and any(
        "more than 5" in note for note in summary.notes
    )


def test_more_columns_than_a_workbook_has_leave_the_csv_files(tmp_path: Path) -> None:
    width = sheet.MOST_COLUMNS
    summary = run(
        tmp_path,
        [row(2, ["x"] * width, "invalid")],
        width,
        headers=tuple(f"h{n}" for n in range(width)),
        workbook=True,
    )
    assert set(summary.files) == {"results.csv", "errors.csv", "report.html", "summary.json"}
    assert any("more columns" in note for note in summary.notes)


def test_results_xlsx_is_for_workbooks_only(tmp_path: Path) -> None:
    assert "results.xlsx" not in run(tmp_path, story()).files
    assert "results.xlsx" in run(tmp_path, story(), workbook=True).files
    assert [line["_status"] for line in rows_of(tmp_path / "results.xlsx")] == [made["status"] for made in story()]


def test_spanish_workbooks_speak_spanish(tmp_path: Path) -> None:
    run(tmp_path, story(), lang="es")
    assert openpyxl.load_workbook(tmp_path / "errors.xlsx").sheetnames[:2] == ["Causas", "Filas"]


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_libreoffice_reads_the_same_text(tmp_path: Path) -> None:
    """Opened and saved by LibreOffice, each cell of errors.xlsx still holds its text."""
    cells = [cell for cell in HOSTILE if not set(cell) & set("\x00\x0b\r\ufffe\uffff")]
    run(tmp_path, [row(n, [cell], "invalid") for n, cell in enumerate(cells, 2)], 1, headers=("Texto",))
    out = tmp_path / "saved"
    subprocess.run(["soffice", f"-env:UserInstallation=file://{tmp_path}/profile", "--headless", "--convert-to", "xlsx", "--outdir",
                    out, tmp_path / "errors.xlsx"], check=True, capture_output=True, timeout=120)  # fmt: skip
    saved = open_sheet(out / "errors.xlsx", ReadOptions(sheet="Rows"), tmp_path, Silent())
    column = saved.headers.index("Texto")
    read = [text or "" for batch in saved.batches(100) for text in batch.cells[f"c{column}"]]
    assert [text.strip() for text in read] == [cell.strip() for cell in cells]


def test_rows_are_as_tall_as_their_errors(tmp_path: Path) -> None:
    """A long message wraps in its column; the row is made tall enough for it, up to eight lines."""
    long = issue("target.rejected", "email", "Correo", "x", "word " * 200)
    run(tmp_path, [row(2, ["a"] * 6, "rejected", long), row(3, ["a"] * 6, "failed")])
    worksheet = openpyxl.load_workbook(tmp_path / "errors.xlsx")["Rows"]
    assert [worksheet.row_dimensions[n].height for n in (2, 3)] == [120, None]
