"""Turn customer records into requests of the DayZero API, and its answers into outcomes.

Sources: https://www.ondayzero.com/docs/reference/customers (create, list, get, update, bulk-upload and its template)
and the guides on authentication, pagination and error handling. Two generations of the documents differ in the
answer: a bare object, or an envelope {success, message, code, data}; both are read. Not documented of the upload are
the part's name, the columns (the template has them), how rows are numbered, any limit.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from hashlib import blake2b
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from pipeline.handoff import Entry
from pipeline.language import later, say
from pipeline.schema import Column
from pipeline.targets import called, rest
from pipeline.targets.interface import (
    UNREADABLE,
    Answer,
    Bulk,
    BulkTarget,
    Call,
    ClosedList,
    Created,
    Fatal,
    Identity,
    Outcome,
    Pace,
    Page,
    Record,
    Secret,
    Uploaded,
)  # fmt: skip

LARGEST = 2**63 - 1
CUSTOMERS = "/api/v1/customers"
UPLOAD = f"{CUSTOMERS}/bulk-upload"


class Customer(BaseModel):
    """CustomerCreateRequest of the DayZero API; `country` and `currency` are ours, and never sent."""

    model_config = ConfigDict(extra="forbid", defer_build=True)  # a dry run needs the fields alone

    name: Annotated[str, Field(min_length=1), Column(
        "name", "Name", "Nombre", called.NAME, example="Northwind Studio LLC", help="Name of the person or company.",
        help_es="Nombre de la persona o razón social de la empresa.")]  # fmt: skip
    email: Annotated[str, Field(min_length=3), Column(
        "email", "E-mail", "Correo", called.EMAIL, example="billing@northwind.example",
        help="Where invoices are sent; it identifies the customer.",
        help_es="Adonde se envían las facturas; identifica al cliente.")]  # fmt: skip
    phone: Annotated[str | None, Column(
        "phone", "Phone", "Teléfono", called.PHONE, example="+1 212 555 0100", identifier=True,
        help="With the country prefix, or national where the row has a country.",
        help_es="Con el prefijo del país, o nacional si la fila tiene país.")] = None  # fmt: skip
    address: Annotated[str | None, Column(
        "address", "Address", "Dirección", called.ADDRESS,
        example="350 Fifth Avenue, New York, NY 10118", help="The whole billing address, in one line.",
        help_es="La dirección completa de facturación, en una línea.")] = None  # fmt: skip
    tax_id: Annotated[str | None, Column(
        "tax_id", "Tax id", "Identificador tributario", called.TAX_ID, example="12-3456789", identifier=True,
        help="EIN, VAT number, RUT, RFC, ...", help_es="EIN, número de IVA, RUT, RFC, ...")] = None  # fmt: skip
    website: Annotated[str | None, Column(
        "url", "Website", "Sitio web", called.WEBSITE,
        example="https://northwind.example", help="Web address.", help_es="Dirección web.")] = None  # fmt: skip
    credit_limit_cents: Annotated[int | None, Field(ge=0, le=LARGEST), Column(
        "cents", "Credit limit", "Límite de crédito", ("limite de credito", "credit limit", "cupo", "cupo de credito",
        "monto de credito", "linea de credito", "limite de credito cents"), example="1500.00",
        help="Amount in the account's currency, in units: 1500.00 is sent as 150000 cents.",
        help_es="Monto en la moneda de la cuenta, en unidades: 1500,00 se envía como 150000 centavos.")] = None  # fmt: skip
    default_payment_term_id: Annotated[str | None, Column(
        "term", "Payment term", "Condición de pago", ("terms", "payment terms", "payment term", "plazo", "condicion de pago",
        "condiciones de pago", "default payment term", "plazo de pago", "forma de pago plazo"), example="Net 30",
        help="Name of a payment term of the account, or its id.",
        help_es="Nombre de una condición de pago de la cuenta, o su id.")] = None  # fmt: skip
    status: Annotated[Literal["active", "inactive", "blocked"] | None, Column(
        "choice", "Status", "Estado", ("estatus", "situacao", "customer status", "active status", "activo", "cliente activo",
        "estado cliente"), example="active", help="active, inactive or blocked.",
        help_es="activo, inactivo o bloqueado.")] = None  # fmt: skip
    category: Annotated[str | None, Column(
        "text", "Category", "Categoría", ("categoria", "rubro", "customer type", "industry", "segmento", "account type"),
        example="Retail", help="Business category.", help_es="Rubro o categoría.")] = None  # fmt: skip
    notes: Annotated[str | None, Column(
        "text", "Notes", "Notas", ("notas", "nota", "observaciones", "comentarios", "comments", "note", "description"),
        example="Prefers invoices in English", help="Internal notes.", help_es="Notas internas.")] = None  # fmt: skip
    invoice_footer: Annotated[str | None, Column(
        "text", "Invoice footer", "Pie de factura", ("pie de factura", "invoice notes", "instrucciones de pago"),
        example="Please pay to account 123", help="Printed on the customer's invoices.",
        help_es="Se imprime en las facturas del cliente.")] = None  # fmt: skip
    country: Annotated[str | None, Field(exclude=True), Column(
        "country", "Country", "País", called.COUNTRY, sent=False,
        example="United States", help="Not sent: tells how phone and tax id are read.",
        help_es="No se envía: dice cómo leer el teléfono y el identificador.")] = None  # fmt: skip
    currency: Annotated[str | None, Field(exclude=True), Column(
        "currency", "Currency of the credit limit", "Moneda del límite", called.CURRENCY,
        sent=False, example="USD", help="Not sent: a limit in another currency than the account's is refused.",
        help_es="No se envía: un límite en otra moneda que la de la cuenta se rechaza.")] = None  # fmt: skip


def _headers(secrets: Mapping[str, str], _test_mode: bool) -> dict[str, str]:
    return {
        "Authorization": f"Bearer {secrets['DAYZERO_API_TOKEN']}",
        "x-business-id": secrets["DAYZERO_BUSINESS_ID"],
    }


def _update(id_: str, changes: Record, whole: Record) -> Call:
    """PUT is documented with all fields optional, but not what it does to absent ones: send the whole customer."""
    return Call("PUT", f"{CUSTOMERS}/{rest.place(id_)}", body=rest.body({**whole, **changes}))


def _list(path: str, filters: Mapping[str, str], cursor: str | None) -> Call:
    steady = (("limit", "1000"), ("sort_by", "created_at"), ("descending", "false"), ("include_total_count", "true"))
    return Call("GET", path, (*filters.items(), *steady, *((("cursor", cursor),) if cursor else ())))


def _search(filters: Mapping[str, str], cursor: str | None) -> Call:
    return _list(CUSTOMERS, filters, cursor)


def _newest(cursor: str | None) -> Call:
    order = (("limit", "1000"), ("sort_by", "created_at"), ("descending", "true"))
    return Call("GET", CUSTOMERS, (*order, *((("cursor", cursor),) if cursor else ())))


def unwrap(body: Any) -> Any:
    """The data of an answer, in an envelope or bare."""
    return body["data"] if isinstance(body, dict) and "success" in body and "data" in body else body


def _says_no(body: Any) -> bool:
    """Whether an envelope says that nothing was done, whatever its status and its data are."""
    return isinstance(body, dict) and "data" in body and body.get("success") is False


def _page(answer: Answer) -> Page:
    body = unwrap(answer.json)
    body = body if isinstance(body, dict) else {}
    items = tuple(item for item in rest.listed(body.get("items")) if isinstance(item, dict))
    told = [body[name] for name in ("has_next", "has_more") if body.get(name) is not None]
    cursor = body.get("next_cursor") if any(told) or not told else None
    total = rest.total(body.get("total"))
    if not cursor and any(told) and total is None:  # with a total, what is missing shows by itself
        cursor = UNREADABLE
    return Page(items, str(cursor) if cursor else None, total)


def _problems(body: Any) -> tuple[tuple[str | None, str], ...]:
    """Read `detail`, a text or a list of {loc, msg}, in an envelope or bare."""
    body = unwrap(body)
    detail = body.get("detail", body.get("message")) if isinstance(body, dict) else None
    if isinstance(detail, str):
        return ((None, detail),)
    found: list[tuple[str | None, str]] = []
    for entry in rest.listed(detail):
        if isinstance(entry, dict):
            path = [str(part) for part in rest.listed(entry.get("loc")) if part not in ("body", "query", "path")]
            found.append((".".join(path) or None, str(entry.get("msg") or "refused")))
        else:
            found.append((None, str(entry)))
    return tuple(found)


def _outcome(call: Call, answer: Answer) -> Outcome:
    status, body = answer.status, unwrap(answer.json)
    if status in (200, 201) and isinstance(body, dict) and body.get("id") and not _says_no(answer.json):
        return Created(str(body["id"]), body)
    problems = _problems(answer.json)
    said = "; ".join(text for _, text in problems) or (answer.text or say("no readable answer"))[:200]
    if status == 404 and call.path == CUSTOMERS:
        return Fatal(say("DayZero does not know the business of x-business-id: {said}", said=said))
    return rest.refusal("DayZero", status, problems, said)


def _columns(answer: Answer) -> tuple[str, ...]:
    """The header of the template: `csv_content_stringified`, or the names of `csv_content_object`."""
    body = unwrap(answer.json)
    text = body.get("csv_content_stringified") if isinstance(body, dict) else None
    if isinstance(text, str) and text.strip():
        line = text.lstrip("\ufeff\r\n").splitlines()[0]
        return tuple(next(csv.reader([line], delimiter=max(",;\t", key=line.count))))
    rows = body.get("csv_content_object") if isinstance(body, dict) else None
    return tuple(map(str, rows[0])) if isinstance(rows, list) and rows and isinstance(rows[0], dict) else ()


def _upload(table: bytes, part: str) -> tuple[Call, str]:
    """A multipart form with the CSV as its only part (RFC 7578)."""
    boundary = f"customers-{blake2b(table, digest_size=16).hexdigest()}"
    body = io.BytesIO()
    body.write(f'--{boundary}\r\nContent-Disposition: form-data; name="{part}"; filename="customers.csv"\r\n'.encode())
    body.write(b"Content-Type: text/csv; charset=utf-8\r\n\r\n" + table + f"\r\n--{boundary}--\r\n".encode())
    return Call("POST", UPLOAD, body=body.getvalue()), f"multipart/form-data; boundary={boundary}"


def _uploaded(answer: Answer) -> Uploaded | None:
    body = unwrap(answer.json)
    if answer.status not in (200, 201) or not isinstance(body, dict) or _says_no(answer.json):
        return None
    counts = [body.get(n, body.get(f"{n}_count")) for n in ("created", "skipped")]
    errors = body.get("errors", [])
    try:
        told = tuple((int(e["row"]), str(e.get("error") or e.get("message") or "refused")) for e in errors or ())
    except (TypeError, KeyError, ValueError, AttributeError, OverflowError):
        return None
    if any(not isinstance(n, int) for n in counts):
        return None
    return Uploaded(int(counts[0] or 0), int(counts[1] or 0), told)


TARGET = BulkTarget(
    name="dayzero",
    title="DayZero",
    base_url="https://api.ondayzero.com",
    record=Customer,
    secrets=(
        Secret("DAYZERO_API_TOKEN", later("API token: DayZero dashboard, Settings > API Tokens")),
        Secret("DAYZERO_BUSINESS_ID", later("business id (a UUID)"), private=False),
    ),
    headers=_headers,
    workspace="DAYZERO_BUSINESS_ID",
    identities=(Identity(("email",)),),
    filters=("email",),
    pace=Pace(rate=10, concurrency=8),
    page_size=1000,
    create=lambda payload: Call("POST", CUSTOMERS, body=payload),
    update=_update,
    retrieve=lambda id_: Call("GET", f"{CUSTOMERS}/{rest.place(id_)}"),
    search=_search,
    page=_page,
    outcome=_outcome,
    view=lambda seen: {name: seen[name] for name in Customer.model_fields if name in seen},
    newest=_newest,
    made="created_at",
    deleted="is_deleted",
    lists={
        "terms": ClosedList(
            lambda page, _: _list("/api/v1/payment-terms", {}, page),
            lambda item: Entry(str(item["id"]), str(item.get("name") or "")),
        ),
    },
    notes=(later("DayZero documents no rate limit; 10 requests a second is a modest guess."),),
    bulk=Bulk(Call("GET", f"{UPLOAD}/template"), _columns, _upload, _uploaded, _newest),
)
