"""Turn customer records into requests of the Piriod API, and its answers into outcomes.

Sources: https://docs.piriod.com/api-reference (create, retrieve, partial update and list customers;
authentication; error handling; pagination and filtering). The catalogue of states is only in superseded
pages (https://docs.piriod.com/api/collections/states), so a state's id is kept as it came, integer or string.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from pipeline.handoff import Entry
from pipeline.language import later, say
from pipeline.schema import Column
from pipeline.targets import called, rest
from pipeline.targets.interface import (
    UNREADABLE,
    Answer,
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
    Target,
)  # fmt: skip


class Customer(BaseModel):
    """CustomerWrite of the Piriod API: what a create or a partial update sends."""

    model_config = ConfigDict(extra="forbid", defer_build=True)  # a dry run needs the fields alone

    name: Annotated[str, Field(min_length=1, max_length=100), Column(
        "name", "Name", "Nombre", called.NAME, example="Comercial Los Andes SpA", help="Name of the person or company.",
        help_es="Nombre de la persona o razón social de la empresa.")]  # fmt: skip
    tax_id: Annotated[str | None, Field(max_length=32), Column(
        "tax_id", "Tax id", "Identificador tributario", called.TAX_ID, example="76.086.428-5", identifier=True,
        help="RUT, RFC, NIT, ...; required where the customer's country is the account's own and regulated.",
        help_es="RUT, RFC, NIT, ...; obligatorio si el país del cliente es el de la cuenta y está regulado.")] = None  # fmt: skip
    address: Annotated[str, Field(min_length=1, max_length=64), Column(
        "address", "Address", "Dirección", called.ADDRESS,
        example="Av. Providencia 1234, Providencia", help="Street, number and city, in one line.",
        help_es="Calle, número y ciudad, en una línea.")]  # fmt: skip
    country: Annotated[str, Field(min_length=1), Column(
        "country", "Country", "País", called.COUNTRY,
        example="Chile", help="Name or ISO code of the country.", help_es="Nombre o código ISO del país.")]  # fmt: skip
    state: Annotated[int | str, Column(
        "state", "State", "Región o estado", ("estado", "region", "provincia", "departamento", "state province",
        "province", "province state", "state region", "uf", "entidad federativa"),
        example="Metropolitana", help="State, region or province, by name, code or the target's id.",
        help_es="Estado, región o provincia: nombre, código o id de Piriod.")]  # fmt: skip
    zip_code: Annotated[str | None, Field(max_length=16), Column(
        "text", "Postal code", "Código postal", ("codigo postal", "cp", "cep", "zip", "postal code", "postcode",
        "post code", "postal code zip code", "zip postal code"), example="7500000", identifier=True,
        help="Postal code; leading zeros are kept.", help_es="Código postal; se conservan los ceros.")] = None  # fmt: skip
    email: Annotated[str | None, Column(
        "email", "E-mail", "Correo", called.EMAIL, example="facturas@losandes.example",
        help="Where invoices are sent.", help_es="Adonde se envían las facturas.")] = None  # fmt: skip
    phone: Annotated[str | None, Field(max_length=16), Column(
        "phone", "Phone", "Teléfono", called.PHONE, example="+56 2 2345 6789", identifier=True,
        help="With the country prefix, or national where the row has a country.",
        help_es="Con el prefijo del país, o nacional si la fila tiene país.")] = None  # fmt: skip
    website: Annotated[str | None, Column(
        "url", "Website", "Sitio web", called.WEBSITE,
        example="https://losandes.example", help="Web address.", help_es="Dirección web.")] = None  # fmt: skip
    currency: Annotated[str | None, Field(min_length=3, max_length=3), Column(
        "currency", "Currency", "Moneda", called.CURRENCY, example="CLP", clearable=False,
        help="ISO 4217 code; without one the target takes the country's.",
        help_es="Código ISO 4217; si falta, Piriod usa la del país.")] = None  # fmt: skip
    reference: Annotated[str | None, Field(max_length=64), Column(
        "text", "Reference", "Referencia", ("referencia", "codigo cliente", "codigo", "external id", "customer id",
        "id cliente", "account number", "codigo del cliente", "customer code"), example="C-00123", identifier=True,
        help="Your own code of the customer.", help_es="Su propio código del cliente.")] = None  # fmt: skip
    manager: Annotated[str | None, Field(max_length=64), Column(
        "text", "Account manager", "Ejecutivo", ("ejecutivo", "vendedor", "account owner", "account manager",
        "responsable", "ejecutivo de cuenta", "sales rep"), example="Ana Soto",
        help="Who looks after the account.", help_es="Quién atiende la cuenta.")] = None  # fmt: skip
    tax_settings: Annotated[dict[str, Any] | None, Column(
        "object", "Tax settings", "Datos tributarios", clearable=False, help="One column for each entry: tax_settings.KEY.",
        help_es="Una columna por cada dato: tax_settings.CLAVE.")] = None  # fmt: skip
    metadata: Annotated[dict[str, Any] | None, Column(
        "object", "Metadata", "Metadatos", clearable=False, help="One column for each entry: metadata.KEY.",
        help_es="Una columna por cada dato: metadata.CLAVE.")] = None  # fmt: skip
    send_invoices: Annotated[bool, Column(
        "flag", "Send invoices", "Enviar facturas", ("enviar facturas", "envia facturas"), example="yes",
        help="E-mail invoices to the customer; the target says yes where this is empty.",
        help_es="Enviar las facturas por correo; si falta, Piriod dice que sí.")] = True  # fmt: skip
    send_collections: Annotated[bool, Column(
        "flag", "Send reminders", "Enviar cobranzas", ("enviar cobranza", "enviar recordatorios"), example="yes",
        help="E-mail payment reminders; the target says yes where this is empty.",
        help_es="Enviar recordatorios de pago por correo; si falta, Piriod dice que sí.")] = True  # fmt: skip
    send_vouchers: Annotated[bool, Column(
        "flag", "Send receipts", "Enviar comprobantes", ("enviar comprobante", "enviar recibos"), example="yes",
        help="E-mail payment receipts; the target says yes where this is empty.",
        help_es="Enviar comprobantes de pago por correo; si falta, Piriod dice que sí.")] = True  # fmt: skip


def _headers(secrets: Mapping[str, str], test_mode: bool) -> dict[str, str]:
    return {
        "Authorization": f"Token {secrets['PIRIOD_API_TOKEN']}",
        "x-simple-workspace": secrets["PIRIOD_WORKSPACE"],
        "x-piriod-test-mode": "true" if test_mode else "false",
    }


def _update(id_: str, changes: Record, _whole: Record) -> Call:
    return Call("PATCH", f"/customers/{rest.place(id_)}/", body=rest.body(changes))


def _list(path: str, filters: Mapping[str, str], page: str | None) -> Call:
    return Call("GET", path, (*filters.items(), ("page", page or "1"), ("page_size", "100")))


def _search(filters: Mapping[str, str], page: str | None) -> Call:
    return _list("/customers/", {**filters, "ordering": "created"}, page)


def _newest(page: str | None) -> Call:
    return _list("/customers/", {"ordering": "-created"}, page)


def _page(answer: Answer) -> Page:
    """Read a page; the next one is asked for by number, as `next` links may name another scheme or host."""
    body = answer.json if isinstance(answer.json, dict) else {}
    items = tuple(item for item in rest.listed(body.get("results")) if isinstance(item, dict))
    number = None
    if following := str(body.get("next") or ""):
        found = re.search(r"(?:[?&;]|^)page=(\d+)(?:[&;#]|$)", following)
        number = found[1] if found else UNREADABLE
    return Page(items, number, rest.total(body.get("count")))


def _problems(body: Any) -> list[tuple[str | None, str]]:
    """Flatten a field map: texts, lists and objects, to any depth, in their order."""
    found: list[tuple[str | None, str]] = []
    left = [(body, "")]
    while left:
        value, path = left.pop()
        if isinstance(value, dict):
            left.extend((v, f"{path}.{key}" if path else str(key)) for key, v in reversed(value.items()))
        elif isinstance(value, list):
            left.extend((v, path) for v in reversed(value))
        elif value is not None:
            last = path.rpartition(".")[2]
            found.append((None if last in ("", "non_field_errors", "detail") else path, str(value)))
    return found


def _outcome(_call: Call, answer: Answer) -> Outcome:
    status, body, said = answer.status, answer.json, _said(answer)
    if status in (200, 201) and isinstance(body, dict) and body.get("id"):
        return Created(str(body["id"]), body)
    problems = tuple(_problems(body)) or ((None, said),) if status in rest.REFUSED else ()
    if any("x-simple-workspace" in text for _, text in problems):
        return Fatal(say("Piriod needs a workspace: {said}", said=problems[0][1]))
    return rest.refusal("Piriod", status, problems, said)


def _said(answer: Answer) -> str:
    body = answer.json
    if isinstance(body, dict) and isinstance(body.get("detail"), str):
        return str(body["detail"])
    return (answer.text or say("no readable answer"))[:200]


def _view(customer: Record) -> Record:
    """The write shape of a customer as the target shows it: country and state by id."""
    seen = {name: customer[name] for name in Customer.model_fields if name in customer}
    for name in ("country", "state"):
        if isinstance(seen.get(name), dict):
            seen[name] = seen[name].get("id")
    return seen


def _state(item: Record) -> Entry:
    country = item.get("country")
    parent = country.get("id") if isinstance(country, dict) else country
    code = item.get("code")
    return Entry(item["id"], str(item.get("name") or ""), str(code) if code else None, str(parent) if parent else None)


def _country(item: Record) -> Entry:
    return Entry(item["id"], str(item.get("name") or ""), str(item["id"]), None, item.get("has_regulation"))


TARGET = Target(
    name="piriod",
    title="Piriod",
    base_url="https://api.piriod.com",
    record=Customer,
    secrets=(
        Secret("PIRIOD_API_TOKEN", later("API token: Piriod dashboard, Settings > API tokens")),
        Secret("PIRIOD_WORKSPACE", later("workspace (account) id, acc_..."), private=False),
    ),
    headers=_headers,
    workspace="PIRIOD_WORKSPACE",
    identities=(Identity(("tax_id", "country")), Identity(("reference",))),
    filters=("email", "name", "tax_id"),
    pace=Pace(rate=10, concurrency=8),
    page_size=100,
    create=lambda payload: Call("POST", "/customers/", body=payload),
    update=_update,
    retrieve=lambda id_: Call("GET", f"/customers/{rest.place(id_)}/"),
    search=_search,
    page=_page,
    outcome=_outcome,
    view=_view,
    lists={
        "countries": ClosedList(lambda page, _: _list("/generals/countries/", {}, page), _country),
        "states": ClosedList(
            lambda page, countries: _list("/generals/states/", {"country__in": ",".join(countries)}, page), _state
        ),
    },
    regulated=("tax_id",),
    merged=("metadata", "tax_settings"),
    newest=_newest,
    key_path="metadata.import_key",
    key_filter=lambda key: {"metadata__import_key": key},
    has_test_mode=True,
    notes=(later("Piriod documents no rate limit; 10 requests a second is a modest guess."),),
)
