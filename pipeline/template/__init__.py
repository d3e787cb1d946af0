"""Turn a target's fields into an empty spreadsheet to fill in: a workbook with help and drop-downs, or a CSV file.

The headers are the fields' own labels, so a filled template needs no mapping. Below them stands one example
row, whose name begins with a mark; `is_example` finds it, and the importer leaves it out. Identifier columns are text,
so that no spreadsheet program eats a leading zero.

`words` is what a template says of a field, `lists` what its drop-downs offer, `workbook` puts them on its sheets.
"""

from __future__ import annotations

import csv
from pathlib import Path

import polars as pl

from pipeline.errors import Misuse
from pipeline.folder import cannot_write
from pipeline.handoff import Catalogue
from pipeline.language import say
from pipeline.schema import Field, fields
from pipeline.targets.interface import Target
from pipeline.template.words import MARKS, WORDS, example, header

__all__ = ["MARKS", "build", "is_example", "name_headers", "template_fields"]

FIRST = ("name", "tax_id", "email", "phone", "country", "state", "zip_code", "address")


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
            from pipeline.template.workbook import workbook  # most commands write none

            path.write_bytes(workbook(target, shown, lang, catalogue))
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


def name_headers(target: Target) -> frozenset[str]:
    """What a template calls its column of the name, whose cell in the example row begins with the mark."""
    return frozenset(header(field, lang) for field in template_fields(target) if field.name == "name" for lang in WORDS)


def is_example(cells: pl.DataFrame) -> pl.Series:
    """Which rows of `cells` (c0..cN) are the example of a template: a cell begins with its mark."""
    texts = [name for name, dtype in cells.schema.items() if dtype == pl.String]
    if not texts:
        return pl.Series("example", [False] * cells.height, dtype=pl.Boolean)
    marks = [mark.strip() for mark in MARKS.values()]
    tests = [pl.col(name).str.starts_with(mark).fill_null(False) for name in texts for mark in marks]
    return cells.select(pl.any_horizontal(tests).alias("example"))["example"]


def _csv(path: Path, shown: list[Field], lang: str) -> None:
    # A Spanish Excel opens a CSV file by its semicolons, an English one by its commas; both need the BOM.
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, delimiter=";" if lang == "es" else ",")
        writer.writerow(header(field, lang) for field in shown)
        writer.writerow(example(field, lang) for field in shown)
