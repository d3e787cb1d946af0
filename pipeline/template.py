"""Turn a target's fields into an empty spreadsheet to fill in: a workbook with help and drop-downs, or a CSV file.

The headers are the fields' own labels, so a filled template needs no mapping. Below them stands one example
row, marked at its start; `is_example` finds it, and the importer leaves it out. Identifier columns are text,
so that no spreadsheet program eats a leading zero.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import polars as pl

from pipeline.errors import Misuse
from pipeline.folder import cannot_write
from pipeline.handoff import Catalogue
from pipeline.language import say
from pipeline.schema import Field, fields
from pipeline.targets.interface import Target

ROWS = 20_000
MARKS = {"en": "[EXAMPLE] ", "es": "[EJEMPLO] "}
FIRST = ("name", "tax_id", "email", "phone", "country", "state", "zip_code", "address")
COUNTRIES_WITH_STATES = "AR BO BR CA CL CO CR CU DO EC ES GT HN MX NI PA PE PR PT PY SV US UY VE".split()  # noqa: SIM905
WORDS = {
    "en": {
        "sheet": "Customers", "help": "Help", "lists": "Lists", "required": "required", "optional": "optional",
        "column": "Column", "what": "What it is", "must": "Needed", "limit": "Limit", "example": "Example", "characters": "At most {} characters",
        "one_of": "One of: {}", "yes": ("yes", "no"), "not_in_list": "Not in the list", "go_on": "Is it really right? The importer checks it again.",
        "long": "At most {} characters", "amount": "An amount of money, 0 or more",
        "more": "To send further data: a column {}.KEY for each.", "intro": (
            "One customer per row, from row 3 on. The columns with * are required.",
            "Row 2 is an example: the importer leaves out a row whose name begins with {}.",
            "Columns may be left empty, moved or removed; columns of your own are kept in the result.",
        ),
    },
    "es": {
        "sheet": "Clientes", "help": "Ayuda", "lists": "Listas", "required": "obligatorio", "optional": "opcional",
        "column": "Columna", "what": "Qué es", "must": "Se necesita", "limit": "Límite", "example": "Ejemplo", "characters": "Máximo {} caracteres",
        "one_of": "Uno de: {}", "yes": ("sí", "no"), "not_in_list": "No está en la lista", "go_on": "¿Está seguro? El importador lo revisa de nuevo.",
        "long": "Máximo {} caracteres", "amount": "Un monto, 0 o más",
        "more": "Para enviar otros datos: una columna {}.CLAVE por cada uno.", "intro": (
            "Un cliente por fila, desde la fila 3. Las columnas con * son obligatorias.",
            "La fila 2 es un ejemplo: el importador omite una fila cuyo nombre empieza con {}.",
            "Las columnas pueden quedar vacías, moverse o quitarse; sus propias columnas se conservan en el resultado.",
        ),
    },
}  # fmt: skip
CHOICES_ES = {"active": "activo", "inactive": "inactivo", "blocked": "bloqueado"}


@dataclass(frozen=True)
class Lists:
    """Columns of the list sheet: countries, the states with their country's name beside, currencies."""

    countries: tuple[str, ...]
    states: tuple[tuple[str, str], ...]
    currencies: tuple[str, ...]
    terms: tuple[str, ...]


def build(target: Target, path: Path, lang: str, catalogue: Catalogue) -> None:
    """Write the template of `target` as .xlsx or .csv, in English ("en") or Spanish ("es").

    Countries, states and payment terms come from `catalogue` where it has them, else from ISO 3166.

    Raises:
        Misuse: neither .xlsx nor .csv, an unknown language, or the file cannot be written.
    """
    if lang not in WORDS:
        raise Misuse(say("there is no template in {language!r}", language=lang), say("Choose --lang en or --lang es."))
    shown = template_fields(target)
    try:
        if path.suffix.lower() == ".csv":
            _csv(path, shown, lang)
        elif path.suffix.lower() == ".xlsx":
            path.write_bytes(_workbook(target, shown, lang, _lists(catalogue, lang)))
        else:
            raise Misuse(
                say("{file} is neither .xlsx nor .csv", file=path.name),
                say("Try: {command}", command=f"customer-import template {target.name} -o template.xlsx"),
            )
    except OSError as error:
        raise cannot_write(path, error) from error


def template_fields(target: Target) -> list[Field]:
    """The fields of the template, in its order: who, how to reach, where, then the record's own order."""
    known = [field for field in fields(target.record).values() if field.kind != "object"]
    return sorted(known, key=lambda f: FIRST.index(f.name) if f.name in FIRST else len(FIRST))


