"""Turn the query of a Piriod list into conditions, an order and a page.

Documented: country, email, name, tax_id, created, subscriptions, sources, each with __in; created__gte and
created__lte; metadata__KEY; ordering; page from 1, page_size 1..100. `reference` is not a filter. What is
unknown is ignored, as by django-filter.
Source: https://docs.piriod.com/api-reference/pagination-filtering
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from pipeline.sandbox.answers import Refused
from pipeline.sandbox.settings import Settings
from pipeline.sandbox.store import Where, fold, now

_PLAIN = ("country", "name", "tax_id", "id")
_ORDERS = {"name": "name", "created": "created", "updated": "updated", "email": "email", "tax_id": "tax_id"}
_TIMES = {"created": "=", "created__gte": ">=", "created__lte": "<="}


def where_of(query: list[tuple[str, str]], settings: Settings) -> tuple[Where, bool]:
    """The conditions of a query, and whether any filter was among it."""
    where: Where = []
    for key, value in query:
        name, _, operator = key.partition("__")
        if name == "metadata" and operator:
            if not settings.filter_ignored:
                where.append(("n IN (SELECT n FROM metadata WHERE key = ? AND value = ?)", (operator, value)))
        elif key in _TIMES:
            where.append((f"created {_TIMES[key]} ?", (_moment(key, value),)))
        elif operator in ("", "exact", "in") and name in (*_PLAIN, "email"):
            where.append(_among(name, value.split(",") if operator == "in" else [value], settings))
        elif name in ("subscriptions", "sources") and operator in ("", "in"):
            where.append(("0", ()))  # nobody here has any
    filtered = bool(where)
    if settings.filter_lag:
        where.append(("created <= ?", (now(settings.filter_lag),)))
    return where, filtered


def _among(name: str, values: list[str], settings: Settings) -> tuple[str, tuple[str | None, ...]]:
    marks = ",".join("?" * len(values))
    if name != "email":
        return f"{name} IN ({marks})", tuple(values)
    folded = tuple(fold(value) for value in values)
    if settings.email_case_sensitive:
        return f"(folded IN ({marks}) AND email IN ({marks}))", (*folded, *values)
    return f"folded IN ({marks})", folded


def _moment(key: str, value: str) -> str:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise Refused(400, {key.partition("__")[0]: ["Enter a valid date/time."]}) from None
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def order_of(query: Mapping[str, str]) -> str:
    """The ORDER BY of a query; newest first where none is asked for."""
    wanted = query.get("ordering", "")
    down = wanted.startswith("-")
    column = _ORDERS.get(wanted.removeprefix("-"))
    if column is None:
        return "created DESC, n DESC"
    return f"{column} {'DESC' if down else 'ASC'}, n {'DESC' if down else 'ASC'}"


def page_numbers(query: Mapping[str, str]) -> tuple[int, int]:
    """Page and page size; too large a size is cut to 100, a senseless one is 20.

    Raises:
        Refused: 404, the page is not a positive number.
    """
    size = query.get("page_size", "20")
    page = query.get("page", "1")
    if not page.isdecimal() or int(page) < 1 or len(page) > 9:
        raise Refused(404, {"detail": "Invalid page."})
    known = size.isdecimal() and len(size) < 10 and int(size) > 0
    return int(page), min(int(size), 100) if known else 20
