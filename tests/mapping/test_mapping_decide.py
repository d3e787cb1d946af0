"""Columns are chosen by name, place and cells; what is in doubt is left out or asked."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mapping.mapping_sources import fed, frame, mapped, reason

from pipeline import targets
from pipeline.errors import Misuse
from pipeline.mapping import MappingFile, MappingRequest, apply, decide, presets
from pipeline.mapping.vocabulary import vocabulary
from pipeline.schema import fields

BOTH = ("piriod", "dayzero")


@pytest.mark.parametrize("target", BOTH)
def test_every_field_name_and_label_maps_to_its_field(target: str) -> None:
    """A header that is the field's own name, its label or an alias of it feeds that field or its parts."""
    for name, field in fields(targets.load(target).record).items():
        if field.kind != "object":
            for header in (name, name.upper(), field.column.label, f"* {field.column.label}"):
                assert name in fed(mapped([header], to=target)), header


@pytest.mark.parametrize(
    "writing", ["Razón Social", "RAZON SOCIAL", "razon_social", "RazonSocial", " razón-social: ", "*Razón social"]
)
def test_ways_of_writing_do_not_matter(writing: str) -> None:
    """Case, accents, punctuation and compound writing say nothing."""
    assert fed(mapped([writing]))["name"] == [writing]


@given(st.lists(st.text(max_size=14), max_size=8, unique_by=str.strip))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_any_headers_give_one_reasoned_choice_each(headers: list[str]) -> None:
    """Whatever the headers are, each column has exactly one choice, and a column left out has a reason."""
    mapping = mapped(headers)
    assert [c.index for c in mapping.choices] == list(range(len(headers)))
    assert all(c.field or c.reason for c in mapping.choices)


def test_an_unlike_header_feeds_nothing_and_a_typo_is_a_suggestion() -> None:
    """A near miss is named, never mapped."""
    mapping = mapped(["Telefnoo", "Favourite colour"])
    assert fed(mapping) == {}
    assert "did you mean 'telefono'" in reason(mapping, "Telefnoo")


@pytest.mark.parametrize("header", ["Fax", "Opening Balance", "Saldo", "Shipping City", "Ship-to Phone", "Assistant's Phone", "RUT representante legal",
                                    "Bank Account Number", "Lead Status", "Home Street", "Correo vendedor", "Manager's Name", "Username"])  # fmt: skip
def test_misleading_headers_feed_nothing(header: str) -> None:
    """A header that names another thing, place or person is left out."""
    for target in BOTH:
        assert fed(mapped([header], to=target)) == {}


def test_estado_is_decided_by_its_cells() -> None:
    """The same header is a status or a state, whichever its cells are; a target without that field leaves it out."""
    headers = ["Nombre", "Correo", "Estado"]
    active = [["A", "a@x.example", "Activo"], ["B", "b@x.example", "Inactivo"]]
    places = [["A", "a@x.example", "Jalisco"], ["B", "b@x.example", "Nuevo León"]]
    assert fed(mapped(headers, active, "dayzero"))["status"] == ["Estado"]
    assert "state" not in fed(mapped(headers, active, "piriod"))
    assert fed(mapped(headers, places, "piriod"))["state"] == ["Estado"]
    assert "status" not in fed(mapped(headers, places, "dayzero"))


def test_estado_without_cells_is_decided_by_its_neighbours() -> None:
    """Beside a street and a postal code it is a state, beside a name alone a status."""
    assert "status" not in fed(mapped(["Nombre", "Calle", "CP", "Estado"], to="dayzero"))
    assert fed(mapped(["Nombre", "Estado"], to="dayzero"))["status"] == ["Estado"]


def test_a_status_of_something_else_is_left_out() -> None:
    """Cells that are no words of a customer's status take the meaning away."""
    mapping = mapped(["Name", "Status"], [["A", "NEW"], ["B", "OPEN_DEAL"]], "dayzero")
    assert "status" not in fed(mapping)
    assert "no words of a customer's status" in reason(mapping, "Status")


