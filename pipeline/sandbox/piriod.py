"""Turn requests to the Piriod API into its answers.

Sources: https://docs.piriod.com/api-reference (create, retrieve, partially update, delete and list customers;
list countries and currencies; authentication; error handling; pagination and filtering), and for the states
the superseded https://docs.piriod.com/api/collections/states. Where they are silent, the answer is what a
Django REST service would give, or a knob of `Settings`.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pipeline.sandbox import places
from pipeline.sandbox.answers import BadJson, Context, Json, Refused, answer, context, media_type, read_json
from pipeline.sandbox.piriod_filters import order_of, page_numbers, where_of
from pipeline.sandbox.piriod_rules import check
from pipeline.sandbox.store import Realm, Row, new_id

_BASE32 = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def routes() -> list[Route]:
    """The documented routes that an importer can meet."""
    return [
        Route("/customers/", list_customers, methods=["GET"]),
        Route("/customers/", create_customer, methods=["POST"]),
        Route("/customers/{id}/", retrieve_customer, methods=["GET"]),
        Route("/customers/{id}/", update_customer, methods=["PATCH"]),
        Route("/customers/{id}/", delete_customer, methods=["DELETE"]),
        Route("/generals/countries/", list_countries, methods=["GET"]),
        Route("/generals/states/", list_states, methods=["GET"]),
        Route("/generals/currencies/", list_currencies, methods=["GET"]),
    ]


async def create_customer(request: Request) -> Response:
    """POST /customers/: 201 with the customer, or 400 with a map of fields."""
    here, realm = context(request), _realm(request)
    body = check(here.settings, await _body(request), None)
    with here.store.writing():
        _refuse_taken(here, realm, body, 0)
        row = here.store.save(_row(Row(f"cus_{_ulid()}", realm, {}), body))
    return answer(view(row, here.settings.string_state_ids), 201)


async def retrieve_customer(request: Request) -> Response:
    """GET /customers/{id}/: 200, or 404 for what is absent or another workspace's."""
    return answer(view(_find(request), context(request).settings.string_state_ids))


async def update_customer(request: Request) -> Response:
    """PATCH /customers/{id}/: 200 with the updated customer; what is not named stays."""
    here, changes = context(request), await _body(request)
    with here.store.writing():
        row = _find(request)
        body = check(here.settings, changes, row.body)
        _refuse_taken(here, row.realm, body, row.n)
        here.store.save(_row(row, body))
    return answer(view(row, here.settings.string_state_ids))


async def delete_customer(request: Request) -> Response:
    """DELETE /customers/{id}/: 204. Who has no invoices is deleted for good, and here nobody has any."""
    here = context(request)
    with here.store.writing():
        here.store.remove(_find(request))
    return Response(status_code=204)


async def list_customers(request: Request) -> Response:
    """GET /customers/: a page of the customers that match every known filter; unknown ones are ignored."""
    here, realm = context(request), _realm(request)
    where, filtered = where_of(request.query_params.multi_items(), here.settings)
    page, size = page_numbers(request.query_params)
    if here.empty and filtered:
        return _page(request, [], 0, page, size)
    total = here.store.count(realm, where)
    if page > 1 and (page - 1) * size >= total:
        raise Refused(404, {"detail": "Invalid page."})
    rows = here.store.select(realm, where, order_of(request.query_params), size, (page - 1) * size)
    return _page(request, [view(row, here.settings.string_state_ids) for row in rows], total, page, size)


async def list_countries(request: Request) -> Response:
    """GET /generals/countries/: the catalogue of countries; needs a token, but no workspace."""
    _authenticate(request)
    return _whole_page(request, [places.country_object(code) for code in places.countries()])


async def list_states(request: Request) -> Response:
    """GET /generals/states/: filters country, country__in, name (also __exact, __contains, __icontains)."""
    _realm(request)
    query = request.query_params
    wanted = query["country__in"].split(",") if "country__in" in query else list(places.countries())
    if "country" in query:
        wanted = [code for code in wanted if code == query["country"]]
    found = [state for code in dict.fromkeys(wanted) for state in places.states(code)]
    exact, part = query.get("name", query.get("name__exact")), query.get("name__contains", "")
    loose = query.get("name__icontains", "").casefold()
    found = [s for s in found if exact in (None, s.name) and part in s.name and loose in s.name.casefold()]
    as_text = context(request).settings.string_state_ids
    return _whole_page(request, [places.state_object(state, as_text) for state in found])


