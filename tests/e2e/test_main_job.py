"""The main job, end to end over loopback HTTP: a list goes in, customers exist, every row has its result."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import Shell, people, rut, write_csv

TARGETS = ("piriod", "dayzero")


@pytest.mark.parametrize("target", TARGETS)
def test_a_thousand_rows_become_a_thousand_customers_once(
    target: str, shell: Shell, sandbox: Any, tmp_path: Path
) -> None:
    """1,000 valid rows: 1,000 customers, 1,000 ids in input order; a second run creates none."""
    write_csv(tmp_path / "list.csv", people(1000))
    running = sandbox()
    args = ("run", "list.csv", "--to", target, "--base-url", running.base_url, "--yes", "--rate", "0", "--quiet")
    first = shell(*args, "--out", "first", secrets=True)
    assert first.code == 0, first.err
    assert first.counts == {"created": 1000}
    there = {c["id"]: c for c in running.customers(target)}
    results = first.results
    assert len(there) == len(results) == 1000
    assert [int(r["_row"]) for r in results] == list(range(2, 1002))
    assert all(there[r["_id"]]["name"] == r["Nombre"] for r in results)
    second = shell(*args, "--out", "second", secrets=True)
    assert (second.code, second.counts) == (0, {"skipped": 1000})
    assert len(running.customers(target)) == 1000


def test_a_row_with_five_faults_reports_five(shell: Shell, tmp_path: Path) -> None:
    """Each fault has the column as the user wrote it, the raw value, a code, a message and a remedy."""
    row = people(1)[0] | {
        "Nombre": "x" * 101,
        "RUT": "76.086.428-9",
        "Correo": "pagos(at)x",
        "Teléfono": "12",
        "Región": "Xyzzy",
    }
    write_csv(tmp_path / "bad.csv", [row, people(1)[0]])
    ended = shell("run", "bad.csv", "--to", "piriod", "--sandbox", "--json", "--quiet")
    assert ended.code == 1, ended.err
    bad = ended.results[0]
    assert bad["_status"] == "invalid" and bad["_id"] == "" and bad["_attempts"] == "0"
    codes = bad["_error_codes"].split(";")
    assert sorted(codes) == ["email.syntax", "phone.invalid", "state.unknown", "tax_id.check_digit", "text.too_long"]
    causes = {c["code"]: c for c in json.loads(ended.out)["causes"]}
    for code, column in {"email.syntax": "Correo", "phone.invalid": "Teléfono", "state.unknown": "Región",
                         "tax_id.check_digit": "RUT", "text.too_long": "Nombre"}.items():  # fmt: skip
        assert causes[code]["column"] == column
        assert causes[code]["examples"][0]["value"] == row[column]
        assert causes[code]["remedy"] and column in causes[code]["examples"][0]["message"]


@pytest.mark.parametrize("target", TARGETS)
def test_what_was_reviewed_is_what_is_pushed(target: str, shell: Shell, sandbox: Any, tmp_path: Path) -> None:
    """A dry run writes nothing at the target; push executes its plan although the source is gone."""
    source = write_csv(tmp_path / "list.csv", people(25))
    running = sandbox()
    where = ("--base-url", running.base_url, "--quiet")
    dry = shell("run", "list.csv", "--to", target, "--dry-run", "--out", "plan", *where, secrets=True)
    assert (dry.code, dry.counts) == (0, {"ready": 25})
    assert running.customers(target) == []
    assert not [r for r in running.requests() if r[0] != "GET"]
    source.unlink()
    pushed = shell("push", "plan", *where, "--yes", secrets=True)
    assert pushed.code == 0, pushed.err
    assert len(running.customers(target)) == 25
    again = shell("push", "plan", *where, "--yes", secrets=True)
    assert again.code == 0 and len(running.customers(target)) == 25


@pytest.mark.parametrize("target", TARGETS)
def test_on_existing_update_sends_only_what_differs(target: str, shell: Shell, sandbox: Any, tmp_path: Path) -> None:
    """A changed phone is updated; rows that hold exactly this are unchanged."""
    rows = people(10)
    write_csv(tmp_path / "list.csv", rows)
    running = sandbox()
    args = ("--to", target, "--base-url", running.base_url, "--yes", "--rate", "0", "--quiet")
    assert shell("run", "list.csv", *args, secrets=True).code == 0
    rows[3]["Teléfono"] = "+56 9 8765 4321"
    write_csv(tmp_path / "list2.csv", rows)
    ended = shell("run", "list2.csv", *args, "--on-existing", "update", "--out", "second", secrets=True)
    assert ended.code == 0, ended.err
    assert ended.counts == {"updated": 1, "unchanged": 9}
    line = ended.results[3]
    assert (line["_action"], line["_status"]) == ("update", "updated")
    assert "phone: +56950000003 -> +56987654321" in line["_changes"]
    there = running.customers(target)
    assert len(there) == 10
    assert {c["phone"] for c in there if c["id"] == line["_id"]} == {"+56987654321"}
    if target == "piriod":
        assert all(c["metadata"]["import_key"] for c in there)


def test_refusals_of_the_target_come_back_to_the_column(shell: Shell, sandbox: Any, tmp_path: Path) -> None:
    """What the target says of a field stands at the user's own column, with the raw value."""
    rows = people(3)
    rows[1]["RUT"] = ""
    write_csv(tmp_path / "list.csv", rows)
    running = sandbox(account_country="CL")
    ended = shell("run", "list.csv", "--to", "piriod", "--base-url", running.base_url, "--yes", "--quiet", secrets=True)
    assert ended.code == 1
    assert ended.counts == {"created": 2, "rejected": 1}
    refused = ended.results[1]
    assert refused["_error_codes"] == "target.rejected" and refused["_http_status"] == "400"
    assert "tax_id" in refused["_errors"] and "RUT" in refused["_errors"]
    assert refused["_retryable"] == "false"
    known = shell("run", "list.csv", "--to", "piriod", "--base-url", running.base_url, "--yes", "--quiet",
                  "--account-country", "CL", "--out", "known", secrets=True)  # fmt: skip
    assert known.counts == {"skipped": 2, "invalid": 1}
    assert known.results[1]["_error_codes"] == "tax_id.required"


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("envelope", [True, False])
def test_identical_rows_go_in_once_and_conflicts_wait(
    target: str, envelope: bool, shell: Shell, sandbox: Any, tmp_path: Path
) -> None:
    """Identical rows: one goes in, the others are skipped; rows that differ are named and not sent."""
    one, two, three = people(3)
    rows = [one, one, two, two | {"Dirección": "Otra 1"}, three]
    write_csv(tmp_path / "list.csv", rows)
    running = sandbox(envelope=envelope)
    args = ("run", "list.csv", "--to", target, "--base-url", running.base_url, "--yes", "--quiet")
    ended = shell(*args, "--out", "a", secrets=True)
    assert [r["_status"] for r in ended.results] == ["created", "skipped", "invalid", "invalid", "created"]
    assert "2" in ended.results[1]["_errors"]
    assert "Dirección" in ended.results[2]["_errors"]
    last = shell(*args, "--duplicates", "last", "--out", "b", secrets=True)
    assert [r["_status"] for r in last.results] == ["skipped", "skipped", "skipped", "created", "skipped"]
    assert len(running.customers(target)) == 3


