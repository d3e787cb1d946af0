"""Who is at the target already is found however the target writes it, and a filter that finds nobody is not believed."""

from __future__ import annotations

from typing import Any

import anyio
import httpx
import pytest

from pipeline import existing, targets
from pipeline.client import Client, Failed, Patience
from pipeline.existing import Wanted, filtered
from pipeline.handoff import Catalogue
from pipeline.journal import Entry
from pipeline.pace import Limiter
from pipeline.progress import Silent
from pipeline.push.queue import Row
from pipeline.push.resolve import Resolver
from pipeline.push.update import Existing, Updater
from pipeline.targets.interface import Identity

PIRIOD, DAYZERO = targets.load("piriod"), targets.load("dayzero")


class Server:
    """A list of customers with filters that compare letter by letter, or lie; counts what it is asked."""

    def __init__(self, customers: list[dict[str, Any]], lies: bool = False) -> None:
        self.customers, self.lies = customers, lies
        self.asked: list[dict[str, str]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        params = dict(request.url.params)
        self.asked.append(params)
        found = self.customers
        for name in ("tax_id", "email"):
            if name in params:
                found = [] if self.lies else [c for c in found if c.get(name) == params[name]]
        if "limit" in params:
            start, size = int(params.get("cursor", 0)), int(params["limit"])
            more = start + size < len(found)
            return httpx.Response(200, json={"items": found[start : start + size], "has_next": more,
                                             "next_cursor": str(start + size) if more else None, "total": len(found)})  # fmt: skip
        page = int(params["page"])
        following = f"http://elsewhere.example/customers/?page={page + 1}" if page * 100 < len(found) else None
        return httpx.Response(
            200, json={"count": len(found), "next": following, "results": found[page * 100 - 100 : page * 100]}
        )

    def find(self, target: Any, *wanted: Wanted) -> existing.Found:
        async def work() -> existing.Found:
            client = Client(httpx.MockTransport(self), "http://127.0.0.1", {}, Limiter(None), Patience(5, 0))
            return await existing.find(client, target, target.identities, lambda: iter(wanted), len(wanted), Silent())

        return anyio.run(work)


def crowd(count: int) -> list[dict[str, Any]]:
    """Customers that are somebody else."""
    return [
        {"id": f"c{i}", "tax_id": f"{50_000_000 + i}-1", "country": {"id": "CL"}, "email": f"p{i}@x.example"}
        for i in range(count)
    ]


@pytest.mark.parametrize("spelling", ["76086428-5", "760864285", "76.086.428-5"])
def test_a_tax_id_is_found_however_the_target_writes_it(spelling: str) -> None:
    """Few rows and many customers: looked up one by one, with and without dots and dash."""
    server = Server([*crowd(900), {"id": "x", "tax_id": spelling, "country": {"id": "CL"}}])
    found = server.find(PIRIOD, Wanted("tax_id=760864285|country=cl", {"tax_id": "76086428-5", "country": "CL"}))
    assert [r["id"] for r in found.records["tax_id=760864285|country=cl"]] == ["x"]
    assert "one by one" in found.how and len(server.asked) < 10


def test_an_e_mail_is_found_in_lower_case_too() -> None:
    """The target keeps e-mails in lower case and compares letter by letter."""
    server = Server([*crowd(3_000), {"id": "x", "email": "ana@x.example"}])
    found = server.find(DAYZERO, Wanted("email=ana@x.example", {"email": "Ana@x.example"}))
    assert [r["id"] for r in found.records["email=ana@x.example"]] == ["x"]


@pytest.mark.parametrize("target", [PIRIOD, DAYZERO], ids=lambda t: t.name)
def test_a_filter_that_does_not_find_who_is_there_is_not_believed(target: Any) -> None:
    """The filter answers with an empty list always: all pages are read instead, and the customer is found."""
    me = {"id": "x", "tax_id": "76086428-5", "country": {"id": "CL"}, "email": "ana@x.example"}
    server = Server([*crowd(3_000), me], lies=True)
    wanted = Wanted("tax_id=760864285|country=cl", {"tax_id": "76086428-5"}) if target is PIRIOD else Wanted(
        "email=ana@x.example", {"email": "ana@x.example"})  # fmt: skip
    found = server.find(target, wanted)
    assert [r["id"] for r in found.records[wanted.identity]] == ["x"] and "all customers" in found.how


def test_who_cannot_be_filtered_for_is_looked_for_on_every_page() -> None:
    """Piriod has no filter by reference: all pages are read, and `next` links name no other host that is asked."""
    server = Server([*crowd(250), {"id": "x", "reference": "R-1"}])
    found = server.find(PIRIOD, Wanted("reference=r-1", {"reference": "R-1"}))
    assert [r["id"] for r in found.records["reference=r-1"]] == ["x"] and len(server.asked) == 3
    assert Identity(("reference",)) in PIRIOD.identities


@pytest.mark.parametrize(("key", "state"), [("k1", "created"), ("another", "skipped")])
def test_a_row_in_doubt_that_is_found_by_its_identity_is_told_by_its_key(key: str, state: str) -> None:
    """The look-up by key was falsely empty, the one by identity was not: with our key it is ours, else somebody else's."""
    row = Row(1, 2, "create", None, "k1", "tax_id=1|country=cl", None, False, "{}", None)

    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"id": "x", "metadata": {"import_key": key}})

    async def work() -> object:
        client = Client(httpx.MockTransport(answer), "http://127.0.0.1", {}, Limiter(None), Patience(5, 0))
        updater = Updater(client, PIRIOD, Resolver(PIRIOD, (), Catalogue()), Existing())
        return await updater.adopt(row, Entry(1, "unknown", attempts=1, sent_at=5.0), ["x"])

    entry = anyio.run(work)
    assert isinstance(entry, Entry) and (entry.state, entry.id) == (state, "x")