async def list_currencies(request: Request) -> Response:
    """GET /generals/currencies/: public; filters country and name."""
    query, found = request.query_params, places.currencies()
    if "country" in query:
        legal = places.legal_currencies(query["country"])
        found = {code: found[code] for code in legal if code in found}
    items = [item for item in found.values() if query.get("name") in (None, item["name"])]
    return _whole_page(request, items)


def view(row: Row, as_text: bool) -> Json:
    """The vendor's Customer: country and state are objects."""
    country, place = str(row.body["country"]), places.state(row.body["state"])
    assert place is not None
    return {
        "id": row.id,
        **row.body,
        "country": places.country_object(country),
        "state": places.state_object(place, as_text),
        "status": row.status,
        "contacts": [],
        "sources": [],
        "aggregations": {"sales": 0, "sales_current_period": 0, "balance": 0},
        "test_mode": row.realm.test,
        "created": row.created,
        "updated": row.updated,
    }


def _row(row: Row, body: Json) -> Row:
    row.body, row.country, row.metadata = body, body["country"], body["metadata"]
    row.status = row.status or "active"
    return row


def _find(request: Request) -> Row:
    row = context(request).store.get(_realm(request), request.path_params["id"])
    if row is None:
        raise Refused(404, {"detail": "Not found."})
    return row


def _authenticate(request: Request) -> None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme != "Token" or not token.strip():
        raise Refused(401, {"detail": "Authentication credentials were not provided."})
    accepted = context(request).settings.tokens
    if token not in accepted if accepted is not None else token == "wrong":  # noqa: S105 (no secret)
        raise Refused(401, {"detail": "Invalid token."})


def _realm(request: Request) -> Realm:
    _authenticate(request)
    workspace = request.headers.get("x-simple-workspace", "").strip()
    if not workspace:
        raise Refused(400, {"non_field_errors": ["x-simple-workspace header is required."]})
    known = context(request).settings.workspaces
    if workspace not in known if known is not None else workspace == "wrong":
        raise Refused(403, {"detail": "You do not have permission to perform this action."})
    test = request.headers.get("x-piriod-test-mode", "false").strip().lower() == "true"
    return Realm("piriod", workspace, test)


async def _body(request: Request) -> Json:
    _realm(request)
    if media_type(request) != "application/json":
        raise Refused(415, {"detail": f'Unsupported media type "{media_type(request)}" in request.'})
    try:
        body = await read_json(request)
    except BadJson as error:
        raise Refused(400, {"detail": f"JSON parse error - {error}"}) from error
    if not isinstance(body, dict):
        kind = type(body).__name__
        raise Refused(400, {"non_field_errors": [f"Invalid data. Expected a dictionary, but got {kind}."]})
    return body


def _refuse_taken(here: Context, realm: Realm, body: Json, own: int) -> None:
    tax_id = body.get("tax_id")
    if here.settings.duplicate == "allow" or not tax_id:
        return
    if here.store.count(realm, [("tax_id = ?", (tax_id,)), ("n <> ?", (own,))]):
        if here.settings.duplicate == "conflict":
            raise Refused(409, {"detail": "A customer with this tax_id already exists."})
        raise Refused(400, {"tax_id": ["A customer with this tax_id already exists."]})


def _whole_page(request: Request, items: list[dict[str, object]]) -> Response:
    page, size = page_numbers(request.query_params)
    part = items[(page - 1) * size : page * size]
    if page > 1 and not part:
        raise Refused(404, {"detail": "Invalid page."})
    return _page(request, part, len(items), page, size)


def _page(request: Request, items: list[Any], total: int, page: int, size: int) -> Response:
    following = _link(request, page + 1) if page * size < total else None
    previous = _link(request, page - 1) if page > 1 else None
    return answer({"count": total, "next": following, "previous": previous, "results": items})


def _link(request: Request, page: int) -> str:
    address = urlsplit(str(request.url))
    host = address.hostname if context(request).settings.next_http else address.netloc
    kept = [(key, value) for key, value in request.query_params.multi_items() if key != "page"]
    return f"http://{host}{address.path}?{urlencode([*kept, ('page', page)])}"


def _ulid() -> str:
    number, text = new_id(), ""
    for _ in range(26):
        number, digit = divmod(number, 32)
        text = _BASE32[digit] + text
    return text
