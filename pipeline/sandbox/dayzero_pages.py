"""Turn the query of a DayZero list into one page of it, with cursors to the next and the previous one.

A cursor names the last row seen and the order it was seen in, so rows that are added meanwhile shift nothing.
Sources: https://www.ondayzero.com/docs/guides/pagination, https://www.ondayzero.com/docs/reference/customers/get-customers
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rapidfuzz import fuzz, process
from starlette.requests import Request

from pipeline.sandbox.answers import Context, Json, Refused, context
from pipeline.sandbox.dayzero_rules import email_is, invalid
from pipeline.sandbox.store import Realm, Row, Where, now

_COLUMNS = {"created_at": "created", "updated_at": "updated"} | {c: c for c in ("name", "email", "status")}
_STATUSES = ("active", "inactive", "blocked")
Ends = tuple[str | None, str | None]
ALIKE = 60.0
"""Names at least so alike (0..100) are found by a search; the vendor's own measure is not documented."""


@dataclass(frozen=True)
class _Asked:
    """The page that was asked for; `after` is the last row seen: value of the sorted column, row number."""

    limit: int
    sort_by: str
    descending: bool
    back: bool
    total: bool
    after: tuple[Any, int] | None

    def cursor(self, value: Any, number: int) -> str:
        """The cursor that continues from this row."""
        return urlsafe_b64encode(json.dumps([self.sort_by, self.descending, value, number]).encode()).decode()


def customer_page(request: Request, realm: Realm, view: Callable[[Row], Json]) -> Json:
    """One page of the customers that match; deleted ones never do.

    Raises:
        Refused: 422 for a parameter out of range, 400 for a cursor of another order.
    """
    here, asked = context(request), _asked(request)
    where, filtered = _where(request, here, realm)
    if here.empty and filtered:
        return _page(here, asked, [], 0, more=False, cursors=(None, None))
    total = here.store.count(realm, where) if asked.total else None
    column, falling = _COLUMNS[asked.sort_by], asked.descending != asked.back
    order = "DESC" if falling else "ASC"
    if asked.after is not None:
        where = [*where, (f"({column}, n) {'<' if falling else '>'} (?, ?)", asked.after)]
    rows = here.store.select(realm, where, f"{column} {order}, n {order}", asked.limit + 1)
    more, rows = len(rows) > asked.limit, rows[: asked.limit]
    rows = rows[::-1] if asked.back else rows
    ends: Ends = (None, None)
    if rows:
        ends = asked.cursor(_value(rows[0], column), rows[0].n), asked.cursor(_value(rows[-1], column), rows[-1].n)
    return _page(here, asked, [view(row) for row in rows], total, more, ends)


def whole_page(request: Request, items: list[Json]) -> Json:
    """One page of a short list that is kept whole."""
    asked = _asked(request)
    start = min(asked.after[1], len(items)) if asked.after else 0
    part = items[start : start + asked.limit]
    ends = (asked.cursor("", max(0, start - asked.limit)), asked.cursor("", start + len(part)))
    more = start + len(part) < len(items)
    return _page(context(request), asked, part, len(items) if asked.total else None, more, ends)


def _page(here: Context, asked: _Asked, items: list[Json], total: int | None, more: bool, cursors: Ends) -> Json:
    cursored = asked.after is not None
    has_next, has_prev = (cursored, more) if asked.back else (more, cursored)
    following, previous = (cursors[1] if has_next else None), (cursors[0] if has_prev else None)
    if here.settings.short_pages:
        return {"items": items, "next_cursor": following, "has_more": has_next}
    pages = {"next_cursor": following, "prev_cursor": previous, "has_next": has_next, "has_prev": has_prev}
    return {"items": items, "total": total, "limit": asked.limit, **pages}


def _asked(request: Request) -> _Asked:
    query = request.query_params
    limit = query.get("limit", "50")
    if not (limit.isdecimal() and len(limit) < 9 and 1 <= int(limit) <= 1000):
        raise invalid(("query", "limit"), "ensure this value is from 1 to 1000", "value_error.number", limit)
    sort_by, direction = query.get("sort_by", "created_at"), query.get("direction", "next")
    if sort_by not in _COLUMNS:
        raise Refused(400, {"detail": "Invalid request parameters"})
    if direction not in ("next", "prev"):
        raise invalid(("query", "direction"), "value is not 'next' or 'prev'", "type_error.enum", direction)
    falling, total = _flag(query.get("descending"), True), _flag(query.get("include_total_count"), False)
    after = _after(query.get("cursor"), sort_by, falling)
    return _Asked(int(limit), sort_by, falling, direction == "prev", total, after)


def _flag(text: str | None, default: bool) -> bool:
    return default if text is None else text.lower() in ("true", "1", "yes", "on")


def _after(cursor: str | None, sort_by: str, descending: bool) -> tuple[Any, int] | None:
    if not cursor:
        return None
    try:
        column, falling, value, number = json.loads(urlsafe_b64decode(cursor.encode()))
    except (ValueError, TypeError):
        raise Refused(400, {"detail": "Invalid cursor"}) from None
    typed = isinstance(value, str) and isinstance(number, int)
    if (column, falling) != (sort_by, descending) or not typed:
        raise Refused(400, {"detail": "Invalid cursor"})
    return value, number


def _where(request: Request, here: Context, realm: Realm) -> tuple[Where, bool]:
    query = request.query_params
    where: Where = [("deleted IS NULL", ())]
    if "id" in query:
        where.append(("id = ?", (query["id"],)))
    if "email" in query:
        where += email_is(here.settings, query["email"])
    if "status" in query:
        if query["status"] not in _STATUSES:
            text = "value is not a valid enumeration member"
            raise invalid(("query", "status"), text, "type_error.enum", query["status"])
        where.append(("status = ?", (query["status"],)))
    if "search" in query:
        if not 1 <= len(query["search"]) <= 200:
            text = "ensure this value has 1 to 200 characters"
            raise invalid(("query", "search"), text, "value_error.any_str.length")
        found = [number for number, _ in alike(here, realm, query["search"])]
        where.append(("n IN (SELECT value FROM json_each(?))", (json.dumps(found),)))
    filtered = len(where) > 1
    if here.settings.filter_lag:
        where.append(("created <= ?", (now(here.settings.filter_lag),)))
    return where, filtered


def alike(here: Context, realm: Realm, name: str) -> list[tuple[int, float]]:
    """Row number and likeness (0..100) of the customers whose name is like `name`, the most alike first."""
    names = dict(here.store.names(realm))
    found = process.extract(name, names, scorer=fuzz.WRatio, processor=str.casefold, score_cutoff=ALIKE, limit=None)
    return [(number, score) for _, score, number in found]


def _value(row: Row, column: str) -> str:
    return str(getattr(row, column) if column in ("created", "updated", "status") else row.body[column])
