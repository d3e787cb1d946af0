"""Header rows of other systems' exports are mapped right, and never wrong."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from mapping.mapping_sources import fed, frame, mapped

from pipeline import targets
from pipeline.mapping import MappingRequest, apply, missing_message
from pipeline.schema import fields

SHARED = Path(__file__).parents[2] / "../shared"
ORACLE = SHARED / "oracles/headers.json"
CUSTOMERS = SHARED / "corpus/customers"
RENAMED = {"default_payment_term": "default_payment_term_id"}
EXPECTED_ELSEWHERE = {("Mexican CFDI importer (public fixture)", "CP"): "zip_code", ("Odoo (Mexico, exdoo.mx partner)", "Estado"): "state",
                      ("Alegra (México)", "Estado"): "state", ("Alegra (México)", "Exterior"): "address"}  # fmt: skip
"""Headers that must not map to one thing, and should map to another."""

needs_oracle = pytest.mark.skipif(not ORACLE.exists(), reason="the collected header rows are not there")
needs_corpus = pytest.mark.skipif(not CUSTOMERS.exists(), reason="the collected files are not there")


def oracle() -> list[dict[str, Any]]:
    return list(json.loads(ORACLE.read_text(encoding="utf-8"))["presets"])


def right(field: str, expected: str | list[str], got: list[str]) -> bool:
    """Whether only expected columns feed the field; a full address may hold further parts."""
    named = {part for text in ([expected] if isinstance(expected, str) else expected) for part in text.split(" + ")}
    return bool(got) and (set(got) <= named or (field == "address" and len(set(got) & named) >= min(2, len(named))))


@needs_oracle
@pytest.mark.parametrize("target", ["piriod", "dayzero"])
def test_at_least_95_percent_of_the_expected_columns_are_right(target: str) -> None:
    """The share is counted over every expected field that the target has."""
    known = fields(targets.load(target).record)
    total, wrong = 0, []
    for preset in oracle():
        found = fed(mapped(preset["headers"], preset.get("sample_rows") or (), target))
        for name, expected in preset["expected_mapping"].items():
            field = RENAMED.get(name, name)
            if field in known:
                total += 1
                got = found.get(field) or [h for f, hs in found.items() if f.startswith(field + ".") for h in hs]
                if not right(field, expected, got):
                    wrong.append((preset["system"], field, got))
    assert total > 150
    assert len(wrong) <= 0.05 * total, wrong


@needs_oracle
@pytest.mark.parametrize("target", ["piriod", "dayzero"])
def test_no_misleading_header_is_mapped(target: str) -> None:
    """Every header of `must_not_map` feeds nothing, or the other thing that it is expected to be."""
    for preset in oracle():
        mapping = mapped(preset["headers"], preset.get("sample_rows") or (), target)
        for header in preset["must_not_map"]:
            feeds = {name for name, headers in fed(mapping).items() if header in headers}
            allowed = {EXPECTED_ELSEWHERE.get((preset["system"], header), ""), "address"} - {""}
            if (preset["system"], header) not in EXPECTED_ELSEWHERE:
                allowed = set()
            assert feeds <= allowed, (preset["system"], header, feeds)


@needs_corpus
@pytest.mark.parametrize("target", ["piriod", "dayzero"])
def test_customer_files_stop_only_for_what_nothing_feeds(target: str) -> None:
    """The required fields that stop a run are those that were expected, and the message names a flag for each."""
    expected = json.loads((CUSTOMERS / "expected.json").read_text(encoding="utf-8"))["files"]
    record = targets.load(target).record
    for name, facts in expected.items():
        with (CUSTOMERS / name).open(encoding=facts["encoding"], newline="") as file:
            rows = list(csv.reader(file, delimiter=facts.get("delimiter", ",")))
        first = facts["header_row_index"]
        headers, body = rows[first], rows[first + 1 : first + 1 + facts["data_rows"]]
        body = [row + [""] * (len(headers) - len(row)) for row in body]
        mapping = mapped(headers, body, target)
        assert set(mapping.missing) == set(facts[target].get("stop", ())), name
        if mapping.missing:
            message, remedy = missing_message(mapping, record)
            assert all(f in message and f"{f}=" in remedy.replace("=" + f, f"{f}=") for f in mapping.missing)
        if len(body) == 1 and "cells" in facts[target]:
            made = apply(frame(headers, body), mapping)
            assert made["name"].to_list() == [facts[target]["cells"].get("name", made["name"][0])]


@needs_corpus
def test_chilean_clients_use_the_customers_own_columns() -> None:
    """The legal representative's RUT and the billing e-mail are not the customer's first ones."""
    with (CUSTOMERS / "cl_clientes.csv").open(encoding="utf-8", newline="") as file:
        headers, *body = csv.reader(file)
    mapping = mapped(headers, body, "piriod", MappingRequest(constants={"country": "CL"}))
    found = fed(mapping)
    assert found["tax_id"] == ["RUT"]
    assert found["email"] == ["Correo"]
    assert not mapping.missing
    made = apply(frame(headers, body), mapping)
    assert made["address"].to_list() == ["Av. Tres 123, Santiago", "Av. Cuatro 456, Providencia, Santiago"]
    assert made["~district"].to_list() == ["Santiago", "Providencia"]
    assert made["country"].to_list() == ["CL", "CL"]
