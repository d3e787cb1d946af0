"""Turn a lifelike list into checked rows in the ways one would use instead of this program; each is a function.

`naive` is the row loop that one writes first: csv, pydantic, phonenumbers, python-stdnum, email-validator. The others
check with as much of the schema as they can express: none of them knows phones or tax ids.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

EMAIL = r"^[^@\s]+@[^@\s]+\.[^@\s]+$"
LONGEST = {"Nombre": 200, "Dirección": 300, "Ciudad": 100, "Código postal": 20}


def floor(path: Path, out: Path) -> None:
    """Copy the file: read, write, nothing else."""
    import polars as pl

    pl.scan_csv(path, separator=";", infer_schema=False).sink_csv(out, separator=";")


def naive(path: Path, out: Path) -> None:
    """One row after the other through the scalar libraries; good and bad rows into one file."""
    import phonenumbers
    from email_validator import EmailNotValidError, validate_email
    from pydantic import BaseModel, ValidationError
    from stdnum.cl import rut
    from stdnum.co import nit
    from stdnum.mx import rfc

    from tests.benchmarks.lifelike import COUNTRIES, STATES

    class Customer(BaseModel):
        name: str
        email: str | None
        phone: str | None
        tax_id: str | None
        country: str
        state: str | None
        send_invoices: bool

    codes = {text.lower(): code for code, texts in COUNTRIES.items() for text in texts}
    states = {(c, t.lower()): code for c, of in STATES.items() for code, texts in of.items() for t in texts}
    rules = {"CL": rut, "CO": nit, "MX": rfc}

    def judged(row: dict[str, str]) -> dict[str, Any]:
        country = codes[row["País"].strip().lower()]
        number = phonenumbers.parse(row["Teléfono"], country) if row["Teléfono"] else None
        if number is not None and not phonenumbers.is_valid_number(number):
            raise ValueError("phone")
        tax_id, rule = row["RUT/RFC/NIT"], rules.get(country)
        return Customer(
            name=row["Nombre"], country=country, state=states.get((country, row["Región"].strip().lower())),
            email=validate_email(row["Correo"], check_deliverability=False).normalized if row["Correo"] else None,
            phone=phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) if number else None,
            tax_id=rule.validate(tax_id) if rule and tax_id else tax_id or None,
            send_invoices=row["Enviar facturas"].lower() in ("sí", "si", "yes", "1", "x", "true"),
        ).model_dump()  # fmt: skip

    wrong = (EmailNotValidError, ValidationError, phonenumbers.NumberParseException, ValueError, KeyError)
    with path.open(encoding="utf-8-sig", newline="") as source, out.open("w", encoding="utf-8", newline="") as made:
        rows, writer = csv.DictReader(source, delimiter=";"), csv.writer(made)
        for row in rows:
            try:
                writer.writerow(["ok", *judged(row).values()])
            except wrong as error:
                writer.writerow([f"{type(error).__name__}: {error}", *row.values()])
            except Exception as error:  # noqa: BLE001 - stdnum's own classes
                writer.writerow([f"{type(error).__name__}: {error}", *row.values()])


def frictionless(path: Path, out: Path) -> None:
    """Frictionless: required, length, pattern."""
    from frictionless import Dialect, Resource, Schema, fields
    from frictionless.formats import CsvControl

    with path.open(encoding="utf-8-sig") as file:
        headers = file.readline().rstrip("\r\n").split(";")
    described: list[Any] = []
    for header in headers:
        wants: dict[str, Any] = {"required": True} if header == "Nombre" else {}
        wants |= {"pattern": EMAIL} if header == "Correo" else {}
        wants |= {"maxLength": LONGEST[header]} if header in LONGEST else {}
        described.append(fields.StringField(name=header, constraints=wants))
    resource = Resource(path=str(path.name), basepath=str(path.parent), schema=Schema(fields=described),
                        dialect=Dialect(controls=[CsvControl(delimiter=";")]))  # fmt: skip
    out.write_text(
        str(len(resource.validate(limit_errors=10_000_000).flatten(["rowNumber", "note"]))), encoding="utf-8"
    )


def pandera(path: Path, out: Path) -> None:
    """Pandera on polars: required, length, pattern; all faults, lazily."""
    import pandera.polars as pa
    import polars as pl
    from pandera.errors import SchemaErrors

    frame = pl.read_csv(path, separator=";", infer_schema=False)
    columns = {n: pa.Column(str, pa.Check.str_length(0, most), nullable=n != "Nombre") for n, most in LONGEST.items()}
    columns["Correo"] = pa.Column(str, pa.Check.str_matches(EMAIL), nullable=True)
    try:
        pa.DataFrameSchema(columns).validate(frame, lazy=True)
    except SchemaErrors as errors:
        errors.failure_cases.write_csv(out)


def dataframely(path: Path, out: Path) -> None:
    """Dataframely: required, length, pattern; good rows and faults into files."""
    import dataframely as dy
    import polars as pl

    made = {n: dy.String(nullable=n != "Nombre", max_length=most, alias=n) for n, most in LONGEST.items()}
    made["Correo"] = dy.String(nullable=True, regex=EMAIL, alias="Correo")
    frame = pl.read_csv(path, separator=";", infer_schema=False)
    schema: Any = type("Customers", (dy.Schema,), {f"c{i}": column for i, column in enumerate(made.values())})
    good, bad = schema.filter(frame)
    good.write_csv(out)
    bad.invalid().write_csv(out.with_suffix(".bad"))


def openpyxl(path: Path, out: Path) -> None:
    """openpyxl: read all cells of a workbook, nothing else."""
    import openpyxl as library

    sheet = library.load_workbook(path, read_only=True, data_only=True).worksheets[0]
    out.write_text(str(sum(1 for _ in sheet.iter_rows(values_only=True))), encoding="utf-8")


PEERS = {p.__name__: p for p in (floor, naive, frictionless, pandera, dataframely, openpyxl)}
