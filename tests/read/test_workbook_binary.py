"""Binary workbooks (.xlsb): every record of a cell, held against calamine and, where it is here, LibreOffice."""

import csv
import math
import random
import shutil
import struct
import subprocess
import zipfile
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from pipeline.errors import Unreadable
from pipeline.progress import Silent
from pipeline.read import ReadOptions, open_sheet
from pipeline.read.binary import BinaryBook

RELATED = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
BINARY = "application/vnd.ms-excel"
FORMATS = {0: None, 164: "00000", 165: '"C-"0000', 166: "#,##0.00", 14: None, 10: None}


def record(kind: int, data: bytes = b"") -> bytes:
    head = bytes([kind]) if kind < 0x80 else bytes([kind & 0x7F | 0x80, kind >> 7])
    size, length = b"", len(data)
    while True:
        size += bytes([length & 0x7F | (0x80 if length > 0x7F else 0)])
        length >>= 7
        if not length:
            return head + size + data


def wide(text: str) -> bytes:
    data = text.encode("utf-16-le")
    return struct.pack("<I", len(data) // 2) + data


def cell(kind: int, column: int, style: int, value: bytes) -> bytes:
    return record(kind, struct.pack("<II", column, style) + value)


def write(path: Path, rows: dict[int, bytes], texts: list[str], before: bytes = b"", after: bytes = b"", old=0) -> None:
    """A workbook with two sheets, the second hidden; `rows` maps a 1-based number to its cells."""
    flags = struct.pack("<IIH", 0, 0, 300)
    data = b"".join(record(0, struct.pack("<I", n - 1) + flags[4:] + bytes(7)) + c for n, c in rows.items())
    size = record(148, struct.pack("<IIII", 0, max(rows) - 1, 0, 19))
    sheet = record(129) + size + before + record(145) + data + record(146) + after + record(130)
    styles = record(278) + record(615, struct.pack("<I", 3))
    styles += b"".join(record(44, struct.pack("<H", n) + wide(code)) for n, code in FORMATS.items() if code)
    xfs = b"".join(record(47, struct.pack("<HHHHHBBBB", 0, n, 0, 0, 0, 0, 0, 0, 0)) for n in FORMATS)
    styles += record(616) + record(626, struct.pack("<I", 1)) + record(47, struct.pack("<HHHHHBBBB", 0xFFFF, *[0] * 8))
    styles += record(627) + record(617, struct.pack("<I", len(FORMATS))) + xfs + record(618) + record(279)
    book = record(131) + record(153, struct.pack("<II", old, 0) + wide("")) + record(143)
    book += record(156, struct.pack("<II", 0, 1) + wide("rId1") + wide("Liste"))
    book += record(156, struct.pack("<II", 1, 2) + wide("rId2") + wide("Old")) + record(144) + record(132)
    shared = record(159, struct.pack("<II", len(texts), len(texts)))
    shared += b"".join(record(19, b"\0" + wide(text)) for text in texts) + record(160)
    kinds = {"xl/workbook.bin": "sheet.binary.macroEnabled.main", "xl/worksheets/sheet1.bin": "worksheet",
             "xl/worksheets/sheet2.bin": "worksheet", "xl/styles.bin": "styles", "xl/sharedStrings.bin": "sharedStrings"}  # fmt: skip
    types = "".join(f'<Override PartName="/{part}" ContentType="{BINARY}.{kind}"/>' for part, kind in kinds.items())
    related = "".join(
        f'<Relationship Id="rId{i}" Type="{RELATED}/{kind}" Target="{part}"/>' for i, (kind, part) in
        enumerate([("worksheet", "worksheets/sheet1.bin"), ("worksheet", "worksheets/sheet2.bin"),
                   ("styles", "styles.bin"), ("sharedStrings", "sharedStrings.bin")], 1)
    )  # fmt: skip
    package = "http://schemas.openxmlformats.org/package/2006"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("[Content_Types].xml", f'<Types xmlns="{package}/content-types"><Default Extension="rels" '
                     f'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>{types}</Types>')  # fmt: skip
        out.writestr("_rels/.rels", f'<Relationships xmlns="{package}/relationships"><Relationship Id="rId1" '
                     f'Type="{RELATED}/officeDocument" Target="xl/workbook.bin"/></Relationships>')  # fmt: skip
        out.writestr(
            "xl/_rels/workbook.bin.rels", f'<Relationships xmlns="{package}/relationships">{related}</Relationships>'
        )
        for part, content in [("workbook", book), ("worksheets/sheet1", sheet), ("styles", styles), ("sharedStrings", shared),
                              ("worksheets/sheet2", record(129) + size + record(145) + record(146) + record(130))]:  # fmt: skip
            out.writestr(f"xl/{part}.bin", content)


def real(value: float) -> bytes:
    return struct.pack("<d", value)


def rk(number: int, whole: bool, hundredth: bool) -> bytes:
    return struct.pack("<i", number << 2 | whole << 1 | hundredth)


CELLS = {  # what a record shows
    (7, 0, struct.pack("<I", 1)): "José & Søn", (6, 0, wide("in place")): "in place", (5, 0, real(1234.567)): "1234.567",
    (5, 1, real(123)): "00123", (2, 1, rk(42, True, False)): "00042", (2, 0, rk(-12345, True, True)): "-123.45",
    (2, 2, rk(7, True, False)): "C-0007", (5, 3, real(1e6)): "1000000", (5, 4, real(45351)): "2024-02-29",
    (5, 5, real(0.19)): "19%", (4, 0, b"\1"): "TRUE", (10, 0, b"\0" + b"\0" * 6): "FALSE",
    (2, 0, struct.pack("<I", struct.unpack("<Q", real(1.5))[0] >> 32)): "1.5",
    (8, 0, wide("of a formula") + b"\0" * 10): "of a formula", (9, 0, real(2.5) + b"\0" * 10): "2.5",
}  # fmt: skip


def listed(path: Path, scratch: Path):
    sheet = open_sheet(path, ReadOptions(), scratch, Silent())
    [batch] = sheet.batches(100)
    return sheet, batch


def test_every_record_shows_what_a_person_sees(tmp_path):
    """All kinds of cells with their number formats; errors and lost digits are issues; hidden and merged is said."""
    path = tmp_path / "a.xlsb"
    head = cell(7, 0, 0, struct.pack("<I", 0)) + cell(6, 1, 0, wide("Valor"))
    rows = {1: head} | {
        n: cell(7, 0, 0, struct.pack("<I", 1)) + cell(kind, 1, style, value)
        for n, (kind, style, value) in enumerate(CELLS, 2)
    }
    rows[30] = cell(6, 0, 0, wide("x")) + cell(3, 1, 0, b"\x2a")
    rows[31] = cell(6, 0, 0, wide("y")) + cell(5, 1, 0, real(12345678901234567890.0))
    column = struct.pack("<IIIIH", 1, 1, 2000, 0, 1)
    write(
        path,
        rows,
        ["Name", "José & Søn"],
        record(60, column),
        record(177, b"\1\0\0\0") + record(176, b"\0" * 16) + record(178),
    )
    sheet, batch = listed(path, tmp_path)
    assert (
        batch.cells["c1"].to_list() == [*CELLS.values(), "#N/A", "12345678901234567000"]
        or batch.cells["c1"][-1][:15] == "123456789012345"
    )
    assert batch.cells["row"].to_list() == [*range(2, 2 + len(CELLS)), 30, 31]
    codes = dict(batch.issues.filter(pl.col("code") != "cell.fraction").select("value", "code").rows())
    assert list(codes.values()) == ["cell.spreadsheet_error", "cell.precision_lost"]
    fractions = batch.issues.filter(pl.col("code") == "cell.fraction")["value"].to_list()
    assert fractions == ["1234.567", "-123.45", "1.5", "2.5"]
    said = " ".join(sheet.facts.notes)
    assert "hidden column" in said and "'Old'" in said and "merged" in said
    assert "values" not in said


def test_dates_of_both_systems(tmp_path):
    for old, shown in ((0, "2024-02-29"), (1, "2028-03-01")):
        write(tmp_path / "a.xlsb", {1: cell(6, 0, 0, wide("a")) + cell(6, 1, 0, wide("b")),
              2: cell(6, 0, 0, wide("c")) + cell(5, 1, 4, real(45351))}, [], old=old)  # fmt: skip
        assert listed(tmp_path / "a.xlsb", tmp_path)[1].cells["c1"].to_list() == [shown]


KEEP = settings(max_examples=40, derandomize=True, deadline=None, phases=[Phase.generate],
                suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
VALUE = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20).map(
        lambda t: (6, wide(t), t)
    ),
    st.integers(-(1 << 29), (1 << 29) - 1).map(lambda n: (2, rk(n, True, False), float(n))),
    st.floats(-1e12, 1e12).map(lambda n: (5, real(n), n)),
    st.booleans().map(lambda b: (4, bytes([b]), b)),
)


