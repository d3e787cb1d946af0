"""Turn requests to the DayZero API into its answers: customers, their contacts, payment terms, businesses.

Sources: https://www.ondayzero.com/docs/reference (customers, payment terms, businesses) and the guides on
authentication, pagination, error handling and customers. Two generations of them differ in the answer: a
bare object, or an envelope; errors are bare in both. Where they are silent, the answer is what a FastAPI
service would give, or a knob of `Settings`.
"""

from __future__ import annotations

from hashlib import blake2b
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pipeline.sandbox.answers import Context, Json, Refused, answer, context
from pipeline.sandbox.dayzero_pages import customer_page, whole_page
from pipeline.sandbox.dayzero_rules import (
    check,
    check_contact,
    check_term,
    invalid,
    object_body,
    realm_of,
    refuse_taken,
    reply,
    require_token,
)
from pipeline.sandbox.store import Realm, Row, new_id, now

BASE = "/api/v1"
_TERMS = (("Net 30", 30), ("Net 15", 15), ("Net 60", 60), ("Due on receipt", 0))
_BUSINESS = "01890000-0000-7000-8000-000000000001"


def routes() -> list[Route]:
    """The documented routes that an importer can meet, except those that take many customers."""
    one = f"{BASE}/customers/{{customer_id}}"
    return [
        Route(f"{BASE}/customers", list_customers, methods=["GET"]),
        Route(f"{BASE}/customers", create_customer, methods=["POST"]),
        Route(one, get_customer, methods=["GET"]),
        Route(one, update_customer, methods=["PUT"]),
        Route(one, delete_customer, methods=["DELETE"]),
        Route(f"{one}/contacts", list_contacts, methods=["GET"]),
        Route(f"{one}/contacts", create_contact, methods=["POST"]),
        Route(f"{BASE}/payment-terms", list_terms, methods=["GET"]),
        Route(f"{BASE}/payment-terms", create_term, methods=["POST"]),
        Route(f"{BASE}/payment-terms/default", default_term, methods=["GET"]),
        Route(f"{BASE}/businesses", list_businesses, methods=["GET"]),
    ]


async def create_customer(request: Request) -> Response:
    """POST /customers: 201 with the customer; 422 with a list of problems; 400 or 409 with a text."""
    here, realm = context(request), realm_of(request)
    body = check(here.settings, await object_body(request), None)
    with here.store.writing():
        row = add(here, realm, body)
    return reply(here, view(here, row), 201, "Customer created successfully")


def add(here: Context, realm: Realm, body: Json) -> Row:
    """Keep a new customer whose body is checked.

    Raises:
        Refused: its payment term does not exist, or its email is taken and may not be.
    """
    _require_term(here, realm, body)
    refuse_taken(here, realm, body, 0)
    return here.store.save(Row(str(UUID(int=new_id())), realm, body, status=body["status"]))


async def get_customer(request: Request) -> Response:
    """GET /customers/{id}: 200, also for a deleted one; 404."""
    here = context(request)
    return reply(here, view(here, _find(request)), 200, "Customer retrieved successfully")


async def update_customer(request: Request) -> Response:
    """PUT /customers/{id}: 200 with the updated customer; what is not named stays, unless `put_replaces`."""
    here, changes = context(request), await object_body(request)
    with here.store.writing():
        row = _find(request, also_deleted=False)
        row.body = check(here.settings, changes, row.body)
        row.status = row.body["status"]
        _require_term(here, row.realm, row.body)
        refuse_taken(here, row.realm, row.body, row.n)
        here.store.save(row)
    return reply(here, view(here, row), 200, "Customer updated successfully")


async def delete_customer(request: Request) -> Response:
    """DELETE /customers/{id}: 200; the customer is hidden from lists, and still there by its id."""
    here = context(request)
    with here.store.writing():
        row = _find(request, also_deleted=False)
        row.deleted = now()
        here.store.save(row)
    return answer({"success": True, "message": "Customer deleted successfully", "code": "CUSTOMER_DELETED"})


async def list_customers(request: Request) -> Response:
    """GET /customers: a page; filters id, email (exact), search (names that are alike), status."""
    here = context(request)
    return reply(here, customer_page(request, realm_of(request), lambda row: view(here, row)), 200, "OK")


