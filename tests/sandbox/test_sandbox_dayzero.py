"""The stand-in for DayZero answers as https://www.ondayzero.com/docs says."""

from __future__ import annotations

import uuid
from typing import Any

import httpx
import pytest

CUSTOMERS = "/api/v1/customers"
CUSTOMER = {
    "id", "business_id", "created_at", "updated_at", "name", "email", "address", "phone", "tax_id", "website", "notes",
    "credit_limit_cents", "default_payment_term_id", "status", "category", "is_deleted", "deleted_at",
    "stripe_customer_id", "invoice_footer", "contacts",
}  # fmt: skip
OPTIONAL = {
    "address": "1 Main St", "phone": "+1", "tax_id": "007", "website": "x", "notes": "Ñ\n☃", "category": "c",
    "invoice_footer": "f", "credit_limit_cents": 2**63 - 1, "status": "blocked",
}  # fmt: skip


def test_create_answers_201_in_an_envelope_with_the_documented_shape(place):
    answer = place.dayzero.post(CUSTOMERS, json=place.company(**OPTIONAL))
    assert answer.status_code == 201
    assert set(answer.json()) == {"success", "message", "code", "data"}
    made = place.data(answer)
    assert set(made) == CUSTOMER
    assert made == {**made, **place.company(**OPTIONAL)}
    assert uuid.UUID(made["id"]).version == 7
    assert made["business_id"] == place.dayzero.headers["x-business-id"]
    assert (made["is_deleted"], made["deleted_at"], made["contacts"]) == (False, None, [])


def test_an_older_service_answers_bare(sandbox):
    place = sandbox(envelope=False)
    made = place.dayzero.post(CUSTOMERS, json=place.company()).json()
    assert set(made) == CUSTOMER
    assert place.dayzero.get(CUSTOMERS).json()["items"] == [made]
    assert place.dayzero.get(f"{CUSTOMERS}/{made['id']}").json() == made
    assert {t["name"] for t in place.dayzero.get("/api/v1/payment-terms").json()["items"]} >= {"Net 30"}


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("name", None, "type_error.str"),
        ("email", "no e-mail", "value_error.email"),
        ("credit_limit_cents", "much", "type_error.integer"),
        ("credit_limit_cents", 10.5, "type_error.integer"),
        ("credit_limit_cents", 2**63, "value_error.less_than_equal"),
        ("status", "archived", "value_error.literal_error"),
        ("phone", 5, "type_error.str"),
    ],
)
def test_what_is_wrong_is_told_by_place_text_and_type(place, name, value, kind):
    answer = place.dayzero.post(CUSTOMERS, json=place.company(**{name: value}))
    assert answer.status_code == 422
    (problem,) = answer.json()["detail"]
    assert (problem["loc"], problem["type"]) == (["body", name], kind)
    assert problem["msg"]


def test_required_fields_are_told_as_in_the_documents(place):
    problems = place.dayzero.post(CUSTOMERS, json={}).json()["detail"]
    assert problems == [
        {"loc": ["body", name], "msg": "field required", "type": "value_error.missing"} for name in ("name", "email")
    ]


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"{", "application/json", 422),
        (b"[]", "application/json", 422),
        (b"{}", "text/plain", 422),
        (b"[" * 100_000, "application/json", 422),
        (b'{"name": "a\\u0000b", "email": "a@b.co"}', "application/json", 400),
        (b" " * 1_000_001, "application/json", 413),
    ],
)
def test_what_is_no_customer_at_all_is_refused(place, content: bytes, kind: str, status: int):
    answer = place.dayzero.post(CUSTOMERS, content=content, headers={"content-type": kind})
    assert answer.status_code == status
    assert "detail" in answer.json()
    assert place.data(place.dayzero.get(CUSTOMERS))["items"] == []


def test_fields_that_do_not_exist_are_ignored(place):
    made = place.found(place.company(country="US", currency="USD", metadata={"k": "v"}, id="x"))
    assert set(made) == CUSTOMER
    assert made["id"] != "x"


