"""Rows of one file that are, or may be, the same customer: what the command says about each of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import Shell, people, write_csv

DRY = ("--dry-run", "--offline", "--quiet", "--out", "run")


@pytest.mark.parametrize("target", ["piriod", "dayzero"])
def test_another_customer_of_the_same_name_and_address_is_told_and_goes_in(
    target: str, shell: Shell, tmp_path: Path
) -> None:
    """Case, accents and punctuation aside: a warning names the first row, and nothing is held back."""
    one, two, three = people(3)
    two |= {"Nombre": "COMERCIAL NANDU 0, SPA.", "Dirección": "av siempre viva 0"}
    write_csv(tmp_path / "list.csv", [one, two, three])
    ended = shell("run", "list.csv", "--to", target, *DRY)
    assert ended.counts == {"ready": 3}, ended.err
    assert ended.code == 0
    said = [row["_warnings"] for row in ended.results]
    assert "row 2 has the same name and address" in said[1]
    assert "same name and address" not in said[0] + said[2]


def test_rows_that_differ_are_refused_with_rows_and_columns(shell: Shell, tmp_path: Path) -> None:
    """The message names every row and the columns as the user wrote them; what is told once is not told as possible too."""
    rows = people(3)
    again = rows[0] | {"Teléfono": "+56 9 5111 2222", "RUT": rows[0]["RUT"].replace("-", " - ")}
    write_csv(tmp_path / "list.csv", [*rows, again, rows[1]])
    ended = shell("run", "list.csv", "--to", "piriod", *DRY)
    results = ended.results
    assert [r["_status"] for r in results] == ["invalid", "ready", "ready", "invalid", "skipped"]
    assert {r["_error_codes"] for r in results if r["_status"] == "invalid"} == {"duplicate.conflict"}
    for row in (results[0], results[3]):
        assert "rows 2, 5, which differ in Teléfono" in row["_errors"]
        assert rows[0]["RUT"].replace("-", "") in row["_errors"].replace("-", "")
        assert "possible" not in row["_warnings"]
    assert "identical to row 3" in results[4]["_errors"] + results[4]["_warnings"]


@pytest.mark.parametrize(("policy", "kept"), [("first", 0), ("last", 3)])
def test_the_policy_chooses_a_row_and_names_it(policy: str, kept: int, shell: Shell, tmp_path: Path) -> None:
    """`--duplicates first|last`: one row is ready, the other names it."""
    rows = people(3)
    write_csv(tmp_path / "list.csv", [*rows, rows[0] | {"Nombre": "Otra"}])
    results = shell("run", "list.csv", "--to", "piriod", "--duplicates", policy, *DRY).results
    other = results[3 - kept]
    assert results[kept]["_status"] == "ready"
    assert other["_status"] == "skipped"
    assert f"row {kept + 2} of the same customer goes in" in other["_errors"] + other["_warnings"]


def test_the_same_customer_is_found_across_the_whole_file(shell: Shell, tmp_path: Path) -> None:
    """The first and the last of 70,000 rows, in other batches and another layout of the number, are one customer."""
    rows = people(70_000)
    dotted = f"{int(rows[0]['RUT'][:8]):,}".replace(",", ".") + rows[0]["RUT"][8:]
    rows += [rows[0] | {"RUT": dotted}, rows[1] | {"Correo": "otro@nandu.example"}]
    rows += [rows[2] | {"RUT": people(1, 77_000_000)[0]["RUT"]}]
    write_csv(tmp_path / "list.csv", rows)
    ended = shell("run", "list.csv", "--to", "piriod", *DRY)
    assert ended.counts == {"ready": 69_999 + 1, "skipped": 1, "invalid": 2}, ended.err
    last = ended.results[-3:]
    assert [r["_status"] for r in last] == ["skipped", "invalid", "ready"]
    assert "rows 3, 70003, which differ in Correo" in last[1]["_errors"]
    assert "row 4 has the same name and address" in last[2]["_warnings"]
