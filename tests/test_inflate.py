"""Entries of packages come out as `zipfile` gives them, and what is damaged is said in its words."""

import io
import random
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.inflate import unpacked
from pipeline.rounds.ours import HEADER_AMONG, may_be_ours


def package(content: bytes, how: int) -> io.BytesIO:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", how) as file:
        file.writestr("part.xml", content)
    return made


@settings(max_examples=60, derandomize=True, deadline=None)
@given(
    st.binary(max_size=300), st.integers(0, 3000), st.integers(1, 70_000),
    st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2]),
)  # fmt: skip
def test_all_bytes_come_out_however_they_are_asked_for(content: bytes, times: int, size: int, how: int) -> None:
    """An entry has the bytes that went in, block by block, whatever packed it."""
    with zipfile.ZipFile(package(content * times, how)) as file, unpacked(file, file.infolist()[0]) as stream:
        taken = b"".join(iter(lambda: stream.read(size), b""))
    assert taken == content * times


def test_damage_raises_what_zipfile_raises() -> None:
    """Changed bytes end as one of the errors that a reader of packages expects, or as the very bytes."""
    dice = random.Random(5)
    content = "".join(dice.choices("<row>áéí0123", k=20_000)).encode()
    whole = package(content, zipfile.ZIP_DEFLATED).getvalue()
    outcomes = set()
    for _ in range(300):
        spoiled = bytearray(whole)
        spoiled[dice.randrange(45, len(content) // 4)] = dice.randrange(256)
        try:
            with zipfile.ZipFile(io.BytesIO(bytes(spoiled))) as file, unpacked(file, file.infolist()[0]) as stream:
                assert stream.read() == content
        except (zlib.error, zipfile.BadZipFile, EOFError) as error:
            outcomes.add(type(error))
    assert {zlib.error, zipfile.BadZipFile} <= outcomes


ROW = b'<row r="%d"><c r="A%d" t="inlineStr"><is><t>Ana &amp; Co. %d</t></is></c></row>'


def workbook(path: Path, sheet: bytes, shared: bytes = b"<sst/>") -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("xl/worksheets/sheet1.xml", b"<worksheet><sheetData>" + sheet + b"</sheetData></worksheet>")
        file.writestr("xl/sharedStrings.xml", shared)
    return path


def rows(count: int) -> bytes:
    return b"".join(ROW % (n, n, n) for n in range(1, count + 1))


@pytest.mark.parametrize("above", [0, 300, 2_900])
def test_an_error_file_is_recognised_below_what_stands_above_its_header(tmp_path: Path, above: int) -> None:
    """Our column is found in place and among the shared texts, wherever a header can be."""
    header = b'<row r="9"><c r="A9" t="inlineStr"><is><t>_run</t></is></c></row>'
    assert may_be_ours(workbook(tmp_path / "a.xlsx", rows(above) + header + rows(100_000)))
    assert may_be_ours(workbook(tmp_path / "b.xlsx", rows(above), b"<sst>" + b"<si/>" * 2_000_000 + b"_run</sst>"))


def test_a_few_rows_are_searched_however_long_they_are(tmp_path: Path) -> None:
    """Where the rows are long, the bytes do not end the search before the rows do."""
    note = b'<row r="1"><c r="A1" t="inlineStr"><is><t>' + b"x" * 3 * HEADER_AMONG[0] + b"</t></is></c></row>"
    assert may_be_ours(workbook(tmp_path / "a.xlsx", note + b"<row><c><is><t>_run</t></is></c></row>"))


def test_a_list_of_customers_is_not_taken_for_ours(tmp_path: Path) -> None:
    """Neither a long list, nor one whose cells have the word far below."""
    assert not may_be_ours(workbook(tmp_path / "a.xlsx", rows(100_000)))
    assert not may_be_ours(workbook(tmp_path / "b.xlsx", rows(100_000) + ROW.replace(b"Ana", b"_run") % (1, 1, 1)))
