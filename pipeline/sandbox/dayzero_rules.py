"""Turn what a client wants of a DayZero customer into the customer that is kept, or a refusal.

Types, choices and required fields are those of the target's record. Also here, as every route needs them:
who may ask (a token and a business), and the envelope of the answers.
Sources: https://www.ondayzero.com/docs/guides/authentication, https://www.ondayzero.com/docs/guides/error-handling,
https://www.ondayzero.com/docs/reference/customers/create-customer
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from pydantic import BaseModel, Field, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from pipeline import targets
from pipeline.sandbox.answers import (
    BadJson,
    Context,
    Json,
    Refused,
    answer,
    context,
    is_email,
    media_type,
    read_json,
)
from pipeline.sandbox.settings import Settings
from pipeline.sandbox.store import Realm, Where, fold
from pipeline.schema import fields

_TYPES = {
    "missing": ("field required", "value_error.missing"),
    "string_type": ("str type expected", "type_error.str"),
    "int_type": ("value is not a valid integer", "type_error.integer"),
    "int_parsing": ("value is not a valid integer", "type_error.integer"),
    "int_from_float": ("value is not a valid integer", "type_error.integer"),
}
_KEPT = ("name", "email")


class _Contact(BaseModel):
    """ContactCreateRequest."""

    name: str
    email: str | None = None
    phone: str | None = None
    role: str | None = None
    is_primary: bool = False
    notes: str | None = None


class _Term(BaseModel):
    """PaymentTermCreateRequest."""

    name: str
    days_until_due: int = Field(ge=0)
    discount_percent: float | None = None
    discount_days: int | None = None
    is_default: bool = False


@lru_cache(maxsize=1)
def record() -> tuple[type[BaseModel], tuple[str, ...]]:
    """The target's record, and the fields of it that are sent."""
    found = targets.load("dayzero").record
    return found, tuple(name for name, known in fields(found).items() if known.sent)


def require_token(request: Request) -> None:
    """Refuse a request without a valid token with 401."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    accepted = context(request).settings.tokens
    bad = token not in accepted if accepted is not None else token == "wrong"  # noqa: S105 (no secret)
    if scheme.lower() != "bearer" or not token.strip() or bad:
        raise Refused(401, {"detail": "Not authenticated"}, {"www-authenticate": "Bearer"})


def realm_of(request: Request) -> Realm:
    """The business a request works for; 403 where it names none, 404 where there is no such business."""
    require_token(request)
    business = request.headers.get("x-business-id", "").strip()
    if not business:
        raise Refused(403, {"detail": "Not enough permissions"})
    known = context(request).settings.workspaces
    if business not in known if known is not None else business == "wrong":
        raise Refused(404, {"detail": "Business not found"})
    return Realm("dayzero", business, False)


async def object_body(request: Request) -> Json:
    """The JSON object that was sent, after the credentials are checked; else 422."""
    realm_of(request)
    try:
        body = await read_json(request) if media_type(request) == "application/json" else None
    except BadJson as error:
        raise invalid(("body", 0), f"JSON decode error: {error}", "value_error.jsondecode") from error
    if not isinstance(body, dict):
        raise invalid(("body",), "value is not a valid dict", "type_error.dict")
    return body


def check(settings: Settings, sent: Json, old: Json | None) -> Json:
    """The whole customer after a create (`old` is None) or an update of `old`; unknown fields are ignored.

    Raises:
        Refused: 422 with every problem, 400 for text that the database cannot hold.
    """
    model, names = record()
    kept = {k: v for k, v in (old or {}).items() if k in _KEPT or not settings.put_replaces}
    whole = {**kept, **{name: value for name, value in sent.items() if name in names}}
    problems, body = _validated(model, whole)
    told = any(problem["loc"] == ["body", "email"] for problem in problems)
    if not told and not is_email(whole["email"]):
        text = "value is not a valid email address"
        problems.append(_problem(("body", "email"), text, "value_error.email"))
    if problems:
        raise Refused(422, {"detail": problems})
    if any(isinstance(value, str) and "\x00" in value for value in body.values()):
        raise Refused(400, {"detail": "Invalid request parameters"})
    return {**{name: body[name] for name in names}, "status": body["status"] or "active"}


def check_contact(sent: Json) -> Json:
    """A contact, or 422."""
    return _checked(_Contact, sent)


def check_term(sent: Json) -> Json:
    """A payment term, or 422."""
    return _checked(_Term, sent)


def _checked(model: type[BaseModel], sent: Json) -> Json:
    problems, body = _validated(model, sent)
    if problems:
        raise Refused(422, {"detail": problems})
    return body


def _validated(model: type[BaseModel], whole: Json) -> tuple[list[Json], Json]:
    """The problems of `whole`, and what the model makes of it where there are none."""
    try:
        kept = model.model_validate(whole)
        return [], {name: getattr(kept, name) for name in model.model_fields}
    except ValidationError as error:
        problems = []
        for entry in error.errors(include_url=False, include_context=False, include_input=False):
            text, kind = _TYPES.get(entry["type"], (entry["msg"], f"value_error.{entry['type']}"))
            problems.append(_problem(("body", *entry["loc"]), text, kind))
        return problems, {}


def refuse_taken(here: Context, realm: Realm, body: Json, own: int) -> None:
    """Refuse an email that another customer has, where the knobs say so."""
    if here.settings.duplicate != "allow" and taken(here, realm, body["email"], own):
        status = 409 if here.settings.duplicate == "conflict" else 400
        raise Refused(status, {"detail": "Customer with this email already exists"})


def taken(here: Context, realm: Realm, email: str, own: int = 0) -> bool:
    """Whether a customer other than number `own` has this email."""
    where: Where = [*email_is(here.settings, email), ("n <> ?", (own,))]
    if not here.settings.soft_deleted_blocks:
        where.append(("deleted IS NULL", ()))
    return here.store.count(realm, where) > 0


def email_is(settings: Settings, email: str) -> Where:
    """The condition that a customer has this email."""
    same: Where = [("folded = ?", (fold(email),))]
    return [*same, ("email = ?", (email,))] if settings.email_case_sensitive else same


def invalid(loc: tuple[Any, ...], text: str, kind: str, given: Any = None) -> Refused:
    """The refusal of a request with one problem: 422."""
    entry = _problem(loc, text, kind)
    return Refused(422, {"detail": [entry if given is None else {**entry, "input": given}]})


def _problem(loc: tuple[Any, ...], text: str, kind: str) -> Json:
    return {"loc": list(loc), "msg": text, "type": kind}


def reply(here: Context, data: Any, status: int, message: str) -> Response:
    """An answer with data, in an envelope or bare."""
    if not here.settings.envelope:
        return answer(data, status)
    code = "CREATED" if status == 201 else "OK"
    return answer({"success": True, "message": message, "code": code, "data": data}, status)
