"""Turn fields into the sheets of a workbook: the one to fill in, its help, and the hidden one of the lists."""

from __future__ import annotations

import io
from datetime import datetime
from typing import Any

import xlsxwriter

from pipeline.handoff import Catalogue
from pipeline.schema import Field, fields
from pipeline.spreadsheet import letters
from pipeline.targets.interface import Target
from pipeline.template.lists import Lists, lists
from pipeline.template.words import MARKS, WORDS, choices, comment, example, header, limit

ROWS = 20_000


def workbook(target: Target, shown: list[Field], lang: str, catalogue: Catalogue) -> bytes:
    """The bytes of an .xlsx file; the same for the same target, language and catalogue."""
    words = WORDS[lang]
    made = io.BytesIO()
    plain = {"strings_to_numbers": False, "strings_to_formulas": False, "strings_to_urls": False, "in_memory": True}
    book = xlsxwriter.Workbook(made, plain)
    # A fixed date, so that the same target always gives the same file.
    book.set_properties({"title": f"{target.title}: {words['sheet']}", "created": datetime(2025, 1, 1)})
    sheet = book.add_worksheet(words["sheet"])
    help_sheet = book.add_worksheet(words["help"])
    list_sheet = book.add_worksheet(words["lists"])
    ranges = _write_lists(list_sheet, lists(catalogue, lang), shown, lang)
    looks = _looks(book)
    for at, field in enumerate(shown):
        width = max(14, min(34, len(example(field, lang)) + 4, (field.max_length or 34) + 4))
        sheet.set_column(at, at, width, looks["amount"] if field.kind == "cents" else looks["text"])
        sheet.write_string(0, at, header(field, lang), looks["required" if field.required else "optional"])
        sheet.write_comment(0, at, comment(field, lang), {"x_scale": 2, "y_scale": 1.2, "author": "customer-import"})
        sheet.write_string(1, at, example(field, lang), looks["example"])
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


def _looks(book: Any) -> dict[str, Any]:
    """The formats of the cells."""
    return {
        "required": book.add_format({"bold": True, "bg_color": "#1F4E78", "font_color": "#FFFFFF", "border": 1, "text_wrap": True, "valign": "top"}),
        "optional": book.add_format({"bold": True, "bg_color": "#DDEBF7", "border": 1, "text_wrap": True, "valign": "top"}),
        "text": book.add_format({"num_format": "@"}),
        "amount": book.add_format({"num_format": "#,##0.00"}),
        "example": book.add_format({"num_format": "@", "italic": True, "font_color": "#7F7F7F", "bg_color": "#F2F2F2"}),
        "help": book.add_format({"valign": "top"}),
        "title": book.add_format({"bold": True, "font_size": 14}),
    }  # fmt: skip


def _validate(sheet: Any, at: int, field: Field, lang: str, ranges: dict[str, str]) -> None:
    """Add a drop-down or a limit to a column; lists and amounts only warn, because the importer knows more spellings."""
    words = WORDS[lang]
    rule: dict[str, Any] | None = None
    if field.kind in ranges:
        rule = {"validate": "list", "source": ranges[field.kind]}
    elif field.choices or field.kind == "flag":
        rule = {"validate": "list", "source": choices(field, lang) or list(words["yes"])}
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
            "error_type": "warning",
            "error_title": str(words["amount"])[:32],
            "error_message": words["go_on"],
        }
    elif title := limit(field, lang):
        rule = {
            "validate": "length",
            "criteria": "<=",
            "value": field.max_length,
            "error_title": title[:32].rstrip("."),
            "error_message": title.rstrip("."),
        }
    if rule:
        # The example row keeps its mark, so it is left free.
        sheet.data_validation(2, at, ROWS, at, {"ignore_blank": True, **rule})


def _write_lists(sheet: Any, offered: Lists, shown: list[Field], lang: str) -> dict[str, str]:
    """Write the list sheet; the source of each kind's drop-down, states as those of the row's country."""
    name = WORDS[lang]["lists"]
    columns = [
        offered.countries,
        [s[0] for s in offered.states],
        [s[1] for s in offered.states],
        offered.currencies,
        offered.terms,
    ]
    for at, values in enumerate(columns):
        sheet.set_column(at, at, 30)
        for row, value in enumerate(values):
            sheet.write_string(row, at, value)
    ranges = {
        "country": f"={name}!$A$1:$A${len(offered.countries)}",
        "currency": f"={name}!$D$1:$D${len(offered.currencies)}",
    }
    if offered.terms:
        ranges["term"] = f"={name}!$E$1:$E${len(offered.terms)}"
    country = next((i for i, f in enumerate(shown) if f.kind == "country"), None)
    if offered.states and country is not None:
        cell = f"${letters(country)}3"
        column = f"{name}!$B$1:$B${len(offered.states)}"
        ranges["state"] = f"=OFFSET({name}!$C$1,MATCH({cell},{column},0)-1,0,COUNTIF({column},{cell}),1)"
    return ranges


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
                header(field, lang),
                need,
                what,
                limit(field, lang),
                field.column.example if field.name == "name" else example(field, lang),
            )
        ):
            sheet.write_string(row, at, str(text), looks["help"])
