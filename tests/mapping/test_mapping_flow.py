"""What the mapping says holds in a whole run: rows left out, texts cut, decimal marks, what `inspect` shows."""

from __future__ import annotations

import json
from pathlib import Path

import openpyxl
import pytest
from conftest import ROOT, Ended, Shell, people, write_csv
from mapping.mapping_sources import mapped

from pipeline import targets, template
from pipeline.errors import Misuse
from pipeline.handoff import Catalogue
from pipeline.mapping import MappingRequest, load_file

SAMPLES = ROOT / "samples"


def run(shell: Shell, path: Path, *args: str, to: str = "piriod") -> Ended:
    return shell("run", path, "--to", to, "--sandbox", "--out", "out", *args)


@pytest.mark.parametrize(
    ("name", "lang", "only_required"),
    [("piriod", "es", False), ("piriod", "en", True), ("dayzero", "es", True), ("dayzero", "en", False)],
)
def test_a_filled_template_goes_in_without_its_example(
    shell: Shell, tmp_path: Path, name: str, lang: str, only_required: bool
) -> None:
    """Two rows below the example, every column filled or only the required ones: both are in, with their own numbers."""
    path = tmp_path / "t.xlsx"
    template.build(targets.load(name), path, lang, Catalogue())
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    for row, (number, tax) in enumerate((("1", "76.910.101-2"), ("2", "76.910.212-4")), 3):
        for at, field in enumerate(template.template_fields(targets.load(name)), 1):
            text = str(sheet.cell(2, at).value).replace(template.MARKS[lang], f"{number} ")
            text = {"tax_id": tax, "email": f"pagos{number}@nandu.example", "reference": f"00{number}"}.get(
                field.name, text
            )
            if name == "dayzero" and field.name == "tax_id":
                text = f"12-345678{number}"
            if field.required or not only_required or (name == "piriod" and field.name == "tax_id"):
                sheet.cell(row, at).value = text
    book.save(path)
    ended = run(shell, path, to=name)
    assert ended.counts == {"created": 2}, ended.out
    assert [line["_row"] for line in ended.results] == ["3", "4"]
    assert "row 2 is the template's example" in ended.err
    assert ended.summary["rows"] == 2


def test_an_example_row_is_left_out_wherever_it_was_sorted_to(shell: Shell, tmp_path: Path) -> None:
    """At the end of 2,500 rows; the others are all there and keep their numbers."""
    rows = people(2500)
    rows.append({**rows[0], "Nombre": "[EJEMPLO] Comercial", "RUT": "76.086.428-5"})
    ended = shell(
        "run", write_csv(tmp_path / "a.csv", rows), "--to", "piriod", "--dry-run", "--offline", "--out", "out"
    )
    assert ended.summary["rows"] == 2500
    assert ended.results[-1]["_row"] == "2501"
    assert "row 2502 is the template's example" in ended.err


@pytest.mark.parametrize("where", ["first", "late"])
def test_only_the_name_tells_the_example(shell: Shell, tmp_path: Path, where: str) -> None:
    """A customer whose notes begin with the mark is a customer, wherever it stands."""
    rows = [{**row, "Notas": ""} for row in people(3 if where == "first" else 2500)]
    rows[-1]["Notas"] = "[EXAMPLE] de un pedido"
    path = write_csv(tmp_path / "a.csv", rows)
    ended = shell("run", path, "--to", "piriod", "--dry-run", "--offline", "--out", "out")
    assert ended.counts == {"ready": len(rows)}
    assert "example" not in ended.err


def test_the_templates_own_column_tells_it_where_another_feeds_the_name(shell: Shell, tmp_path: Path) -> None:
    """Its example is not sent as a customer called something else."""
    template.build(targets.load("piriod"), tmp_path / "t.csv", "en", Catalogue())
    text = (tmp_path / "t.csv").read_text(encoding="utf-8-sig").splitlines()
    header, example = text
    own = example.replace("[EXAMPLE] ", "").replace("76.086.428-5", "76.910.101-2")
    lines = [f"{line},{more}" for line, more in ((header, "Trade"), (example, "Andes"), (own, "Own"))]
    (tmp_path / "t.csv").write_text("\n".join(lines), encoding="utf-8")
    ended = run(shell, tmp_path / "t.csv", "--map", f"{header.split(',')[0]}=", "--map", "Trade=name")
    assert ended.counts == {"created": 1}, ended.err + ended.out
    assert "row 2 is the template's example" in ended.err


