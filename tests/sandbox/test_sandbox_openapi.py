"""Both stand-ins answer as the vendors' documents say, errors included: schemathesis holds them against descriptions.

The descriptions beside this file are written from the documents. Half of what is sent fits them, half does not.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from conftest import SECRETS
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from urllib3.response import HTTPResponse

from pipeline.sandbox import Running, Settings, serve
from pipeline.sandbox.places import states

HERE = Path(__file__).parent
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
MODEST = settings(
    max_examples=30, deadline=None, derandomize=True, database=None, phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
AUTHORIZATION = {"piriod": f"Token {SECRETS['PIRIOD_API_TOKEN']}", "dayzero": f"Bearer {SECRETS['DAYZERO_API_TOKEN']}"}
WORKSPACE = {"piriod": ("x-simple-workspace", "acc_1"), "dayzero": ("x-business-id", SECRETS["DAYZERO_BUSINESS_ID"])}


def _described(name: str) -> Any:
    schema = schemathesis.openapi.from_path(HERE / f"{name}.openapi.yaml")
    schema.config.generation.modes = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]
    return schema


piriod, dayzero = _described("piriod"), _described("dayzero")


@dataclass
class Called:
    """One sandbox for all calls, and a customer at each API; counts the calls."""

    running: Running
    session: requests.Session
    bodies: dict[str, dict[str, Any]]
    ids: dict[str, str]
    calls: int = 0

    def check(self, name: str, case: schemathesis.Case) -> None:
        """Send a case as it is, or with credentials, a customer that exists, values that must fit one another."""
        self.calls += 1
        headers = {"Authorization": AUTHORIZATION[name]} if self.calls % 11 else {}
        if self.calls % 2 and isinstance(case.body, dict):
            case.body = {**case.body, **self.bodies[name]}
        for key in case.path_parameters or {}:
            if self.calls % 3:
                case.path_parameters[key] = self.ids[name]
        answer = case.call(base_url=self.running.base_url, session=self.session, headers=headers, timeout=30)
        case.validate_response(answer, checks=CHECKS)
        if case.method == "DELETE" and answer.status_code < 300:
            self.ids[name] = self.create(name)

    def create(self, name: str) -> str:
        """A customer that calls may ask for; each with an address of its own."""
        path = "/customers/" if name == "piriod" else "/api/v1/customers"
        headers = {"Authorization": AUTHORIZATION[name], WORKSPACE[name][0]: WORKSPACE[name][1]}
        body = {**self.bodies[name], "name": "Ñandú", "email": f"{self.calls}@x.example"}
        made = self.session.post(self.running.base_url + path, json=body, headers=headers, timeout=30)
        assert made.status_code == 201, made.text
        return str(made.json()["id"] if name == "piriod" else made.json()["data"]["id"])


@pytest.fixture(scope="module")
def called() -> Iterator[Called]:
    """The sandbox, and what to send there."""
    place = {"country": "MX", "state": states("MX")[0].number, "address": "Calle 1", "currency": "MXN"}
    with serve(Settings(duplicate="conflict")) as running, requests.Session() as session:
        made = Called(running, session, {"piriod": place, "dayzero": {"default_payment_term_id": None}}, {})
        made.ids = {name: made.create(name) for name in WORKSPACE}
        yield made


@piriod.parametrize()
@MODEST
def test_piriod_answers_as_described(case: schemathesis.Case, called: Called) -> None:
    """Status, media type and body of every answer are among those that the documents name for the request."""
    if called.calls % 5:
        case.headers = {**(case.headers or {}), WORKSPACE["piriod"][0]: WORKSPACE["piriod"][1]}
    called.check("piriod", case)


@dayzero.parametrize()
@MODEST
def test_dayzero_answers_as_described(case: schemathesis.Case, called: Called) -> None:
    """Status, media type and body of every answer are among those that the documents name for the request."""
    if called.calls % 5:
        case.headers = {**(case.headers or {}), WORKSPACE["dayzero"][0]: WORKSPACE["dayzero"][1]}
    called.check("dayzero", case)


NOBODY = "0198c0de-0000-7000-8000-00000000dead"
ONE = {"piriod": "/customers/{id}/", "dayzero": "/api/v1/customers/{customer_id}"}
ALL = {"piriod": "/customers/", "dayzero": "/api/v1/customers"}


@pytest.mark.parametrize(
    ("name", "method", "one", "body", "headers", "status"),
    [
        ("piriod", "POST", None, {"name": "Ñandú"}, {}, 400),
        ("piriod", "POST", None, [], {}, 400),
        ("piriod", "POST", None, {}, {"x-simple-workspace": ""}, 400),
        ("piriod", "POST", None, {}, {"x-simple-workspace": "wrong"}, 403),
        ("piriod", "POST", None, {}, {"Authorization": ""}, 401),
        ("piriod", "POST", None, {}, {"Content-Type": "text/csv"}, 415),
        ("piriod", "PATCH", "cus_0", {"name": "x"}, {}, 404),
        ("piriod", "GET", "cus_0", None, {"Authorization": "Token wrong"}, 401),
        ("dayzero", "POST", None, {"name": "Ñandú"}, {}, 422),
        ("dayzero", "POST", None, [], {}, 422),
        ("dayzero", "POST", None, {"name": "a\x00b", "email": "a@b.example"}, {}, 400),
        ("dayzero", "POST", None, {}, {"x-business-id": ""}, 403),
        ("dayzero", "POST", None, {}, {"x-business-id": "wrong"}, 404),
        ("dayzero", "POST", None, {}, {"Authorization": ""}, 401),
        ("dayzero", "POST", None, {"name": "Ñandú", "email": "0@x.example"}, {}, 409),
        ("dayzero", "PUT", NOBODY, {"name": "x"}, {}, 404),
        ("dayzero", "GET", "no-uuid", None, {}, 422),
        ("dayzero", "GET", NOBODY, None, {"Authorization": "Bearer wrong"}, 401),
    ],
)
def test_each_refusal_is_a_described_one(
    name: str, method: str, one: str | None, body: Any, headers: dict[str, str], status: int, called: Called
) -> None:
    """Every status of the descriptions that a client can bring about, with the body that belongs to it."""
    if status == 409:
        called.session.post(called.running.base_url + ALL[name], json=body, headers=_known(name), timeout=30)
    schema = {"piriod": piriod, "dayzero": dayzero}[name]
    path = ONE[name] if one else ALL[name]
    parameters = {"path_parameters": {path.partition("{")[2].partition("}")[0]: one}} if one else {}
    case = schema[path][method].Case(
        **parameters, **({} if body is None else {"body": body}), media_type="application/json"
    )
    answer = case.call(
        base_url=called.running.base_url, session=called.session, headers={**_known(name), **headers}, timeout=30
    )
    assert answer.status_code == status, answer.text
    case.validate_response(answer, checks=CHECKS)


def _known(name: str) -> dict[str, str]:
    return {"Authorization": AUTHORIZATION[name], WORKSPACE[name][0]: WORKSPACE[name][1]}


@pytest.mark.parametrize("name", ["piriod", "dayzero"])
def test_an_answer_that_is_not_as_described_is_caught(name: str, called: Called) -> None:
    """A customer with a field too many, one too few or of another type, and a status that nobody named, do not pass."""
    schema = {"piriod": piriod, "dayzero": dayzero}[name]
    case = schema[ONE[name]]["GET"].Case(path_parameters={"id": called.ids[name], "customer_id": called.ids[name]})
    answer = case.call(base_url=called.running.base_url, session=called.session, headers=_known(name), timeout=30)
    case.validate_response(answer, checks=CHECKS)
    right = answer.json()
    customer = right if name == "piriod" else right["data"]
    wrongs = [{**customer, "extra": 1}, {**customer, "name": 7}, {k: v for k, v in customer.items() if k != "id"}]
    for wrong in wrongs:
        whole = wrong if name == "piriod" else {**right, "data": wrong}
        assert _caught(case, whole, 200)
    assert _caught(case, {"detail": "pay"}, 402)
    assert not _caught(case, right, 200)


def _caught(case: schemathesis.Case, body: Any, status: int) -> bool:
    """Whether an answer with this body is told to differ from the description."""
    answer = requests.Response()
    answer.status_code, answer._content = status, json.dumps(body).encode()
    answer.raw = HTTPResponse(status=status, headers={"content-type": "application/json"})
    answer.headers.update(answer.raw.headers)
    answer.request = requests.Request(case.method, "http://127.0.0.1/").prepare()
    try:
        case.validate_response(answer, checks=CHECKS)
    except FailureGroup:
        return True
    return False
