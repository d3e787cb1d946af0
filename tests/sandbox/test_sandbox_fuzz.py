"""Whatever is sent, the sandbox answers as a careful service would: it accepts, or says what is wrong."""

from __future__ import annotations

import json
from itertools import count
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline import targets
from pipeline.sandbox.places import countries, states
from pipeline.schema import fields

CUSTOMERS = "/api/v1/customers"
NUMBER = count()
MODEST = settings(
    max_examples=120, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=70),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
TEXT = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00"), min_size=1, max_size=60)


def bodies(target: str) -> st.SearchStrategy[dict[str, Any]]:
    """Objects whose keys are the target's fields and whose values are any JSON, or sensible ones."""
    names = [*fields(targets.load(target).record), "unknown"]
    sensible: dict[str, st.SearchStrategy[Any]] = {
        "name": TEXT, "address": TEXT, "country": st.just("MX"), "state": st.just(states("MX")[0].number),
        "email": st.just("a@b.example"),
    }  # fmt: skip
    values = {name: JSON | sensible[name] if name in sensible else JSON for name in names}
    required = {name: sensible[name] | JSON for name in sensible if name in names}
    return st.fixed_dictionaries(required, optional={n: v for n, v in values.items() if n not in required})


def content(body: Any) -> bytes:
    """The JSON, with lone surrogates escaped as a careless client would."""
    return json.dumps(body).encode()


@given(body=bodies("piriod"))
@MODEST
def test_piriod_accepts_or_names_fields(place, body):
    answer = place.piriod.post("/customers/", content=content(body), headers={"content-type": "application/json"})
    assert answer.status_code in (201, 400)
    if answer.status_code == 400:
        assert set(answer.json()) <= {*fields(targets.load("piriod").record), "detail"}
    else:
        made = answer.json()
        assert place.piriod.get(f"/customers/{made['id']}/").json() == made
        assert made["name"] == body["name"]


@given(body=bodies("dayzero"))
@MODEST
def test_dayzero_accepts_or_lists_problems(place, body):
    answer = place.dayzero.post(CUSTOMERS, content=content(body), headers={"content-type": "application/json"})
    assert answer.status_code in (201, 400, 422)
    if answer.status_code == 422:
        assert all(set(problem) >= {"loc", "msg", "type"} for problem in answer.json()["detail"])
    elif answer.status_code == 201:
        made = place.data(answer)
        assert place.data(place.dayzero.get(f"{CUSTOMERS}/{made['id']}")) == made
        assert made["name"] == body["name"]


KEYS = st.sampled_from([
    "page", "page_size", "ordering", "country", "country__in", "email", "email__in", "name", "name__contains",
    "name__icontains", "tax_id", "created", "created__gte", "created__lte", "metadata__k", "metadata__", "sources",
    "limit", "cursor", "direction", "sort_by", "descending", "include_total_count", "id", "search", "status",
])  # fmt: skip
VALUES = st.text(max_size=20) | st.sampled_from(["1", "-1", "2024-01-01", "9" * 30, "²", "WzEsMl0=", "name", "true"])
PATHS = st.sampled_from([
    "/customers/", "/generals/countries/", "/generals/states/", "/generals/currencies/", "/api/v1/customers",
    "/api/v1/payment-terms", "/api/v1/businesses",
])  # fmt: skip


@given(path=PATHS, query=st.dictionaries(KEYS, VALUES, max_size=4))
@MODEST
def test_no_query_breaks_a_list(place, path, query):
    client = place.dayzero if path.startswith("/api") else place.piriod
    assert client.get(path, params=query).status_code in (200, 400, 404, 422)


@given(data=st.data())
@MODEST
def test_every_state_is_accepted_in_its_own_country_alone(place, data):
    """A state of the catalogue belongs to exactly one country."""
    home, abroad = data.draw(st.lists(st.sampled_from(list(countries())), min_size=2, max_size=2, unique=True))
    state = data.draw(st.sampled_from(states(home)))
    person = place.person(country=home, state=state.number, tax_id="1-9")
    assert place.piriod.post("/customers/", json=person).status_code == 201
    refused = place.piriod.post("/customers/", json={**person, "country": abroad})
    assert (refused.status_code, set(refused.json())) == (400, {"state"})


@given(rows=st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=5))
@MODEST
def test_a_csv_arrives_as_it_was_written(place, rows):
    """Names and notes of a bulk upload hold commas, quotes and line breaks of every kind, byte for byte."""
    lines = ["name,email,notes"]
    for texts in rows:
        name, notes = ('"' + text.replace('"', '""') + '"' for text in texts)
        lines.append(f"{name},{next(NUMBER)}@x.example,{notes}")
    sent = {"file": "\r\n".join(lines).encode()}
    result = place.data(place.dayzero.post(f"{CUSTOMERS}/bulk-upload", files=sent))
    assert result == {"created": len(rows), "skipped": 0, "errors": []}
    query = {"limit": len(rows)}
    kept = place.data(place.dayzero.get(CUSTOMERS, params=query))["items"][::-1]
    assert [(c["name"], c["notes"]) for c in kept] == rows
