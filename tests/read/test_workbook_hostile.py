"""Workbooks with changed bytes or made to harm: rows or a clear error, soon, with this process alive and small."""

import random
import resource
import subprocess
import sys
import time
import warnings
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from pipeline.errors import Unreadable
from pipeline.progress import Silent
from pipeline.read import ReadOptions, open_sheet, package
from pipeline.read.inside import read as read_inside

CORPUS = Path(__file__).parents[2] / "../shared/corpus"
SEEDS = ("xlsx/hidden_row_and_sheet_sheetjs.xlsx", "xlsx/strict_ooxml_76rows.xlsx", "xlsx/numbers_app_attendance.xlsx",
         "xlsx/ns_prefixed_xml.xlsx", "xlsx/inline_strings_cdata.xlsx", "xlsx/dates_iso_t_d.xlsx", "xlsx/cells_without_r_attribute.xlsx",
         "ods/ods_multiline_cell.ods", "xls/xls_mtcars_nul_strings.xls", "xls/xls_1904.xls")  # fmt: skip
CHILD = """
import json, resource, sys, warnings
from pathlib import Path
from pipeline.errors import Unreadable
from pipeline.read import inside, package
scratch = Path(sys.argv[1])
inside.limit(50)
for line in sys.stdin:
    path = Path(line.strip())
    try:
        kind = package.kind(path, "x")
        found = inside.read({"path": str(path), "kind": kind, "name": "x", "sheet": None, "scratch": str(scratch)})
        print("rows", found["count"], flush=True)
    except Unreadable as stop:
        print("refused" if stop.remedy else "no remedy", flush=True)
    except (MemoryError, RecursionError):
        print("memory", flush=True)
status = Path("/proc/self/status")  # getrusage tells the peak of the process that started this one, where it is higher
told = dict(line.split(":", 1) for line in status.read_text().splitlines()) if status.exists() else {}
peak = int(told["VmHWM"].split()[0]) if told else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(peak // 1024, file=sys.stderr)
"""
MOST_MEGABYTES = 700  # what reading damaged copies of small files may take; the process has a limit of 3 GB


def mutated(seed: Path, dice: random.Random, out: Path) -> Path:
    """Some bytes of the file, or of one of its unpacked parts, are others, missing or doubled."""
    data = seed.read_bytes()
    if data[:2] == b"PK" and dice.random() < 0.7:
        with zipfile.ZipFile(seed) as whole, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
            entries = whole.infolist()
            chosen = dice.choice([e for e in entries if e.file_size])
            for entry in entries:
                content = whole.read(entry)
                made.writestr(entry.filename, spoiled(content, dice) if entry is chosen else content)
        return out
    out.write_bytes(spoiled(data, dice))
    return out


def spoiled(data: bytes, dice: random.Random) -> bytes:
    made = bytearray(data)
    for _ in range(dice.randint(1, 5)):
        at, how = dice.randrange(len(made)), dice.random()
        length = dice.choice([1, 2, 4, 16, 100])
        if how < 0.6:
            made[at] = dice.randrange(256)
        elif how < 0.8:
            del made[at : at + length]
        else:
            made[at:at] = made[at : at + length] * dice.randint(1, 3)
        made = made or bytearray(b"x")
    return bytes(made)


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus is not here")
def test_mutated_bytes_of_real_files_end_as_rows_or_a_clear_error(tmp_path):
    """200 damaged copies of files by many programs, read in one limited process; nothing else comes out of it."""
    dice, paths = random.Random(7), []
    for at in range(200):
        seed = CORPUS / SEEDS[at % len(SEEDS)]
        paths.append(mutated(seed, dice, tmp_path / f"{at}{seed.suffix}"))
    outcomes, died, peaks = [], [], []
    while len(outcomes) < len(paths):
        left = "\n".join(map(str, paths[len(outcomes) :]))
        child = subprocess.run([sys.executable, "-W", "ignore", "-c", CHILD, str(tmp_path)], input=left,
                               capture_output=True, text=True, timeout=180, check=False)  # fmt: skip
        outcomes += child.stdout.splitlines()
        peaks += [int(child.stderr.split()[-1])] if child.returncode == 0 else []
        if len(outcomes) < len(paths):  # a library of another language gave up the whole process
            died.append((paths[len(outcomes)], child.stderr[:2000]))
            outcomes.append("died")
    assert all(path.suffix == ".xls" for path, _ in died), died
    for path, _ in died:
        with pytest.raises(Unreadable):
            open_sheet(path, ReadOptions(), tmp_path, Silent())
    assert {o.partition(" ")[0] for o in outcomes} <= {"refused", "rows", "memory", "died"}
    assert outcomes.count("refused") > 10 and len(set(outcomes)) > 5
    assert "memory" not in outcomes
    assert max(peaks) < MOST_MEGABYTES


