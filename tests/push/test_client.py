"""The client against a raw loopback server: what certainly did not arrive, and what nobody knows."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable

import anyio
import pytest

from pipeline import existing, targets
from pipeline.client import Client, Failed, Lost, NotSent, Patience, check_base_url, connect, retry_after
from pipeline.errors import Misuse, Unavailable
from pipeline.pace import Limiter
from pipeline.targets.interface import Call

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
POST = Call("POST", "/customers/", body=b'{"name":"Ana"}')
PUT = Call("PUT", "/customers/1", body=b'{"name":"Ana"}')


class Raw:
    """A server that does what the test says with each connection, and counts the requests it saw."""

    def __init__(self, behave: Handler) -> None:
        self.behave = behave
        self.seen: list[bytes] = []
        self.writers: list[asyncio.StreamWriter] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next(
                    (int(x.split(b":")[1]) for x in head.split(b"\r\n") if x.lower().startswith(b"content-length")), 0
                )
                if length:
                    await reader.readexactly(length)
                self.seen.append(head)
                await self.behave(reader, writer)
        writer.close()


@contextlib.asynccontextmanager
async def served(behave: Handler, timeout: float = 5.0) -> AsyncIterator[tuple[Client, Raw]]:
    raw = Raw(behave)
    server = await asyncio.start_server(raw, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        async with connect(f"http://127.0.0.1:{port}", {}, Limiter(None), Patience(timeout, 2, 30)) as client:
            yield client, raw
    finally:
        server.close()
        for writer in raw.writers:
            writer.close()
        await asyncio.sleep(0.01)


def reply(status: int, body: bytes = b"{}", headers: bytes = b"") -> Handler:
    async def behave(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n%s\r\n" % (status, len(body), headers) + body)
        await writer.drain()

    return behave


async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()
    raise ConnectionError


async def cut_short(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b'HTTP/1.1 201 X\r\nContent-Length: 500\r\n\r\n{"id":')
    await writer.drain()
    await hang_up(_, writer)


async def silence(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(2)


def test_a_refused_connection_was_certainly_not_sent() -> None:
    """Nothing listens on the port: nothing can have arrived."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    async def work() -> None:
        async with connect(f"http://127.0.0.1:{port}", {}, Limiter(None), Patience(5, 0)) as client:
            with pytest.raises(NotSent):
                await client.send(POST)

    anyio.run(work)


def test_an_unknown_host_was_certainly_not_sent() -> None:
    """A name that does not resolve: nothing can have arrived."""

    async def work() -> None:
        async with connect("https://nowhere.invalid", {}, Limiter(None), Patience(5, 0)) as client:
            with pytest.raises(NotSent):
                await client.send(POST)

    anyio.run(work)