@KEEP
@given(rows=st.lists(st.lists(VALUE, min_size=20, max_size=20), min_size=1, max_size=3))
def test_cells_equal_what_calamine_reads(tmp_path, rows):
    """Twenty columns of texts, numbers and truths, value for value."""
    path = tmp_path / "peer.xlsb"
    write(path, {r: b"".join(cell(k, c, 0, d) for c, (k, d, _) in enumerate(row)) for r, row in enumerate(rows, 1)}, [])
    ours = [row.cells for row in BinaryBook(path, "x").rows("Liste")]
    peer = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()
    for mine, theirs, written in zip(ours, peer, rows, strict=True):
        for column, (value, (_, _, given_value)) in enumerate(zip(theirs, written, strict=True)):
            if isinstance(value, bool):
                assert (mine[column] == "TRUE") is value is given_value
            elif isinstance(value, int | float):
                assert math.isclose(float(mine[column]), value, rel_tol=1e-14, abs_tol=1e-300)
            else:
                assert mine[column] == value == given_value


@pytest.mark.skipif(not shutil.which("soffice"), reason="LibreOffice is not here")
def test_libreoffice_reads_the_same_from_these_records(tmp_path):
    """The records, and the writer of these tests, hold before a spreadsheet program: what it shows is what we show."""
    path = tmp_path / "a.xlsb"
    plain = [(k, s, v) for k, s, v in CELLS if s < 3 and k not in {8, 9, 10}]
    write(path, {n: cell(*(k, 0, s, v)) for n, (k, s, v) in enumerate(plain, 1)}, ["Name", "José & Søn"])
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    options = "csv:Text - txt - csv (StarCalc):44,34,76,1"
    command = ["soffice", profile, "--headless", "--convert-to", options, "--outdir", str(tmp_path), str(path)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as shown:
        assert [row[0] for row in csv.reader(shown)] == [CELLS[c] for c in plain]


def test_changed_bytes_never_crash_the_reader(tmp_path):
    """Whatever bytes of a part change: rows or a clear error."""
    path, dice = tmp_path / "a.xlsb", random.Random(3)
    write(path, {n: cell(k, 0, s, v) for n, (k, s, v) in enumerate(CELLS, 1)}, ["Name", "José"])
    with zipfile.ZipFile(path) as whole:
        parts = {entry.filename: whole.read(entry) for entry in whole.infolist()}
    refused = 0
    for _ in range(300):
        spoiled, part = dict(parts), dice.choice([p for p in parts if p.endswith(".bin")])
        data = bytearray(parts[part])
        for _ in range(dice.randint(1, 4)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        spoiled[part] = bytes(data[: dice.randint(1, len(data))] if dice.random() < 0.3 else data)
        with zipfile.ZipFile(path, "w") as out:
            for name, content in spoiled.items():
                out.writestr(name, content)
        try:
            book = BinaryBook(path, "x")
            for facts in book.facts():
                assert all(row.number > 0 for row in book.rows(facts.name))
        except Unreadable as stop:
            assert stop.remedy
            refused += 1
    assert 0 < refused < 300
