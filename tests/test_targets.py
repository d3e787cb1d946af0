"""Every target there is: its requests, its reading of answers, and the laws that the push builds on."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pipeline import schema, targets
from pipeline.errors import Misuse
from pipeline.targets.interface import Answer, Created, Fatal, Rejected, Target, Unknown, Wait

ALL = [targets.load(name) for name in targets.names()]


def answer(status: int, body: Any = None, text: str = "", **headers: str) -> Answer:
    return Answer(status, headers, body, text)


@pytest.fixture(params=ALL, ids=lambda t: t.name)
def target(request: pytest.FixtureRequest) -> Target:
    found: Target = request.param
    return found


def test_it_has_all_that_the_flow_needs(target: Target) -> None:
    """Identity and filters are fields; the workspace is a secret; every field has words in both languages."""
    known = schema.fields(target.record)
    assert all(name in known for i in target.identities for name in i.fields)
    assert set(target.filters) <= set(known) and set(target.regulated) <= set(known)
    assert target.workspace in {s.variable for s in target.secrets}
    assert all(f.column.label and f.column.label_es and f.column.help and f.column.help_es for f in known.values())
    assert target.base_url.startswith("https://")


def test_a_create_sends_the_plans_bytes(target: Target) -> None:
    """What was planned goes out byte for byte."""
    payload = '{"name":"Ñandú"}'.encode()
    assert target.create(payload).body == payload and target.create(payload).writes


@pytest.mark.parametrize("status", [500, 502, 503, 504, 301, 302])
def test_what_is_not_certain_is_unknown(target: Target, status: int) -> None:
    """A server error, an HTML page or a redirect after a write says nothing about its fate."""
    call = target.create(b"{}")
    assert isinstance(target.outcome(call, answer(status, None, "<html>")), Unknown)


@pytest.mark.parametrize("status", [200, 201])
def test_success_without_an_id_is_unknown(target: Target, status: int) -> None:
    """A success that nobody can read is no success."""
    for body in (None, [], {}, {"data": None}, "ok"):
        assert isinstance(target.outcome(target.create(b"{}"), answer(status, body)), Unknown)


@pytest.mark.parametrize("status", [401, 403])
def test_refused_credentials_are_fatal(target: Target, status: int) -> None:
    """No request of the run can succeed."""
    assert isinstance(target.outcome(target.create(b"{}"), answer(status, {"detail": "no"})), Fatal)


def test_too_many_requests_waits(target: Target) -> None:
    """429 was certainly not carried out."""
    assert isinstance(target.outcome(target.create(b"{}"), answer(429)), Wait)


@pytest.mark.parametrize(
    "body", [{"detail": "x"}, {"name": ["x"]}, {"detail": [{"loc": ["body", "name"], "msg": "x"}]}, None, [], "x"]
)
@pytest.mark.parametrize("status", [400, 404, 409, 422])
def test_a_refusal_always_says_something(target: Target, status: int, body: Any) -> None:
    """Whatever the shape of the body, a refused row has at least one message."""
    outcome = target.outcome(target.update("u1", {}, {}), answer(status, body, "raw"))
    assert isinstance(outcome, Rejected) and all(text for _, text in outcome.problems) and outcome.problems


@pytest.mark.parametrize(
    "around", [lambda inner: [inner], lambda inner: {"a": inner}, lambda inner: {"detail": [inner]}]
)
def test_a_refusal_is_read_however_deep_it_is(target: Target, around: Any) -> None:
    """What JSON can be read at all can be flattened: a server's nonsense does not end the push."""
    body: Any = "no such country"
    for _ in range(900):
        body = around(body)
    assert isinstance(target.outcome(target.create(b"{}"), answer(400, body, "text")), Rejected)


def test_piriod_field_maps_are_flattened_to_any_depth() -> None:
    """Strings, lists and objects, recursively; non_field_errors belong to the row."""
    piriod = targets.load("piriod")
    body = {
        "name": ["a", "b"],
        "tax_settings": [{"giro": ["c"]}, "d"],
        "metadata": {"x": {"y": "e"}},
        "non_field_errors": ["f"],
    }
    outcome = piriod.outcome(piriod.create(b"{}"), answer(400, body))
    assert isinstance(outcome, Rejected)
    assert set(outcome.problems) == {("name", "a"), ("name", "b"), ("tax_settings.giro", "c"), ("tax_settings", "d"),
                                     ("metadata.x.y", "e"), (None, "f")}  # fmt: skip


def test_piriod_without_a_workspace_is_fatal() -> None:
    """The missing header is a fault of the configuration, not of every row."""
    piriod = targets.load("piriod")
    body = {"non_field_errors": ["x-simple-workspace header is required."]}
    assert isinstance(piriod.outcome(piriod.create(b"{}"), answer(400, body)), Fatal)


@pytest.mark.parametrize("wrap", [lambda d: d, lambda d: {"success": True, "message": "", "code": "OK", "data": d}])
def test_dayzero_reads_both_generations(wrap: Any) -> None:
    """Bare or in an envelope, one customer or a page."""
    dayzero = targets.load("dayzero")
    one = dayzero.outcome(dayzero.create(b"{}"), answer(201, wrap({"id": "u1", "name": "A"})))
    assert isinstance(one, Created) and one.id == "u1"
    page = dayzero.page(answer(200, wrap({"items": [{"id": "u1"}], "next_cursor": "c", "has_next": True, "total": 7})))
    assert (len(page.items), page.next, page.total) == (1, "c", 7)
    last = dayzero.page(answer(200, wrap({"items": [], "next_cursor": "c", "has_more": False})))
    assert last.next is None
    refused = dayzero.outcome(
        dayzero.create(b"{}"), answer(422, {"detail": [{"loc": ["body", "email"], "msg": "bad"}]})
    )
    assert refused == Rejected((("email", "bad"),))


def test_piriod_pages_by_number_whatever_host_the_link_names() -> None:
    """A `next` link to another host or scheme is never followed: only its page number counts."""
    piriod = targets.load("piriod")
    page = piriod.page(
        answer(200, {"count": 3, "next": "http://evil.example/x?page=2&page_size=1", "results": [{"id": 1}]})
    )
    call = piriod.search({}, page.next)
    assert call.path == "/customers/" and ("page", "2") in call.params


def test_expanded_objects_are_compared_by_id() -> None:
    """The view has country and state as they are sent."""
    seen = targets.load("piriod").view({"name": "A", "country": {"id": "CL"}, "state": {"id": 7}, "id": "cus_1"})
    assert seen == {"name": "A", "country": "CL", "state": 7}


def test_the_context_fields_of_dayzero_are_never_sent() -> None:
    """The country and the currency of a row help to read it, and stay here."""
    record = targets.load("dayzero").record
    made = record.model_validate({"name": "A", "email": "a@b.example", "country": "CL", "currency": "CLP"})
    assert not {"country", "currency"} & set(json.loads(made.model_dump_json()))


def test_an_unknown_target_is_refused_with_the_names() -> None:
    """The message lists what there is."""
    with pytest.raises(Misuse, match="no target") as caught:
        targets.load("pirod")
    assert "piriod" in caught.value.remedy


def test_dayzero_with_an_unknown_business_is_fatal() -> None:
    """A 404 on the collection means a wrong x-business-id, which no row can mend."""
    dayzero = targets.load("dayzero")
    assert isinstance(dayzero.outcome(dayzero.create(b"{}"), answer(404, {"detail": "Not found"})), Fatal)