def is_example(cells: pl.DataFrame) -> pl.Series:
    """Which rows of `cells` (c0..cN) are the example of a template: a cell begins with its mark."""
    texts = [name for name, dtype in cells.schema.items() if dtype == pl.String]
    if not texts:
        return pl.Series("example", [False] * cells.height, dtype=pl.Boolean)
    marks = [mark.strip() for mark in MARKS.values()]
    tests = [pl.col(name).str.starts_with(mark).fill_null(False) for name in texts for mark in marks]
    return cells.select(pl.any_horizontal(tests).alias("example"))["example"]


def _header(field: Field, lang: str) -> str:
    label = field.column.label if lang == "en" else field.column.label_es
    return f"{label} *" if field.required else label


def _example(field: Field, lang: str) -> str:
    text = field.column.example
    if field.name == "name":
        return MARKS[lang] + text
    if lang == "es":
        if field.choices:
            return CHOICES_ES.get(text, text)
        if field.kind == "flag":
            return WORDS["es"]["yes"][0]
        if field.kind == "cents":
            return text.replace(".", ",")
        if field.kind == "country":
            return _country_names("es").get("US" if text == "United States" else "CL", text)
    return text


def _csv(path: Path, shown: list[Field], lang: str) -> None:
    # A Spanish Excel opens a CSV file by its semicolons, an English one by its commas; both need the BOM.
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, delimiter=";" if lang == "es" else ",")
        writer.writerow(_header(field, lang) for field in shown)
        writer.writerow(_example(field, lang) for field in shown)


def _workbook(target: Target, shown: list[Field], lang: str, lists: Lists) -> bytes:
    words = WORDS[lang]
    made = io.BytesIO()
    plain = {"strings_to_numbers": False, "strings_to_formulas": False, "strings_to_urls": False, "in_memory": True}
    import xlsxwriter

    book = xlsxwriter.Workbook(made, plain)
    # A fixed date, so that the same target always gives the same file.
    book.set_properties({"title": f"{target.title}: {words['sheet']}", "created": datetime(2025, 1, 1)})
    sheet = book.add_worksheet(words["sheet"])
    help_sheet = book.add_worksheet(words["help"])
    list_sheet = book.add_worksheet(words["lists"])
    ranges = _write_lists(list_sheet, lists, shown, lang)
    looks = {
        "required": book.add_format({"bold": True, "bg_color": "#1F4E78", "font_color": "#FFFFFF", "border": 1, "text_wrap": True, "valign": "top"}),
        "optional": book.add_format({"bold": True, "bg_color": "#DDEBF7", "border": 1, "text_wrap": True, "valign": "top"}),
        "text": book.add_format({"num_format": "@"}),
        "amount": book.add_format({"num_format": "#,##0.00"}),
        "example": book.add_format({"num_format": "@", "italic": True, "font_color": "#7F7F7F", "bg_color": "#F2F2F2"}),
        "help": book.add_format({"valign": "top"}),
        "title": book.add_format({"bold": True, "font_size": 14}),
    }  # fmt: skip
    for at, field in enumerate(shown):
        width = max(14, min(34, len(_example(field, lang)) + 4, (field.max_length or 34) + 4))
        sheet.set_column(at, at, width, looks["amount"] if field.kind == "cents" else looks["text"])
        sheet.write_string(0, at, _header(field, lang), looks["required" if field.required else "optional"])
        sheet.write_comment(0, at, _help(field, lang), {"x_scale": 2, "y_scale": 1.2, "author": "customer-import"})
        sheet.write_string(1, at, _example(field, lang), looks["example"])
        _validate(sheet, at, field, lang, ranges)
    sheet.freeze_panes(1, 1)
    sheet.set_row(0, 32)
    _write_help(help_sheet, target, shown, lang, looks)
    for page in (sheet, help_sheet):
        page.set_landscape()
        page.fit_to_pages(1, 0)
    list_sheet.hide()
    sheet.activate()
    book.close()
    return made.getvalue()


def _help(field: Field, lang: str) -> str:
    words = WORDS[lang]
    parts = [field.column.help if lang == "en" else field.column.help_es, _limit(field, lang)]
    need = words["required" if field.required else "optional"]
    return " ".join(p for p in (*parts, f"({need})", f"{words['example']}: {_example(field, lang)}") if p)


def _limit(field: Field, lang: str) -> str:
    words = WORDS[lang]
    if field.choices:
        return str(words["one_of"]).format(", ".join(_choices(field, lang))) + "."
    if field.max_length and field.kind not in ("currency", "country", "state"):
        return str(words["characters"]).format(field.max_length) + "."
    return ""


def _choices(field: Field, lang: str) -> list[str]:
    return [CHOICES_ES.get(choice, choice) if lang == "es" else choice for choice in field.choices]