def test_a_broken_tls_handshake_was_certainly_not_sent() -> None:
    """The server speaks no TLS: the request never left."""

    async def work() -> None:
        server = await asyncio.start_server(lambda _r, w: w.close(), "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with connect(f"https://127.0.0.1:{port}", {}, Limiter(None), Patience(5, 0)) as client:
            with pytest.raises(NotSent):
                await client.send(POST)
        server.close()

    anyio.run(work)


@pytest.mark.parametrize("behave", [hang_up, cut_short, silence], ids=["hang up", "cut short", "silence"])
@pytest.mark.parametrize("call", [POST, PUT], ids=["POST", "PUT"])
def test_a_request_that_arrived_is_lost_and_never_repeated_silently(behave: Handler, call: Call) -> None:
    """The server had the whole request: its fate is unknown, and it was sent exactly once."""

    async def work() -> None:
        async with served(behave, timeout=0.5) as (client, raw):
            with pytest.raises(Lost):
                await client.send(call)
            assert len(raw.seen) == 1

    anyio.run(work)


def test_a_put_on_a_reused_connection_is_not_repeated() -> None:
    """A kept connection that the server closes must not make the transport send a PUT twice."""
    answers = [reply(200, b'{"id":1}'), hang_up]

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await answers.pop(0)(reader, writer)

    async def work() -> None:
        async with served(behave) as (client, raw):
            assert (await client.send(PUT)).status == 200
            with pytest.raises(Lost):
                await client.send(PUT)
            assert len(raw.seen) == 2

    anyio.run(work)


def test_a_redirect_is_not_followed() -> None:
    """The credentials stay with the host that was named."""

    async def work() -> None:
        async with served(reply(302, b"", b"Location: http://127.0.0.1:1/steal\r\n")) as (client, raw):
            assert (await client.send(POST)).status == 302
            assert len(raw.seen) == 1

    anyio.run(work)


def test_reads_are_repeated_and_refused_credentials_stop() -> None:
    """A 500 is asked again; a 401 ends the run at once."""
    answers = [reply(500), reply(200, b'{"a":1}'), reply(401, b'{"detail":"no"}')]

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await answers.pop(0)(reader, writer)

    async def work() -> None:
        async with served(behave) as (client, raw):
            assert (await client.read(Call("GET", "/x"))).json == {"a": 1}
            assert len(raw.seen) == 2
            with pytest.raises(Unavailable):
                await client.read(Call("GET", "/x"))

    anyio.run(work)


def test_an_endless_answer_is_cut_off() -> None:
    """An answer larger than any we expect ends as lost, with bounded memory."""
    chunk = b"x" * 65536

    async def behave(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 X\r\nContent-Length: 99999999999\r\n\r\n")
        for _n in range(10_000):
            writer.write(chunk)
            await writer.drain()

    async def work() -> None:
        async with served(behave, timeout=20) as (client, _raw):
            with pytest.raises(Failed):
                await client.send(Call("GET", "/x"))

    anyio.run(work)


@pytest.mark.parametrize(
    ("url", "good"),
    [("https://api.example.com", True), ("http://127.0.0.1:80", True), ("http://localhost", True), ("http://[::1]:1", True),
     ("http://api.example.com", False), ("ftp://x", False), ("https://user:pw@x", False), ("nonsense", False),
     ("http://127.0.0.1.evil.example", False)],
)  # fmt: skip
def test_tokens_go_out_over_https_or_to_this_machine_only(url: str, good: bool) -> None:
    """Plain http to another host would send the token in clear text."""
    if good:
        check_base_url(url)
    else:
        with pytest.raises(Misuse):
            check_base_url(url)


@pytest.mark.parametrize(("text", "seconds"), [("7", 7), ("0", 0), ("99999999", 3600), ("", None), ("soon", None)])
def test_retry_after_is_read_in_seconds(text: str, seconds: float | None) -> None:
    """The header's number is honoured, within an hour."""
    assert retry_after({"retry-after": text}) == seconds


def test_retry_after_is_read_as_a_date() -> None:
    """The header's other form is a date."""
    assert retry_after({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}) == 0
    found = retry_after({"retry-after": "Wed, 21 Oct 2065 07:28:00 GMT"})
    assert found == 3600


def test_a_secret_that_the_server_shows_goes_nowhere() -> None:
    """An error page may repeat the request that it refuses; the token is taken out of what is read."""

    async def echo(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        body = b'{"detail": "bad header: Token s3cr3t-4711-tok"}'
        writer.write(b"HTTP/1.1 500 X\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()

    async def work() -> None:
        raw = Raw(echo)
        server = await asyncio.start_server(raw, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        headers = {"Authorization": "Token s3cr3t-4711-tok"}
        async with connect(url, headers, Limiter(None), Patience(5, 0, 5)) as client:
            answer = await client.send(POST)
        assert b"s3cr3t-4711-tok" in raw.seen[0]
        assert "s3cr3t" not in answer.text + str(answer.json) and "***" in answer.text
        server.close()

    anyio.run(work)


def test_a_reading_request_ends_with_the_run() -> None:
    """Ctrl-C ends the waiting for a server that does not answer well: no further attempt, no long pause."""

    async def work() -> None:
        async with served(reply(500)) as (client, raw):
            client.limiter.abandoned = True
            with pytest.raises(Failed):
                await client.read(Call("GET", "/customers/"))
            assert len(raw.seen) == 1

    anyio.run(work)


def test_a_list_that_does_not_end_is_no_list() -> None:
    """A cursor that comes back again: the reading fails, and what was seen is not taken for everything."""
    page = b'{"items": [{"id": "a", "email": "a@x.example"}], "next_cursor": "same", "has_next": true, "total": null}'

    async def work() -> None:
        async with served(reply(200, page)) as (client, raw):
            with pytest.raises(Failed, match="does not end"):
                async for _ in existing.pages_of(client, targets.load("dayzero")):
                    pass
            assert len(raw.seen) == 2

    anyio.run(work)
