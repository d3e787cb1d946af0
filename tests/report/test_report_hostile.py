"""Hostile cells in every place, in every output at once: they stay texts, and stay what they are."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from report.report_browser import CHROMIUM, ask
from report.report_samples import facts, issue, row, table

from pipeline.folder import RunFolder
from pipeline.handoff import Choice, Mapping, SourceFacts
from pipeline.progress import Silent
from pipeline.report import Summary, write

FORMULAS = ["=1+1", "+1+1", "-1-1", "@SUM(1+1)", "=HYPERLINK(\"http://127.0.0.1:9/\",\"x\")", "=cmd|'/c calc'!A0", "\t=1+1", "\r=1+1",
            "＝1+1", "'=1+1", "''=1+1", "{=1+1}", "%0A-1", "= 1"]  # fmt: skip
MARKUP = ["<script>document.title='owned'</script>", "</t></is></c><c r=\"A1\"><f>1+1</f></c>", "]]></t>", "<!--", "&lt;&#0;&amp;",
          "</script><img src=x onerror=document.title='owned'>", "<r><t>x</t></r>", "<?xml version=\"1.0\"?>", "<!DOCTYPE x>"]  # fmt: skip
CONTROL = ["\x00", "a\x00b", "\x01\x02\x1f\x7f\x85", "\ufffe\uffff", "\ufeffa", "\u202ea\u2066", "a\r\nb\rc\nd", "_x0000_", "_x005F_x0041_",
           "\u2028\u2029", "e\u0301", "😀" * 10, " ", "\u00a0", "﷽"]  # fmt: skip
LONG = ["x" * 32_767, "😀" * 16_383 + "x", "y" * 32_768, "=" + "z" * 1_000_000]
HOSTILE = FORMULAS + MARKUP + CONTROL + LONG
STARTS = "=+-@\t\r\n＝＋－＠"
FITS = [cell for cell in HOSTILE if len(cell.encode("utf-16-le")) <= 2 * 32_767]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Summary]:
    """A run in which every text that anybody else wrote is hostile: cells, headers, names, messages, ids."""
    path = tmp_path_factory.mktemp("hostile")
    headers = ("=1+1", "</script><script>document.title='owned'</script>", "a\x00b", "=1+1")
    rows = []
    for at, cell in enumerate(HOSTILE):
        short = cell[:2_000]
        problems = (
            issue("target.rejected", "email", headers[0], cell, cell, cell),
            issue(short, short, short, cell, cell, cell),
            issue("country.unknown", "country", headers[1], cell, cell, cell),
        )
        rows.append(row(at + 2, [cell, cell, cell, cell], "rejected", *problems, id=short, key=short, source=short, sheet=short,
                        changes=f"email: {cell} -> {cell} | {cell}"))  # fmt: skip
        rows.append(row(at + 1002, [cell, None, None, cell], "invalid", *problems[1:]))
    mapping = Mapping(tuple(Choice(i, h, f, "alias", h) for i, (h, f) in enumerate(zip(headers, ("email", "country", "state", None), strict=True))),
                      constants={"=1+1": "=1+1"}, notes=HOSTILE[:8])  # fmt: skip
    told = facts(headers, mapping=mapping, workbook=True, run="=1+1", target="<b>", workspace="<i>", host="<u>",
                 sources=(SourceFacts("=1+1", "csv", notes=("<b>",)), SourceFacts("<b>", "csv")),
                 rows=len(rows), choices={"country": tuple(MARKUP + FORMULAS)}, decisions={"<b>": "<i>"}, import_flags="<b>",
                 unchecked=("<b>",), delimiter=",")  # fmt: skip
    return path, write(RunFolder(path), table(rows, 4, 7), told, Silent())


@pytest.mark.parametrize("name", ["results.csv", "errors.csv"])
def test_csv_files_compute_nothing_and_lose_nothing(made: tuple[Path, Summary], name: str) -> None:
    """No cell begins like a formula; one apostrophe less, each is the source's, byte for byte, a megabyte or not."""
    csv.field_size_limit(sys.maxsize)
    text = (made[0] / name).read_bytes().decode("utf-8-sig")
    head, *lines = list(csv.reader(io.StringIO(text, newline="")))
    assert not any(cell.startswith(tuple(STARTS)) for line in [head, *lines] for cell in line)
    cells = [line[-1].removeprefix("'") for line in lines]
    assert cells == [cell for cell in HOSTILE for _ in range(2)]
    assert [line[-4].removeprefix("'") for line in lines] == cells


