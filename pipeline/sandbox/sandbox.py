"""Turn an ASGI request into an answer of the API it belongs to, or into the fault that its draw says.

The routes know nothing of faults: they are called or not, now or later, and what they answer is delivered
whole, by half, or not at all.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from pipeline.sandbox import dayzero, dayzero_bulk, piriod
from pipeline.sandbox.answers import Context, Refused, answer
from pipeline.sandbox.faults import Draw, Faults
from pipeline.sandbox.settings import Settings
from pipeline.sandbox.store import Store

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

READY = "/-/ready"
REMEMBERED = 1_000_000
_HTML = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
_FIREWALL = b"<html><head><title>403 Forbidden</title></head><body><h1>Request blocked</h1>Incident 4711</body></html>"


class Seen(NamedTuple):
    """One request: the path is without its query; the status is 0 where the connection was closed instead."""

    method: str
    path: str
    status: int


class Dropped(ConnectionError):
    """Raised where the connection should be closed, but the server gives no hold on it."""


class Sandbox:
    """The ASGI application; `settings` may be replaced at any time and hold from the next request on."""

    def __init__(self, settings: Settings) -> None:
        """Open the data.

        Raises:
            pipeline.errors.Misuse: the database cannot be used.
        """
        self.settings = settings
        self.store = Store(settings.database)
        self.seen: deque[Seen] = deque(maxlen=REMEMBERED)
        self._faults = Faults()
        self._tokens: set[bytes] = set()
        self._expiry: int | None = None
        self._counted = 0
        self._later: set[asyncio.Task[None]] = set()
        self._paused: set[asyncio.Future[None]] = set()
        handlers: Any = {Refused: _refused, HTTPException: _no_route}
        routes = [*dayzero_bulk.routes(), *dayzero.routes(), *piriod.routes()]
        self._routes = Starlette(routes=routes, exception_handlers=handlers)
        self._routes.router.redirect_slashes = False

    def hurry(self) -> None:
        """End all waiting, from within the event loop: the server is to stop. What was to come later never does."""
        for task in self._later:
            task.cancel()
        for pause in self._paused:
            if not pause.done():
                pause.set_result(None)

    def close(self) -> None:
        """Close the data, once nothing is served any more."""
        self.store.close()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request, or close its connection."""
        if scope["type"] == "lifespan":
            await _live(receive, send)
        elif scope["type"] == "http" and scope["path"] == READY:
            await answer({"ready": True})(scope, receive, send)
        elif scope["type"] == "http":
            response, whole = await self._respond(scope, receive)
            # Noted before it is delivered: who has the answer finds it in the log.
            self.seen.append(Seen(scope["method"], scope["path"], response.status_code if response else 0))
            if response and whole:
                await response(scope, receive, send)
            else:
                await _break_off(response, scope, receive, send)

    async def _respond(self, scope: Message, receive: Receive) -> tuple[Response | None, bool]:
        """What to answer (None: nothing), and whether to send all of it."""
        settings = self.settings
        scale = 50 if scope["path"] == dayzero_bulk.UPLOAD else 1
        body = await _read(receive, settings.largest_body * scale)
        if settings.latency:
            await self._pause(settings.latency)
        if body is None:
            return answer({"detail": "Request body is too large."}, 413, {"connection": "close"}), True
        if self._expired(scope, settings.expire_after):
            return answer({"detail": "The token has expired."}, 401), True
        if settings.firewall and settings.firewall.encode() in body + unquote_to_bytes(scope["query_string"]):
            return Response(_FIREWALL, 403, media_type="text/html"), True
        draw = self._faults.draw(settings, _writes(scope), _mark(scope, body))
        if draw.before in ("drop", "late"):
            if draw.before == "late":
                self._do_later(settings.late_commit, scope, body)
            return None, False
        if draw.before:
            return _failure(draw, settings), True
        response = await self._answer(scope, body, draw.empty)
        if draw.after == "drop":
            return None, False
        if draw.after == "html":
            return Response(_HTML, 502, media_type="text/html"), True
        if draw.after == "500":
            return answer({"detail": "Internal server error."}, 500), True
        return response, draw.after != "cut"

    def _expired(self, scope: Message, after: int | None) -> bool:
        """Whether the token is one of those that were used before they expired."""
        if after != self._expiry:  # replaced settings count anew
            self._expiry, self._counted, self._tokens = after, 0, set()
        if after is None:
            return False
        token = dict(scope["headers"]).get(b"authorization", b"")
        self._counted += 1
        if self._counted <= after:
            self._tokens.add(token)
        return self._counted > after and token in self._tokens

    async def _pause(self, seconds: float) -> None:
        pause = asyncio.get_running_loop().create_future()
        self._paused.add(pause)
        await asyncio.wait((pause,), timeout=seconds)
        self._paused.discard(pause)

    async def _answer(self, scope: Message, body: bytes, empty: bool) -> Response:
        """What the routes say."""
        said: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Message) -> None:
            said.append(message)

        here = Context(self.settings, self.store, empty)
        await self._routes({**scope, "sandbox": here}, receive, send)
        response = Response(b"".join(message.get("body", b"") for message in said[1:]), said[0]["status"])
        response.raw_headers = list(said[0]["headers"])
        return response

    def _do_later(self, seconds: float, scope: Message, body: bytes) -> None:
        async def later() -> None:
            await asyncio.sleep(seconds)
            await self._answer(scope, body, False)

        task = asyncio.get_running_loop().create_task(later())
        self._later.add(task)
        task.add_done_callback(self._later.discard)