def _validate(sheet: Any, at: int, field: Field, lang: str, ranges: dict[str, str]) -> None:
    """Add a drop-down or a limit to a column; a list only warns, because the importer knows more spellings."""
    words = WORDS[lang]
    rule: dict[str, Any] | None = None
    if field.kind in ranges:
        rule = {"validate": "list", "source": ranges[field.kind]}
    elif field.choices or field.kind == "flag":
        rule = {"validate": "list", "source": _choices(field, lang) or list(words["yes"])}
    if rule:
        rule |= {
            "error_type": "warning",
            "error_title": str(words["not_in_list"])[:32],
            "error_message": words["go_on"],
        }
    elif field.kind == "cents":
        rule = {
            "validate": "decimal",
            "criteria": ">=",
            "value": 0,
            "error_title": field.column.label[:32],
            "error_message": words["amount"],
        }
    elif field.max_length:
        title = str(words["long"]).format(field.max_length)
        rule = {
            "validate": "length",
            "criteria": "<=",
            "value": field.max_length,
            "error_title": title[:32],
            "error_message": title,
        }
    if rule:
        # The example row keeps its mark, so it is left free.
        sheet.data_validation(2, at, ROWS, at, {"ignore_blank": True, **rule})


def _write_lists(sheet: Any, lists: Lists, shown: list[Field], lang: str) -> dict[str, str]:
    """Write the list sheet; the source of each kind's drop-down, states as those of the row's country."""
    name = WORDS[lang]["lists"]
    columns = [
        lists.countries,
        [s[0] for s in lists.states],
        [s[1] for s in lists.states],
        lists.currencies,
        lists.terms,
    ]
    for at, values in enumerate(columns):
        sheet.set_column(at, at, 30)
        for row, value in enumerate(values):
            sheet.write_string(row, at, value)
    ranges = {
        "country": f"={name}!$A$1:$A${len(lists.countries)}",
        "currency": f"={name}!$D$1:$D${len(lists.currencies)}",
    }
    if lists.terms:
        ranges["term"] = f"={name}!$E$1:$E${len(lists.terms)}"
    country = next((i for i, f in enumerate(shown) if f.kind == "country"), None)
    if lists.states and country is not None:
        cell = f"${_letter(country)}3"
        column = f"{name}!$B$1:$B${len(lists.states)}"
        ranges["state"] = f"=OFFSET({name}!$C$1,MATCH({cell},{column},0)-1,0,COUNTIF({column},{cell}),1)"
    return ranges


def _letter(at: int) -> str:
    return chr(ord("A") + at) if at < 26 else _letter(at // 26 - 1) + chr(ord("A") + at % 26)


def _write_help(sheet: Any, target: Target, shown: list[Field], lang: str, looks: dict[str, Any]) -> None:
    words = WORDS[lang]
    sheet.write_string(0, 0, f"{target.title}: {words['sheet']}", looks["title"])
    row = 1
    objects = [field.name for field in fields(target.record).values() if field.kind == "object"]
    further = [str(words["more"]).format(name) for name in objects]
    for line in (*(str(text).format(MARKS[lang].strip()) for text in words["intro"]), *further):
        sheet.write_string(row, 0, line)
        row += 1
    row += 1
    for at, word in enumerate(("column", "must", "what", "limit", "example")):
        sheet.set_column(at, at, (28, 14, 92, 34, 40)[at])
        sheet.write_string(row, at, words[word], looks["optional"])
    for field in shown:
        row += 1
        what = field.column.help if lang == "en" else field.column.help_es
        need = words["required" if field.required else "optional"]
        for at, text in enumerate(
            (
                _header(field, lang),
                need,
                what,
                _limit(field, lang),
                field.column.example if field.name == "name" else _example(field, lang),
            )
        ):
            sheet.write_string(row, at, str(text), looks["help"])


def _lists(catalogue: Catalogue, lang: str) -> Lists:
    import pycountry

    names = _country_names(lang)
    if catalogue.countries is not None:
        names = {str(e.id): names.get(str(e.id), e.name) for e in catalogue.countries}
    if catalogue.states is not None:
        states = [(e.parent or "", e.name) for e in catalogue.states]
    else:
        top = [s for s in pycountry.subdivisions if s.country_code in COUNTRIES_WITH_STATES and s.parent_code is None]
        states = [(s.country_code, s.name) for s in top]
    named = sorted((names[country], state) for country, state in states if country in names)
    currencies = sorted(c.alpha_3 for c in pycountry.currencies)
    return Lists(
        tuple(sorted(names.values())), tuple(named), tuple(currencies), tuple(e.name for e in catalogue.terms or ())
    )  # fmt: skip


@lru_cache(maxsize=2)
def _country_names(lang: str) -> dict[str, str]:
    import pycountry
    from babel import Locale

    territories = Locale.parse(lang).territories
    return {c.alpha_2: str(territories.get(c.alpha_2, c.name)) for c in pycountry.countries}
