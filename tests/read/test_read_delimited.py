"""Text files: dialects, encodings, quotation, ragged rows; both ways of reading give the same cells."""

import doctest
import gzip
import hashlib
import io
import os
import sys

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.errors import Unreadable
from pipeline.progress import Silent
from pipeline.read import ReadOptions, delimited, look, open_sheet, proof, tolerant, wellformed

HEAD = ["Nombre", "RUT", "Correo", "Nota"]


def read(tmp_path, data: bytes, name="list.csv", size=7, **options):
    path = tmp_path / name
    path.write_bytes(data)
    sheet = open_sheet(path, ReadOptions(**options), tmp_path, Silent())
    batches = list(sheet.batches(size))
    assert all(0 < b.cells.height <= size for b in batches)
    return sheet, [row for b in batches for row in b.cells.rows()], pl.concat([b.issues for b in batches])


def written(rows, delimiter=",", newline="\n", every=False) -> str:
    """The rows as RFC 4180 text; csv.writer leaves a line break bare that is not its own."""

    def cell(text: str) -> str:
        bare = (
            not (every if every is not None else len(text) % 2 == 0)
            and not set(text) & set('"\r\n' + delimiter)
            and text == text.lstrip(" ")
        )
        return text if bare else '"' + text.replace('"', '""') + '"'

    return "".join(delimiter.join(map(cell, row)) + newline for row in rows)


def refused(tmp_path, data: bytes, name="list.csv", **options) -> Unreadable:
    with pytest.raises(Unreadable) as caught:
        read(tmp_path, data, name, **options)
    assert caught.value.remedy
    return caught.value


PLAIN = "Nombre,RUT\nAna Muñoz,00123\n\nJosé Peña,1-9\n"


@pytest.mark.parametrize(
    "encoding",
    ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be", "cp1252", "cp850",
     "mac-roman"],
)  # fmt: skip
def test_encodings_give_the_same_cells(tmp_path, encoding):
    """The same list in any encoding has the same cells, and blank lines count in row numbers."""
    _, rows, issues = read(tmp_path, PLAIN.encode(encoding))
    assert rows == [(2, "Ana Muñoz", "00123"), (4, "José Peña", "1-9")]
    assert issues.is_empty()


def test_a_detected_code_page_is_said(tmp_path):
    sheet, _, _ = read(tmp_path, PLAIN.encode("cp1252"))
    assert sheet.facts.encoding == "cp1252"
    assert any("cp1252" in note for note in sheet.facts.notes)


def test_a_byte_that_is_no_text_is_an_issue_of_its_cell(tmp_path):
    data = ("Nombre,RUT\n" + "Ñandú á é í ó ú,1\n" * 5).encode() + b"mal\xff,2\n"
    sheet, _, issues = read(tmp_path, data, size=100)
    assert sheet.facts.encoding == "utf-8"
    assert issues.select("at", "column", "code").rows() == [(5, "Nombre", "cell.undecodable")]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters_and_line_ends(tmp_path, delimiter, newline):
    """Every delimiter with every line end, with delimiters, quotes and line breaks inside cells."""
    wanted = [("Uno, Dos; Tres", "1", "a@x.example", 'dice "hola"'), ("x\ny", "2", "", "fin | \t.")]
    sheet, rows, issues = read(tmp_path, written([HEAD, *wanted], delimiter, newline).encode())
    assert sheet.facts.delimiter == delimiter
    assert [row[1:] for row in rows] == [tuple(c or None for c in row) for row in wanted]
    assert issues.is_empty()


def test_sep_line_is_no_row(tmp_path):
    """Spreadsheet programs hide a `sep=` line, so the header is row 1."""
    sheet, rows, _ = read(tmp_path, b"sep=;\r\na;b,c\r\n1;2,5\r\n")
    assert (sheet.facts.header_row, sheet.headers, rows) == (1, ("a", "b,c"), [(2, "1", "2,5")])


def test_gzip_and_standard_input(tmp_path, monkeypatch):
    """Compressed text and a pipe read like the file itself."""
    _, rows, _ = read(tmp_path, gzip.compress(PLAIN.encode()), "list.csv.gz")
    assert rows[0] == (2, "Ana Muñoz", "00123")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(PLAIN.encode())))
    sheet = open_sheet("-", ReadOptions(), tmp_path, Silent())
    assert [b.cells.height for b in sheet.batches(1)] == [1, 1] == [b.cells.height for b in sheet.batches(1)]


