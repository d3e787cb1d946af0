"""Turn customer records into requests of Tallyho, an invented billing API, and its answers into outcomes.

This one file adds a target to customer-import. Nothing here sends anything: it says what a customer is, how each request
looks, and what each answer means. Reading, mapping, checking, pace, repeats, the journal and the report are the tool's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from pipeline.schema import Column
from pipeline.targets.interface import (
    Answer,
    Call,
    Created,
    Fatal,
    Identity,
    Outcome,
    Pace,
    Page,
    Rejected,
    Secret,
    Target,
    Unknown,
    Wait,
)

CLIENTS = "/v2/clients"


class Client(BaseModel):
    """A customer, as the API takes it: names, limits and choices stand here and nowhere else.

    What other targets have too bears the usual name (name, tax_id, email, phone, address, country, state, currency), by
    which columns are found; an API that calls it otherwise has it renamed in `create`, `update` and `view`.
    """

    name: Annotated[str, Field(max_length=60), Column(
        "name", "Client", "Cliente", ("name", "nombre", "company", "customer"), example="Comercial Los Andes SpA")]  # fmt: skip
    email: Annotated[str, Column("email", "E-mail", "Correo", ("correo", "mail"), example="pagos@losandes.example")]
    country: Annotated[str | None, Column("country", "Country", "País", ("pais",), example="Chile")] = None
    tax_id: Annotated[str | None, Column("tax_id", "Tax id", "RUT / NIT", ("rut", "nit", "vat"), identifier=True)] = (
        None
    )
    phone: Annotated[str | None, Column("phone", "Phone", "Teléfono", ("telefono",), identifier=True)] = None
    plan: Annotated[Literal["basic", "plus"] | None, Column("choice", "Plan", "Plan", example="basic")] = None


def _headers(secrets: Mapping[str, str], _test_mode: bool) -> dict[str, str]:
    return {"Authorization": f"Bearer {secrets['TALLYHO_TOKEN']}", "X-Org": secrets["TALLYHO_ORG"]}


def _body(record: Mapping[str, Any]) -> bytes:
    return json.dumps(record, ensure_ascii=False).encode()


def _search(filters: Mapping[str, str], page: str | None) -> Call:
    return Call("GET", CLIENTS, (*filters.items(), ("offset", page or "0")))


def _page(answer: Answer) -> Page:
    found = answer.json
    return Page(tuple(found["clients"]), str(found["next_offset"]) if found["next_offset"] else None, found["total"])


def _outcome(_call: Call, answer: Answer) -> Outcome:
    if answer.status in (200, 201) and isinstance(answer.json, dict) and "id" in answer.json:
        return Created(str(answer.json["id"]), answer.json)
    if answer.status in (401, 403):
        return Fatal("Tallyho refuses the token")
    if answer.status == 429:
        return Wait(None, "429: too many requests")
    if answer.status in (400, 409, 422):
        problems = answer.json.get("problems", {}) if isinstance(answer.json, dict) else {}
        return Rejected(tuple(problems.items()) or ((None, answer.text[:200]),))
    return Unknown(f"Tallyho answered {answer.status}")  # the row is looked up before it is ever sent again


TARGET = Target(
    name="tallyho",
    title="Tallyho",
    base_url="https://api.tallyho.example",
    record=Client,
    secrets=(Secret("TALLYHO_TOKEN", "API token"), Secret("TALLYHO_ORG", "organisation id", private=False)),
    headers=_headers,
    workspace="TALLYHO_ORG",
    identities=(Identity(("email",)),),  # two customers with the same e-mail are the same
    filters=("email",),  # what `search` can filter by
    pace=Pace(rate=20, concurrency=4),
    page_size=50,
    create=lambda payload: Call("POST", CLIENTS, body=payload),
    update=lambda id_, changes, _whole: Call("PATCH", f"{CLIENTS}/{id_}", body=_body(changes)),
    retrieve=lambda id_: Call("GET", f"{CLIENTS}/{id_}"),
    search=_search,
    page=_page,
    outcome=_outcome,
    view=lambda seen: {name: seen.get(name) for name in Client.model_fields},
)
