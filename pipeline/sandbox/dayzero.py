"""Turn requests to the DayZero API into its answers: customers, their contacts, payment terms, businesses.

Sources: https://www.ondayzero.com/docs/reference (customers, payment terms, businesses) and the guides on
authentication, pagination, error handling and customers. Two generations of them differ in the answer: a
bare object, or an envelope; errors are bare in both. Where they are silent, the answer is what a FastAPI
service would give, or a knob of `Settings`.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pipeline.sandbox.answers import Json, Refused, answer, context
from pipeline.sandbox.dayzero_pages import customers_page, plain_page
from pipeline.sandbox.dayzero_rules import (
    check, check_contact, check_term, object_body, realm_of, refuse_taken, reply, require_token,
)  # fmt: skip
from pipeline.sandbox.store import Context, Realm, Row, new_id, now

BASE = "/api/v1"
_TERMS = (("Net 30", 30), ("Net 15", 15), ("Net 60", 60), ("Due on receipt", 0))


def routes() -> list[Route]:
    """The documented routes that an importer can meet, but the bulk ones."""
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
