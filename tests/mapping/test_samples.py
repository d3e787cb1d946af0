"""The sample files: lifelike, mapped without a flag, and with invented people only."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import openpyxl
import pytest
from mapping.mapping_sources import fed, frame, mapped
from stdnum.cl import rut

from pipeline.mapping import MappingRequest, apply, left_out, load_file, row_rules

SAMPLES = Path(__file__).parents[2] / "samples"
OTHERS = ["xero-contacts.csv", "quickbooks-customers.csv", "odoo-contacts.csv", "shopify-customers.csv"]
FILES = ["piriod-clientes.xlsx", "piriod-customers.csv", "dayzero-customers.xlsx", "dayzero-clientes.csv"]


def rows(name: str) -> list[list[str]]:
    """The cells as plain texts."""
    path = SAMPLES / name
    if path.suffix == ".xlsx":
        sheet = openpyxl.load_workbook(path).active
        assert sheet is not None
        return [["" if cell is None else str(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]
    spanish = name in ("dayzero-clientes.csv", "lista-propia.csv")
    with path.open(encoding="cp1252" if name == "dayzero-clientes.csv" else "utf-8", newline="") as file:
        return list(csv.reader(file, delimiter=";" if spanish else ","))


@pytest.mark.parametrize("name", FILES)
def test_a_sample_is_mapped_whole_and_without_a_flag(name: str) -> None:
    """Every column is used and nothing required is missing."""
    headers, *body = rows(name)
    mapping = mapped(headers, body, name.split("-")[0])
    assert not mapping.missing
    assert [c.header for c in mapping.choices if c.field is None] == []
    assert apply(frame(headers, body), mapping).height == len(body) >= 10


@pytest.mark.parametrize("target", ["piriod", "dayzero"])
@pytest.mark.parametrize("name", OTHERS)
def test_an_export_of_another_system_is_recognised_and_lacks_nothing(name: str, target: str) -> None:
    """Its system is told by its headers; name, e-mail, address and country have their columns."""
    headers, *body = rows(name)
    mapping = mapped(headers, body, target)
    assert mapping.preset is not None and mapping.preset.startswith(name.partition("-")[0])
    assert not mapping.missing
    made = apply(frame(headers, body), mapping)
    assert made["name"].null_count() == made["country"].null_count() == made["address"].null_count() == 0
    assert "Elsewhere" not in " ".join(made["address"].to_list())


def test_the_sample_of_a_mapping_file_fits_its_list() -> None:
    """Nothing is missing, suppliers are left out, the words for the plans are replaced."""
    headers, *body = rows("lista-propia.csv")
    request = MappingRequest(file=load_file(SAMPLES / "lista-propia.toml"))
    mapping = mapped(headers, body, "piriod", request)
    cells = frame(headers, body)
    assert not mapping.missing
    assert apply(cells, mapping)["metadata.plan"].to_list() == ["basic", "business", None, "business"]
    assert left_out(cells, row_rules(tuple(headers), request)).is_not_null().to_list() == [False, False, True, False]


@pytest.mark.parametrize("name", [*FILES, *OTHERS, "lista-propia.csv"])
def test_nobody_in_a_sample_is_real(name: str) -> None:
    """E-mails and web sites are under .example, which is reserved for that."""
    text = " ".join(cell for row in rows(name) for cell in row)
    hosts = [host.lower() for host in re.findall(r"@([\w.-]+\.[a-z]+)", text)]
    assert hosts and all(host.endswith(".example") for host in hosts)


def test_most_tax_ids_of_the_samples_are_right_and_one_is_not() -> None:
    """The usual mistake is there once a file."""
    for name in ("piriod-clientes.xlsx", "dayzero-clientes.csv"):
        headers, *body = rows(name)
        column = headers.index(fed(mapped(headers, body, name.split("-")[0]))["tax_id"][0])
        ids = [row[column] for row in body if re.fullmatch(r"[\d.]+-[\dkK]", row[column]) and len(row[column]) > 11]
        assert sum(not rut.is_valid(text) for text in ids) == 1
