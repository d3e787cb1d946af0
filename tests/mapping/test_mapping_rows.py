"""Rows that are no customers are left out with the reason, and no others."""

from __future__ import annotations

from pathlib import Path

import pytest
from mapping.mapping_sources import frame

from pipeline.errors import Misuse
from pipeline.mapping import MappingFile, MappingRequest, left_out, load_file, row_rules

ODOO = ("Name", "Is a company", "Related company")
PEOPLE = [
    ["Acme", "1", None],
    ["Ana", "0", "Acme"],
    ["Beto", "0", None],
    ["Cleo", "False", "Acme"],
    ["Dora", None, "Acme"],
    ["Sub", "1", "Acme"],
]


def reasons(headers: tuple[str, ...], rows: list[list[str | None]], request: MappingRequest) -> list[str | None]:
    return left_out(frame(headers, rows), row_rules(headers, request)).to_list()


def test_odoo_contacts_of_a_company_are_left_out_and_nobody_else() -> None:
    """Companies, branches that are companies, and people on their own are customers."""
    found = reasons(ODOO, PEOPLE, MappingRequest())
    assert [bool(reason) for reason in found] == [False, True, False, True, True, False]
    assert "contact of a company" in str(found[1])


@pytest.mark.parametrize(
    "request_", [MappingRequest(preset="none"), MappingRequest(file=MappingFile("m.toml", options={"all_rows": True}))]
)
def test_every_row_is_taken_where_the_user_says_so(request_: MappingRequest) -> None:
    """With --preset none, or all_rows in the mapping file."""
    assert reasons(ODOO, PEOPLE, request_) == [None] * len(PEOPLE)


def test_rows_named_in_the_mapping_file_are_left_out(tmp_path: Path) -> None:
    """Whole texts, without case and surrounding space; `*` is any text, "" a blank cell."""
    path = tmp_path / "m.toml"
    path.write_text('[skip]\n"Tipo" = ["Proveedor", ""]\nBaja = "*"\n', encoding="utf-8")
    rows = [
        ["A", "Cliente", None],
        ["B", " PROVEEDOR ", None],
        ["C", None, None],
        ["D", "Proveedores", None],
        ["E", "Cliente", "2024-01-01"],
    ]
    found = reasons(("Nombre", "TIPO ", "Baja"), rows, MappingRequest(file=load_file(path)))
    assert found == [None, "Tipo is 'Proveedor', blank", "Tipo is 'Proveedor', blank", None, "Baja is filled"]


def test_a_rule_for_a_column_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """With its line: such rows would go in."""
    path = tmp_path / "m.toml"
    path.write_text('[skip]\n"Clase" = "Proveedor"\n', encoding="utf-8")
    with pytest.raises(Misuse, match=r"line 2.*no column 'Clase'"):
        row_rules(("Nombre", "Tipo"), MappingRequest(file=load_file(path)))


@pytest.mark.parametrize("text", ["Tipo = 3", "Tipo = [1]", "Tipo = []"])
def test_what_is_no_list_of_texts_is_refused_with_its_line(tmp_path: Path, text: str) -> None:
    """A number is not what a cell holds."""
    path = tmp_path / "m.toml"
    path.write_text(f"[skip]\n{text}\n", encoding="utf-8")
    with pytest.raises(Misuse, match="line 2"):
        load_file(path)


def test_no_rule_leaves_out_nothing() -> None:
    """Not even in an empty batch."""
    assert left_out(frame(["a"], [["1"], [None]]), ()).to_list() == [None, None]
    assert left_out(frame(["a"], []), ()).to_list() == []


def test_a_rule_for_a_header_of_signs_alone_is_not_taken_for_a_column_without_a_header() -> None:
    """It would leave out rows by cells that nobody named."""
    file = MappingFile("m.toml", skip={"--": ("Proveedor",)})
    with pytest.raises(Misuse, match="no column '--'"):
        row_rules(("Nombre", ""), MappingRequest(file=file))
