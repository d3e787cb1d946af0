"""A list in a web page or in XML that is called .xls, from the file to the customers of both targets, and its errors back."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from conftest import Shell, people

from tests.read.spreadsheetml import plain


def write_page(path: Path, rows: list[dict[str, str]]) -> None:
    """As the "export to Excel" of many programs writes it: a page in the encoding of Windows, identifiers as text."""
    head = "".join(f"<th bgcolor='#cccccc'>{escape(name)}</th>" for name in rows[0])
    body = "".join(
        "<tr>"
        + "".join(f"<td style='mso-number-format:\"\\@\"'>{escape(c)}&nbsp;</td>" for c in row.values())
        + "</tr>\r\n"
        for row in rows
    )
    page = f"<html><head><meta charset=windows-1252></head><body><table border=1>{head}\r\n{body}</table></body></html>"
    path.write_bytes(page.encode("cp1252"))


def write_xml(path: Path, rows: list[dict[str, str]]) -> None:
    """As many ERPs write it: an XML spreadsheet (Excel 2003), identifiers as text, with the same blank behind each."""
    table = [list(rows[0]), *([f"{text}\u00a0" for text in row.values()] for row in rows)]
    path.write_bytes(plain(table).replace('"1.0"?>', '"1.0" encoding="windows-1252"?>', 1).encode("cp1252"))


@pytest.mark.parametrize("target", ["piriod", "dayzero"])
@pytest.mark.parametrize(("write", "blank"), [(write_page, " "), (write_xml, "\u00a0")])
def test_a_list_called_xls_goes_in_and_its_errors_go_round(
    write: Callable[[Path, list[dict[str, str]]], None],
    blank: str,
    target: str,
    shell: Shell,
    sandbox: Any,
    tmp_path: Path,
) -> None:
    """Every good row is a customer with its own digits; the wrong one comes back, is corrected, and goes in."""
    rows = people(20)
    rows[3] |= {"Correo": "no es correo"}
    write(tmp_path / "clientes.xls", rows)
    running = sandbox()
    args = ("--to", target, "--base-url", running.base_url, "--yes", "--rate", "0", "--quiet")
    first = shell("run", "clientes.xls", *args, "--out", "first", secrets=True)
    assert (first.code, first.counts) == (1, {"created": 19, "invalid": 1}), first.err
    # What begins with a sign has an apostrophe before it in our CSV files.
    assert [[r[name].removeprefix("'") for name in rows[0]] for r in first.results] == [
        [f"{text}{blank}" if text else "" for text in row.values()] for row in rows
    ]
    assert (tmp_path / "first" / "results.xlsx").exists()
    book = openpyxl.load_workbook(tmp_path / "first" / "errors.xlsx")
    sheet = next(s for s in book if any(c.value == "_key" for c in s[1]))
    column = next(c.column for c in sheet[1] if c.value == "Correo")
    sheet.cell(2, column).value = "bien@nandu.example"
    book.save(tmp_path / "corrected.xlsx")
    second = shell("run", "corrected.xlsx", *args, secrets=True)
    assert second.code == 0, second.err
    there = {c["name"] for c in running.customers(target)}
    assert len(running.customers(target)) == 20
    assert there == {row["Nombre"] for row in rows}


def test_inspect_names_the_kind_and_both_languages_refuse_a_login_page(shell: Shell, tmp_path: Path) -> None:
    """`inspect` says "html"; a page that asks for a password is no list, in the language of the user."""
    write_page(tmp_path / "clientes.xls", people(3))
    shown = shell("inspect", "clientes.xls")
    assert shown.code == 0
    assert "clientes.xls, html, sheet Table 1" in shown.out
    (tmp_path / "login.xls").write_text("<html><title>Acceso</title><form><input type=password></form></html>")
    refused = shell("--lang", "es", "inspect", "login.xls")
    assert refused.code == 3
    assert "pide una contraseña" in refused.err.replace("\n", " ")
