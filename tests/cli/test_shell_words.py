"""Commands to type are written for the shell that reads them, wherever they are written: the screen, the page, the workbook."""

from __future__ import annotations

import os

import openpyxl
import pytest
from conftest import Shell, people, write_csv

from pipeline.shellwords import command, quoted


def test_on_windows_words_are_quoted_as_its_command_line_reads_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its shell knows no apostrophes, and a path of its own needs no quotes."""
    monkeypatch.setattr(os, "name", "nt")
    path, spaced = quoted(r"runs\list\errors.xlsx"), command("run", r"mi lista\errors.xlsx")
    monkeypatch.undo()
    assert path == r"runs\list\errors.xlsx" and spaced == r'customer-import run "mi lista\errors.xlsx"'


def test_the_page_and_the_workbook_write_commands_as_the_screen_does(shell: Shell) -> None:
    """A folder whose name a terminal would obey: spelt out, so that it can be typed."""
    (row,) = people(1)
    write_csv(shell.home / "list.csv", [{**row, "Correo": "mal"}])
    ended = shell("run", "list.csv", "--to", "piriod", "--sandbox", "--out", "a\x1bb")
    wanted = r"customer-import run $'a\x1bb/errors.xlsx'"
    assert wanted in ended.out
    assert wanted.replace("'", "&#x27;") in (ended.folder / "report.html").read_text(encoding="utf-8")
    book = openpyxl.load_workbook(ended.folder / "errors.xlsx")
    assert any(wanted in str(cell.value) for line in book.worksheets[0].iter_rows() for cell in line)
