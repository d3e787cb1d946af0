"""Templates: what they hold, that they survive other programs, and that a filled one needs no mapping."""

from __future__ import annotations

import csv
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest

from pipeline import mapping, targets, template
from pipeline.errors import Misuse
from pipeline.handoff import Catalogue, Entry
from pipeline.schema import fields

SHIPPED = Path(__file__).parents[1] / "templates"
KINDS = [(name, lang) for name in targets.names() for lang in ("en", "es")]
OFFICE = shutil.which("soffice")


def built(tmp_path: Path, name: str, lang: str, suffix: str = ".xlsx", catalogue: Catalogue | None = None) -> Path:
    path = tmp_path / f"{name}-{lang}{suffix}"
    template.build(targets.load(name), path, lang, catalogue or Catalogue())
    return path


def content(path: Path) -> list[Any]:
    """Everything in a workbook that a person meets: texts, notes, formats, limits, states of sheets."""
    book = openpyxl.load_workbook(path)
    return [
        (sheet.title, sheet.sheet_state, sheet.freeze_panes,
         [[(c.value, c.number_format, c.font.b, c.comment.text if c.comment else None) for c in row] for row in sheet.iter_rows()],
         {k: d.number_format for k, d in sheet.column_dimensions.items()},
         [(str(v.sqref), v.type, v.operator, v.formula1, v.errorStyle, v.error) for v in sheet.data_validations.dataValidation])
        for sheet in book.worksheets
    ]  # fmt: skip


def rows_of(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file, delimiter=";" if "-es" in path.name else ","))


@pytest.mark.parametrize(("name", "lang"), KINDS)
def test_the_shipped_templates_are_what_the_schema_gives(tmp_path: Path, name: str, lang: str) -> None:
    """The folder `templates` is generated; `customer-import template` writes the same."""
    assert content(SHIPPED / f"{name}-{lang}.xlsx") == content(built(tmp_path, name, lang))
    assert (SHIPPED / f"{name}-{lang}.csv").read_bytes() == built(tmp_path, name, lang, ".csv").read_bytes()


@pytest.mark.parametrize(("name", "lang"), KINDS)
def test_every_field_has_its_column_note_and_limit(tmp_path: Path, name: str, lang: str) -> None:
    """Required ones are marked, identifiers are text, lengths are enforced, and choices proposed.

    Where the importer takes more than a spreadsheet can judge, a cell is not refused: `+52 (55) 1234-5678` has more than
    the 16 characters of what is sent, and `US$ 1.500,00` is no number.
    """
    sheet = openpyxl.load_workbook(built(tmp_path, name, lang)).worksheets[0]
    headers = {str(cell.value): cell for cell in sheet[1]}
    limits = {str(v.sqref).split("3")[0]: v for v in sheet.data_validations.dataValidation}
    shown = [f for f in fields(targets.load(name).record).values() if f.kind != "object"]
    assert len(headers) == len(shown)
    for field in shown:
        label = field.column.label if lang == "en" else field.column.label_es
        cell = headers[f"{label} *" if field.required else label]
        assert cell.comment is not None and cell.comment.text
        column = next(d for d in sheet.column_dimensions.values() if d.min <= cell.column <= d.max)
        assert column.number_format == ("#,##0.00" if field.kind == "cents" else "@")
        limit = limits.get(cell.column_letter)
        if field.choices or field.kind in ("country", "state", "currency", "flag"):
            assert limit is not None and (limit.type, limit.errorStyle) == ("list", "warning")
        elif field.kind == "cents":
            assert limit is not None and (limit.type, limit.errorStyle) == ("decimal", "warning")
        elif field.kind == "phone":
            assert limit is None and not re.search(r"\d+ c(h|ar)", cell.comment.text)
        elif field.max_length:
            assert limit is not None and (limit.type, limit.operator, limit.formula1) == (
                "textLength",
                "lessThanOrEqual",
                str(field.max_length),
            )


def test_the_states_offered_are_those_of_the_chosen_country(tmp_path: Path) -> None:
    """The list sheet is sorted by country, and the drop-down takes the block of the row's country."""
    book = openpyxl.load_workbook(built(tmp_path, "piriod", "es"))
    sheet, lists = book.worksheets[0], book.worksheets[2]
    source = next(v.formula1 for v in sheet.data_validations.dataValidation if "OFFSET" in (v.formula1 or ""))
    country = next(c.column_letter for c in sheet[1] if c.value == "País *")
    assert f"${country}3" in source
    pairs = [
        (lists.cell(r, 2).value, lists.cell(r, 3).value) for r in range(1, lists.max_row + 1) if lists.cell(r, 2).value
    ]
    countries = [c for c, _ in pairs]
    assert countries == sorted(countries)
    assert (
        countries.count("Chile") == 16 and countries.count("México") == 32 and ("Estados Unidos", "California") in pairs
    )
    assert {c for c, _ in pairs} <= {lists.cell(r, 1).value for r in range(1, lists.max_row + 1)}