def test_blank_lines_blanks_and_empty_quotes(tmp_path):
    """Empty cells are null, cells of blanks stay, blank rows go but are counted."""
    _, rows, _ = read(tmp_path, b'a,b\n\n"",x\n,,\n  ,""\n""\n')
    assert rows == [(3, None, "x"), (5, "  ", None)]


def test_extra_cells_are_an_issue_empty_ones_a_note(tmp_path):
    sheet, rows, issues = read(tmp_path, b"a,b\n1,2,,\n3,4,5\n6,7\n8,9\n")
    assert [row[1:] for row in rows] == [("1", "2"), ("3", "4"), ("6", "7"), ("8", "9")]
    assert issues.select("at", "code", "value").rows() == [(1, "row.too_many_cells", "5")]
    assert any("beyond the last column" in note for note in sheet.facts.notes)


def test_short_rows_are_fine_unless_the_file_was_cut(tmp_path):
    """Rows may omit their last empty cells; a last row without line end among complete ones was cut."""
    _, rows, issues = read(tmp_path, b"a,b,c\n1,2,3\n4,5\n6\n7,8,9\n")
    assert (len(rows), issues.height) == (4, 0)
    _, _, issues = read(tmp_path, b"a,b,c\n1,2,3\n4,5,6\n7,8,9\n10,1", size=100)
    assert issues.select("at", "code", "detail").rows() == [(3, "row.too_few_cells", "2 of 3 cells")]


def test_a_row_broken_by_an_unquoted_line_end_is_an_issue(tmp_path):
    _, _, issues = read(tmp_path, b"a,b,c\n1,2,3\n4,5,6\n7,x\ny,9\n1,1,1\n2,2,2\n", size=100)
    assert issues.select("at", "code").rows() == [(2, "row.too_few_cells"), (3, "row.too_few_cells")]


def test_stray_quotes_keep_every_character(tmp_path):
    """Quotation marks that are not doubled are read as text, with a warning; other rows are untouched."""
    data = b'id,name,note\n1,"Juan "El" P",x\n2,5" pipe,y\n3,"ok, ""q""",z\n'
    _, rows, issues = read(tmp_path, data, size=100)
    assert [row[2] for row in rows] == ['Juan "El" P', '5" pipe', 'ok, "q"']
    assert issues.select("at", "code").rows() == [(0, "row.quotes_repaired")]


def test_an_unclosed_quote_swallows_no_row(tmp_path):
    data = b'id,name,note\n1,"Juan,x\n2,Ana,y\n3,"Eva, B",z\n4,Leo,w\n'
    _, rows, issues = read(tmp_path, data, size=100)
    assert [row[1] for row in rows] == ["1", "2", "3", "4"]
    assert rows[0][2] == '"Juan'
    assert issues.select("at", "code").rows() == [(0, "row.quotes")]


def test_backslash_escapes_and_final_backslashes(tmp_path):
    """A backslash escapes a quote only where RFC 4180 makes no sense of it."""
    _, rows, _ = read(tmp_path, b'id,t\n1,"a \\" b"\n2,"c ""d"" e"\n')
    assert [row[2] for row in rows] == ['a " b', 'c "d" e']
    _, rows, _ = read(tmp_path, b'path,who\n"C:\\","DOM\\"\n"x","y"\n')
    assert rows[0][1:] == ("C:\\", "DOM\\")


def test_our_own_prefix_is_removed_once_and_only_in_our_files(tmp_path):
    """Only what such a file puts an apostrophe before; a cell like 'plain had its own, with --raw-csv too."""
    head = "_row,_status,_key,phone,'=note\n"
    sheet, rows, _ = read(tmp_path, (head + "2,invalid,k,'+569,''x\n3,invalid,k,'plain,'\n").encode())
    assert sheet.headers[3:] == ("phone", "=note")
    assert [row[4:] for row in rows] == [("+569", "'x"), ("'plain", "'")]
    _, rows, _ = read(tmp_path, b"phone,note\n'+569,'x\n'+568,y\n")
    assert rows[0][1:] == ("'+569", "'x")


