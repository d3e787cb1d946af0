"""What a run says to type next works when it is typed; a run's corrections go to the run's own server and workspace."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from conftest import Shell, people, write_csv

PACE = ("--rate", "0", "--timeout", "2", "--settle", "1")


def begun(shell: Shell, running: Any, folder: str, *more: str, wrong: int = 1) -> str:
    """A run of four rows, the first ones of them wrong, in `folder`; what it printed."""
    rows = people(4)
    for row in rows[:wrong]:
        row["Correo"] = "nadie"
    write_csv(shell.home / "list.csv", rows)
    ended = shell("run", "list.csv", "--to", "piriod", "--base-url", running.base_url, "--out", folder, *PACE, *more,
                  secrets=True)  # fmt: skip
    return ended.out + ended.err


def commands(said: str) -> list[list[str]]:
    """The commands of our own that a text names, as a shell would read them, without the program's name."""
    found = [line.split("customer-import ", 1)[1] for line in said.splitlines() if "customer-import " in line]
    return [shlex.split(text) for text in found]


def test_the_correction_that_is_named_works(shell: Shell, sandbox: Any) -> None:
    """A folder with a space in its name, a server of the command line: the line that is printed can be typed."""
    running = sandbox()
    said = begun(shell, running, "mi carpeta", "--yes", "--quiet")
    (named,) = commands(said)
    assert named == ["run", "mi carpeta/errors.xlsx", "--base-url", running.base_url]
    assert shell("status", "mi carpeta").out.splitlines()[-1] == said.splitlines()[-1]
    ended = shell(*named, *PACE, "--yes", secrets=True)
    assert ended.code == 1 and "stopped" not in ended.err, ended.err


@pytest.mark.parametrize("how", ["canary", "plan", "answer"])
def test_the_push_that_is_named_goes_on(how: str, shell: Shell, sandbox: Any) -> None:
    """After a canary, a dry run, and a live push that nobody could confirm."""
    running = sandbox()
    flags = {"canary": ("--yes", "--canary", "2"), "plan": ("--dry-run",), "answer": ()}[how]
    named = commands(begun(shell, running, "mi carpeta", *flags, wrong=0))
    assert named and all(one == named[0] for one in named if "--yes" not in one), named
    ended = shell(*named[-1], *PACE, *(() if "--yes" in named[-1] else ("--yes",)), secrets=True)
    assert ended.code == 0, ended.err
    assert len(running.customers("piriod")) == 4


def test_the_first_sheet_of_errors_xlsx_names_the_same(shell: Shell, sandbox: Any) -> None:
    """Whoever has only the workbook can type what stands in it."""
    running = sandbox()
    begun(shell, running, "mi carpeta", "--yes", "--quiet")
    book = openpyxl.load_workbook(shell.home / "mi carpeta" / "errors.xlsx", read_only=True)
    texts = [str(cell) for row in book["Causes"].iter_rows(values_only=True) for cell in row if cell]
    book.close()
    assert commands("\n".join(texts)) == [["run", "mi carpeta/errors.xlsx", "--base-url", running.base_url]]


@pytest.mark.parametrize("dry", [True, False])
def test_a_correction_is_not_planned_with_another_workspace(dry: bool, shell: Shell, sandbox: Any) -> None:
    """Who is in the other workspace says nothing about this one: nothing is read there, and no round is made."""
    running = sandbox()
    begun(shell, running, "first", "--yes", "--quiet")
    before = len(running.requests())
    more = ("--dry-run",) if dry else ("--yes",)
    ended = shell(
        "run", "first/errors.csv", "--base-url", running.base_url, *more, secrets=True, PIRIOD_WORKSPACE="acc_2"
    )
    assert ended.code == 2 and "acc_1" in ended.err and "acc_2" in ended.err
    assert len(running.requests()) == before and not list((shell.home / "first").glob("*round-*"))


def test_a_push_to_another_workspace_is_refused_before_it_is_announced(shell: Shell, sandbox: Any) -> None:
    """Nobody is shown LIVE data of a workspace that the plan was not made for."""
    running = sandbox()
    begun(shell, running, "first", "--dry-run", wrong=0)
    ended = shell("push", "first", "--base-url", running.base_url, "--yes", secrets=True, PIRIOD_WORKSPACE="acc_2")
    assert ended.code == 2 and "to create" not in ended.err, ended.err


def test_a_replacement_that_is_a_formula_is_said(shell: Shell, sandbox: Any, tmp_path: Path) -> None:
    """A formula without a value is no replacement, and is not passed over in silence."""
    running = sandbox()
    begun(shell, running, "first", "--yes", "--quiet", wrong=2)
    book = openpyxl.load_workbook(tmp_path / "first" / "errors.xlsx")
    places: dict[str, int] = {}
    for row in book["Causes"].iter_rows():
        texts = [cell.value for cell in row]
        if "replacement" in texts:
            places = {str(text): at for at, text in enumerate(texts)}
        elif places and texts[places["value"]] == "nadie":
            row[places["replacement"]].value = '="a"&"b"'
    assert places
    book.save(tmp_path / "fixed.xlsx")
    ended = shell("run", "fixed.xlsx", "--out", "first", "--base-url", running.base_url, "--yes", secrets=True)
    assert ended.code == 2 and "plain text" in ended.err, ended.err


def test_the_workbook_offers_the_states_and_countries_of_the_target(shell: Shell, sandbox: Any, tmp_path: Path) -> None:
    """With a catalogue of the user's own, its states; of the countries, those that the target has."""
    (tmp_path / "states.csv").write_text("id,name,country\n7,Zona Propia,CL\n8,Metropolitana,CL\n", encoding="utf-8")
    running = sandbox()
    begun(shell, running, "first", "--yes", "--quiet", "--states", "states.csv")
    book = openpyxl.load_workbook(tmp_path / "first" / "errors.xlsx")
    offered = {str(cell) for row in book["Lists"].iter_rows(values_only=True) for cell in row if cell is not None}
    assert {"Zona Propia", "Metropolitana", "Chile"} <= offered and "Valparaíso" not in offered
