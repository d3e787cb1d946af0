"""A list that contradicts itself shows nobody's absence, and what belongs to one account serves no other."""

from __future__ import annotations

import asyncio
import time
from email.utils import formatdate
from pathlib import Path
from typing import Any

import anyio
import httpx
import platformdirs
import pytest

from pipeline import existing, lookups, targets
from pipeline.client import Client, Failed, Patience, check_base_url, connect, page_of, retry_after
from pipeline.errors import Misuse, Unavailable
from pipeline.existing import Wanted, pages
from pipeline.handoff import Catalogue, Entry
from pipeline.pace import Limiter
from pipeline.progress import Silent
from pipeline.targets.interface import Answer, Call

PIRIOD, DAYZERO = targets.load("piriod"), targets.load("dayzero")
OURS = Wanted("email=new@example.com", {"email": "new@example.com"})


def client(answer: Any) -> Client:
    """A client whose every request is answered by `answer`."""
    return Client(httpx.MockTransport(answer), "http://127.0.0.1", {}, Limiter(None), Patience(5, 0))


def find(target: Any, answer: Any) -> existing.Found:
    """Look for one customer in the list that `answer` shows."""

    async def work() -> existing.Found:
        return await existing.find(client(answer), target, target.identities, lambda: iter([OURS]), 1, Silent())

    return anyio.run(work)


@pytest.mark.parametrize("target", [PIRIOD, DAYZERO])
def test_a_list_without_customers_that_counts_some_is_not_empty(target: Any) -> None:
    """It says that there are 500 and shows none: nobody knows who they are."""
    body = {"count": 500, "next": None, "results": [], "items": [], "total": 500, "has_next": False}
    with pytest.raises(Failed, match="500"):
        find(target, lambda _: httpx.Response(200, json=body))


@pytest.mark.parametrize("totals", [True, False])
def test_a_list_in_no_order_that_shows_a_customer_twice_hides_another(totals: bool) -> None:
    """As many lines as there are customers, but one of them twice: another one was on neither page."""

    def answer(request: httpx.Request) -> httpx.Response:
        if "email" in request.url.params:  # its filters do not find who is there either
            return httpx.Response(200, json={"items": [], "total": 0})
        second = "cursor" in request.url.params
        shown = [{"id": "b", "email": "b@example.com"}, {"id": "c" if not second else "b", "email": "c@example.com"}]
        total = {"total": 4} if totals else {}
        return httpx.Response(200, json={"items": shown, "has_next": not second, "next_cursor": None if second else "2",
                                         **total})  # fmt: skip

    with pytest.raises(Failed, match="says that it has 4" if totals else "twice"):
        find(DAYZERO, answer)


@pytest.mark.parametrize(
    ("target", "body"),
    [(PIRIOD, {"count": 300, "next": "https://api.piriod.com/customers/?cursor=cD0yMDI0", "results": []}),
     (PIRIOD, {"count": 300, "next": "https://api.piriod.com/customers/?page=last", "results": []}),
     (DAYZERO, {"items": [], "has_next": True, "next_cursor": None}),
     (DAYZERO, {"success": True, "data": {"items": [], "has_more": True}})],
)  # fmt: skip
def test_a_list_that_goes_on_and_does_not_say_how_is_not_at_its_end(target: Any, body: dict[str, Any]) -> None:
    """Its first page is not all of it."""

    async def work() -> None:
        await page_of(client(lambda _: httpx.Response(200, json=body)), target, target.search({}, None))

    with pytest.raises(Failed, match="goes on"):
        anyio.run(work)


@pytest.mark.parametrize(
    ("link", "page"),
    [("/customers/?page=2", "2"), ("http://x/customers/?page_size=100&page=3&ordering=created", "3"),
     ("https://x/customers/?page_size=100&amp;page=4", "4"), (None, None), ("", None)],
)  # fmt: skip
def test_the_next_page_is_read_out_of_its_link(link: str | None, page: str | None) -> None:
    """Whatever else the link says."""
    assert PIRIOD.page(Answer(200, {}, {"count": 1, "next": link, "results": []})).next == page


def test_two_words_for_more_are_both_read() -> None:
    """A page goes on where one of them says so, and has a cursor."""
    page = {"items": [], "has_next": None, "has_more": True, "next_cursor": "c2"}
    assert DAYZERO.page(Answer(200, {}, page)).next == "c2"
    assert DAYZERO.page(Answer(200, {}, {**page, "has_more": False})).next is None


def test_payment_terms_of_one_account_do_not_serve_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are an account's own, with ids that the other does not know, or knows for something else."""
    monkeypatch.setattr(platformdirs, "user_cache_dir", lambda _: str(tmp_path))
    states = (Entry(1, "Santiago", "RM", "CL"),)
    lookups.remember("https://api.example", False, Catalogue(states=states, terms=(Entry("t1", "Net 30"),)))
    found = lookups.recall("https://api.example", False)
    assert found is not None and (found[0].states, found[0].terms) == (states, None)