def test_title_rows_and_totals_are_left_out_and_said(tmp_path):
    data = b'My company\nCustomer list\n\nName,Balance,Mail\nAna,"1,200",a@x.example\nTotal Spa,3,\nTotal,"1,203",\n'
    sheet, rows, _ = read(tmp_path, data)
    assert [row[:2] for row in rows] == [(5, "Ana"), (6, "Total Spa")]
    assert sheet.facts.header_row == 4
    assert any("row 7 (Total)" in note for note in sheet.facts.notes)


def test_limit_counts_the_rest(tmp_path):
    sheet, rows, _ = read(tmp_path, b"a,b\n" + b"x,1\n" * 20, size=3, limit=5)
    assert (len(rows), sheet.facts.rows) == (5, 20)


def test_a_list_without_header_asks_and_takes_an_answer(tmp_path):
    data = b"Ana,a@x.example,10\nEva,e@x.example,20\nLeo,l@x.example,30\n"
    assert "--header-row 0" in refused(tmp_path, data).remedy
    sheet, rows, _ = read(tmp_path, data, header_row=0)
    assert (sheet.headers[0], len(rows)) == ("Column 1", 3)


@pytest.mark.parametrize(
    ("data", "name", "word"),
    [
        (b"", "a.csv", "empty"),
        (b"\n\n", "a.csv", "empty"),
        (b"a,b\n", "a.csv", "no customers"),
        (b"a,b;c\n1,2;3\n", "a.csv", "more than one delimiter"),
        (b"<html><table>", "a.xls", "web page"),
        (b"a,b\n1,2\n", "a.xlsx", "plain text"),
        (b"PK\x03\x04 no zip", "a.xlsx", "damaged"),
        (b"PK\x03\x04", "a.csv", "damaged"),
        (b"%PDF-1.7", "a.csv", "PDF"),
        (gzip.compress(b"a,b\n1,2\n" * 999, mtime=0)[:-9], "a.csv.gz", "damaged"),
        (b'[{"a": 1}]', "a.csv", "JSON"),
        (b"a,b\n1,2\n", "a.csv", None),
    ],
)
def test_what_cannot_be_read_says_why_and_what_to_do(tmp_path, data, name, word):
    if word is None:
        read(tmp_path, data, name)
    else:
        assert word in refused(tmp_path, data, name).message


def test_missing_files_and_folders(tmp_path):
    for source in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(Unreadable):
            open_sheet(source, ReadOptions(), tmp_path, Silent())


def test_numbers_that_a_spreadsheet_program_shortened_are_issues(tmp_path, monkeypatch):
    """1.23E+11 stands for digits that are gone; it is said on both ways of reading."""
    for small in (1 << 30, 0):
        monkeypatch.setattr(wellformed, "SMALL", small)
        _, rows, issues = read(tmp_path, b"name,id\na,5.69877E+10\nb,1E5\nc,12\n", size=9)
        assert [row[2] for row in rows] == ["5.69877E+10", "1E5", "12"]
        assert issues.select("at", "column", "code").rows() == [(0, "id", "cell.precision_lost")]


def test_examples_in_the_docs():
    assert doctest.testmod(look).failed == 0


CELL = st.text(st.sampled_from("ab1 ,;\"\n\r'é\t\\#="), max_size=6)


