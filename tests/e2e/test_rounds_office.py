"""Error files that a real LibreOffice opened and saved: no value that is pushed changes."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from conftest import people, write_csv
from e2e.round_files import Inside, Row, read_csv, sheet_of_rows

OFFICE = shutil.which("soffice")
pytestmark = pytest.mark.skipif(OFFICE is None, reason="LibreOffice is not installed")

UTF8 = "--infilter=Text - txt - csv (StarCalc):44,34,76,1"
CODES = ["007", "12345678901234567890", "1.0", "3-4", "2026-01-05", "1e5", "true", "=1+1", "'ya", "+56", "1,50", "$ 5", "10:30",
         "Ñandú Ácido Íñigo", "  aire  ", "VERDADERO", "1/2", "5%", "Ω – “x”", "1.234.567", "01-02-2026", "-5", "@yo", "0x1F"]  # fmt: skip
"""Texts that a spreadsheet program may take for numbers, dates, formulas or truth values."""


@pytest.fixture
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Inside:
    """The command line in this process."""
    return Inside(tmp_path, monkeypatch, capsys)


def awkward() -> list[Row]:
    """Customers whose references are awkward, each with an e-mail that has to be corrected."""
    rows = people(len(CODES), start=76_400_000)
    for at, (row, code) in enumerate(zip(rows, CODES, strict=True)):
        row.update({"Nombre": f"{code} {at}", "Código": code, "Correo": f"mal{at}", "Dirección": f"Calle 1\nPiso {at}"})
    return rows


def saved(path: Path, kind: str, home: Path, *flags: str) -> Path:
    """What LibreOffice makes of a file that it opens and saves as `kind`."""
    assert OFFICE is not None
    profile = f"-env:UserInstallation=file://{home}/profile"
    command = [OFFICE, profile, "--headless", *flags, "--convert-to", kind, "--outdir", str(home / "saved"), str(path)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    return home / "saved" / f"{path.stem}.{kind.partition(':')[0]}"


@pytest.mark.parametrize(("given", "kind", "flags"), [
    ("csv", "csv", ()), ("csv", "xlsx", ()), ("csv", "ods", (UTF8,)), ("xlsx", "xlsx", ()),
])  # fmt: skip
def test_open_and_save_changes_no_value_that_is_pushed(
    given: str, kind: str, flags: tuple[str, ...], inside: Inside, sandbox: Any, tmp_path: Path
) -> None:
    """Opened and saved by LibreOffice, then corrected: everything but the corrections is sent as the source had it."""
    rows = awkward()
    write_csv(tmp_path / "list.csv", rows)
    running = sandbox()
    where = ("--base-url", running.base_url, "--yes", "--rate", "0", "--quiet")
    first = inside(
        "run", "list.csv", "--to", "piriod", "--map", "Código=reference", "--out", "run", *where, secrets=True
    )
    assert first.counts == {"invalid": len(rows)}, first.err
    back = saved(tmp_path / "run" / f"errors.{given}", kind, tmp_path, *flags)
    dry = inside("run", back, "--out", "run", "--dry-run", *where, secrets=True)
    assert dry.counts == {"invalid": len(rows)}, dry.err
    assert not any("(edited)" in r["_changes"] for r in dry.results)
    fixed = _corrected(back)
    ended = inside("run", fixed, "--out", "run", *where, secrets=True)
    assert ended.counts == {"created": len(rows)}, ended.err
    there = {c["email"]: c for c in running.customers("piriod")}
    plain = inside("run", _source(tmp_path, rows), "--to", "piriod", "--map", "Código=reference", "--out", "plain", "--dry-run",
                   *where, secrets=True, folder="plain")  # fmt: skip
    assert plain.counts == {"skipped": len(rows)}, plain.err
    for at, row in enumerate(rows):
        customer = there[f"bien{at}@x.example"]
        assert customer["reference"] == row["Código"].strip(), (row["Código"], customer["reference"])
        assert customer["name"] == " ".join(row["Nombre"].split())
        assert customer["phone"].endswith(f"5{at:07}")
    if given == "csv":
        told = [r["Código"] for r in read_csv(tmp_path / "run" / "results.csv")]
        assert [t.removeprefix("'") if not t.startswith("''") else t[1:] for t in told] == CODES


def _source(home: Path, rows: list[Row]) -> Path:
    return write_csv(home / "good.csv", [r | {"Correo": f"bien{at}@x.example"} for at, r in enumerate(rows)])


def _corrected(path: Path) -> Path:
    """The file with every e-mail corrected, and nothing else touched."""
    if path.suffix == ".csv":
        text = path.read_text(encoding="utf-8-sig")
        path.write_text(_mended(text), encoding="utf-8-sig")
        return path
    if path.suffix == ".ods":
        import zipfile

        with zipfile.ZipFile(path) as parts:
            content = {name: parts.read(name) for name in parts.namelist()}
        content["content.xml"] = _mended(content["content.xml"].decode()).encode()
        with zipfile.ZipFile(path, "w") as parts:
            for name, data in content.items():
                parts.writestr(name, data)
        return path
    book = openpyxl.load_workbook(path)
    for line in sheet_of_rows(book).iter_rows():
        for cell in line:
            if isinstance(cell.value, str) and cell.value.startswith("mal") and cell.value[3:].isdecimal():
                cell.value = _mended(cell.value)
    book.save(path)
    return path


def _mended(text: str) -> str:
    import re

    return re.sub(r"(?<![\w'])mal(\d+)(?!\w)(?!')", r"bien\1@x.example", text)
