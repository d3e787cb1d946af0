"""Every country's rule for tax ids: the common interface, and numbers whose verdict is known."""

from __future__ import annotations

import doctest
import pkgutil
from importlib import import_module

import pytest

import pipeline.taxids as taxids
from pipeline import issues
from pipeline.taxids import Rule, identity, rule, rules

OWN = {"CL", "MX", "CO", "PE", "AR", "BR", "EC", "UY", "PY", "BO", "CR", "GT", "DO", "PA", "VE", "ES", "PT", "US",
       "GB", "SV"}  # fmt: skip
MODULES = sorted(module.name for module in pkgutil.iter_modules(taxids.__path__))

# country, as written, compact, reason, normal form
KNOWN = [
    ("CL", "R.U.T. 12.531.909-2", "125319092", None, "12531909-2"),
    ("CL", "076.086.428-5", "760864285", None, "76086428-5"),
    ("CL", "76086428–5", "760864285", None, "76086428-5"),
    ("CL", "７６０８６４２８-5", "760864285", None, "76086428-5"),
    ("CL", "760864285.0", "760864285", None, "76086428-5"),
    ("CL", "11-6", "116", "unusual", "11-6"),
    ("CL", "176.086.428-5", "1760864285", "length", None),
    ("CL", "cus_PQxyz123", "CUSPQXYZ123", "format", None),
    ("MX", "RFC: ACO071219F51", "ACO071219F51", None, "ACO071219F51"),
    ("MX", "RFC0101019A1", "RFC0101019A1", "check_digit_doubtful", "RFC0101019A1"),
    ("MX", "b&d 960529 8y3", "B&D9605298Y3", None, "B&D9605298Y3"),
    ("MX", "GODE561231", "GODE561231", "unusual", "GODE561231"),
    ("MX", "GODE560230GR8", "GODE560230GR8", "component", None),
    ("MX", "XYZ", "XYZ", "length", None),
    ("CO", "900.227.140 - 3", "900227140-3", None, "900227140-3"),
    ("CO", "NIT 900227140 DV 3", "900227140-3", None, "900227140-3"),
    ("CO", "900227140", "900227140-3", None, "900227140-3"),
    ("CO", "900227140-4", "900227140-4", "check_digit", None),
    ("CO", "1018431234", "1018431234-2", None, "1018431234-2"),
    ("CO", "12345678901234567", "1234567890123456-7", "length", None),
    ("PE", "DNI 12345678", "12345678", "other_document", "12345678"),
    ("PE", "C.E. 001234567", "CE001234567", "other_document", "CE001234567"),
    ("CO", "C.E. 123456", "CE123456", "other_document", "CE123456"),
    ("AR", "12.345.678", "12345678", "other_document", "12345678"),
    ("BR", "663.256.017-26", "66325601726", None, "66325601726"),
    ("BR", "7195358000166", "07195358000166", None, "07195358000166"),
    ("EC", "1714307103", "1714307103", "other_document", "1714307103"),
    ("EC", "1714307104", "1714307104", "check_digit_doubtful", None),
    ("UY", "UY 21 140634 001 1", "211406340011", None, "211406340011"),
    ("PY", "800280610", "80028061-0", None, "80028061-0"),
    ("PY", "80028061-9", "80028061-9", "check_digit", None),
    ("BO", "NIT: 1023275028", "1023275028", None, "1023275028"),
    ("CR", "3-101-999999", "3101999999", None, "3101999999"),
    ("CR", "1-613-584", "106130584", None, "106130584"),
    ("CR", "0-613-584", "0613584", "length", None),
    ("GT", "576937-k", "576937K", None, "576937-K"),
    ("DO", "1-01-85004-3", "101850043", None, "101850043"),
    ("PA", "155596713-2-2015 D.V. 59", "155596713-2-2015 DV 59", None, "155596713-2-2015 DV 59"),
    ("PA", "PE-12-345", "PE-12-345", None, "PE-12-345"),
    ("PA", "1555967132", "1555967132", "format", None),
    ("VE", "J 30702512 3", "J307025123", None, "J-30702512-3"),
    ("VE", "V-12345678", "V12345678", "other_document", "V-12345678"),
    ("ES", "ES B-58378431", "B58378431", None, "B58378431"),
    ("PT", "PT 501 964 843", "501964843", None, "501964843"),
    ("US", "EIN 91-1144442", "911144442", None, "91-1144442"),
    ("US", "911-14-4442", "911-14-4442", "format", None),
    ("DE", "113 866 163", "DE113866163", None, "DE113866163"),
    ("AT", "ATU 142 43 102", "ATU14243102", None, "ATU14243102"),
    ("GR", "EL 094259216", "EL094259216", None, "EL094259216"),
    ("GR", "GR 094259216", "EL094259216", None, "EL094259216"),
    ("FR", "732 829 320", "732829320", "other_document", "732829320"),
    ("GB", "VAT no. GB 980 7806 84", "GB980780684", None, "GB980780684"),
    ("GB", "802311781", "GB802311781", "check_digit", None),
    ("GB", "GD001", "GBGD001", None, "GBGD001"),
    ("GB", "XI980780684", "XI980780684", None, "XI980780684"),
    ("GB", "SC123456", "SC123456", "other_document", "SC123456"),
    ("GB", "1955839661", "1955839661", "other_document", "1955839661"),
    ("SV", "SV 0614-050707-104-8", "06140507071048", None, "0614-050707-104-8"),
    ("SV", "0614-050707-104-0", "06140507071040", "check_digit", None),
    ("SV", "DUI 01234567-8", "012345678", "other_document", "01234567-8"),
    ("DE", "ATU14243102", "ATU14243102", "unusual", "ATU14243102"),
]  # fmt: skip


