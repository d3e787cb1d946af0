"""Turn what a client wants of a Piriod customer into the customer that is kept, or a refusal by field.

Types, lengths and required fields are those of the target's record; here is what a record cannot say:
null where the documents do not allow it, states of their country, ISO currencies, addresses that are none,
and the tax id that the account's own country requires.
Source: https://docs.piriod.com/api-reference/billing/customers/create-customer
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from pydantic import BaseModel, ValidationError

from pipeline import targets
from pipeline.sandbox import places
from pipeline.sandbox.answers import Json, Refused, is_email, is_url
from pipeline.sandbox.settings import Settings
from pipeline.schema import fields

Problems = dict[str, list[str]]

_NULLABLE = frozenset(("email", "phone", "website", "zip_code", "manager", "reference", "tax_id"))
_MERGED = ("metadata", "tax_settings")
_TEXTS = {
    "missing": "This field is required.",
    "string_too_short": "This field may not be blank.",
    "string_too_long": "Ensure this field has no more than {max_length} characters.",
    "string_type": "Not a valid string.",
    "string_unicode": "Not a valid string.",
    "bool_type": "Must be a valid boolean.",
    "bool_parsing": "Must be a valid boolean.",
    "dict_type": "Expected a dictionary of items.",
}


@lru_cache(maxsize=1)
def _record() -> tuple[type[BaseModel], frozenset[str]]:
    record = targets.load("piriod").record
    return record, frozenset(name for name, known in fields(record).items() if known.sent)


def check(settings: Settings, sent: Json, old: Json | None) -> Json:
    """The whole customer after a create (`old` is None) or a partial update of `old`.

    Fields that are not writable are ignored, as a REST framework does.

    Raises:
        Refused: 400, with every problem of every field.
    """
    record, known = _record()
    changes = {name: value for name, value in sent.items() if name in known}
    nulls = [name for name, value in changes.items() if value is None and name not in _NULLABLE]
    problems: Problems = {name: ["This field may not be null."] for name in nulls}
    whole = _merge(settings, changes, old)
    try:
        body = record.model_validate(whole).model_dump()
    except ValidationError as error:
        for name, text in _messages(error):
            if text not in (said := problems.setdefault(name, [])) and whole.get(name, "") is not None:
                said.append(text)
        body = {name: value for name, value in whole.items() if name not in problems}
    _check_values(settings, body, problems)
    problems = {name: texts for name, texts in problems.items() if texts}
    if problems:
        raise Refused(400, problems)
    body["currency"] = body["currency"] or places.default_currency(body["country"])
    return {**body, "metadata": body["metadata"] or {}, "tax_settings": body["tax_settings"] or {}}


def _merge(settings: Settings, changes: Json, old: Json | None) -> Json:
    whole = {**(old or {}), **changes}
    for name in _MERGED:
        if settings.patch_merges and old and isinstance(changes.get(name), dict):
            whole[name] = {**old[name], **changes[name]}
    return whole


def _messages(error: ValidationError) -> list[tuple[str, str]]:
    found = []
    for entry in error.errors(include_url=False, include_input=True):
        name = str(entry["loc"][0])
        text = _TEXTS.get(entry["type"], entry["msg"]).format(**entry.get("ctx", {}))
        if name == "state" and entry["type"] != "missing":
            text = f"Incorrect type. Expected pk value, received {type(entry['input']).__name__}."
        found.append((name, text))
    return found


def _check_values(settings: Settings, body: Json, problems: Problems) -> None:
    def refuse(name: str, text: str) -> None:
        problems.setdefault(name, []).append(text)

    for name, value in body.items():
        if isinstance(value, str) and "\x00" in value:
            refuse(name, "Null characters are not allowed.")
    if body.get("email") and not is_email(body["email"]):
        refuse("email", "Enter a valid email address.")
    if body.get("website") and not is_url(body["website"]):
        refuse("website", "Enter a valid URL.")
    if body.get("currency") and body["currency"] not in places.currencies():
        refuse("currency", f'"{body["currency"]}" is not a valid choice.')
    _check_place(settings, body, refuse)
    country = body.get("country")
    if country == settings.account_country and country in places.REGULATED:
        if not body.get("tax_id") and "tax_id" not in problems:
            refuse("tax_id", "This field is required.")
        if settings.require_tax_settings and not body.get("tax_settings") and "tax_settings" not in problems:
            refuse("tax_settings", "This field is required.")


def _check_place(settings: Settings, body: Json, refuse: Any) -> None:
    country, state = body.get("country"), body.get("state")
    if country is not None and country not in places.countries():
        refuse("country", f'Primary key "{country}" invalid - object is not exists.')
    if state is None:
        return
    place = places.state(state)
    textual = not str(state).isdecimal()
    if place is None or textual != settings.string_state_ids:
        refuse("state", f'Primary key "{state}" invalid - object is not exists.')
    elif country in places.countries() and place.parent != country:
        refuse("state", "State does not belong to the chosen country.")