def test_put_changes_what_is_named_and_null_clears(place):
    made = place.found(place.company(**OPTIONAL))
    answer = place.dayzero.put(f"{CUSTOMERS}/{made['id']}", json={"name": "New", "notes": None})
    changed = place.data(answer)
    assert answer.status_code == 200
    assert changed["updated_at"] > made["updated_at"]
    expected = {**made, "name": "New", "notes": None, "updated_at": changed["updated_at"]}
    assert changed == expected == place.data(place.dayzero.get(f"{CUSTOMERS}/{made['id']}"))
    assert place.dayzero.put(f"{CUSTOMERS}/{made['id']}", json={"email": None}).status_code == 422
    assert place.dayzero.patch(f"{CUSTOMERS}/{made['id']}", json={}).status_code == 405


def test_put_may_clear_what_is_not_named(sandbox):
    """Whether PUT keeps what it does not name is not documented, so it is a knob."""
    place = sandbox(put_replaces=True)
    made = place.found(place.company(**OPTIONAL))
    changed = place.data(place.dayzero.put(f"{CUSTOMERS}/{made['id']}", json={"phone": "+2"}))
    assert (changed["name"], changed["phone"], changed["notes"]) == (made["name"], "+2", None)


def test_deleted_customers_are_hidden_from_lists_and_still_there_by_id(place):
    made = place.found(place.company())
    answer = place.dayzero.delete(f"{CUSTOMERS}/{made['id']}")
    assert answer.status_code == 200
    assert set(answer.json()) == {"success", "message", "code"}
    kept = place.data(place.dayzero.get(f"{CUSTOMERS}/{made['id']}"))
    assert kept["is_deleted"] is True
    assert kept["deleted_at"] is not None
    for query in ({}, {"email": made["email"]}, {"id": made["id"]}, {"search": made["name"]}):
        assert place.data(place.dayzero.get(CUSTOMERS, params=query))["items"] == []
    assert place.dayzero.delete(f"{CUSTOMERS}/{made['id']}").status_code == 404


def test_absent_and_senseless_ids(place):
    assert place.dayzero.get(f"{CUSTOMERS}/{uuid.uuid4()}").json() == {"detail": "Customer not found"}
    answer = place.dayzero.get(f"{CUSTOMERS}/cus_1")
    assert (answer.status_code, answer.json()["detail"][0]["loc"]) == (422, ["path", "customer_id"])
    assert place.dayzero.get("/api/v1/nothing").json() == {"detail": "Not Found"}


def test_credentials_and_business_are_asked_for(place, sandbox):
    with httpx.Client(base_url=place.running.base_url) as nobody:
        for token in ("", "Token dz_1", "Bearer wrong", "Bearer"):
            answer = nobody.get(CUSTOMERS, headers={"Authorization": token, "x-business-id": "b"})
            assert (answer.status_code, answer.json()) == (401, {"detail": "Not authenticated"})
        assert nobody.get(CUSTOMERS, headers={"Authorization": "Bearer dz"}).status_code == 403
        wrong = {"Authorization": "Bearer dz", "x-business-id": "wrong"}
        assert nobody.get(CUSTOMERS, headers=wrong).status_code == 404
        reached = nobody.get("/api/v1/businesses", headers={"Authorization": "Bearer dz"})
        assert [set(b) for b in place.data(reached)["items"]] == [{"id", "name"}]
    strict = sandbox(tokens=("t",), workspaces=("b1", "b2"))
    strict.dayzero.headers["Authorization"] = "Bearer t"
    assert strict.dayzero.get(CUSTOMERS).status_code == 404
    assert [b["id"] for b in strict.data(strict.dayzero.get("/api/v1/businesses"))["items"]] == ["b1", "b2"]


def test_businesses_keep_data_apart(place):
    made = place.found(place.company())
    other = {"x-business-id": "other"}
    assert place.dayzero.get(f"{CUSTOMERS}/{made['id']}", headers=other).status_code == 404
    assert place.data(place.dayzero.get(CUSTOMERS, headers=other))["items"] == []


def test_filters(place):
    a = place.found(place.company(name="Acme Trading", email="Ana@x.example"))
    b = place.found(place.company(name="Globex", status="inactive"))

    def found(**query: str) -> list[str]:
        return [c["id"] for c in place.data(place.dayzero.get(CUSTOMERS, params=query))["items"]]

    assert found(email="Ana@x.example") == found(id=a["id"]) == found(search="acme tradin") == [a["id"]]
    assert found(status="inactive") == [b["id"]]
    assert found(status="active") == [a["id"]]
    assert found(tax_id="1") == [b["id"], a["id"]]
    assert found(email="ana@x.example") == found(email="nobody@x.example") == []
    for query in ({"status": "archived"}, {"search": ""}, {"search": "x" * 201}, {"limit": "0"}, {"limit": "1001"}):
        answer = place.dayzero.get(CUSTOMERS, params=query)
        assert (answer.status_code, answer.json()["detail"][0]["loc"]) == (422, ["query", *query])


