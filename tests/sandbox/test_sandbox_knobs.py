"""Each knob of the sandbox does what its help says, on a real connection, the same way each time."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import pytest

from pipeline.sandbox import Sandbox, Settings
from pipeline.sandbox.faults import NOTHING, Faults
from pipeline.sandbox.places import states

CUSTOMERS = "/api/v1/customers"
STATE = states("MX")[0].number


def create(place: Any, **changes: Any) -> httpx.Response:
    """Try to create one customer at Piriod; the state is fixed so that nothing else is asked."""
    body = {"name": "Ana", "address": "Calle 1", "country": "MX", "state": STATE, **changes}
    answer: httpx.Response = place.piriod.post("/customers/", json=body)
    return answer


def count(place: Any) -> int:
    """How many customers are really there."""
    return len(place.running.customers("piriod"))


@pytest.mark.parametrize(
    ("knobs", "status", "done"),
    [
        ({"rate_429": 1.0}, 429, 0),
        ({"status_503": 1.0}, 503, 0),
        ({"rate_5xx": 1.0}, None, 0),
        ({"error_after_commit": 1.0}, 500, 1),
        ({"html_502": 1.0}, 502, 1),
    ],
)
def test_faults_with_an_answer(sandbox, knobs, status, done):
    place = sandbox(**knobs)
    answer = create(place)
    assert answer.status_code in ((status,) if status else (500, 502, 503, 504))
    assert count(place) == done
    assert place.running.requests() == [("POST", "/customers/", answer.status_code)]


def test_every_kind_of_5xx_comes(sandbox):
    place = sandbox(rate_5xx=1.0)
    assert {create(place).status_code for _ in range(60)} == {500, 502, 503, 504}


@pytest.mark.parametrize(("knob", "done"), [("drop_before", 0), ("commit_then_drop", 1)])
def test_faults_without_an_answer(sandbox, knob: str, done: int):
    """The connection is closed without a byte; whether the customer is there depends on the knob alone."""
    place = sandbox(**{knob: 1.0})
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        create(place)
    assert count(place) == done
    assert place.running.requests() == [("POST", "/customers/", 0)]


def test_a_body_is_cut_short_after_the_write(sandbox):
    place = sandbox(cut_short=1.0)
    with pytest.raises(httpx.RemoteProtocolError, match=r"incomplete|without sending complete"):
        create(place)
    assert count(place) == 1
    assert place.piriod.get("/customers/").json()["count"] == 1


def test_a_late_commit_is_done_after_the_connection_is_gone(sandbox):
    place = sandbox(late_commit=0.3)
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        create(place)
    assert count(place) == 0
    deadline = time.monotonic() + 10
    while count(place) == 0 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert count(place) == 1


def test_html_is_what_a_proxy_says(sandbox):
    answer = create(sandbox(html_502=1.0))
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.text.startswith("<html>")


def test_reads_have_faults_of_their_own(sandbox):
    """Faults of writes do not touch reads, nor those of reads writes; check-duplicates is a read."""
    writes = {"rate_5xx": 1.0, "drop_before": 1.0, "commit_then_drop": 1.0, "cut_short": 1.0, "html_502": 1.0}
    place = sandbox(**writes)
    assert place.piriod.get("/customers/").status_code == 200
    assert place.dayzero.post(f"{CUSTOMERS}/check-duplicates?name=x").status_code == 201
    place = sandbox(get_5xx=1.0)
    assert create(place).status_code == 201
    assert place.piriod.get("/customers/").status_code >= 500
    for knob in ("get_drop", "get_cut_short"):
        place = sandbox(**{knob: 1.0})
        assert create(place).status_code == 201
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            place.piriod.get("/customers/")


@pytest.mark.parametrize("status", ["rate_429", "status_503"])
def test_retry_after_is_told_as_asked(sandbox, status: str):
    assert "retry-after" not in create(sandbox(**{status: 1.0})).headers
    assert create(sandbox(**{status: 1.0}, retry_after=7)).headers["retry-after"] == "7"
    told = create(sandbox(**{status: 1.0}, retry_after="date")).headers["retry-after"]
    assert 0 <= (parsedate_to_datetime(told) - datetime.now(UTC)).total_seconds() <= 3


def test_latency_is_before_every_answer(sandbox):
    place = sandbox(latency=0.2)
    start = time.monotonic()
    place.piriod.get("/customers/")
    assert time.monotonic() - start >= 0.2


def statuses(place: Any, names: list[str], workers: int = 1) -> Counter[tuple[str, int]]:
    """The status that each name meets, whatever the order in which the requests arrive."""
    with ThreadPoolExecutor(workers) as pool:
        return Counter(zip(names, pool.map(lambda name: create(place, name=name).status_code, names), strict=True))


def test_the_seed_alone_decides_who_meets_a_fault(sandbox):
    """The same seed, another order and concurrency: the same faults; another seed: other ones."""
    names, knobs = [f"n{i}" for i in range(80)], {"rate_429": 0.2, "rate_5xx": 0.2, "error_after_commit": 0.2}
    first = statuses(sandbox(seed=5, **knobs), names)
    assert statuses(sandbox(seed=5, **knobs), names[::-1], workers=4) == first
    assert statuses(sandbox(seed=6, **knobs), names) != first
    assert {status for _, status in first} >= {201, 429, 500}


def test_a_repeated_request_has_a_chance_of_its_own():
    faults, settings = Faults(), Settings(rate_429=0.5)
    drawn = [faults.draw(settings, True, b"the same") for _ in range(200)]
    assert 60 < sum(d == NOTHING for d in drawn) < 140


def test_shares_are_kept():
    """Of many requests about the share meets the fault, each knob for itself."""
    faults, settings = Faults(), Settings(rate_429=0.1, rate_5xx=0.1, commit_then_drop=0.1)
    drawn = Counter((d.before, d.after) for d in (faults.draw(settings, True, b"%d" % i) for i in range(4000)))
    assert 320 < drawn["429", None] < 480
    assert 280 < drawn["5xx", None] < 440
    assert 240 < drawn[None, "drop"] < 410


def test_faults_end_at_their_limit(sandbox):
    place = sandbox(rate_429=1.0, fault_limit=3)
    assert [create(place).status_code for _ in range(5)] == [429, 429, 429, 201, 201]


def test_knobs_can_be_turned_while_it_runs(sandbox):
    place = sandbox(rate_429=1.0)
    assert create(place).status_code == 429
    place.running.reconfigure(rate_429=0.0)
    assert create(place).status_code == 201


@pytest.mark.parametrize(("mode", "status"), [("allow", 201), ("reject", 400), ("conflict", 409)])
def test_duplicates_are_answered_as_asked(sandbox, mode: str, status: int):
    place = sandbox(duplicate=mode)
    assert [create(place, tax_id="1-9").status_code for _ in range(2)] == [201, status]
    assert create(place, tax_id="2-7").status_code == create(place).status_code == create(place).status_code == 201
    person = place.company()
    assert [place.dayzero.post(CUSTOMERS, json=person).status_code for _ in range(2)] == [201, status]
    other = place.found({**person, "email": "other@x.example"})
    changed = place.dayzero.put(f"{CUSTOMERS}/{other['id']}", json={"email": person["email"]})
    assert changed.status_code == (200 if status == 201 else status)
    assert place.dayzero.put(f"{CUSTOMERS}/{other['id']}", json={"name": "x"}).status_code == 200


def test_a_customer_is_no_duplicate_of_itself(sandbox):
    place = sandbox(duplicate="reject")
    made = create(place, tax_id="1-9").json()
    assert place.piriod.patch(f"/customers/{made['id']}/", json={"tax_id": "1-9"}).status_code == 200


def test_case_of_emails_counts_only_if_asked(sandbox):
    for sensitive, status, found in ((True, 201, 0), (False, 409, 1)):
        place = sandbox(duplicate="conflict", email_case_sensitive=sensitive)
        place.found(place.company(email="Ana@x.example"))
        query = {"email": "ANA@x.example"}
        assert len(place.data(place.dayzero.get(CUSTOMERS, params=query))["items"]) == found
        assert place.dayzero.post(CUSTOMERS, json=place.company(email="ana@x.example")).status_code == status


@pytest.mark.parametrize(("blocks", "status", "skipped"), [(False, 201, 0), (True, 409, 1)])
def test_the_email_of_a_deleted_customer(sandbox, blocks: bool, status: int, skipped: int):
    place = sandbox(duplicate="conflict", soft_deleted_blocks=blocks)
    for email in ("a@x.example", "b@x.example"):
        made = place.found(place.company(email=email))
        place.dayzero.delete(f"{CUSTOMERS}/{made['id']}")
    assert place.dayzero.post(CUSTOMERS, json=place.company(email="a@x.example")).status_code == status
    sent = {"file": b"name,email\nB,b@x.example\n"}
    assert place.data(place.dayzero.post(f"{CUSTOMERS}/bulk-upload", files=sent))["skipped"] == skipped


def test_the_filter_by_metadata_may_be_ignored(sandbox):
    for ignored, found in ((False, 0), (True, 1)):
        place = sandbox(filter_ignored=ignored)
        create(place, metadata={"import_key": "k1"}, name="Ana")
        assert place.piriod.get("/customers/?metadata__import_key=nonsense").json()["count"] == found
        assert place.piriod.get("/customers/?name=nonsense").json()["count"] == 0


def test_filtered_lists_may_be_falsely_empty(sandbox):
    place = sandbox(filter_empty=1.0)
    create(place, tax_id="1-9")
    place.found(place.company())
    assert place.piriod.get("/customers/?tax_id=1-9").json()["count"] == 0
    assert place.piriod.get("/customers/").json()["count"] == 1
    query = {"email": place.company()["email"]}
    assert place.data(place.dayzero.get(CUSTOMERS, params=query))["items"] == []
    assert len(place.data(place.dayzero.get(CUSTOMERS))["items"]) == 1


def test_new_customers_appear_in_lists_late_and_by_id_at_once(sandbox):
    place = sandbox(filter_lag=60)
    made = create(place, tax_id="1-9").json()
    other = place.found(place.company())
    for path in ("/customers/", "/customers/?tax_id=1-9"):
        assert place.piriod.get(path).json()["count"] == 0
    assert place.data(place.dayzero.get(CUSTOMERS))["items"] == []
    assert place.piriod.get(f"/customers/{made['id']}/").status_code == 200
    assert place.dayzero.get(f"{CUSTOMERS}/{other['id']}").status_code == 200
    place.running.reconfigure(filter_lag=0)
    assert place.piriod.get("/customers/?tax_id=1-9").json()["count"] == 1


def test_next_links_may_be_those_of_a_service_behind_a_proxy(sandbox):
    for knob, start in ((False, None), (True, "http://127.0.0.1/customers/?")):
        place = sandbox(next_http=knob)
        create(place), create(place)
        link = place.piriod.get("/customers/?page_size=1&country=MX").json()["next"]
        assert link.startswith(start or f"{place.running.base_url}/customers/?")
        assert "page=2" in link


def test_ids_of_states_may_be_texts(sandbox):
    place = sandbox(string_state_ids=True)
    state = place.state("CL")
    assert isinstance(state, str)
    assert state.startswith("CL-")
    assert create(place).json() == {"state": [f'Primary key "{STATE}" invalid - object is not exists.']}
    made = create(place, country="CL", tax_id="1-9", state=state).json()
    assert made["state"]["id"] == state


@pytest.mark.parametrize(
    "knobs",
    [{"rate_429": 1.1}, {"latency": -1}, {"duplicate": "maybe"}, {"retry_after": "soon"}, {"retry_after": -1}],
)
def test_senseless_knobs_are_refused(knobs: dict[str, Any]):
    with pytest.raises(ValueError, match=next(iter(knobs))):
        Settings(**knobs)


def test_every_knob_has_a_help_text():
    assert all(knob.metadata["help"] for knob in fields(Settings))


def test_a_server_without_a_hold_on_its_connections_hears_of_a_drop():
    """Mounted in another server, the sandbox cannot close the connection itself, and says so."""

    async def ask() -> None:
        sandbox = Sandbox(Settings(drop_before=1.0))
        transport = httpx.ASGITransport(sandbox)
        try:
            async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as client:
                with pytest.raises(ConnectionError):
                    await client.post("/customers/", json={})
                assert (await client.get("/-/ready")).json() == {"ready": True}
        finally:
            sandbox.close()

    asyncio.run(ask())