async def list_contacts(request: Request) -> Response:
    """GET /customers/{id}/contacts: the contacts of a customer."""
    here, row = context(request), _find(request)
    return reply(here, here.store.parts("contact", row.id), 200, "Contacts")


async def create_contact(request: Request) -> Response:
    """POST /customers/{id}/contacts: 201 with the contact."""
    here, row = context(request), _find(request, also_deleted=False)
    body, moment = check_contact(await object_body(request)), now()
    owner = {"id": str(UUID(int=new_id())), "entity_type": "customer", "entity_id": row.id}
    contact = {**owner, **body, "created_at": moment, "updated_at": moment}
    here.store.add_part("contact", row.id, contact)
    return reply(here, contact, 201, "Contact created successfully")


async def list_terms(request: Request) -> Response:
    """GET /payment-terms: a page of the business's terms; the active ones, unless active_only=false."""
    here, realm = context(request), realm_of(request)
    terms = _terms(here, realm)
    if request.query_params.get("active_only", "true").lower() == "true":
        terms = [term for term in terms if term["is_active"]]
    return reply(here, whole_page(request, terms), 200, "Payment terms")


async def create_term(request: Request) -> Response:
    """POST /payment-terms: 201 with the term."""
    here, realm = context(request), realm_of(request)
    body = check_term(await object_body(request))
    _terms(here, realm)
    term = _term(realm, str(UUID(int=new_id())), body)
    here.store.add_part("term", realm.workspace, term)
    return reply(here, term, 201, "Payment term created successfully")


async def default_term(request: Request) -> Response:
    """GET /payment-terms/default: the newest term that is the default, else 404."""
    here, realm = context(request), realm_of(request)
    found = [term for term in _terms(here, realm) if term["is_default"]]
    if not found:
        raise Refused(404, {"detail": "No default payment term"})
    return reply(here, found[-1], 200, "Default payment term")


async def list_businesses(request: Request) -> Response:
    """GET /businesses: what the token can reach; needs no x-business-id."""
    here = context(request)
    require_token(request)
    named = request.headers.get("x-business-id", "").strip()
    known = here.settings.workspaces or ((named,) if named not in ("", "wrong") else (_BUSINESS,))
    items = [{"id": id_, "name": f"Business {id_}"} for id_ in known]
    return reply(here, whole_page(request, items), 200, "Businesses")


def view(here: Context, row: Row) -> Json:
    """The vendor's CustomerResponse."""
    return {
        "id": row.id,
        "business_id": row.realm.workspace,
        "created_at": row.created,
        "updated_at": row.updated,
        **row.body,
        "is_deleted": row.deleted is not None,
        "deleted_at": row.deleted,
        "stripe_customer_id": None,
        "contacts": here.store.parts("contact", row.id),
    }


def _find(request: Request, also_deleted: bool = True) -> Row:
    realm, id_ = realm_of(request), request.path_params["customer_id"]
    try:
        wanted = str(UUID(id_))
    except ValueError:
        raise invalid(("path", "customer_id"), "value is not a valid uuid", "type_error.uuid", id_) from None
    row = context(request).store.get(realm, wanted)
    if row is None or (row.deleted and not also_deleted):
        raise Refused(404, {"detail": "Customer not found"})
    return row


def _require_term(here: Context, realm: Realm, body: Json) -> None:
    wanted = body["default_payment_term_id"]
    if wanted is not None and wanted not in (term["id"] for term in _terms(here, realm)):
        raise Refused(400, {"detail": "Payment term not found"})


def _terms(here: Context, realm: Realm) -> list[Json]:
    with here.store.writing():
        if not here.store.parts("term", realm.workspace):
            for name, days in _TERMS:
                origin = f"{here.settings.seed}/{realm.workspace}/{name}"
                mark = blake2b(origin.encode(), digest_size=16).hexdigest()
                id_ = str(UUID(f"01890000{mark[:4]}7{mark[4:7]}8{mark[7:22]}"))
                body = {"name": name, "days_until_due": days, "is_default": name == "Net 30"}
                here.store.add_part("term", realm.workspace, _term(realm, id_, body))
        return here.store.parts("term", realm.workspace)


def _term(realm: Realm, id_: str, body: Json) -> Json:
    moment = now()
    whole = {"discount_percent": None, "discount_days": None, "is_default": False, **body}
    times = {"created_at": moment, "updated_at": moment}
    return {"id": id_, "business_id": realm.workspace, **whole, "is_active": True, **times}