def test_cells_of_yes_and_no_are_no_address() -> None:
    """A header that promises an address is not believed against its cells."""
    mapping = mapped(["Name", "Address"], [["A", "True"], ["B", "False"]])
    assert "address" in mapping.missing
    assert "yes or no" in reason(mapping, "Address")


def test_a_column_of_emails_without_a_telling_header_is_found() -> None:
    """The cells name the column, unless its header says that it is another's."""
    rows = [["A", "a@x.example"], ["B", "b@x.example"]]
    found = mapped(["Nombre", "Col2"], rows, "dayzero")
    assert fed(found)["email"] == ["Col2"]
    assert found.choices[1].how == "content"
    assert "email" in mapped(["Nombre", "Correo vendedor"], rows, "dayzero").missing


def test_a_column_of_tax_ids_is_found_by_its_check_digits() -> None:
    """A RUT column called `Identif.` is recognised; one wrong digit in many does not matter to the mapping."""
    rows = [["A", "76.086.428-5"], ["B", "12.345.678-5"], ["C", "11.111.111-1"]]
    assert fed(mapped(["Nombre", "Identif."], rows))["tax_id"] == ["Identif."]


def test_the_better_of_two_columns_is_chosen_and_the_other_named() -> None:
    """The fixed line goes before the mobile, and the reason of the mobile names both."""
    mapping = mapped(["Celular", "Teléfono"])
    assert fed(mapping)["phone"] == ["Teléfono"]
    assert reason(mapping, "Celular") == "second candidate for phone after 'Teléfono'"


def test_a_tie_is_asked_with_the_flag() -> None:
    """Two equally good columns that differ stop the run; the remedy is what to type."""
    with pytest.raises(Misuse) as stop:
        mapped(["Mail", "Correo"], [["a@x.example", "b@x.example"]])
    assert '--map "Mail=email"' in stop.value.remedy
    chosen = mapped(
        ["Mail", "Correo"], [["a@x.example", "b@x.example"]], request=MappingRequest(assigned={"Correo": "email"})
    )
    assert fed(chosen)["email"] == ["Correo"]


def test_equal_columns_are_no_tie_and_complementary_ones_complete_each_other() -> None:
    """Equal cells: the first is taken. Never both filled: the one stands in for the other."""
    assert fed(mapped(["CNPJ", "CPF"], [["11144477735", "11144477735"]]))["tax_id"] == ["CNPJ"]
    headers, rows = ["CNPJ", "CPF"], [["11222333000181", None], [None, "11144477735"]]
    made = apply(frame(headers, rows), mapped(headers, rows))
    assert made["tax_id"].to_list() == ["11222333000181", "11144477735"]


def test_the_name_is_the_company_else_first_and_last_name() -> None:
    """Per row: the company where it is filled."""
    headers = ["Company", "First Name", "Last Name"]
    rows = [["Acme", "Ana", "Ruiz"], [None, "Ana", "Ruiz"], [None, None, "Ruiz"], [None, None, None]]
    assert apply(frame(headers, rows), mapped(headers, rows))["name"].to_list() == ["Acme", "Ana Ruiz", "Ruiz", None]


def test_nombre_beside_apellido_is_the_first_name() -> None:
    """Unless its cells hold the whole name already."""
    parts = [["Ana", "Ruiz"]]
    whole = [["Ana Ruiz", "Ruiz"]]
    assert apply(frame("ab", parts), mapped(["Nombre", "Apellido"], parts))["name"].to_list() == ["Ana Ruiz"]
    assert apply(frame("ab", whole), mapped(["Nombre", "Apellido"], whole))["name"].to_list() == ["Ana Ruiz"]


def test_billing_beats_shipping_and_plain_addresses() -> None:
    """The parts of one place are used together."""
    headers = ["Shipping Street", "Shipping City", "Street", "City", "Billing Street", "Billing City"]
    assert fed(mapped(headers))["address"] == ["Billing Street", "Billing City"]
    assert "address" not in fed(mapped(headers[:2]))