def test_generic_tax_ids_identify_nobody(shell: Shell, sandbox: Any, tmp_path: Path) -> None:
    """Two customers with the generic RFC are two customers."""
    rows = [r | {"RUT": "XAXX010101000", "País": "México", "Región": "Jalisco", "Nombre": f"Cliente {i}", "Teléfono": ""}
            for i, r in enumerate(people(2))]  # fmt: skip
    write_csv(tmp_path / "list.csv", rows)
    running = sandbox()
    ended = shell("run", "list.csv", "--to", "piriod", "--base-url", running.base_url, "--yes", "--quiet",
                  "--map", "RUT=tax_id", secrets=True)  # fmt: skip
    assert ended.counts == {"created": 2}, ended.err
    assert all("generic" in r["_warnings"] for r in ended.results)


def test_test_mode_writes_and_looks_up_test_data(shell: Shell, sandbox: Any, tmp_path: Path) -> None:
    """The header goes with every request: live data stays untouched."""
    write_csv(tmp_path / "list.csv", people(3))
    running = sandbox()
    args = ("run", "list.csv", "--to", "piriod", "--base-url", running.base_url, "--yes", "--quiet")
    assert shell(*args, "--test-mode", "--out", "t", secrets=True).counts == {"created": 3}
    assert {c["test_mode"] for c in running.customers("piriod")} == {True}
    assert shell(*args, "--out", "l", secrets=True).counts == {"created": 3}
    assert shell(*args, "--test-mode", "--out", "t2", secrets=True).counts == {"skipped": 3}


def test_many_columns_reach_their_fields(shell: Shell, sandbox: Any, tmp_path: Path) -> None:
    """Every writable field of Piriod arrives, objects included."""
    row = people(1)[0] | {
        "zip_code": "0012345", "website": "nandu.example", "currency": "clp", "reference": "00077", "manager": "Ana Soto",
        "metadata.tier": "gold", "tax_settings.cl_activity_description": "Comercio", "send_invoices": "no",
        "send_collections": "sí", "send_vouchers": "1",
    }  # fmt: skip
    write_csv(tmp_path / "list.csv", [row])
    running = sandbox()
    ended = shell("run", "list.csv", "--to", "piriod", "--base-url", running.base_url, "--yes", "--quiet", secrets=True)
    assert ended.counts == {"created": 1}, ended.out + ended.err
    found = running.customers("piriod")[0]
    assert found["zip_code"] == "0012345" and found["reference"] == "00077" and found["currency"] == "CLP"
    assert found["website"] == "https://nandu.example" and found["manager"] == "Ana Soto"
    assert found["metadata"]["tier"] == "gold" and found["tax_settings"] == {"cl_activity_description": "Comercio"}
    assert (found["send_invoices"], found["send_collections"], found["send_vouchers"]) == (False, True, True)
    assert found["tax_id"] == rut(76_000_000)


def test_many_columns_reach_their_fields_of_dayzero(shell: Shell, sandbox: Any, tmp_path: Path) -> None:
    """Every writable field of DayZero arrives; the term by its name, money in exact cents."""
    row = people(1)[0] | {
        "website": "nandu.example", "notes": "línea 1\nlínea 2", "Límite de crédito": "1.234.567,89",
        "Condición de pago": "net 30", "Estado": "activo", "Categoría": "Retail", "invoice_footer": "Gracias",
    }  # fmt: skip
    write_csv(tmp_path / "list.csv", [row])
    running = sandbox()
    ended = shell(
        "run", "list.csv", "--to", "dayzero", "--base-url", running.base_url, "--yes", "--quiet", secrets=True
    )
    assert ended.counts == {"created": 1}, ended.out + ended.err
    found = running.customers("dayzero")[0]
    assert found["credit_limit_cents"] == 123456789 and found["status"] == "active" and found["category"] == "Retail"
    assert found["notes"] == "línea 1\nlínea 2" and found["invoice_footer"] == "Gracias"
    assert found["default_payment_term_id"]