def test_a_template_nobody_filled_in_has_no_rows(shell: Shell, tmp_path: Path) -> None:
    """It is said, and nothing is planned."""
    template.build(targets.load("piriod"), tmp_path / "t.csv", "en", Catalogue())
    ended = run(shell, tmp_path / "t.csv")
    assert ended.code == 3
    assert "example" in ended.err
    assert not ended.folder.exists()


def test_contacts_of_a_company_are_skipped_and_accounted_for(shell: Shell, tmp_path: Path) -> None:
    """They are in the results with the reason; --preset none takes them, and finds the company that is in already."""
    place = {"Street": "25 Pacific Road", "City": "San José", "State": "California", "Country": "United States"}
    rows = [{"Name": "Aurora", "Is a company": "1", "Related company": "", **place},
            {"Name": "", "Is a company": "0", "Related company": "Aurora", **place},
            {"Name": "Roger", "Is a company": "0", "Related company": "Aurora", **place}]  # fmt: skip
    path = write_csv(tmp_path / "odoo.csv", rows)
    ended = run(shell, path)
    assert (ended.code, ended.counts) == (0, {"created": 1, "skipped": 2})
    assert [line["_error_codes"] for line in ended.results] == ["", "row.left_out", "row.left_out"]
    assert "contact of a company" in ended.results[2]["_errors"]
    everybody = shell("run", path, "--to", "piriod", "--sandbox", "--out", "all", "--preset", "none")
    assert [line["_status"] for line in everybody.results] == ["skipped", "invalid", "created"]


def test_long_texts_are_cut_only_where_the_mapping_file_says_so(shell: Shell, tmp_path: Path) -> None:
    """Cut at the target's limit, told in _changes and as a warning; without the option the row stays out."""
    rows = people(2)
    rows[0]["Nombre"] = "Ñ" * 99 + " Ñandú"
    path = write_csv(tmp_path / "a.csv", rows)
    assert run(shell, path).counts == {"invalid": 1, "created": 1}
    (tmp_path / "m.toml").write_text('[options]\ntoo_long = { name = "truncate" }\n', encoding="utf-8")
    ended = shell("run", path, "--to", "piriod", "--sandbox", "--out", "cut", "--mapping", "m.toml")
    assert ended.results[0]["_status"] == "created"
    assert f"name: {rows[0]['Nombre']} -> {'Ñ' * 99} |" in ended.results[0]["_changes"] + " |"
    assert "105 characters; the target allows 100" in ended.results[0]["_warnings"]
    assert ended.results[1]["_warnings"] == ""


@pytest.mark.parametrize("name", ["tax_id", "reference", "phone", "email", "zip_code"])
def test_an_identifier_is_never_cut(tmp_path: Path, name: str) -> None:
    """A part of one is another's."""
    path = tmp_path / "m.toml"
    path.write_text(f'[options]\ntoo_long = {{ {name} = "truncate" }}\n', encoding="utf-8")
    with pytest.raises(Misuse, match=r"line 2.*cannot be cut"):
        mapped(["Nombre"], request=MappingRequest(file=load_file(path)))


def test_the_decimal_mark_of_the_mapping_file_settles_what_is_open(shell: Shell, tmp_path: Path) -> None:
    """A flag beats it; without either the run asks."""
    rows = [{"Name": "A", "Email": "a@nandu.example", "Credit limit": "1,500"}]
    path = write_csv(tmp_path / "a.csv", rows)
    (tmp_path / "m.toml").write_text('[options]\ndecimal = ","\n', encoding="utf-8")

    def cents(*args: str) -> str:
        folder = f"o{len(args)}"
        ended = shell("run", path, "--to", "dayzero", "--dry-run", "--offline", "--out", folder, *args)
        return ended.results[0]["_changes"] if ended.code == 0 else str(ended.code)

    assert cents() == "3"
    assert "1,500 -> 150000" in cents("--decimal", ".")
    assert "1,500 -> 150000" in cents("--mapping", "m.toml", "--decimal", ".")
    assert "1,500 -> 150000" not in cents("--mapping", "m.toml")


def test_a_blank_composed_address_names_the_part_that_is_missing(shell: Shell, tmp_path: Path) -> None:
    """A town alone is no address: the street is what must be filled in."""
    rows = [{"Name": "A", "Street": "", "City": "Santiago", "Region": "Metropolitana", "Country": "Chile"}]
    ended = run(shell, write_csv(tmp_path / "a.csv", rows))
    assert "Street + City is empty (Street is blank)" in ended.results[0]["_errors"]