@pytest.mark.parametrize("sort_by", ["created_at", "name", "email"])
@pytest.mark.parametrize("descending", ["true", "false"])
def test_cursors_cover_every_customer_once_in_both_directions(place, sort_by: str, descending: str):
    """Forwards to the end and backwards to the start, the same rows come in the same order."""
    for i, name in enumerate(["b", "a", "a", "c", "b"]):
        place.found(place.company(name=name, email=f"{name}{i}@x.example"))
    query = {"limit": "2", "sort_by": sort_by, "descending": descending}
    keys, there, cursors = [], [], []
    while True:
        page = place.data(place.dayzero.get(CUSTOMERS, params=query))
        there += [c["id"] for c in page["items"]]
        keys += [c[sort_by] for c in page["items"]]
        if not page["has_next"]:
            break
        cursors.append(page["next_cursor"])
        query["cursor"] = page["next_cursor"]
    assert page["next_cursor"] is None
    assert len(there) == len(set(there)) == 5
    assert keys == sorted(keys, reverse=descending == "true")
    back = [c["id"] for c in page["items"]]
    while page["has_prev"]:
        query |= {"cursor": page["prev_cursor"], "direction": "prev"}
        page = place.data(place.dayzero.get(CUSTOMERS, params=query))
        back = [c["id"] for c in page["items"]] + back
    assert back == there


def test_a_cursor_belongs_to_its_order(place):
    for i in range(3):
        place.found(place.company(email=f"{i}@x.example"))
    page = place.data(place.dayzero.get(CUSTOMERS, params={"limit": "1", "include_total_count": "true"}))
    assert (page["total"], page["limit"]) == (3, 1)
    for query in ({"cursor": page["next_cursor"], "sort_by": "name"}, {"cursor": "nonsense"}, {"cursor": "e30="}):
        assert place.dayzero.get(CUSTOMERS, params=query).status_code == 400


def test_pages_may_have_the_shape_of_the_guide(sandbox):
    place = sandbox(short_pages=True)
    for i in range(3):
        place.found(place.company(email=f"{i}@x.example"))
    page = place.data(place.dayzero.get(f"{CUSTOMERS}?limit=2"))
    assert set(page) == {"items", "next_cursor", "has_more"}
    last = place.data(place.dayzero.get(CUSTOMERS, params={"limit": 2, "cursor": page["next_cursor"]}))
    assert (page["has_more"], last["has_more"], len(last["items"])) == (True, False, 1)


def test_payment_terms_are_listed_and_taken_by_customers(place):
    page = place.data(place.dayzero.get("/api/v1/payment-terms"))
    terms = {term["name"]: term for term in page["items"]}
    assert set(terms) == {"Net 30", "Net 15", "Net 60", "Due on receipt"}
    assert terms["Net 15"]["days_until_due"] == 15
    default = place.data(place.dayzero.get("/api/v1/payment-terms/default"))
    assert default == terms["Net 30"]
    new = place.dayzero.post("/api/v1/payment-terms", json={"name": "Net 7", "days_until_due": 7})
    made = place.found(place.company(default_payment_term_id=place.data(new)["id"]))
    assert made["default_payment_term_id"] == place.data(new)["id"]
    answer = place.dayzero.post(CUSTOMERS, json=place.company(default_payment_term_id=str(uuid.uuid4())))
    assert (answer.status_code, answer.json()) == (400, {"detail": "Payment term not found"})
    assert place.dayzero.post("/api/v1/payment-terms", json={"name": "x"}).status_code == 422
    seen, query = [], {"limit": "2"}
    while query.get("cursor", "") is not None:
        page = place.data(place.dayzero.get("/api/v1/payment-terms", params=query))
        seen += [term["name"] for term in page["items"]]
        query["cursor"] = page["next_cursor"]
    assert sorted(seen) == sorted([*terms, "Net 7"])