@pytest.mark.parametrize(
    "text",
    ["Wed, 21 Oct 2015 07:28:00 +99999999999999999", "Fri, 31 Dec 9999 23:59:59 -9900", "0x10", "-3", "1.5", ";"],
)
def test_a_retry_after_that_is_none_stops_nobody(text: str) -> None:
    """It is as if there were none."""
    assert retry_after({"retry-after": text}) is None


@pytest.mark.parametrize("wrong", [-86_400, 86_400])
def test_a_date_to_come_back_at_is_held_against_the_servers_clock(wrong: int) -> None:
    """Our own clock may be a day off."""
    now = time.time() + wrong
    headers = {"date": formatdate(now, usegmt=True), "retry-after": formatdate(now + 30, usegmt=True)}
    assert retry_after(headers) == pytest.approx(30, abs=1)


@pytest.mark.parametrize(
    "url",
    ["http://[::1", "https://a.example:port", "https://a.example:99999", "https://a.example/#x", "https://a.example/?",
     "https://:secret@a.example", "https://@a.example", "http://127.0.0.1\\@a.example", "https://a b.example"],
)  # fmt: skip
def test_an_address_that_cannot_be_asked_is_refused_and_shows_no_password(url: str) -> None:
    """Before anything is read, and in words."""
    with pytest.raises(Misuse) as stop:
        check_base_url(url)
    assert "secret" not in stop.value.message


def test_passwords_kept_for_other_programs_stay_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A .netrc that knows the vendor's host neither keeps a request from leaving nor adds anything to it."""
    (tmp_path / ".netrc").write_text(
        "machine vendor.example login somebody password other-password\n", encoding="ascii"
    )
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    for name in ("no_proxy", "NO_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    seen: list[bytes] = []

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()

    async def work() -> None:
        proxy = await asyncio.start_server(take, "127.0.0.1", 0)
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{proxy.sockets[0].getsockname()[1]}")
        headers = {"Authorization": "Token ours-alone"}
        async with connect("https://vendor.example", headers, Limiter(None), Patience(5, 0)) as it:
            with pytest.raises(Failed):
                await it.send(Call("POST", "/customers/", body=b"{}"))
        proxy.close()

    anyio.run(work)
    assert seen and seen[0].startswith(b"CONNECT vendor.example:443")
    assert b"Authorization" not in seen[0]


def test_a_list_whose_pages_are_all_the_same_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each page names a next one that was never named, and shows the same customer, or nobody: it is no list."""
    monkeypatch.setattr(pages, "MOST_EMPTY", 30)
    for shown in ([{"id": "a", "email": "a@example.com"}], []):
        asked = 0

        def answer(_: httpx.Request, shown: Any = shown) -> httpx.Response:
            nonlocal asked
            asked += 1
            return httpx.Response(200, json={"items": shown, "next_cursor": str(asked), "has_next": True})

        async def work() -> None:
            async for _ in existing.pages_of(client(answer), DAYZERO):
                pass

        with pytest.raises(Failed, match="does not end"):
            anyio.run(work)
        assert asked < 50


def test_whoever_is_shown_after_many_empty_pages_is_found() -> None:
    """The target filters each page by itself, and ours is on the last one."""
    asked = 0

    def answer(_: httpx.Request) -> httpx.Response:
        nonlocal asked
        asked += 1
        last = asked == 60
        shown = [{"id": "a", "email": "new@example.com"}] if last else []
        return httpx.Response(200, json={"items": shown, "next_cursor": str(asked), "has_next": not last})

    async def work() -> list[Any]:
        return await existing.search(client(answer), DAYZERO, DAYZERO.identities, OURS)

    assert [found["id"] for found in anyio.run(work)] == ["a"]


def test_a_closed_list_that_names_a_page_again_ends() -> None:
    """The countries go on for ever: ten thousand requests would find nothing more."""
    asked = 0

    def answer(_: httpx.Request) -> httpx.Response:
        nonlocal asked
        asked += 1
        return httpx.Response(200, json={"results": [{"id": "CL", "name": "Chile"}], "next": "?page=2", "count": 2})

    with pytest.raises(Unavailable, match="does not end"):
        anyio.run(lookups.fetch, client(answer), PIRIOD, ["CL"])
    assert asked < 5


@pytest.mark.parametrize("id_", [{"x": 1}, [1], None, 1.5])
def test_an_entry_of_a_closed_list_has_an_id_that_can_be_sent(id_: Any) -> None:
    """It would be sent for every customer of that country."""
    shown = {"results": [{"id": id_, "name": "Chile"}], "next": None, "count": 1}
    with pytest.raises(Unavailable, match="id"):
        anyio.run(lookups.fetch, client(lambda _: httpx.Response(200, json=shown)), PIRIOD, ["CL"])