class Moving(Server):
    """A list from which a customer is removed while it is read, so that another one slips to a page read already."""

    def __init__(self, customers: list[dict[str, Any]], moves: int, lies: bool = False) -> None:
        super().__init__(customers, lies)
        self.moves = moves

    def __call__(self, request: httpx.Request) -> httpx.Response:
        answer = super().__call__(request)
        if self.moves and not {"tax_id", "email"} & self.asked[-1].keys():
            self.moves -= 1
            del self.customers[1]
        return answer


@pytest.mark.parametrize(("target", "size"), [(PIRIOD, 100), (DAYZERO, 1000)], ids=["piriod", "dayzero"])
def test_a_list_that_moves_while_it_is_read_is_read_again(target: Any, size: int) -> None:
    """The one who slipped from the second page to the first was there all the time: it is found, and not created twice."""
    wanted = Wanted(f"reference=r{size}", {"reference": f"R{size}"}) if target is PIRIOD else Wanted(
        f"email=p{size}@x.example", {"email": f"p{size}@x.example"})  # fmt: skip
    customers = [{**c, "reference": f"R{i}"} for i, c in enumerate(crowd(size + 50))]
    many = [Wanted(f"{wanted.identity}{n}", wanted.values) for n in range(9)]  # so that reading the list is cheaper
    found = Moving(customers, moves=1).find(target, wanted, *many)
    assert [r["id"] for r in found.records[wanted.identity]] == [f"c{size}"]


@pytest.mark.parametrize("lies", [True, False])
def test_a_list_that_never_shows_all_is_not_believed(lies: bool) -> None:
    """Where filters work, each is looked up by itself; where they do not, the run cannot go on, and says why."""
    server = Moving(crowd(250), moves=99, lies=lies)
    tax_id = "50000200-1"
    wanted = [Wanted(f"tax_id=50000200{n}|country=cl", {"tax_id": tax_id, "country": "CL"}) for n in (1, 2, 3, 4)]
    if lies:
        with pytest.raises(Failed, match="says that it has"):
            server.find(PIRIOD, *wanted)
    else:
        assert [r["id"] for r in server.find(PIRIOD, *wanted).records[wanted[0].identity]] == ["c200"]


@pytest.mark.parametrize(
    "body", [{}, {"detail": "try later"}, {"success": False, "data": {"items": []}, "results": []}]
)
@pytest.mark.parametrize("target", [PIRIOD, DAYZERO], ids=lambda t: t.name)
def test_an_answer_that_is_no_list_shows_no_empty_target(target: Any, body: dict[str, Any]) -> None:
    """200 and something else than a page: nobody is planned as new on its account."""

    async def work() -> None:
        transport = httpx.MockTransport(lambda _: httpx.Response(200, json=body))
        client = Client(transport, "http://127.0.0.1", {}, Limiter(None), Patience(5, 0))
        one = Wanted("email=a@x.example", {"email": "a@x.example"})
        await existing.find(client, target, target.identities, lambda: iter([one]), 1, Silent())

    with pytest.raises(Failed, match="no list"):
        anyio.run(work)


@pytest.mark.parametrize("most", [1, 3, 8])
def test_look_ups_are_as_many_at_once_as_the_connections(most: int) -> None:
    """No more at once than --concurrency allows, and no fewer where there is enough to ask."""
    server, under_way, seen = Server(crowd(2500)), 0, 0

    async def answer(request: httpx.Request) -> httpx.Response:
        nonlocal under_way, seen
        under_way += 1
        seen = max(seen, under_way)
        await anyio.sleep(0.002)
        under_way -= 1
        return server(request)

    async def work() -> None:
        asking = Client(httpx.MockTransport(answer), "http://127.0.0.1", {}, Limiter(None), Patience(5, 0), (), most)
        wanted = [Wanted(f"email=n{i}@x.example", {"email": f"n{i}@x.example"}) for i in range(20)]
        await filtered.find_each(asking, DAYZERO, DAYZERO.identities, lambda: iter(wanted), len(wanted), Silent())

    anyio.run(work)
    assert seen == most


@pytest.mark.parametrize("name", ["tax_id", "import key"])
def test_a_filter_that_no_shown_customer_can_prove_is_not_believed(name: str) -> None:
    """It answers with an empty list, and nobody on the first page has a value to try it with: all pages are read instead."""
    me = {"id": "x", "tax_id": "76086428-5", "country": {"id": "CL"}, "metadata": {"import_key": "k1"}}
    first = [{"id": f"f{i}", "tax_id": None, "country": {"id": "US"}} for i in range(100)]

    class Lying(Server):
        def __call__(self, request: httpx.Request) -> httpx.Response:
            if "metadata__import_key" in request.url.params:
                return httpx.Response(200, json={"count": 0, "next": None, "results": []})
            return super().__call__(request)

    wanted = {"tax_id": Wanted("tax_id=760864285|country=cl", {"tax_id": "76086428-5", "country": "CL"}),
              "import key": Wanted("import key=k1", {})}[name]  # fmt: skip
    found = Lying([*first, *crowd(900), me], lies=True).find(PIRIOD, wanted)
    assert [r["id"] for r in found.records[wanted.identity]] == ["x"] and "all customers" in found.how