def test_rules_are_found_by_walking_the_package() -> None:
    """Each module of two letters is a country; `eu` gives the other member states."""
    assert set(rules()) >= OWN
    assert {"AT", "DE", "FR", "GR", "IT"} <= set(rules())
    assert "EU" not in rules()
    assert all(len(country) == 2 and country.isupper() for country in rules())


@pytest.mark.parametrize("country", sorted(rules()))
def test_every_rule_has_the_interface_and_judges_anything(country: str) -> None:
    """No text whatever makes a rule raise, and each reason has its entry in the catalogue of issues."""
    known: Rule = rules()[country]
    assert known.NAME
    for generic in known.GENERIC:
        assert known.compact(known.present(generic)) in known.GENERIC
        assert identity(country, generic) is None
    for text in ("0", "-", "ñ", "A", "1" * 40, "Ⅷ", "٣٤٥", "12/34", "X-1", "K", "²", country, "=1+1", "9" * 9, "--1--"):
        compacted = known.compact(text)
        assert isinstance(compacted, str)
        reason = known.judge(compacted) if compacted else "format"
        assert reason is None or f"tax_id.{reason}" in issues.catalogue()
        if reason is None:
            assert known.compact(known.present(compacted)) == compacted


@pytest.mark.parametrize(("country", "text", "compact", "reason", "normal"), KNOWN)
def test_known_numbers(country: str, text: str, compact: str, reason: str | None, normal: str | None) -> None:
    """The compact form, the verdict and the normal form are the known ones, and the normal form means the same."""
    known = rules()[country]
    assert known.compact(text) == compact
    assert known.judge(compact) == reason
    if normal is not None:
        assert known.present(compact) == normal
        assert known.compact(normal) == compact


@pytest.mark.parametrize(
    ("country", "text"),
    [("CL", "66.666.666-6"), ("CL", "55555555-5"), ("MX", "xaxx 010101 000"), ("MX", "XEXX010101000"),
     ("CO", "222222222222"), ("CO", "222.222.222.222-7"), ("EC", "9999999999999"), ("GT", "C/F"), ("GT", "cf"),
     ("BO", "99001"), ("PT", "999999990"), ("PY", "44444401-7"), (None, "66.666.666-6"), (None, "XAXX010101000")],
)  # fmt: skip
def test_generic_ids_identify_nobody(country: str | None, text: str) -> None:
    """A generic id never is an identity, even where the country is not known."""
    assert identity(country, text) is None


def test_identity_is_the_same_in_every_layout() -> None:
    """Two layouts of one number are one identity; without a rule letters and digits count."""
    assert identity("CL", "CL 76.086.428-5") == identity("CL", "0760864285") == "760864285"
    assert identity("CO", "900227140") == identity("CO", "900.227.140-3")
    assert identity("JP", " ab-12 ") == identity(None, "AB12") == "AB12"
    assert rule(None) is None
    assert rule("JP") is None


@pytest.mark.parametrize("name", ["", *MODULES])
def test_the_examples_in_the_documentation_hold(name: str) -> None:
    """Every country's module shows a number and what becomes of it, and the example runs."""
    module = import_module(f"pipeline.taxids.{name}" if name else "pipeline.taxids")
    outcome = doctest.testmod(module)
    assert outcome.failed == 0
    assert outcome.attempted or name == "interface"