@settings(max_examples=100, derandomize=True, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
@given(
    rows=st.lists(st.lists(CELL, min_size=3, max_size=3), min_size=1, max_size=12),
    newline=st.sampled_from(["\n", "\r\n"]), final=st.booleans(), size=st.integers(1, 5), bom=st.booleans(),
    every=st.sampled_from([None, True, False]), chunk=st.sampled_from([24, 60, 1 << 20]),
)  # fmt: skip
def test_both_ways_read_the_same_cells(tmp_path_factory, monkeypatch, rows, newline, final, size, bom, every, chunk):
    """What polars reads is what the tolerant reader reads, and both give back what was written.

    The blocks of the proof end anywhere, within quoted cells and doubled marks too.
    """
    folder = tmp_path_factory.mktemp("both")
    text = written([["Name", "Nota uno", "Nota dos"], *rows], newline=newline, every=every)
    text = text if final else text[: -len(newline)]
    path = folder / "a.csv"
    path.write_bytes(text.encode("utf-8-sig" if bom else "utf-8"))
    wanted = [(i, *(c or None for c in row)) for i, row in enumerate(rows, 2) if any(row)]
    told = ReadOptions(delimiter=",", header_row=1)
    found = []
    for small in (1 << 30, 0):
        with monkeypatch.context() as patch:
            patch.setattr(wellformed, "SMALL", small)
            patch.setattr(proof, "CHUNK", chunk)
            try:
                sheet = open_sheet(path, told, folder, Silent())
            except Unreadable:
                assert not wanted
                return
            found.append([row for b in sheet.batches(size) for row in b.cells.rows()])
    assert found[0] == found[1] == wanted


def test_the_fast_way_takes_well_formed_files_and_no_others(tmp_path, monkeypatch):
    """Files with quoted line breaks go the fast way; anything irregular goes the careful way."""
    ways = []
    monkeypatch.setattr(wellformed, "SMALL", 0)
    fast = delimited.by_polars
    monkeypatch.setattr(delimited, "by_polars", lambda *a: ways.append(fast(*a)) or ways[-1])
    good = b'a,b\r\n"x\r\ny","q ""q"""\r\n\r\n1,2\r\n'
    for data in (
        good,
        good + b"1\n",
        good + b"1,2,3\n",
        good + b'x"y,"z\n',
        good + b' "a",b\n',
        good.replace(b"1", b"\xff"),
    ):
        read(tmp_path, data)
    assert [way is not None for way in ways] == [True, False, False, False, False, False]


def listed(rows: int) -> bytes:
    return b"name;note\r\n" + b'Ana;"x; ""y"""\r\n' * rows


@pytest.mark.parametrize(
    "data",
    [
        listed(9000),
        "\ufeffLista de clientes\r\n\r\n".encode() + listed(9000),
        b"sep=;\r\n" + listed(9000),
        listed(9000) + b"Eva\r\n",
        listed(2),
        gzip.compress(listed(9000)),
    ],
    ids=["plain", "mark and title", "sep", "ragged", "small", "packed"],
)
@pytest.mark.parametrize("chunk", [4096, 2 << 20])
def test_the_hash_is_that_of_the_bytes_as_given(tmp_path, monkeypatch, data, chunk):
    """Whether the proof hashes the bytes on its way or a pass of its own does, what was skipped or packed counts."""
    monkeypatch.setattr(proof, "CHUNK", chunk)
    sheet, _, _ = read(tmp_path, data, name="a.csv.gz" if data[:2] == b"\x1f\x8b" else "a.csv")
    assert sheet.facts.sha256 == hashlib.sha256(data).hexdigest()


def test_a_file_that_changes_while_it_is_read_stops_the_run(tmp_path, monkeypatch):
    """Other text of the same length and count of records would pass for what was proved; a touched file is the same."""
    monkeypatch.setattr(proof, "CHUNK", 4096)
    path = tmp_path / "a.csv"
    path.write_bytes(listed(9000))
    sheet = open_sheet(path, ReadOptions(), tmp_path, Silent())
    os.utime(path, ns=(1, 1))
    assert sum(batch.cells.height for batch in sheet.batches(500)) == 9000
    coming = sheet.batches(500)
    next(coming)
    path.write_bytes(listed(9000).replace(b"Ana", b"Eva"))
    with pytest.raises(Unreadable, match="changed while it was read"):
        list(coming)


LINE = st.text(st.sampled_from(list('ab ,,""\';\t\\')), max_size=16)


@settings(max_examples=2000, derandomize=True, deadline=None)
@given(line=LINE, delimiter=st.sampled_from(",;\t"), quote=st.sampled_from("\"'"), escape=st.sampled_from(["", "\\"]),
       width=st.integers(0, 4), below=LINE)  # fmt: skip
def test_a_regular_line_has_the_cells_that_the_look_at_each_field_finds(line, delimiter, quote, escape, width, below):
    """The quick reading of a line is taken only where the careful one agrees, whatever stands below it."""
    dialect = tolerant.Dialect(delimiter, quote, escape, width)
    cells = dialect.regular(line)
    found, end = tolerant._scan(f"{line}\n{below}", 0, dialect, several_lines=True)
    assert cells is None or (cells, "", len(line)) == (found.cells, found.trouble, end)
