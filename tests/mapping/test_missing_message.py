"""A required field that nothing feeds: the message names the command and the nearest free column."""

from __future__ import annotations

import polars as pl
import pytest
from mapping.mapping_sources import mapped
from pydantic import BaseModel

from pipeline import targets
from pipeline.mapping import MappingRequest, decide, missing_message


def asked(headers: list[str], rows: list[list[str]], inspect: tuple[str, ...] = ()) -> str:
    cells = pl.DataFrame(
        {f"c{i}": pl.Series([row[i] for row in rows], dtype=pl.String) for i in range(len(headers))}
    ).with_row_index("row", 2)
    record: type[BaseModel] = targets.load("piriod").record
    mapping = decide(tuple(headers), cells, record, MappingRequest(file=None))
    return missing_message(mapping, record, inspect=inspect)[1]


ROWS = [["Ana Ltda", "Av. Uno 1", "Providencia", "30 dias", "Chile"], ["B SpA", "Av. Dos 2", "Santiago", "60", "Perú"]]


def test_a_column_whose_cells_fit_is_proposed_with_its_exact_flag() -> None:
    """The cells of the last column are countries, whatever it is called."""
    remedy = asked(["Razón Social", "Dirección", "Comuna", "Condición de pago", "Mercado donde opera"], ROWS)
    assert '--map "Mercado donde opera=country"' in remedy
    assert "--set country=CODE (CODE: two letters, such as CL, MX or CO)" in remedy


def test_a_column_whose_name_is_near_is_not_proposed_where_its_cells_say_otherwise() -> None:
    """ "Condición de pago" resembles "código de país", and holds no country."""
    remedy = asked(["Razón Social", "Dirección", "Comuna", "Condición de pago"], [row[:4] for row in ROWS])
    assert "Condición de pago" not in remedy
    assert '--map "HEADER=country"' in remedy


@pytest.mark.parametrize("header", ["Nombre cliente final", "Nombres del clientes"])
def test_a_near_name_is_proposed(header: str) -> None:
    """A header that resembles a known name feeds nothing, and is the one that is proposed."""
    remedy = asked([header, "Dirección", "Comuna", "x", "País"], ROWS)
    assert f'--map "{header}=name"' in remedy


def test_the_command_that_shows_the_columns_can_be_typed() -> None:
    """A path with a space is quoted."""
    remedy = asked(["Razón Social"], [["Ana"]], ("mi lista.csv", "--to", "piriod"))
    assert remedy.splitlines()[-1] == "To see the columns: customer-import inspect 'mi lista.csv' --to piriod"


def test_a_list_of_one_country_without_a_column_for_it_is_told_what_that_costs() -> None:
    """DayZero needs no country, its phones and tax ids do: said once, with the country that the headers speak for."""
    headers, row = (
        ("Nome", "E-mail", "CNPJ", "Telefone"),
        ("Padaria", "a@b.com", "11.222.333/0001-81", "(11) 3333-4444"),
    )
    notes = mapped(headers, [row], "dayzero").notes
    assert any(note.endswith("--set country=BR") for note in notes), notes
    settled = MappingRequest(constants={"country": "BR"})
    for quiet in (
        mapped(headers, [row], "dayzero", settled),
        mapped((*headers, "País"), [(*row, "Brasil")], "dayzero"),
        mapped(("Nome", "E-mail", "Telefone"), [("Padaria", "a@b.com", "+55 11 3333-4444")], "dayzero"),
        mapped(("Nome", "E-mail"), [("Padaria", "a@b.com")], "dayzero"),
    ):
        assert not quiet.notes
    assert "country" in mapped(headers, [row]).missing and not mapped(headers, [row]).notes  # it is asked for there