def app(settings: Settings) -> Sandbox:
    """The ASGI application of a sandbox; close it when it is no longer served."""
    return Sandbox(settings)


async def _read(receive: Receive, largest: int) -> bytes | None:
    """The body of a request, or None where it is too large."""
    pieces, size = [], 0
    while True:
        message = await receive()
        pieces.append(message.get("body", b""))
        size += len(pieces[-1])
        if size > largest:
            return None
        if not message.get("more_body"):
            return b"".join(pieces)


async def _break_off(response: Response | None, scope: Message, receive: Receive, send: Send) -> None:
    """Close the connection: without an answer, or after half of the body that the headers announce."""
    transport = scope.get("state", {}).get("transport")
    if transport is None:
        raise Dropped("the sandbox closes the connection")
    if response is None:
        transport.abort()
    else:
        head, half = response.raw_headers, bytes(response.body[: len(response.body) // 2])
        await send({"type": "http.response.start", "status": response.status_code, "headers": head})
        await send({"type": "http.response.body", "body": half, "more_body": True})
        transport.close()
    while (await receive())["type"] != "http.disconnect":
        pass


def _failure(draw: Draw, settings: Settings) -> Response:
    if draw.before == "5xx":
        return answer({"detail": "Internal server error."}, draw.status)
    headers = {}
    if settings.retry_after == "date":
        headers["retry-after"] = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)
    elif settings.retry_after is not None:
        headers["retry-after"] = f"{settings.retry_after:g}"
    if draw.before == "429":
        return answer({"detail": "Request was throttled."}, 429, headers)
    return answer({"detail": "Service temporarily unavailable: maintenance."}, 503, headers)


def _writes(scope: Message) -> bool:
    return scope["method"] not in ("GET", "HEAD", "OPTIONS") and scope["path"] != dayzero_bulk.DUPLICATES


def _mark(scope: Message, body: bytes) -> bytes:
    """What tells a request from others; a multipart body differs each time in its boundary alone."""
    if scope["path"] == dayzero_bulk.UPLOAD:
        body = str(len(body)).encode()
    return b"\n".join((scope["method"].encode(), scope["path"].encode(), scope["query_string"], body))


async def _refused(_request: Request, refused: Exception) -> Response:
    assert isinstance(refused, Refused)
    return refused.answer()


async def _no_route(request: Request, error: Exception) -> Response:
    """404 and 405, in the words of the API."""
    assert isinstance(error, HTTPException)
    texts = {404: "Not found.", 405: f'Method "{request.method}" not allowed.'}
    if request.url.path.startswith(dayzero.BASE):
        texts = {404: "Not Found", 405: "Method Not Allowed"}
    headers = dict(error.headers or {})
    return answer({"detail": texts.get(error.status_code, error.detail)}, error.status_code, headers)


async def _live(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