@pytest.mark.parametrize("name", ["errors.xlsx"])
def test_workbooks_hold_texts_only(made: tuple[Path, Summary], name: str) -> None:
    """Well-formed in every part; no formula, no link, no cell of another type than text; all that fits is there."""
    with zipfile.ZipFile(made[0] / name) as book:
        assert book.testzip() is None
        parts = {part: ElementTree.fromstring(book.read(part)) for part in book.namelist()}
    space = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    rows = parts["xl/worksheets/sheet2.xml"]
    assert not [e for part, root in parts.items() if "worksheets/" in part for e in root.iter(f"{space}f")]
    assert not [
        e
        for part, root in parts.items()
        for e in root.iter()
        if e.tag.endswith("hyperlink") or e.tag.endswith("definedFunction")
    ]
    cells = [c for c in rows.iter(f"{space}c") if len(c)]
    assert {c.get("t") for c in cells} == {"s", "inlineStr"}
    last = [line[-1].findtext(f"{space}is/{space}t") or "" for line in rows.iter(f"{space}row")][1:]
    decode = re.compile("_x([0-9A-F]{4})_")
    assert [decode.sub(lambda m: chr(int(m[1], 16)), text) for text in last] == [
        cell for cell in FITS for _ in range(2)
    ]
    types = [part for part in parts if "comments" in part]
    assert types and all(e.text for e in parts[types[0]].iter(f"{space}t"))


def test_what_no_workbook_holds_is_said(made: tuple[Path, Summary]) -> None:
    """A cell of 32,768 units keeps its row out of errors.xlsx, and all rows out of results.xlsx; never is it cut."""
    _, summary = made
    assert "results.xlsx" not in summary.files and "errors.xlsx" in summary.files
    assert any("only in errors.csv" in note and "4 rows" in note for note in summary.notes)


def test_json_and_page_stay_small_whatever_a_cell_holds(made: tuple[Path, Summary]) -> None:
    """A megabyte in one cell is a line of the page, and of summary.json."""
    path, _ = made
    assert json.loads((path / "summary.json").read_text(encoding="utf-8"))["rows"] == 2 * len(HOSTILE)
    assert (path / "report.html").stat().st_size < 600_000
    assert (path / "summary.json").stat().st_size < 600_000


@pytest.mark.skipif(CHROMIUM is None and not os.environ.get("CI"), reason="no Chromium is installed")
def test_the_browser_shows_texts(made: tuple[Path, Summary]) -> None:
    """With everything unfolded no script ran, nothing was asked for, and no element came from a cell."""
    page = made[0] / "report.html"
    values, asked = ask(
        page,
        "document.querySelectorAll('details').forEach((d) => { d.open = true; }); new Promise((r) => setTimeout(r, 500))",
        "document.title",
        "document.querySelectorAll('img, iframe, a, base, link, form, object, main script, main style, b b, code b').length",
        "[...document.querySelectorAll('details.row dd')].slice(0, 4).map((d) => d.textContent)",
    )
    assert values[1].endswith(": =1+1") and values[2] == 0
    assert values[3] == [HOSTILE[0]] * 4
    assert asked == [page.as_uri()]


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
@pytest.mark.parametrize("name", ["errors.xlsx", "errors.csv"])
def test_libreoffice_computes_nothing(made: tuple[Path, Summary], tmp_path: Path, name: str) -> None:
    """Opened by LibreOffice and saved as its own format, no cell is a formula, a number or a link."""
    source: Any = made[0] / name
    subprocess.run(["soffice", f"-env:UserInstallation=file://{tmp_path}/profile", "--headless", "--convert-to", "fods", "--outdir",
                    tmp_path, source], check=True, capture_output=True, timeout=120)  # fmt: skip
    saved = (tmp_path / f"{source.stem}.fods").read_text(encoding="utf-8")
    rows = saved.split('table:name="Rows"')[-1]
    assert 'table:formula="' not in saved and 'xlink:href="http' not in saved
    values = set(re.findall(r'office:value-type="(\w+)"', rows)) if name == "errors.xlsx" else {"string"}
    assert values == {"string"}
    assert "SUM(1+1)" in rows and "HYPERLINK(" in rows
