"""A hostile server's answers: bounded memory and time, nothing of ours shown, nothing that cannot be written down."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import gzip
import json
import traceback
import zlib
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote, quote_plus, unquote

import anyio
import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import existing, targets
from pipeline.client import Failed, Lost, NotSent, Patience, connect, exchange
from pipeline.pace import Limiter
from pipeline.push.verdict import readable_id
from pipeline.received import Body, NotReadable, Secrets, parsed
from pipeline.targets.interface import Answer, Call

POST = Call("POST", "/customers/", body=b'{"name":"Ana"}')
GET = Call("GET", "/customers/")
TARGETS = ("piriod", "dayzero")
SECRET = 'k"ey/with <odd>&+ñ-4711'
Handler = Callable[[asyncio.StreamWriter], Awaitable[None]]


def asked(behave: Handler, call: Call = POST, timeout: float = 5.0, **given_: Any) -> Answer:
    """The answer of a server that behaves so, as the client gives it."""

    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            await behave(writer)
        with contextlib.suppress(ConnectionError):
            writer.close()

    async def work() -> Answer:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            async with connect(url, {}, Limiter(None), Patience(timeout, 0, 5), **given_) as client:
                return await client.send(call)
        finally:
            server.close()
            for writer in writers:
                writer.close()
            await asyncio.sleep(0.06)

    return anyio.run(work)


def said(body: bytes, headers: bytes = b"", status: int = 201) -> Handler:
    async def behave(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n%s\r\n" % (status, len(body), headers) + body)
        await writer.drain()

    return behave


def bomb(layers: int) -> bytes:
    """Zeros, packed again and again."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    packed = b"".join(packer.compress(bytes(2**20)) for _ in range(80)) + packer.flush()
    for _ in range(layers - 1):
        packed = gzip.compress(packed)
    return packed


@pytest.mark.parametrize("encoding", [b"gzip", b"gzip, gzip", b"br", b"zstd", b"x" * 5000])
def test_an_archive_that_bursts_is_a_lost_answer(encoding: bytes) -> None:
    """80 MB in 80 kB, archives in archives, encodings that nobody asked for: not read, and nobody knows what was done."""
    import tracemalloc

    packed = bomb(encoding.count(b"gzip")) if b"gzip" in encoding else b"any"
    tracemalloc.start()
    try:
        with pytest.raises(Lost, match="cannot be read"):
            asked(said(packed, b"Content-Encoding: %s\r\n" % encoding))
        assert tracemalloc.get_traced_memory()[1] < 32 * 2**20
    finally:
        tracemalloc.stop()


