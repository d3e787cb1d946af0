"""Codes that look like numbers beyond all bounds (7E1000001): they are corrected like any text."""

from __future__ import annotations

import pytest
from conftest import Shell, people, write_csv

from pipeline.rounds.damage import kind


@pytest.mark.parametrize(("before", "after"), [("7E1000001", "7E1000002"), ("12E4567890", "12E4567891"), ("5E-99999999%", "5%"),
                                               ("1E400", "2E400"), ("1E9999999", "1.0E+9999999")])  # fmt: skip
def test_no_program_takes_them_for_numbers(before: str, after: str) -> None:
    """Whoever changed them is a person."""
    assert kind(before, after) is None


def test_what_a_program_does_to_large_numbers_is_known_as_before() -> None:
    """The largest that a program holds has 308 digits."""
    assert kind("123456789012", "1.23457E+11") == "exponent" and kind("1E5", "100000") == "number"
    assert kind("1" + "0" * 300, "1E+300") == "exponent"


def test_such_a_code_is_edited_in_an_error_file(shell: Shell) -> None:
    """The correction is planned, with the code as it was typed."""
    (row,) = people(1)
    write_csv(shell.home / "list.csv", [{**row, "Correo": "mal", "Código cliente": "7E1000001"}])
    first = shell("run", "list.csv", "--to", "piriod", "--sandbox", "--out", "run")
    assert first.counts == {"invalid": 1}, first.err
    path = first.folder / "errors.csv"
    text = path.read_text(encoding="utf-8-sig").replace(",mal,", ",bien@x.example,").replace("7E1000001", "7E1000002")
    (shell.home / "corrected.csv").write_text(text, encoding="utf-8-sig")
    ended = shell("run", "corrected.csv", "--out", "run")
    assert ended.counts == {"created": 1}, ended.err
    assert "Código cliente (edited): 7E1000001 -> 7E1000002" in ended.results[0]["_changes"]
