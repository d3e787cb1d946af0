"""A mapping file can be written, edited and read back; what is wrong in it is named with its line."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mapping.mapping_sources import frame, mapped

from pipeline.errors import Misuse
from pipeline.mapping import MappingRequest, apply, load_file, write_file
from pipeline.mapping.words import fold

ROWS = {
    "piriod": (["Código", "Empresa", "Nombre", "Apellido", "RUT", "Correo", "Calle", "Número", "Comuna", "País", "Col \"9\"", ""],
               [["C-1", "", "Ana", "Ruiz", "12.345.678-5", "a@x.example", "Sol", "1", "Maipú", "Alemania", "?", "z"]]),
    "dayzero": (["Name", "Email", "credit_limit_cents", "Street", "City", "Estado", "Notas", "Notas"],
                [["A", "a@x.example", "1050", "1 Main", "Boston", "Activo", "n", "n"]]),
}  # fmt: skip


@pytest.mark.parametrize("target", sorted(ROWS))
def test_a_written_file_gives_the_same_cells_when_read_back(tmp_path: Path, target: str) -> None:
    """Including compositions, repeated and blank headers, constants, defaults and the derived state."""
    headers, rows = ROWS[target]
    cells = frame(headers, rows)
    said = MappingRequest(constants={"currency": "USD"}, defaults={"phone": "600 100"})
    before = mapped(headers, rows, target, said)
    write_file(tmp_path / "m.toml", before, tuple(headers))
    after = mapped(headers, rows, target, MappingRequest(file=load_file(tmp_path / "m.toml")))
    first, second = apply(cells, before), apply(cells, after)
    assert sorted(first.columns) == sorted(second.columns)
    assert first.equals(second.select(first.columns), null_equal=True)
    assert after.missing == before.missing


@given(
    st.lists(
        st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=10), min_size=1, max_size=6, unique_by=fold
    )
)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_any_headers_survive_the_file(tmp_path_factory: pytest.TempPathFactory, headers: list[str]) -> None:
    """Quotes, line breaks and control characters in headers are written so that TOML reads them back."""
    path = tmp_path_factory.mktemp("m") / "m.toml"
    mapping = mapped(headers)
    write_file(path, mapping, tuple(headers))
    again = mapped(headers, request=MappingRequest(file=load_file(path)))
    assert [c.field for c in again.choices] == [c.field for c in mapping.choices]


def test_a_town_whose_header_has_several_lines_survives_the_file(tmp_path: Path) -> None:
    """The state is derived from it, which the file says in a comment: on one line."""
    headers, rows = ["Nombre", "Comuna\nde factu\x07ración"], [["Ana", "Providencia"]]
    mapping = mapped(headers, rows, "piriod", MappingRequest(assigned={headers[1]: "~city"}))
    assert mapping.compose["state"] == ""
    write_file(tmp_path / "m.toml", mapping, tuple(headers))
    again = mapped(headers, rows, "piriod", MappingRequest(file=load_file(tmp_path / "m.toml")))
    assert again.compose == mapping.compose


def test_a_written_file_holds_no_cell(tmp_path: Path) -> None:
    """A mapping may be shared; customers' data may not."""
    headers, rows = ROWS["piriod"]
    write_file(tmp_path / "m.toml", mapped(headers, rows), tuple(headers))
    text = (tmp_path / "m.toml").read_text(encoding="utf-8")
    assert not [cell for cell in rows[0] if len(cell) > 3 and cell in text]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[columns]\n"Correo" = "email"\n[colums]\n', ("line 3", "colums", "columns")),
        ('[options]\ndecimal = ","\n"dat_order" = "dmy"\n', ("line 3", "dat_order", "date_order")),
        ('[options]\n\ndecimal = "x"\n', ("line 3", "decimal")),
        ("[set]\nstate = 1.5\n", ("line 2", "quotes")),
        ('columns = "x"\n', ("line 1", "table")),
        ("[columns]\nCorreo = email\n", ("line 2", "quotes")),
        ('[values]\ncountry = "x"\n', ("line 2", "values.country")),
        ('[options]\ntoo_long = { address = "cut" }\n', ("line 2", "truncate")),
    ],
)
def test_a_wrong_key_is_named_with_its_line(tmp_path: Path, text: str, said: tuple[str, ...]) -> None:
    """And with what was probably meant."""
    (tmp_path / "m.toml").write_text(text, encoding="utf-8")
    with pytest.raises(Misuse) as stop:
        load_file(tmp_path / "m.toml")
    assert all(word in f"{stop.value.message} {stop.value.remedy}" for word in said)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[columns]\n"Correo" = "emial"\n', ("line 2", "'email'")),
        ('[columns]\n"Coreo" = "email"\n', ("line 2", "'Correo'")),
        ('[compose]\naddress = "{Cale}, {Correo}"\n', ("line 2", "'Calle'")),
        ('[set]\nx = "1"\ncontry = "CL"\n', ("line 2",)),
        ('[defaults]\ncontry = "CL"\n', ("line 2", "'country'")),
        ('[values.contry]\nEEUU = "US"\n', ("line 1", "'country'")),
    ],
)
def test_a_wrong_field_or_header_is_named_with_its_line(tmp_path: Path, text: str, said: tuple[str, ...]) -> None:
    """These are known only beside a target and a source."""
    (tmp_path / "m.toml").write_text(text, encoding="utf-8")
    file = load_file(tmp_path / "m.toml")
    with pytest.raises(Misuse) as stop:
        mapped(["Correo", "Calle"], request=MappingRequest(file=file))
    assert all(word in f"{stop.value.message} {stop.value.remedy}" for word in said)


def test_a_column_left_out_that_is_not_there_is_no_error(tmp_path: Path) -> None:
    """Last month's file still fits when a column it ignored is gone."""
    (tmp_path / "m.toml").write_text('[columns]\nCorreo = "email"\nFax = ""\n', encoding="utf-8")
    mapping = mapped(["Correo"], request=MappingRequest(file=load_file(tmp_path / "m.toml")))
    assert mapping.choices[0].field == "email"


def test_a_missing_or_foreign_file_is_refused(tmp_path: Path) -> None:
    """With a remedy, not a traceback."""
    (tmp_path / "x.toml").write_bytes(b"\xff\xfe[")
    for name in ("none.toml", "x.toml"):
        with pytest.raises(Misuse):
            load_file(tmp_path / name)


def test_options_and_values_are_kept(tmp_path: Path) -> None:
    """What the mapping itself does not use is handed on."""
    (tmp_path / "m.toml").write_text(
        '[options]\ndecimal = ","\ntoo_long = { address = "truncate" }\n[values.country]\n"EE. UU." = "US"\n[set]\nstate = 7\n',
        encoding="utf-8",
    )
    file = load_file(tmp_path / "m.toml")
    assert file.options == {"decimal": ",", "too_long": {"address": "truncate"}}
    assert file.values == {"country": {"EE. UU.": "US"}}
    assert file.constants == {"state": "7"}


def test_headers_may_be_csv_of_any_kind(tmp_path: Path) -> None:
    """A header with a comma and quotes, as a CSV file may have it."""
    headers = next(csv.reader(['"Nombre, completo","Correo ""principal"""']))
    mapping = mapped(headers, request=MappingRequest(assigned={headers[0]: "name"}))
    write_file(tmp_path / "m.toml", mapping, tuple(headers))
    assert load_file(tmp_path / "m.toml").columns[headers[0]] == "name"