@given(content=st.binary(max_size=3000), members=st.integers(1, 3), size=st.integers(1, 700), end=st.integers(0, 40))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_what_was_packed_is_unpacked_whole_or_not_at_all(content: bytes, members: int, size: int, end: int) -> None:
    """In pieces of any size and members of any number; an archive that ends early is no answer."""
    packed = gzip.compress(content) * members
    cut = packed[: len(packed) - end]
    body = Body("gzip", 2**20)
    try:
        for at in range(0, len(cut), size):
            body.add(cut[at : at + size])
        whole = body.whole()
    except NotReadable:
        assert end
    else:
        assert whole == content * (len(whole) // len(content) if content and end else members)
        assert not end or len(cut) % (len(packed) // members) == 0 or not whole


def test_a_packed_answer_is_read() -> None:
    """The ordinary case, in both wrappings and with none."""
    body = json.dumps({"id": "cus_1", "name": "Ñandú"}).encode()
    for encoding, packed in ((b"gzip", gzip.compress(body)), (b"deflate", zlib.compress(body)), (b"identity", body)):
        assert asked(said(packed, b"Content-Encoding: %s\r\n" % encoding)).json == {"id": "cus_1", "name": "Ñandú"}


def test_an_answer_that_drips_ends_with_the_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A byte now and then keeps no request alive for ever: its time is that of the whole answer."""
    monkeypatch.setattr(exchange, "CONNECT_TIMEOUT", 0.1)

    async def drip(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 201 X\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(200):
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.05)

    began = anyio.run(_clock)
    with pytest.raises(Lost):
        asked(drip, timeout=0.3)
    assert anyio.run(_clock) - began < 5


async def _clock() -> float:
    return anyio.current_time()


@pytest.mark.parametrize("shown", [
    SECRET, json.dumps(SECRET)[1:-1], json.dumps(SECRET, ensure_ascii=False)[1:-1], quote(SECRET, safe=""),
    json.dumps(SECRET)[1:-1].replace("/", "\\/"), base64.b64encode(SECRET.encode()).decode(),
    "k&quot;ey/with &lt;odd&gt;&amp;+ñ-4711", quote_plus(SECRET),
])  # fmt: skip
def test_a_secret_is_taken_out_in_every_spelling(shown: str) -> None:
    """Whatever header it travels in: plain, in JSON, HTML, a URL or base 64."""
    answer = asked(said(f"<p>no {shown} here</p>".encode(), status=500), secrets=[SECRET])
    assert "***" in answer.text and "4711" not in answer.text and shown not in answer.text


def test_short_secrets_and_other_texts_are_left_alone() -> None:
    """A secret of a few letters may be part of any word."""
    assert Secrets(["abc", ""]).hidden(b'{"name": "abc"}') == b'{"name": "abc"}'


@given(
    st.recursive(
        st.none() | st.booleans() | st.text(st.characters(codec=None)),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=8,
    )
)
@settings(max_examples=200, deadline=None, derandomize=True)
def test_what_is_read_can_be_written(value: Any) -> None:
    """Half an emoji and NUL, anywhere in an answer, become a mark; every other text stays as it is."""
    read = parsed(json.dumps(value).encode())
    json.dumps(read, ensure_ascii=False).encode("utf-8")
    clean = json.dumps(value, ensure_ascii=False)
    if "\\u0000" not in clean and not any("\ud800" <= c <= "\udfff" for c in clean):
        assert read == value


@pytest.mark.parametrize("body", [b"[" * 200_000, b'{"id": ' + b"9" * 10_000 + b"}", b"\xff\xfe", b"", b"{}x", b"null"])
def test_no_body_breaks_the_reading(body: bytes) -> None:
    """Nesting without end, numbers without end, no text at all: nothing that an outcome could be read from."""
    assert asked(said(body)).json is None


NO_HTTP = {
    "a header that is none": b"HTTP/1.1 500 X\r\nBad Header %s\r\n\r\n",
    "a status that is none": b"HTTP/1.1 %s\r\n\r\n",
    "the request sent back": b"POST /customers/ HTTP/1.1\r\nAuthorization: Token %s\r\n\r\n",
    "a header without end": b"HTTP/1.1 500 X\r\nX: " + b"%s" * 1000 + b"\r\n\r\n",
    "a length that is none": b"HTTP/1.1 500 X\r\nContent-Length: %s\r\n\r\n",
    "a chunk that is none": b"HTTP/1.1 500 X\r\nTransfer-Encoding: chunked\r\n\r\n%s\r\n",
    "a coding that is none": b"HTTP/1.1 500 X\r\nContent-Length: 1\r\nContent-Encoding: %s\r\n\r\nx",
    "a coding without end": b"HTTP/1.1 500 X\r\nContent-Length: 1\r\nContent-Encoding: " + b"x" * 30 + b"%s\r\n\r\nx",
}


@pytest.mark.parametrize("answer", NO_HTTP.values(), ids=NO_HTTP.keys())
def test_an_answer_that_is_no_http_is_a_lost_one(answer: bytes) -> None:
    """It stops nobody else's request, and what it repeats of ours is not quoted, in no part and no spelling."""
    token = "tok-4711-ñandú-'quoted'"

    async def behave(writer: asyncio.StreamWriter) -> None:
        writer.write(answer.replace(b"%s", token.encode()))
        await writer.drain()

    with pytest.raises(Lost) as lost:
        asked(behave, secrets=[token])
    said = "".join(traceback.format_exception(lost.value))
    assert str(lost.value) and "tok-4" not in said and "4711" not in said, said


STRANGE: list[Any] = [
    5, -1, 1.5, float("inf"), float("nan"), True, "", "x", 10**30, [], {}, None, [None], [1, [2]], {"id": {"x": 1}},
    [{"row": float("inf"), "error": 5}], [{"loc": 5, "msg": {}}], [{"loc": [None, {}], "msg": [1]}],
]  # fmt: skip
PLACES = (
    "results", "next", "count", "items", "next_cursor", "has_next", "has_more", "total", "data", "success", "id",
    "detail", "message", "errors", "created", "skipped", "csv_content_stringified", "csv_content_object",
)  # fmt: skip


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("place", PLACES)
def test_whatever_stands_where_in_an_answer_it_is_read(target: str, place: str) -> None:
    """No text, number or list in the place of another one is an exception: it would end the push of every other row."""
    known, read = targets.load(target), 0
    for strange in STRANGE:
        one = {"id": "c1", place: strange}
        for shown in (one, {"success": True, "data": one}, {"results": [one], "items": [one], place: strange}, strange):
            for status in (200, 201, 400, 404, 422, 500):
                answer = Answer(status, {}, shown, "said")
                known.outcome(known.create(b"{}"), answer)
                page = known.page(answer)
                existing.key_of(known, {}), [known.view(item) for item in page.items]
                bulk = getattr(known, "bulk", None)
                if bulk is not None:
                    bulk.read(answer), bulk.columns(answer)
                read += 1
    assert read


@pytest.mark.parametrize("target", TARGETS)
def test_a_number_of_customers_that_is_a_truth_value_is_none(target: str) -> None:
    """`"count": false` does not say that there is nobody."""
    page = targets.load(target).page(Answer(200, {}, {"count": False, "total": False, "results": 5, "items": 5}, ""))
    assert (page.total, page.items) == (None, ())


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("id_", ["../../users/1?x=y#z", "a/b", "a\nb", "ñ", "%2e%2e", "a b"])
def test_an_id_leads_to_no_other_address(target: str, id_: str) -> None:
    """Whatever the target calls an id stays one part of the path, and can be asked for."""
    known = targets.load(target)
    home = known.retrieve("x").path.replace("x", "")
    for call in (known.retrieve(id_), known.update(id_, {"name": "n"}, {})):
        url = httpx.URL("http://127.0.0.1" + call.path)
        assert url.raw_path.startswith(home.rstrip("/").encode()) and not url.query and not url.fragment
        assert unquote(url.raw_path.decode()).strip("/") == (home.strip("/") + "/" + id_).strip("/")


@pytest.mark.parametrize(
    "id_", [".", "..", "a\x00b", "a\nb", "\x1b[31mred", "\u202eevil", True, 1.5, None, {}, [], "", " ", "x" * 201]
)
def test_an_id_that_nobody_can_write_down_is_none(id_: Any) -> None:
    """A row whose customer has no such id is not told as created under it."""
    assert not readable_id(id_)
    assert all(map(readable_id, ("cus_1", 7, 10**30, "a b", "ñ/1")))


def test_an_address_that_cannot_be_made_was_certainly_not_sent() -> None:
    """A cursor longer than any address: it is a failure of this request, told in its place."""
    with pytest.raises(NotSent):
        asked(said(b"{}"), call=Call("GET", "/customers/", (("cursor", "x" * 100_000),)))


@pytest.mark.parametrize(
    "body", [b'"\xed\xa0\xbd"', b'{"id": "\xed\xb8\x80"}', '"\\ud83d"'.encode("utf-16"), b"\xef\xbb\xbf" + b'"\\ud83d"']
)
def test_half_a_character_is_nowhere_in_what_is_read(body: bytes) -> None:
    """As three octets, or in an answer of UTF-16: no file and no database would take it."""
    json.dumps(parsed(body), ensure_ascii=False).encode("utf-8")


@pytest.mark.parametrize("wrap", ['{{"a":{}}}', "[{}]"])
def test_an_answer_is_no_deeper_than_everybody_can_read_again(wrap: str) -> None:
    """What was read once is read again in the journal, the report, the undo: each of them is called from deeper down."""

    def nested(levels: int) -> bytes:
        text = "1"
        for _ in range(levels):
            text = wrap.format(text)
        return text.encode()

    assert parsed(nested(50)) is not None and parsed(nested(500)) is None


PAGES = {
    b"<!DOCTYPE html><title>Sign&nbsp;in\n to WiFi</title><form>": "Sign in to WiFi",
    b"\xef\xbb\xbf <HTML><p>no title</p>": "?",
    b"<title>" + b"x" * 450: "x" * 100,
}


@pytest.mark.parametrize(("page", "name"), PAGES.items())
def test_a_web_page_in_the_place_of_the_target_is_named_by_its_title(page: bytes, name: str) -> None:
    """A network that asks to log in first answers everything, with 200: what is said is no markup."""

    async def work() -> None:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                await reader.readuntil(b"\r\n\r\n")
                await said(page)(writer)
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with connect(url, {}, Limiter(None), Patience(5, 0)) as client:
            with pytest.raises(Failed) as failed:
                await client.read(GET)
        server.close()
        assert f"a web page ({name}) instead" in str(failed.value) and "<" not in str(failed.value)

    anyio.run(work)
