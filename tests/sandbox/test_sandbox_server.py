"""The sandbox starts, stops, keeps its data, and tells what it holds."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from pipeline.errors import Misuse
from pipeline.sandbox import Settings, serve
from pipeline.sandbox.store import Realm, Row, Store, new_id

CUSTOMERS = "/api/v1/customers"


def test_it_listens_on_loopback_only_and_stops(sandbox):
    """After the stop the port is free, the thread is gone, and stopping again does nothing."""
    with serve(Settings()) as running:
        assert running.base_url.startswith("http://127.0.0.1:")
        assert httpx.get(f"{running.base_url}/-/ready").json() == {"ready": True}
        running.stop()
        running.stop()
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{running.base_url}/-/ready")
    assert "sandbox" not in [thread.name for thread in threading.enumerate()]


def test_it_stops_while_a_request_waits(sandbox):
    """A request that would take a minute is answered at once when the server is to stop."""
    place = sandbox(latency=60)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(place.piriod.get, "/customers/", timeout=30)
        while not place.running.sandbox._paused:
            time.sleep(0.01)
        place.running.stop()
        assert waiting.result(timeout=10).status_code == 200


def test_a_port_that_is_taken_is_told():
    with serve(Settings()) as running:
        port = int(running.base_url.rpartition(":")[2])
        with pytest.raises(Misuse, match=f"port {port}"), serve(Settings(), port):
            pass


def test_data_in_a_file_outlives_a_restart(sandbox, tmp_path: Path):
    """Customers, contacts, payment terms and metadata are there again; the file is private."""
    knobs = {"database": tmp_path / "sandbox.db", "seed": 3}
    first = sandbox(**knobs)
    made = first.create(metadata={"import_key": "k1"})
    other = first.found(first.company())
    first.dayzero.post(f"{CUSTOMERS}/{other['id']}/contacts", json={"name": "Ana"})
    terms = first.dayzero.get("/api/v1/payment-terms").json()
    whole = first.dayzero.get(f"{CUSTOMERS}/{other['id']}").json()
    first.running.stop()
    assert (tmp_path / "sandbox.db").stat().st_mode & 0o777 == 0o600
    second = sandbox(**knobs)
    assert second.piriod.get("/customers/?metadata__import_key=k1").json()["results"] == [made]
    assert second.dayzero.get(f"{CUSTOMERS}/{other['id']}").json() == whole
    assert second.dayzero.get("/api/v1/payment-terms").json() == terms
    assert second.create()["id"] != made["id"]


def test_data_in_memory_is_of_one_sandbox(sandbox):
    sandbox().create()
    assert sandbox().running.customers("piriod") == []


def test_payment_terms_have_the_same_ids_for_the_same_seed(sandbox):
    ids = [
        [term["id"] for term in place.data(place.dayzero.get("/api/v1/payment-terms"))["items"]]
        for place in (sandbox(seed=1), sandbox(seed=1), sandbox(seed=2))
    ]
    assert ids[0] == ids[1] != ids[2]


def test_the_inspection_shows_what_the_api_shows(sandbox):
    place = sandbox()
    made, other = place.create(), place.found(place.company())
    place.piriod.post("/customers/", json=place.person(), headers={"x-simple-workspace": "acc_2"})
    assert place.running.customers("piriod", "acc_1") == [made]
    assert len(place.running.customers("piriod")) == 2
    assert place.running.customers("dayzero") == [other]
    place.dayzero.delete(f"{CUSTOMERS}/{other['id']}")
    assert place.running.customers("dayzero")[0]["is_deleted"] is True
    assert place.running.customers("dayzero", "nobody") == []


def test_requests_are_told_in_order_and_without_their_queries(sandbox):
    place = sandbox()
    place.piriod.get("/customers/?email=a@b.example")
    place.piriod.get("/nothing/")
    httpx.get(f"{place.running.base_url}/-/ready")
    assert place.running.requests() == [("GET", "/customers/", 200), ("GET", "/nothing/", 404)]


@pytest.mark.parametrize("content", [b"no database" * 100, None])
def test_a_file_that_is_no_sandbox_database_is_left_alone(tmp_path: Path, content: bytes | None):
    path = tmp_path / "x.db"
    if content is None:
        with sqlite3.connect(path) as other:
            other.execute("CREATE TABLE customer (id)")
        other.close()
    else:
        path.write_bytes(content)
    before = path.read_bytes()
    with pytest.raises(Misuse, match="database"):
        Store(path)
    assert path.read_bytes() == before


def test_a_transaction_that_fails_leaves_nothing():
    store, realm = Store(None), Realm("piriod", "a", False)
    with pytest.raises(sqlite3.IntegrityError), store.writing():
        store.save(Row("cus_1", realm, {}))
        store.save(Row("cus_1", realm, {}))
    assert store.select(realm, []) == []
    store.close()


def test_ids_are_distinct_and_ascend_with_time():
    ids = [new_id() for _ in range(20_000)]
    assert len(set(ids)) == len(ids)
    assert [i >> 80 for i in ids] == sorted(i >> 80 for i in ids)


@pytest.mark.skipif(os.name == "nt", reason="a console interrupt cannot be sent to a single process there")
@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_serving_forever_ends_with_an_interrupt(tmp_path: Path, kind: signal.Signals):
    """However it ends, there is no traceback, and what it had answered is kept."""
    script = (
        "import sys\nfrom pathlib import Path\nfrom pipeline.sandbox import Settings, serve_forever\n"
        "serve_forever(Settings(database=Path(sys.argv[1])), 0, lambda url: print(url, flush=True))\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "s.db")]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=root) as process:
        assert process.stdout is not None
        base = process.stdout.readline().strip()
        headers = {"Authorization": "Bearer x", "x-business-id": "b"}
        body = {"name": "N", "email": "a@b.example"}
        assert httpx.post(f"{base}{CUSTOMERS}", json=body, headers=headers).status_code == 201
        process.send_signal(kind)
        assert process.stderr is not None
        assert process.stderr.read() == ""
        process.wait(timeout=20)
    assert process.returncode in ((0,) if kind == signal.SIGINT else (0, -kind))
    with serve(Settings(database=tmp_path / "s.db")) as running:
        assert len(running.customers("dayzero")) == 1


def test_connections_are_not_delayed():
    """Python turns Nagle's algorithm off only for sockets that name their protocol."""
    from pipeline.loopback import listen

    with listen(0, 64) as listener:
        assert listener.proto == socket.IPPROTO_TCP