def test_the_targets_own_lists_come_first(tmp_path: Path) -> None:
    """A catalogue replaces ISO's countries and states, and brings the payment terms."""
    catalogue = Catalogue(
        countries=(Entry("CL", "Chile"),),
        states=(Entry(7, "Región de Prueba", parent="CL"),),
        terms=(Entry("t1", "Net 30"),),
    )
    lists = openpyxl.load_workbook(built(tmp_path, "piriod", "en", catalogue=catalogue)).worksheets[2]
    assert [c.value for c in lists[1]][:3] == ["Chile", "Chile", "Región de Prueba"]
    assert lists.cell(2, 1).value is None
    terms = openpyxl.load_workbook(built(tmp_path, "dayzero", "en", catalogue=catalogue))
    assert any((v.formula1 or "").startswith("Lists!$E$1") for v in terms.worksheets[0].data_validations.dataValidation)


@pytest.mark.parametrize(("name", "lang"), KINDS)
def test_a_filled_template_needs_no_mapping(tmp_path: Path, name: str, lang: str) -> None:
    """Every column feeds its own field, and the example row is found and nothing else is."""
    target = targets.load(name)
    headers, example = rows_of(built(tmp_path, name, lang, ".csv"))
    own = [cell.replace(template.MARKS[lang], "Own ") for cell in example]
    cells = pl.DataFrame({f"c{i}": [example[i], own[i], None] for i in range(len(headers))})
    assert template.is_example(cells).to_list() == [True, False, False]
    found = mapping.decide(
        tuple(headers), cells.filter(~template.is_example(cells)), target.record, mapping.MappingRequest()
    )
    expected = [f.name for f in template.template_fields(target)]
    assert [c.field for c in found.choices] == expected
    assert not found.missing and not {k for k in found.compose if not k.startswith("~")}
    made = mapping.apply(cells, found)
    assert [made[field][1] for field in expected] == own


def test_a_table_without_text_has_no_example() -> None:
    """Row numbers alone are no example."""
    assert template.is_example(pl.DataFrame({"row": [1, 2]})).to_list() == [False, False]


def test_text_that_looks_like_a_formula_stays_text(tmp_path: Path) -> None:
    """No cell of a template is a formula or a link, whatever a label or example is."""
    sheet = openpyxl.load_workbook(built(tmp_path, "dayzero", "en")).worksheets[0]
    assert {cell.data_type for row in sheet.iter_rows(max_row=2) for cell in row} == {"s"}


@pytest.mark.parametrize(("suffix", "lang"), [(".ods", "en"), ("", "en"), (".xlsx", "fr")])
def test_other_kinds_and_languages_are_refused(tmp_path: Path, suffix: str, lang: str) -> None:
    """With what can be had instead."""
    with pytest.raises(Misuse) as stop:
        built(tmp_path, "piriod", lang, suffix)
    assert stop.value.remedy


def test_a_place_that_cannot_be_written_is_a_plain_message(tmp_path: Path) -> None:
    """No traceback for a missing folder."""
    with pytest.raises(Misuse, match="cannot write"):
        template.build(targets.load("piriod"), tmp_path / "none" / "t.csv", "en", Catalogue())
    with pytest.raises(Misuse, match="cannot write"):
        template.build(targets.load("piriod"), tmp_path / "none" / "t.xlsx", "en", Catalogue())


@pytest.mark.slow
@pytest.mark.skipif(OFFICE is None, reason="LibreOffice is not installed")
def test_a_template_survives_libreoffice(tmp_path: Path) -> None:
    """Opened and saved there, it keeps its limits, notes, text columns and marks."""
    path = built(tmp_path, "piriod", "es")
    out = tmp_path / "out"
    subprocess.run(
        [str(OFFICE), f"-env:UserInstallation=file://{tmp_path}/office", "--headless", "--convert-to", "xlsx:Calc MS Excel 2007 XML",
         "--outdir", str(out), str(path)], check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    before, after = (openpyxl.load_workbook(p).worksheets[0] for p in (path, out / path.name))
    assert [c.value for c in after[1]] == [c.value for c in before[1]]
    assert all(c.comment and c.comment.text.strip() for c in after[1])
    assert {d.number_format for d in after.column_dimensions.values()} == {"@"}
    kept = [
        sorted((str(v.sqref).split("3")[0], v.type) for v in s.data_validations.dataValidation) for s in (before, after)
    ]
    assert kept[0] == kept[1]
    assert str(after["A2"].value).startswith(template.MARKS["es"])
