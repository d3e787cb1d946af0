"""Turn a CSV of customers into many DayZero customers at once, and a name into those it may duplicate.

The documents say that rows whose e-mail exists are skipped, and that the answer has counts and errors by
row. Assumed is that the part is called `file`, that the columns are the customer's fields (two knobs), and that
the other rows are taken where one is refused.
Sources: https://www.ondayzero.com/docs/reference/customers (bulk-upload-customers, check-duplicates,
download-customer-bulk-upload-template)
"""

from __future__ import annotations

import csv
import io
from email import message_from_bytes, policy

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pipeline.sandbox.answers import Context, Json, Refused, context, media_type
from pipeline.sandbox.dayzero import BASE, add
from pipeline.sandbox.dayzero_pages import alike
from pipeline.sandbox.dayzero_rules import check, email_is, invalid, realm_of, record, reply, taken
from pipeline.sandbox.faults import share
from pipeline.sandbox.settings import Settings
from pipeline.sandbox.store import Realm, Row, Where
from pipeline.schema import fields

DUPLICATES = f"{BASE}/customers/check-duplicates"
UPLOAD = f"{BASE}/customers/bulk-upload"


def routes() -> list[Route]:
    """The routes that concern many customers; they go before those of one customer."""
    return [
        Route(DUPLICATES, check_duplicates, methods=["POST"]),
        Route(UPLOAD, bulk_upload, methods=["POST"]),
        Route(f"{UPLOAD}/template", template, methods=["GET"]),
    ]


async def check_duplicates(request: Request) -> Response:
    """POST /customers/check-duplicates: 201 with the customers that may be the same; changes nothing."""
    here, realm = context(request), realm_of(request)
    query = request.query_params
    if not query.get("name"):
        raise invalid(("query", "name"), "field required", "value_error.missing")
    found: dict[int, tuple[float, str]] = {}
    if "tax_id" in query:
        found |= {row.n: (1.0, "tax_id") for row in _live(here, realm, [("tax_id = ?", (query["tax_id"],))])}
    if "email" in query:
        same = email_is(here.settings, query["email"])
        found |= {row.n: (1.0, "email") for row in _live(here, realm, same)}
    for number, score in alike(here, realm, query["name"]):
        found.setdefault(number, (round(score / 100, 4), "name"))
    duplicates = []
    for number, (score, kind) in sorted(found.items(), key=lambda item: -item[1][0])[:100]:
        row = here.store.select(realm, [("n = ?", (number,))])[0]
        if row.id != query.get("exclude_id"):
            facts = {"id": row.id, "name": row.body["name"], "email": row.body["email"]}
            duplicates.append({**facts, "similarity_score": score, "match_type": kind})
    data = {"has_duplicates": bool(duplicates), "duplicates": duplicates}
    return reply(here, data, 201, "Duplicate check completed")


def _live(here: Context, realm: Realm, where: Where) -> list[Row]:
    return here.store.select(realm, [*where, ("deleted IS NULL", ())])


async def bulk_upload(request: Request) -> Response:
    """POST /customers/bulk-upload: 201 with {created, skipped, errors: [{row, error}]}, and no ids."""
    here, realm = context(request), realm_of(request)
    created, skipped, errors = 0, 0, []
    first = 2 if here.settings.bulk_header_counts else 1
    rows = _rows(await _file(request), here.settings)
    with here.store.writing():
        for number, cells in enumerate(rows, start=first):
            try:
                body = check(here.settings, cells, None)
                if share(here.settings, "bulk_refuse", body["email"].encode()) < here.settings.bulk_refuse:
                    raise Refused(400, {"detail": "This customer is not wanted"})
                if taken(here, realm, body["email"]):
                    skipped += 1
                    continue
                add(here, realm, body)
                created += 1
            except Refused as refused:
                errors.append({"row": number, "error": _said(refused.body["detail"])})
    data = {"created": created, "skipped": skipped, "errors": errors}
    return reply(here, data, 201, "Bulk upload completed")


def _said(detail: str | list[Json]) -> str:
    if isinstance(detail, str):
        return detail
    return "; ".join(f"{'.'.join(map(str, entry['loc'][1:]))}: {entry['msg']}" for entry in detail)


def _rows(text: str, settings: Settings) -> list[Json]:
    """The cells of each row by column, blank ones left out; refuses the whole file where it cannot be taken."""
    known, cut = _columns(settings), settings.bulk_cuts or None
    try:
        reader = csv.DictReader(io.StringIO(text, newline=""), restkey="", strict=True)
        if not {"name", "email"} <= set(reader.fieldnames or ()):
            raise Refused(400, {"detail": "The file needs the columns name and email"})
        rows = [{key: cell[:cut] for key, cell in row.items() if cell and key in known} for row in reader]
    except csv.Error as error:
        raise Refused(400, {"detail": f"The file is no CSV: {error}"}) from error
    if settings.bulk_most and len(rows) > settings.bulk_most:
        raise Refused(413, {"detail": f"The file has more than {settings.bulk_most} rows"})
    return rows


def _columns(settings: Settings) -> tuple[str, ...]:
    named = tuple(name.strip() for name in (settings.bulk_columns or "").split(",") if name.strip())
    return named or record()[1]


async def _file(request: Request) -> str:
    """The text of the part that holds the CSV."""
    wanted = context(request).settings.bulk_part
    if media_type(request) != "multipart/form-data":
        raise invalid(("body", wanted), "field required", "value_error.missing")
    head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
    message = message_from_bytes(head + await request.body(), policy=policy.HTTP)
    for part in message.iter_parts():
        if part.get_param("name", header="content-disposition") == wanted:
            content = part.get_payload(decode=True)
            try:
                return content.decode("utf-8-sig") if isinstance(content, bytes) else ""
            except UnicodeDecodeError:
                raise Refused(400, {"detail": "The file is not UTF-8"}) from None
    raise invalid(("body", wanted), "field required", "value_error.missing")


async def template(request: Request) -> Response:
    """GET /customers/bulk-upload/template: the columns, as a CSV text and as objects, in JSON."""
    realm_of(request)
    names, known = _columns(context(request).settings), fields(record()[0])
    examples = {name: known[name].column.example if name in known else "" for name in names}
    examples |= {n: v for n, v in {"credit_limit_cents": "150000", "default_payment_term_id": ""}.items() if n in names}
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([names, [examples[name] for name in names]])
    data = {
        "template_name": "customers_bulk_upload_template.csv",
        "csv_content_stringified": text.getvalue(),
        "csv_content_object": [examples],
    }
    return reply(context(request), data, 200, "Template")
