"""A served sandbox, and a client for each API that speaks as the vendors' documents say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from pipeline.sandbox import Running, Settings, serve

PIRIOD = {"Authorization": "Token sk_live_1", "x-simple-workspace": "acc_1"}
DAYZERO = {"Authorization": "Bearer dz_1", "x-business-id": "0190b1a0-0000-7000-8000-000000000001"}
CUSTOMERS = "/api/v1/customers"


@dataclass
class Place:
    """A running sandbox and a client for each API."""

    running: Running
    piriod: httpx.Client
    dayzero: httpx.Client

    def state(self, country: str = "MX") -> Any:
        """The id of some state of the country."""
        return self.piriod.get(f"/generals/states/?country={country}").json()["results"][0]["id"]

    def person(self, **changes: Any) -> dict[str, Any]:
        """A Piriod customer that is accepted."""
        base = {"name": "Panadería Ñandú", "address": "Calle 1", "country": "MX", "state": self.state()}
        return {**base, **changes}

    def company(self, **changes: Any) -> dict[str, Any]:
        """A DayZero customer that is accepted."""
        return {"name": "Northwind Studio", "email": "billing@northwind.example", **changes}

    def create(self, **changes: Any) -> Any:
        """Create a customer at Piriod."""
        answer = self.piriod.post("/customers/", json=self.person(**changes))
        assert answer.status_code == 201, answer.text
        return answer.json()

    def found(self, company: dict[str, Any]) -> Any:
        """Create a customer at DayZero."""
        answer = self.dayzero.post(CUSTOMERS, json=company)
        assert answer.status_code == 201, answer.text
        return self.data(answer)

    def data(self, answer: httpx.Response) -> Any:
        """What is in the envelope of an answer."""
        assert answer.json()["success"] is True, answer.text
        return answer.json()["data"]


@contextmanager
def opened(**knobs: Any) -> Iterator[Place]:
    """A sandbox with these knobs, served while the block runs."""
    with ExitStack() as stack:
        running = stack.enter_context(serve(Settings(**knobs)))
        piriod = stack.enter_context(httpx.Client(base_url=running.base_url, headers=PIRIOD))
        dayzero = stack.enter_context(httpx.Client(base_url=running.base_url, headers=DAYZERO))
        yield Place(running, piriod, dayzero)


@pytest.fixture
def sandbox() -> Iterator[Callable[..., Place]]:
    """Open sandboxes that are closed when the test ends."""
    with ExitStack() as stack:
        yield lambda **knobs: stack.enter_context(opened(**knobs))


@pytest.fixture(scope="module")
def shared() -> Iterator[Place]:
    """One sandbox without faults for all tests of a module; each works in a workspace of its own."""
    with opened() as place:
        yield place


@pytest.fixture
def place(shared: Place, request: pytest.FixtureRequest) -> Iterator[Place]:
    """The shared sandbox, in a workspace that only this test uses."""
    mine = request.node.name.encode().hex()[-200:]
    with (
        httpx.Client(base_url=shared.running.base_url, headers={**PIRIOD, "x-simple-workspace": mine}) as piriod,
        httpx.Client(base_url=shared.running.base_url, headers={**DAYZERO, "x-business-id": mine}) as dayzero,
    ):
        yield Place(shared.running, piriod, dayzero)