def test_a_city_alone_is_no_address() -> None:
    """Without a street there is nothing to send an invoice to."""
    assert "address" in mapped(["Name", "City", "Country"]).missing


def test_a_row_with_a_town_but_no_street_has_no_address_where_one_is_required() -> None:
    """The town alone would pass for an address; where it is optional, what is known is kept."""
    headers, rows = ["Calle", "Número", "Ciudad"], [[None, None, "Talca"], ["Sol", None, "Talca"], ["Sol", None, None]]
    made = apply(frame(headers, rows), mapped(headers, rows))
    assert made["address"].to_list() == [None, "Sol, Talca", "Sol"]
    assert apply(frame(headers, rows), mapped(headers, rows, "dayzero"))["address"].to_list()[0] == "Talca"


def test_the_address_holds_what_the_target_has_no_field_for() -> None:
    """Piriod has fields for state, postal code and country; DayZero has one line for everything."""
    headers = ["Street", "City", "State", "ZIP", "Country"]
    row = [["1 Main St", "Boston", "MA", "02108", "USA"]]
    assert apply(frame(headers, row), mapped(headers, row))["address"].to_list() == ["1 Main St, Boston"]
    made = apply(frame(headers, row), mapped(headers, row, "dayzero"))
    assert made["address"].to_list() == ["1 Main St, Boston, MA 02108, USA"]


def test_an_address_line_that_repeats_the_name_is_left_out() -> None:
    """Printed address blocks begin with the name."""
    headers = ["Customer", "Bill to 1", "Bill to 2"]
    rows = [["Acme", "Acme", "1 Main St"], ["Beta", "Beta", "2 Main St"]]
    mapping = mapped(headers, rows)
    assert fed(mapping)["address"] == ["Bill to 2"]
    assert reason(mapping, "Bill to 1") == "it repeats the name"


def test_a_town_stands_for_the_missing_state() -> None:
    """No column holds the state, but the town may tell it: the field is there, blank, and the town beside it."""
    headers = ["Nombre", "Dirección", "Comuna"]
    mapping = mapped(headers, [["A", "B 1", "Maipú"]])
    assert mapping.missing == ("country",)
    made = apply(frame(headers, [["A", "B 1", "Maipú"]]), mapping)
    assert made["state"].to_list() == [None]
    assert made["~district"].to_list() == ["Maipú"]
    assert mapping.label("state") == "Comuna"


def test_the_check_digit_of_another_column_is_a_helper() -> None:
    """It is fed only beside a tax id, and never sent."""
    headers, rows = ["NIT", "DV"], [["900123456", "8"]]
    assert apply(frame(headers, rows), mapped(headers, rows))["~tax_id_check_digit"].to_list() == ["8"]
    assert "~tax_id_check_digit" not in mapped(["DV"], [["8"]]).compose


def test_whole_cents_are_written_as_units() -> None:
    """A header that says cents must not make the limit a hundred times as high."""
    headers, rows = ["credit_limit_cents"], [["150000"], ["5"], ["12.50"]]
    made = apply(frame(headers, rows), mapped(headers, rows, "dayzero"))
    assert made["credit_limit_cents"].to_list() == ["1500.00", "0.05", "12.50 cents"]


def test_metadata_columns_go_where_the_target_has_metadata() -> None:
    """Stripe writes them with the word behind, our own files with it before."""
    assert set(fed(mapped(["tag (metadata)", "metadata.tier"]))) == {"metadata.tag", "metadata.tier"}
    assert fed(mapped(["tag (metadata)", "metadata.tier"], to="dayzero")) == {}


def test_flags_beat_everything_and_say_so() -> None:
    """A column that was assigned, left out or replaced by a constant is that, whatever it is called."""
    said = MappingRequest(assigned={"Correo": "", "Notas": "metadata.notas"}, constants={"country": "CL"})
    mapping = mapped(["Correo", "Notas", "País"], request=said)
    assert fed(mapping) == {"metadata.notas": ["Notas"]}
    assert [c.how for c in mapping.choices] == ["mapping", "mapping", "none"]
    assert "--set country=CL" in reason(mapping, "País")
    assert "country" not in mapping.missing