PART = st.sampled_from(["xl/workbook.xml", "xl/worksheets/sheet1.xml", "[Content_Types].xml", "_rels/.rels", "content.xml",
                        "xl/sharedStrings.xml", "xl/_rels/workbook.xml.rels", "xl/workbook.bin", "../../x", "META-INF/manifest.xml"])  # fmt: skip
XML = st.sampled_from([
    b"<worksheet><sheetData><row r='1'><c><v>1</v></c></row></sheetData></worksheet>", b"<sheetData>", b"", b"\0\0", b"<a/>",
    b'<workbook xmlns:r="x"><sheets><sheet name="a" sheetId="1" r:id="rId1"/></sheets></workbook>', b"<sst><si><t>a</t></si></sst>",
    b'<Relationships><Relationship Id="rId1" Type="x/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
    b'<Relationships><Relationship Id="rId1" Type="x/worksheet" Target="../../../../etc/passwd"/></Relationships>',
    b'<?xml version="1.0" encoding="utf-16"?><a/>', b"\x83\x01\x00\x84\x01\x00", b"<x>" * 5000,
]) | st.binary(max_size=60)  # fmt: skip


@settings(max_examples=60, derandomize=True, deadline=None, phases=[Phase.generate],
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
@given(parts=st.lists(st.tuples(PART, XML), max_size=6), packed=st.booleans(), cut=st.integers(0, 40) | st.none())
def test_made_up_packages_end_as_rows_or_a_clear_error(tmp_path, parts, packed, cut):
    """Any parts with any content: twice the same name, cut archives, targets outside of the package."""
    path = tmp_path / "a.xlsx"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # zipfile tells of names that come twice
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED) as out:
            for name, content in parts:
                out.writestr(name, content)
    if cut:
        path.write_bytes(path.read_bytes()[:-cut])
    try:
        kind = package.kind(path, "x")
        found = read_inside({"path": str(path), "kind": kind, "name": "x", "sheet": None, "scratch": str(tmp_path)})
    except Unreadable as stop:
        assert stop.remedy
    else:
        assert found["count"] >= 0


def minimal(path: Path, sheet: bytes, texts: bytes = b"<sst/>") -> Path:
    related = b'<Relationships><Relationship Id="r1" Type="x/worksheet" Target="s.xml"/><Relationship Id="r2" Type="x/sharedStrings" Target="t.xml"/></Relationships>'
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr(
            "xl/workbook.xml", b'<workbook xmlns:r="r"><sheets><sheet name="a" r:id="r1"/></sheets></workbook>'
        )
        out.writestr("xl/_rels/workbook.xml.rels", related)
        out.writestr("xl/s.xml", sheet)
        out.writestr("xl/t.xml", texts)
    return path


ROWS = b"".join(b'<row r="%d"><c r="A%d" t="s"><v>0</v></c></row>' % (n, n) for n in range(1, 300_000))
HOSTILE = {
    "a text of a megabyte in each of 300,000 cells": (b"<worksheet><sheetData>" + ROWS + b"</sheetData></worksheet>",
                                                      b"<sst><si><t>" + b"x" * (1 << 20) + b"</t></si></sst>"),
    "a long text in each of 300,000 cells": (b"<worksheet><sheetData>" + ROWS + b"</sheetData></worksheet>",
                                             b"<sst><si><t>" + b"x" * 99_000 + b"</t></si></sst>"),
    "attributes without end": (b"<worksheet><sheetData><row " + b"".join(b'a%d="" ' % n for n in range(300_000))
                               + b"/></sheetData></worksheet>", b"<sst/>"),
    "elements in elements": (b"<worksheet>" + b"<sheetData>" * 2_000_000, b"<sst/>"),
    "a number of a million digits": (b'<worksheet><sheetData><row r="1"><c r="A1"><v>' + b"9" * 1_000_000
                                     + b"</v></c></row></sheetData></worksheet>", b"<sst/>"),
    "an exponent without end": (b'<worksheet><sheetData><row r="1"><c r="A1"><v>1E999999999</v></c><c r="B1"><v>1E-99999999'
                                b"</v></c></row></sheetData></worksheet>", b"<sst/>"),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
def test_what_is_made_to_grow_ends_soon_and_leaves_this_process_small(tmp_path, case):
    path = minimal(tmp_path / "a.xlsx", *HOSTILE[case])
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    try:
        sheet = open_sheet(path, ReadOptions(header_row=0), tmp_path, Silent())
        assert sum(batch.cells.height for batch in sheet.batches(1000)) > 0
    except Unreadable as stop:
        assert stop.remedy
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 1 << 20  # KiB
    assert time.process_time() - began < 60
