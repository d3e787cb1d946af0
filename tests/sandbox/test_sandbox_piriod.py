"""The stand-in for Piriod answers as https://docs.piriod.com/api-reference says."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pycountry
import pytest

from pipeline import targets
from pipeline.schema import fields

CUSTOMER = {
    "id", "name", "address", "country", "state", "currency", "email", "phone", "website", "zip_code", "manager",
    "reference", "tax_id", "tax_settings", "metadata", "send_invoices", "send_collections", "send_vouchers", "status",
    "contacts", "sources", "aggregations", "test_mode", "created", "updated",
}  # fmt: skip


def test_create_answers_201_with_the_documented_shape(place):
    """The answer has every documented field, with country and state as objects, and nothing else."""
    made = place.create(email="a@b.example", metadata={"order_id": 12345})
    assert set(made) == CUSTOMER
    assert re.fullmatch(r"cus_[0-9A-Z]{26}", made["id"])
    expected = {"id": "MX", "name": "México", "code": "+52", "has_regulation": True, "currencies": ["MXN"]}
    assert made["country"] == expected
    assert made["state"]["country"] == "MX"
    assert set(made["state"]) == {"id", "name", "country"}
    assert made["currency"] == "MXN"
    assert (made["status"], made["contacts"], made["sources"], made["test_mode"]) == ("active", [], [], False)
    assert made["send_invoices"] is made["send_collections"] is made["send_vouchers"] is True
    assert made["metadata"] == {"order_id": 12345}


def test_retrieve_answers_what_create_answered(place):
    made = place.create(name="Ω ☃ 'quoted' \"double\"\n")
    assert place.piriod.get(f"/customers/{made['id']}/").json() == made


@pytest.mark.parametrize("name", ["name", "address", "country", "state"])
def test_a_required_field_that_is_absent_is_named(place, name):
    body = place.person()
    del body[name]
    answer = place.piriod.post("/customers/", json=body)
    assert (answer.status_code, answer.json()) == (400, {name: ["This field is required."]})


def test_all_problems_of_all_fields_are_told(place):
    body = {"name": "", "address": "x" * 65, "country": "XX", "state": 1, "email": "no", "website": "no"}
    answer = place.piriod.post("/customers/", json={**body, "currency": "ZZZ", "send_invoices": "perhaps"})
    assert answer.status_code == 400
    expected = {"name", "address", "country", "state", "email", "website", "currency", "send_invoices"}
    assert set(answer.json()) == expected
    assert all(isinstance(texts, list) and texts for texts in answer.json().values())


@pytest.mark.parametrize(
    ("name", "limit"),
    [(n, f.max_length) for n, f in fields(targets.load("piriod").record).items() if f.max_length and n != "currency"],
)
def test_lengths_count_characters_up_to_the_documented_limit(place, name, limit):
    """The longest text passes, one character more does not; an accented letter counts once."""
    assert place.create(**{name: "ñ" * limit})[name] == "ñ" * limit
    answer = place.piriod.post("/customers/", json=place.person(**{name: "ñ" * (limit + 1)}))
    assert set(answer.json()) == {name}


@pytest.mark.parametrize("name", ["email", "phone", "website", "zip_code", "manager", "reference", "tax_id"])
def test_null_is_accepted_where_the_documents_allow_it(place, name):
    assert place.create(**{name: None})[name] is None


@pytest.mark.parametrize("name", ["name", "address", "country", "state", "currency", "metadata", "send_invoices"])
def test_null_is_refused_elsewhere(place, name):
    answer = place.piriod.post("/customers/", json=place.person(**{name: None}))
    assert (answer.status_code, answer.json()) == (400, {name: ["This field may not be null."]})


def test_a_state_must_belong_to_the_country(place):
    answer = place.piriod.post("/customers/", json=place.person(state=place.state("CO")))
    assert (answer.status_code, set(answer.json())) == (400, {"state"})


def test_fields_that_are_not_writable_are_ignored(place):
    made = place.create(id="cus_1", status="archived", contacts=[{"name": "x"}], unknown=1)
    assert made["id"] != "cus_1"
    assert (made["status"], made["contacts"]) == ("active", [])
    assert "unknown" not in made


def test_tax_id_is_required_where_the_country_is_regulated_and_the_accounts_own(place, sandbox):
    chile = place.person(country="CL", state=place.state("CL"))
    answer = place.piriod.post("/customers/", json=chile)
    assert (answer.status_code, answer.json()) == (400, {"tax_id": ["This field is required."]})
    assert place.piriod.post("/customers/", json={**chile, "tax_id": "76.086.428-5"}).status_code == 201
    abroad = sandbox(account_country="MX", require_tax_settings=True)
    assert abroad.piriod.post("/customers/", json=chile).status_code == 201
    answer = abroad.piriod.post("/customers/", json=abroad.person())
    assert set(answer.json()) == {"tax_id", "tax_settings"}


def test_patch_changes_what_is_named_and_merges_objects(place):
    made = place.create(metadata={"a": "1", "b": "2"}, phone="1")
    answer = place.piriod.patch(f"/customers/{made['id']}/", json={"metadata": {"b": "3"}, "phone": None})
    assert answer.status_code == 200
    changed = answer.json()
    assert changed["updated"] > made["updated"]
    assert {**changed, "updated": ""} == {**made, "metadata": {"a": "1", "b": "3"}, "phone": None, "updated": ""}
    assert place.piriod.get("/customers/?metadata__b=2").json()["count"] == 0
    assert place.piriod.get("/customers/?metadata__b=3").json()["count"] == 1


def test_patch_refuses_what_create_would(place):
    made = place.create()
    answer = place.piriod.patch(f"/customers/{made['id']}/", json={"country": "CO", "name": "x" * 101})
    assert (answer.status_code, set(answer.json())) == (400, {"state", "name"})
    assert place.piriod.get(f"/customers/{made['id']}/").json() == made


def test_patch_may_replace_objects(sandbox):
    """Whether objects are merged is not documented, so it is a knob."""
    place = sandbox(patch_merges=False)
    made = place.create(metadata={"a": "1", "b": "2"})
    changed = place.piriod.patch(f"/customers/{made['id']}/", json={"metadata": {"b": "3"}}).json()
    assert changed["metadata"] == {"b": "3"}


def test_delete_answers_204_and_the_customer_is_gone(place):
    path = f"/customers/{place.create(metadata={'k': 'v'})['id']}/"
    answer = place.piriod.delete(path)
    assert (answer.status_code, answer.content) == (204, b"")
    assert place.piriod.get(path).status_code == place.piriod.delete(path).status_code == 404
    assert place.piriod.get("/customers/?metadata__k=v").json()["count"] == 0


def test_credentials_and_workspace_are_asked_for(place):
    get = place.piriod.get

    def headers(**some: str) -> dict[str, str]:
        return {"Authorization": "Token ok", "x-simple-workspace": "acc_1", **some}

    for token in ("", "Bearer ok", "Token wrong", "Token"):
        answer = get("/customers/", headers=headers(Authorization=token))
        assert answer.status_code == 401
        assert set(answer.json()) == {"detail"}
    answer = get("/customers/", headers={"x-simple-workspace": ""})
    assert answer.status_code == 400
    assert answer.json() == {"non_field_errors": ["x-simple-workspace header is required."]}
    assert get("/customers/", headers=headers(**{"x-simple-workspace": "wrong"})).status_code == 403


def test_only_the_named_tokens_and_workspaces_are_known(sandbox):
    place = sandbox(tokens=("t1",), workspaces=("acc_1",))
    assert place.piriod.get("/customers/").status_code == 401
    known = {"Authorization": "Token t1"}
    assert place.piriod.get("/customers/", headers=known).status_code == 200
    assert place.piriod.get("/customers/", headers={**known, "x-simple-workspace": "acc_2"}).status_code == 403


def test_workspaces_and_test_mode_keep_data_apart(place):
    """A customer is there only for its own workspace and mode; elsewhere it is 404 and in no list."""
    live, test = place.create(), {"x-piriod-test-mode": "true"}
    mine = place.piriod.post("/customers/", json=place.person(), headers=test).json()
    assert mine["test_mode"] is True
    for headers, seen, unseen in (({}, live, mine), (test, mine, live)):
        ids = [c["id"] for c in place.piriod.get("/customers/", headers=headers).json()["results"]]
        assert ids == [seen["id"]]
        assert place.piriod.get(f"/customers/{unseen['id']}/", headers=headers).status_code == 404
    other = {"x-simple-workspace": "acc_other"}
    assert place.piriod.get(f"/customers/{live['id']}/", headers=other).json() == {"detail": "Not found."}


def test_pages_cover_every_customer_once(place):
    ids = [place.create(name=f"n{i}")["id"] for i in range(7)]
    seen, path, sizes = [], "/customers/?page_size=3&ordering=created&country=MX", []
    while path:
        page = place.piriod.get(path).json()
        assert page["count"] == 7
        sizes.append(len(page["results"]))
        seen += [c["id"] for c in page["results"]]
        path = page["next"]
    assert (seen, sizes) == (ids, [3, 3, 1])
    assert "page=2" in page["previous"]
    assert "country=MX" in page["previous"]


def test_default_page_size_is_20_and_the_largest_is_100(place):
    body = place.person()
    for _ in range(21):
        place.piriod.post("/customers/", json=body)
    assert len(place.piriod.get("/customers/").json()["results"]) == 20
    assert len(place.piriod.get("/customers/?page_size=1000").json()["results"]) == 21
    states = place.piriod.get("/generals/states/?page_size=1000").json()
    assert len(states["results"]) == 100 < states["count"]
    for page in ("0", "-1", "3", "x", "99999999999"):
        assert place.piriod.get(f"/customers/?page={page}").status_code == 404


def test_filters_are_exact_and_unknown_ones_are_ignored(place):
    a = place.create(name="Ana", email="ana@x.example", tax_id="1-9", reference="R1", metadata={"k": 5, "s": "x y"})
    b = place.create(name="Ana B", email="Ana@x.example", tax_id="2-7", country="CO", state=place.state("CO"))

    def found(**query: str) -> list[str]:
        return [c["id"] for c in place.piriod.get("/customers/", params=query).json()["results"][::-1]]

    assert found(name="Ana") == found(email="ana@x.example") == found(tax_id="1-9") == [a["id"]]
    assert found(metadata__k="5") == found(metadata__s="x y") == found(name="Ana", country="MX") == [a["id"]]
    assert found(country="CO") == found(created__gte=b["created"]) == [b["id"]]
    assert found(created__lte=a["created"]) == [a["id"]]
    assert found(tax_id__in="1-9,2-7") == found(reference="nobody") == found(search="q") == [a["id"], b["id"]]
    assert found(metadata__k="6") == found(email="nobody@x.example") == found(sources="src_1") == []
    assert place.piriod.get("/customers/?created__gte=yesterday").status_code == 400


def test_order_is_as_asked(place):
    for name in ("b", "c", "a"):
        place.create(name=name)

    def names(ordering: str) -> str:
        page = place.piriod.get("/customers/", params={"ordering": ordering}).json()
        return "".join(c["name"] for c in page["results"])

    assert [names(o) for o in ("name", "-name", "created", "-created")] == ["abc", "cba", "bca", "acb"]


def test_countries_and_states_are_those_of_iso_3166(place):
    page, seen = "/generals/countries/?page_size=100", {}
    while page:
        answer = place.piriod.get(page).json()
        seen |= {c["id"]: c for c in answer["results"]}
        page = answer["next"]
    assert set(seen) == {c.alpha_2 for c in pycountry.countries}
    assert seen["CL"]["has_regulation"] is seen["CO"]["has_regulation"] is True
    assert seen["US"]["has_regulation"] is False
    chile = place.piriod.get("/generals/states/?country=CL&page_size=100").json()
    assert chile["count"] == 16
    assert all(isinstance(s["id"], int) and s["country"] == "CL" for s in chile["results"])
    assert "Región Metropolitana de Santiago" in {s["name"] for s in chile["results"]}


def test_states_can_be_asked_by_several_countries_and_by_name(place):
    states = place.piriod.get("/generals/states/?country__in=CL,CO&page_size=100").json()["results"]
    assert {s["country"] for s in states} == {"CL", "CO"}
    found = place.piriod.get("/generals/states/?country=US&name__icontains=carolina del").json()["results"]
    assert sorted(s["name"] for s in found) == ["Carolina del Norte", "Carolina del Sur"]


def test_ids_of_states_differ_everywhere_and_every_country_has_one(place):
    numbers, page = [], "/generals/states/?page_size=100"
    while page:
        answer = place.piriod.get(page).json()
        numbers += [(s["id"], s["country"]) for s in answer["results"]]
        page = answer["next"]
    assert len({number for number, _ in numbers}) == len(numbers)
    assert {country for _, country in numbers} == {c.alpha_2 for c in pycountry.countries}


def test_currencies_are_public(place):
    with httpx.Client(base_url=place.running.base_url) as nobody:
        assert nobody.get("/generals/currencies/?country=CL").json()["results"][0]["id"] == "CLP"
        assert nobody.get("/generals/countries/").status_code == 401


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"\xff", "application/json", 400),
        (b'{"name": NaN}', "application/json", 400),
        (b'{"name": "\\ud800"}', "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b"[]", "application/json", 400),
        (b"{}", "text/csv", 415),
        (b'"' + b"x" * 1_000_000 + b'"', "application/json", 413),
    ],
)
def test_what_is_no_customer_at_all_is_refused(place, content: bytes, kind: str, status: int):
    answer = place.piriod.post("/customers/", content=content, headers={"content-type": kind})
    assert answer.status_code == status
    assert place.piriod.get("/customers/").json()["count"] == 0


@pytest.mark.parametrize("value", ["a\x00b", 5, ["x"], {"a": 1}])
def test_a_name_that_is_no_text_is_refused(place, value: Any):
    answer = place.piriod.post("/customers/", json=place.person(name=value))
    assert (answer.status_code, set(answer.json())) == (400, {"name"})


@pytest.mark.parametrize("state", [True, -1, "", "x", "MX-JAL", 10**30, 1.5, [1], "9" * 30])
def test_a_state_that_does_not_exist_is_refused(place, state: Any):
    answer = place.piriod.post("/customers/", json=place.person(state=state))
    assert (answer.status_code, set(answer.json())) == (400, {"state"})


def test_verbs_and_paths_that_do_not_exist(place):
    answer = place.piriod.put("/customers/cus_1/", json={})
    assert (answer.status_code, answer.json()) == (405, {"detail": 'Method "PUT" not allowed.'})
    assert "PUT" not in answer.headers["allow"]
    for path in ("/customers", "/nothing/", "/customers/cus_1/x/"):
        assert place.piriod.get(path).status_code == 404
    assert place.piriod.post("/generals/countries/", json={}).status_code == 405
