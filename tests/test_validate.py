"""The derived checks and the pydantic model give the same verdict on every row, for every target."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from pipeline import issues, schema, targets
from pipeline.handoff import ISSUE_SCHEMA, READING_SCHEMA, Catalogue, Choice, Clean, Entry, Mapping, Settings
from pipeline.plan.payload import Pieces
from pipeline.validate import validate

TYPES = {"flag": pl.Boolean(), "cents": pl.Int64()}


def value_of(field: schema.Field) -> st.SearchStrategy[Any]:
    """Normal forms of a field, at and around its limits; null stands for blank or refused."""
    if field.kind == "flag":
        some: st.SearchStrategy[Any] = st.booleans()
    elif field.kind == "cents":
        some = st.one_of(st.integers(-2, 2), st.integers(2**63 - 3, 2**63 - 1))
    elif field.choices:
        some = st.sampled_from(field.choices)
    elif field.kind == "currency":
        some = st.sampled_from(["CLP", "USD"])
    else:
        at = field.max_length or 20
        some = st.one_of(st.text("aé漢😀", min_size=3, max_size=6), st.integers(at - 1, at + 1).map(lambda n: "ñ" * n))
    return st.one_of(st.none(), some)


def rows(target: str) -> st.SearchStrategy[list[dict[str, Any]]]:
    found = schema.fields(targets.load(target).record)
    return st.lists(
        st.fixed_dictionaries({n: value_of(f) for n, f in found.items() if f.kind != "object"}), min_size=1, max_size=4
    )


@pytest.mark.parametrize("name", targets.names())
@settings(max_examples=170, deadline=None, derandomize=True)
@given(data=st.data())
def test_columns_and_model_agree(name: str, data: st.DataObject) -> None:
    """A row is valid exactly when the model takes the JSON that would be sent."""
    target = targets.load(name)
    found = schema.fields(target.record)
    drawn = data.draw(rows(name))
    types = {n: TYPES.get(f.kind, pl.String()) for n, f in found.items() if f.kind != "object"}
    record = pl.DataFrame(drawn, schema=types)
    blank = pl.DataFrame(schema=READING_SCHEMA)
    mapped = record.cast(pl.String)
    clean = Clean(record, blank.drop("place"), pl.Series([""] * record.height))
    checked = validate(clean, mapped, Mapping(()), target.record, Settings(), blank, ())
    sent = record.select(n for n, f in found.items() if n in record.columns and f.sent)
    for payload, verdict in zip(Pieces.of(sent).text().to_list(), checked.valid.to_list(), strict=True):
        try:
            target.record.model_validate_json(payload)
            accepted = True
        except ValidationError:
            accepted = False
        assert accepted == verdict, (json.loads(payload), checked.issues.to_dicts())


def test_a_regulated_country_requires_the_tax_id_of_the_account() -> None:
    """Required in the account's own regulated country; a warning where the account's country is not known."""
    target = targets.load("piriod")
    record = pl.DataFrame(
        {"name": ["A", "B", "C"], "country": ["CL", "CL", "MX"], "tax_id": [None, "76086428-5", None]}
    )
    blank = pl.DataFrame(schema=READING_SCHEMA)
    clean = Clean(record, blank.drop("place"), pl.Series([""] * 3))
    catalogue = Catalogue(countries=(Entry("CL", "Chile", regulated=True), Entry("MX", "México", regulated=True)))

    def codes(account: str | None) -> list[tuple[int, str]]:
        checked = validate(
            clean,
            record,
            Mapping(()),
            target.record,
            Settings(catalogue, account_country=account),
            blank,
            target.regulated,
        )
        told = checked.issues.filter(pl.col("field") == "tax_id")
        return sorted(zip(told["at"].to_list(), told["code"].to_list(), strict=True))

    assert codes("CL") == [(0, "tax_id.required")]
    assert codes("US") == []
    assert codes(None) == [(0, "tax_id.may_be_required"), (2, "tax_id.may_be_required")]


def test_a_field_that_is_wrong_is_not_called_missing_too() -> None:
    """One bad cell gives one issue."""
    target = targets.load("dayzero")
    record = pl.DataFrame({"name": ["A"], "email": [None]}, schema={"name": pl.String, "email": pl.String})
    bad = pl.DataFrame([(0, "email", "Correo", "x", "email.syntax", None, None)], schema=ISSUE_SCHEMA, orient="row")
    checked = validate(Clean(record, bad, pl.Series([""])), record, Mapping(()), target.record, Settings(),
                       pl.DataFrame(schema=READING_SCHEMA), ())  # fmt: skip
    assert checked.issues["code"].to_list() == ["email.syntax"]
    assert checked.valid.to_list() == [False]


def test_every_message_of_the_catalogue_can_be_rendered() -> None:
    """No entry has a word that nothing fills, and every error has a remedy."""
    kinds = issues.catalogue()
    frame = pl.DataFrame([(0, "f", "C", "v", code, "d", "s") for code in kinds], schema=ISSUE_SCHEMA, orient="row")
    told = issues.render(frame)
    assert not told.filter(
        pl.col("message").str.contains(r"\{\w+\}") | pl.col("remedy").str.contains(r"\{\w+\}")
    ).height
    assert told["remedy"].str.len_chars().min() > 5  # type: ignore[operator]


def test_a_bad_cell_of_a_column_that_is_left_out_keeps_no_row_out() -> None:
    """A spreadsheet error in a column nobody uses is none of the import; in a used one it is the cell's one issue."""
    target = targets.load("dayzero")
    record = pl.DataFrame({"name": ["A", "B"], "email": ["a@x.example", None]})
    mapping = Mapping(
        (Choice(0, "Nombre", "name", "exact"), Choice(1, "Correo", "email", "exact"), Choice(2, "Otro", None, "none"))
    )
    said = [
        (0, None, "Otro", "#N/A", "cell.spreadsheet_error", None, None, 2),
        (1, None, "Correo", "#N/A", "cell.spreadsheet_error", None, None, 1),
    ]
    reading = pl.DataFrame(said, schema=READING_SCHEMA, orient="row")
    own = pl.DataFrame([(1, "email", "Correo", "#N/A", "email.syntax", None, None)], schema=ISSUE_SCHEMA, orient="row")
    clean = Clean(record, own, pl.Series(["", ""]))
    checked = validate(clean, record, mapping, target.record, Settings(), reading, ())
    assert checked.valid.to_list() == [True, False]
    assert checked.issues["code"].to_list() == ["cell.spreadsheet_error"]


def test_a_bad_cell_is_of_its_own_column_where_two_have_one_header() -> None:
    """By its place; without one, as plans of before tell it, by its field, else by the header."""
    target = targets.load("piriod")
    record = pl.DataFrame({"name": ["A", "B", "C", "D"], "reference": ["1", "2", "3", "4"]})
    mapping = Mapping(
        (
            Choice(0, "Nombre", "name", "exact"),
            Choice(1, "Código", "reference", "mapping"),
            Choice(2, "Código", None, "none"),
        )
    )
    code = ("Código", "1E+19", "cell.precision_lost", None, None)
    said = [(0, None, *code, 1), (1, None, *code, 2), (2, "reference", *code, None), (3, None, *code, None)]
    reading = pl.DataFrame(said, schema=READING_SCHEMA, orient="row")
    clean = Clean(record, pl.DataFrame(schema=ISSUE_SCHEMA), pl.Series([""] * 4))
    checked = validate(clean, record, mapping, target.record, Settings(), reading, ())
    wrong = checked.issues.filter(pl.col("code") == "cell.precision_lost")
    assert wrong.select("at", "field").rows() == [(0, "reference"), (2, "reference"), (3, "reference")]