def test_contacts_belong_to_a_customer(place):
    path = f"{CUSTOMERS}/{place.found(place.company())['id']}/contacts"
    made = place.data(place.dayzero.post(path, json={"name": "Ana", "role": "CFO", "is_primary": True}))
    assert (made["entity_type"], made["entity_id"], made["is_primary"]) == ("customer", path.split("/")[4], True)
    assert place.data(place.dayzero.get(path)) == [made]
    assert place.data(place.dayzero.get(path.removesuffix("/contacts")))["contacts"] == [made]
    assert place.dayzero.post(path, json={"email": "a@b.co"}).status_code == 422


def test_check_duplicates_answers_201_and_changes_nothing(place):
    a = place.found(place.company(name="Acme Trading", email="a@x.example", tax_id="12-3"))

    def check(**query: str) -> Any:
        answer = place.dayzero.post(f"{CUSTOMERS}/check-duplicates", params=query)
        assert answer.status_code == 201
        return place.data(answer)

    def kinds(**query: str) -> list[str]:
        return [d["match_type"] for d in check(**query)["duplicates"]]

    found = check(name="acme trading")
    assert found["has_duplicates"] is True
    (duplicate,) = found["duplicates"]
    assert set(duplicate) == {"id", "name", "email", "similarity_score", "match_type"}
    assert (duplicate["id"], duplicate["similarity_score"]) == (a["id"], 1.0)
    assert kinds(name="Zzz", email="a@x.example") == ["email"]
    assert kinds(name="Zzz", tax_id="12-3") == ["tax_id"]
    assert check(name="Zzz") == {"has_duplicates": False, "duplicates": []}
    assert kinds(name="acme trading", exclude_id=a["id"]) == []
    assert place.dayzero.post(f"{CUSTOMERS}/check-duplicates").status_code == 422
    assert len(place.data(place.dayzero.get(CUSTOMERS))["items"]) == 1


def upload(place: Any, content: bytes) -> httpx.Response:
    """Send a CSV as the part `file`."""
    answer: httpx.Response = place.dayzero.post(f"{CUSTOMERS}/bulk-upload", files={"file": ("a.csv", content)})
    return answer


def test_bulk_upload_creates_skips_known_emails_and_tells_errors_by_row(place):
    place.found(place.company(email="known@x.example"))
    text = (
        "\ufeffname,email,notes,credit_limit_cents\r\n"
        "Uno,1@x.example,007,\r\nKnown,known@x.example,,\r\nBad,nothing,,\r\n"
        'Dos,2@x.example,"a, ""b""\r\nñ ☃",150000\r\nAgain,1@x.example,,\r\nTres,3@x.example,,many\r\n'
    )
    answer = upload(place, text.encode())
    result = place.data(answer)
    assert answer.status_code == 201
    assert (result["created"], result["skipped"]) == (2, 2)
    assert [error["row"] for error in result["errors"]] == [4, 7]
    assert "email" in result["errors"][0]["error"]
    made = {c["email"]: c for c in place.data(place.dayzero.get(CUSTOMERS))["items"]}
    assert made["1@x.example"]["name"] == "Uno"
    assert made["1@x.example"]["notes"] == "007"
    assert made["2@x.example"]["notes"] == 'a, "b"\r\nñ ☃'
    assert made["2@x.example"]["credit_limit_cents"] == 150000


def test_bulk_rows_may_count_from_the_first_data_row(sandbox):
    place = sandbox(bulk_header_counts=False)
    assert place.data(upload(place, b"name,email\nX,nothing\n"))["errors"][0]["row"] == 1


@pytest.mark.parametrize(
    ("content", "status"), [(b"a,b\n1,2\n", 400), (b"", 400), (b"name,email\n\xff,x\n", 400), (b'name,email\n"x', 400)]
)
def test_a_file_that_is_no_list_of_customers_is_refused(place, content: bytes, status: int):
    assert upload(place, content).status_code == status


def test_bulk_upload_needs_its_part(place):
    assert place.dayzero.post(f"{CUSTOMERS}/bulk-upload", files={"data": b"x"}).status_code == 422
    assert place.dayzero.post(f"{CUSTOMERS}/bulk-upload", json={}).status_code == 422


def test_the_template_can_be_uploaded_as_it_is(place):
    template = place.data(place.dayzero.get(f"{CUSTOMERS}/bulk-upload/template"))
    assert set(template) == {"template_name", "csv_content_stringified", "csv_content_object"}
    head = template["csv_content_stringified"].split("\n")[0]
    assert head.split(",") == list(template["csv_content_object"][0])
    assert place.data(upload(place, template["csv_content_stringified"].encode()))["created"] == 1