@pytest.mark.parametrize(
    ("assigned", "said"),
    [({"Coreo": "email"}, "Correo"), ({"Correo": "emial"}, "'email'"), ({"Correo": "email", "Mail": "email"}, "compose")],
)  # fmt: skip
def test_a_wrong_flag_names_what_was_meant(assigned: dict[str, str], said: str) -> None:
    """Unknown headers and fields, and one field twice, are refused with the remedy."""
    with pytest.raises(Misuse) as stop:
        mapped(["Correo", "Mail"], request=MappingRequest(assigned=assigned))
    assert said in stop.value.remedy


def test_unknown_fields_in_constants_and_defaults_are_refused() -> None:
    """`--set` and `--default` take fields."""
    for said in (MappingRequest(constants={"contry": "CL"}), MappingRequest(defaults={"contry": "CL"})):
        with pytest.raises(Misuse, match="contry"):
            mapped(["Correo"], request=said)


def test_repeated_and_blank_headers_are_named_by_number() -> None:
    """`#2` is the second column."""
    mapping = mapped(["", "x", "x"], request=MappingRequest(assigned={"#1": "name", "#3": "phone"}))
    assert [c.field for c in mapping.choices] == ["name", None, "phone"]
    with pytest.raises(Misuse, match="several columns"):
        mapped(["x", "x"], request=MappingRequest(assigned={"x": "phone"}))


def test_a_filled_template_is_recognised_even_where_it_is_blank() -> None:
    """`Estado` of the Spanish DayZero template is the status, also while nobody has filled it in."""
    labels = [f.column.label_es for f in fields(targets.load("dayzero").record).values()]
    assert fed(mapped(labels, to="dayzero"))["status"] == ["Estado"]


@pytest.mark.parametrize("name", sorted(presets()))
def test_a_preset_is_recognised_by_its_own_headers(name: str) -> None:
    """Each preset knows its own header rows, and each role it names exists."""
    preset = presets()[name]
    known = {role for role, _ in vocabulary(targets.load("piriod").record).names.values()}
    known |= {role for role, _ in vocabulary(targets.load("dayzero").record).names.values()}
    assert preset.recognise and preset.title and preset.source
    assert {role for role in preset.columns.values() if not role.startswith("metadata.")} <= known
    for signature in preset.recognise:
        assert mapped(sorted(signature), to="dayzero").preset is not None


def test_a_preset_may_be_chosen_refused_or_ones_own(tmp_path) -> None:  # type: ignore[no-untyped-def]
    """By name, by "none", or by the path of a file."""
    headers = ["id", "Description", "Email", "Name", "Created (UTC)", "Delinquent", "Status"]
    rows = [["1", "", "a@x.example", "A", "2024-01-01", "no", "active"]]
    assert mapped(headers, rows, "dayzero").preset == "stripe"
    assert fed(mapped(headers, rows, "dayzero", MappingRequest(preset="none")))["status"] == ["Status"]
    own = tmp_path / "own.toml"
    own.write_text('title = "mine"\n[columns]\nDelinquent = "category"\n', encoding="utf-8")
    assert fed(mapped(headers, rows, "dayzero", MappingRequest(preset=str(own))))["category"] == ["Delinquent"]
    with pytest.raises(Misuse, match="there is no preset"):
        mapped(headers, request=MappingRequest(preset="strpie"))


def test_automatic_false_maps_only_what_the_file_names() -> None:
    """An operator who wants no guess gets none."""
    file = MappingFile("m.toml", columns={"Correo": "email"}, options={"automatic": False})
    mapping = decide(("Correo", "Nombre"), frame(["a", "b"]), targets.load("piriod").record, MappingRequest(file=file))
    assert fed(mapping) == {"email": ["Correo"]}
