"""Headers as people and broken exports write them: marks, lost letters, number signs, words with two meanings."""

from __future__ import annotations

import pytest
from mapping.mapping_sources import fed, mapped

from pipeline import targets
from pipeline.errors import Misuse
from pipeline.mapping import missing_message
from pipeline.mapping.vocabulary import vocabulary


def role(header: str) -> str | None:
    return vocabulary(targets.load("piriod").record).meaning(header).role


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("Dirección (obligatoria)", "address"), ("Región [obligatorio]", "state"), ("Región - obligatorio", "state"),
        ("Customer #", "reference"), ("Acct #", "reference"), ("N° de cliente", "reference"), ("Phone #", "phone"),
        ("Calle y Nro", "street"), ("RAZONSOCIAL", "company"), ("Pais/Región", "country"), ("RUT sin puntos y con guión", "tax_id"),
        ("#", None), ("Item #", None),
    ],
)  # fmt: skip
def test_marks_and_number_signs_do_not_hide_a_known_name(header: str, expected: str | None) -> None:
    """A remark that a field is required says nothing else, and a number sign says "number" behind a word alone."""
    assert role(header) == expected


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("Direcci?n", "address"), ("Regi\ufffdn", "state"), ("Pa?s", "country"), ("TEL?FONO", "phone"), ("Raz??n Social", "company"),
        ("Direcci?n de facturaci?n", "address"), ("DirecciÃ³n", "address"), ("PaÃ­s", "country"),
        ("Direcci?n de env?o", None), ("A?o", None), ("T?t?l? d? v?nt?", None),
    ],
)  # fmt: skip
def test_a_header_with_lost_letters_is_read_where_one_reading_is_left(header: str, expected: str | None) -> None:
    """What an export could not write does not change which column it is; what then has no meaning stays without."""
    assert role(header) == expected


def test_headers_with_lost_letters_feed_their_fields() -> None:
    """The columns keep the names that they have in the file."""
    found = fed(mapped(["Raz?n Social", "Direcci?n", "Regi?n", "Pa?s"], [["Ana", "Uno 1", "RM", "CL"]]))
    assert found == {"name": ["Raz?n Social"], "address": ["Direcci?n"], "state": ["Regi?n"], "country": ["Pa?s"]}


HEADERS = ["Cliente", "Direccion", "Municipio", "Depto", "Pais"]


@pytest.mark.parametrize("states", [("ANT", "DC", "Cundinamarca"), ("Lima", "Arequipa", "Cusco")])
def test_depto_is_a_department_where_its_cells_are_states(states: tuple[str, ...]) -> None:
    """In Colombia and Peru it is the state, and no part of the address."""
    found = fed(mapped(HEADERS, [["A", "Cra 7", "Medellín", state, "CO"] for state in states]))
    assert (found["state"], found["address"]) == (["Depto"], ["Direccion", "Municipio"])


@pytest.mark.parametrize("units", [("101", "45B", "3"), ("A", "B", "C"), ("PH", "12", "A")])
def test_depto_is_an_apartment_where_its_cells_are_not_certainly_states(units: tuple[str, ...]) -> None:
    """Single letters and numbers are codes of states somewhere, and apartments everywhere."""
    found = fed(mapped(HEADERS, [["A", "Los Leones 12", "Providencia", unit, "CL"] for unit in units]))
    assert "Depto" in found["address"]
    assert found.get("state") != ["Depto"]


@pytest.mark.parametrize(
    ("headers", "row", "flag"),
    [
        (["Cliente", "RUC", "Correo"], ["A", "20100070970", "a@x.pe"], "--set country=PE"),
        (["Cliente", "RUT", "Fono"], ["A", "76.086.428-5", "+56 2 2345 6789"], "--set country=CL"),
        (["Customer", "Email"], ["A", "a@x.example"], "--set country=CODE --set state=NAME (CODE: two letters"),
        (["Cliente", "Correo"], ["A", "a@x.com.co"], "--set country=CODE"),
    ],
)
def test_the_country_to_type_is_the_one_that_the_list_speaks_of(headers: list[str], row: list[str], flag: str) -> None:
    """An example that is copied as it stands must not send a Peruvian list to Chile."""
    remedy = missing_message(mapped(headers, [row]), targets.load("piriod").record)[1]
    assert flag in remedy
    assert "state=Metropolitana" not in remedy


def test_two_columns_of_one_header_are_told_apart_by_letter_and_cell() -> None:
    """'Email' and 'Email' would be no question that a person can answer."""
    with pytest.raises(Misuse) as stop:
        mapped(["Cliente", "Email", "Email"], [["A", "a@x.cl", "b@x.cl"]])
    assert "'Email' (column B, with 'a@x.cl') and 'Email' (column C, with 'b@x.cl')" in stop.value.message
    assert '--map "#2=email" or --map "#3=email"' in stop.value.remedy