@pytest.mark.parametrize("name", ["piriod-customers.csv", "dayzero-clientes.csv"])
def test_inspect_fits_a_terminal_of_80_columns(shell: Shell, name: str) -> None:
    """Every field with its source, a reason and examples; no helper column, no pattern mark."""
    ended = shell("inspect", SAMPLES / name, "--to", name.partition("-")[0])
    assert max(map(len, ended.out.splitlines())) <= 80
    assert "~" not in ended.out and "}!" not in ended.out
    assert "name *" in ended.out and "known name" in ended.out


def test_inspect_prints_json_that_a_mapping_file_can_take(shell: Shell, tmp_path: Path) -> None:
    """Columns and patterns, written into a mapping file with nothing automatic, map the same."""
    path = SAMPLES / "piriod-customers.csv"
    first = json.loads(shell("inspect", path, "--json").out)
    assert set(first["source"]) >= {"encoding", "delimiter", "sheet", "header_row", "rows"}
    assert {"header", "field", "how", "examples"} <= set(first["columns"][0])
    assert {c["how"] for c in first["columns"]} <= {"exact", "alias", "preset", "content", "mapping", "none"}
    assert not first["missing"]
    lines = ["[columns]"]
    lines += [
        f"{json.dumps(c['header'])} = {json.dumps(c['field'])}"
        for c in first["columns"]
        if c["field"] not in (None, *first["compose"])
    ]
    lines += ["[compose]", *(f"{n} = {json.dumps(p, ensure_ascii=False)}" for n, p in first["compose"].items())]
    (tmp_path / "m.toml").write_text("\n".join([*lines, "[options]", "automatic = false"]), encoding="utf-8")
    again = json.loads(shell("inspect", path, "--json", "--mapping", "m.toml").out)
    assert again["compose"] == first["compose"]
    assert [(c["header"], c["field"], c["examples"]) for c in again["columns"]] == [
        (c["header"], c["field"], c["examples"]) for c in first["columns"]
    ]


def test_inspect_says_once_what_is_missing_and_how_to_give_it(shell: Shell, tmp_path: Path) -> None:
    """Exit 2 with the flag, and the columns that were left out with reasons."""
    path = write_csv(tmp_path / "a.csv", [{"Nombre": "A", "Saldo": "3", "Dirección": "Calle 1", "Región": "RM"}])
    ended = shell("inspect", path)
    assert ended.code == 2
    assert ended.out.count("--set country=") == 1
    assert "Saldo: a balance is no credit limit" in ended.out


def test_a_saved_mapping_of_equal_headers_is_not_used_on_other_columns(shell: Shell, tmp_path: Path) -> None:
    """The number and the header must both fit, or the run stops: another month's file may have other columns."""
    path = tmp_path / "a.csv"
    path.write_text("Nombre,Correo,Correo\nA,a@nandu.example,b@nandu.example\n", encoding="utf-8")
    assert shell("inspect", path, "--to", "dayzero").code == 2
    assert shell("inspect", path, "--to", "dayzero", "--map", "#C=email", "--save", "m.toml").code == 0
    again = json.loads(shell("inspect", path, "--to", "dayzero", "--mapping", "m.toml", "--json").out)
    assert [c["field"] for c in again["columns"]] == ["name", None, "email"]
    other = tmp_path / "b.csv"
    other.write_text("Nombre,Mail,Fono\nA,a@nandu.example,2\n", encoding="utf-8")
    ended = shell("inspect", other, "--to", "dayzero", "--mapping", "m.toml")
    assert ended.code == 2
    assert "column 3 of the source is not called 'Correo'" in ended.err


def test_an_order_of_dates_is_taken_and_said_to_settle_nothing(shell: Shell) -> None:
    """Neither target has a date: by flag or by mapping file, in a first run and in a correction too."""
    write_csv(shell.home / "list.csv", [*people(2), people(1)[0] | {"Correo": "nobody"}])
    first = shell("run", "list.csv", "--to", "piriod", "--sandbox", "--out", "r", "--date-order", "dmy")
    assert first.code == 1 and first.err.count("no date among its fields") == 1, first.err
    assert shell("run", "list.csv", "--to", "piriod", "--dry-run", "--offline", "--date-order", "ydm").code == 2
    assert shell("run", "r/errors.csv", "--date-order", "dmy").code == 1
