"""Turn a target's requests into answers over HTTP, and say for each failure whether anything can have arrived.

    Failed
    ├── NotSent   the connection was never made (refused, DNS, TLS, connect time-out): certainly not there
    └── Lost      anything else: whether the request was carried out is not known

The classes of httpx do not tell the two apart on the aiohttp transport (a refused connection and a server that
hung up after it had the whole request are both ConnectTimeout), so the transport's own cause decides. The
transport's silent repetition of idempotent requests is switched off. Redirects are never followed, and
requests go to one base URL only: the credentials cannot reach another host.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pipeline import wire
from pipeline.errors import Misuse, Unavailable
from pipeline.language import say
from pipeline.pace import Limiter, backoff
from pipeline.received import Body, NotReadable, Secrets, parsed
from pipeline.targets.interface import UNREADABLE, Answer, Call, Page, Target

if TYPE_CHECKING:  # what sends requests is imported when the first is sent: a run that sends none starts faster
    import aiohttp
    import httpx

LARGEST_ANSWER = 32 * 1024 * 1024
LARGEST_OUTCOME = 4 * 1024 * 1024
"""Bytes of an answer to a write: one customer, or what is wrong with it."""
LONGEST_HINT = 3600.0
CONNECT_TIMEOUT = 10.0
PAUSE_STATUSES = (429, 503)
AGENT = "customer-import"
_QUOTED = re.compile(r"[:\s]*\bb(['\"]).*", re.DOTALL)


class Failed(Exception):
    """A request without a usable answer."""


class NotSent(Failed):
    """The connection was never made: nothing can have arrived."""


class Missing(Failed):
    """What was to be read is not there (404, 410)."""


class Lost(Failed):
    """The request may have been carried out; nobody knows yet."""


@dataclass(frozen=True)
class Patience:
    """How long to go on: `timeout` seconds for one request, `retries` more attempts, `seconds` in all."""

    timeout: float = 30.0
    retries: int = 5
    seconds: float = 600.0


class Client:
    """Sends calls to one base URL, at the pace of one limiter; counts what it sends."""

    def __init__(
        self, transport: httpx.AsyncBaseTransport, base_url: str, headers: Mapping[str, str], limiter: Limiter,
        patience: Patience, secrets: Iterable[str] | None = None,
    ) -> None:  # fmt: skip
        """Use `connect` instead."""
        import httpx

        self._transport, self._base = transport, base_url.rstrip("/")
        plain = {**headers, "Accept": "application/json", "Accept-Encoding": "gzip", "User-Agent": AGENT}
        self._headers = lru_cache(8)(lambda kind: httpx.Headers({**plain, "Content-Type": kind} if kind else plain))
        self._secrets = Secrets(secrets if secrets is not None else [v.rpartition(" ")[2] for v in headers.values()])
        self._limits = {"timeout": httpx.Timeout(patience.timeout, connect=CONNECT_TIMEOUT, pool=None).as_dict()}
        self._url = lru_cache(256)(httpx.URL)
        self.limiter = limiter
        self.patience = patience
        self.requests = 0

    async def send(self, call: Call, *, slot: bool = True, content_type: str = "application/json") -> Answer:
        """Send once, at the limiter's next slot; `slot` is False where the caller has waited for it already.

        Raises:
            NotSent: certainly nothing arrived.
            Lost: whether it arrived is not known.
        """
        if slot:
            await self.limiter.slot()
        self.requests += 1
        began = time.monotonic()
        try:
            answer = await self._answer(self._request(call, content_type))
        except Failed as failure:
            self._tell(call, "not sent" if isinstance(failure, NotSent) else "lost", began)
            raise
        self._tell(call, str(answer.status), began)
        if answer.status in PAUSE_STATUSES:
            hint = retry_after(answer.headers)
            wire.held(answer.status, self.limiter.slow_down(hint), asked=hint is not None)
        elif answer.status < 500:
            self.limiter.succeeded()
        return answer

    def _tell(self, call: Call, status: str, began: float) -> None:
        wire.answered(call.method, status, began, self.limiter.rate, self.limiter.set_rate)

    async def _answer(self, request: httpx.Request) -> Answer:
        import aiohttp
        import anyio
        import httpx

        try:
            with anyio.fail_after(self.patience.timeout + CONNECT_TIMEOUT):
                return await self._receive(request)
        except TimeoutError as error:
            raise Lost(say("no answer within {timeout:g} s", timeout=self.patience.timeout)) from error
        except (httpx.HTTPError, aiohttp.ClientError, OSError, ValueError) as error:
            raise self._failed(error) from None  # an answer that is no HTTP is quoted in the cause too

    def _failed(self, error: Exception) -> Failed:
        """Which failure it is; an answer that is no HTTP is quoted in the error, with whatever of ours it repeats."""
        cause = _never_made(error)
        said = " ".join(_QUOTED.sub("", _why(cause or error)).split())
        said = self._secrets.hidden(said.encode("utf-8", "replace")).decode()
        return NotSent(said) if cause else Lost(said)

    def _request(self, call: Call, content_type: str) -> httpx.Request:
        import httpx

        url = self._url(self._base + call.path)
        if call.params:
            url = url.copy_with(params=call.params)
        headers = self._headers(content_type if call.body is not None else "")
        return httpx.Request(call.method, url, headers=headers, content=call.body, extensions=self._limits)

    async def _receive(self, request: httpx.Request) -> Answer:
        """The answer, straight from the transport: no redirect is followed and no cookie kept."""
        import httpx

        response = await self._transport.handle_async_request(request)
        try:
            most = LARGEST_ANSWER if request.method == "GET" else LARGEST_OUTCOME
            body = Body(response.headers.get("content-encoding", ""), most)
            async for chunk in _raw(response):
                body.add(chunk)
            kept = self._secrets.hidden(body.whole())  # an error page may show the request that it refuses
        except NotReadable as error:
            raise httpx.DecodingError(say("the answer cannot be read ({why})", why=error)) from error
        finally:
            with contextlib.suppress(httpx.HTTPError):
                await response.aclose()
        text = kept[:500].decode("utf-8", "replace")
        return Answer(response.status_code, response.headers, parsed(kept), text)

    async def read(self, call: Call) -> Answer:
        """Send a reading request until it is answered with 200, within the patience.

        Raises:
            Unavailable: the target refuses the credentials.
            Failed: no good answer came; the text says what did.
        """
        assert not call.writes
        started, attempt = time.monotonic(), 0
        while True:
            try:
                answer = await self.send(call)
            except Failed as error:
                failure, lasting = error, False
            else:
                if answer.status == 200 and answer.json is not None:
                    return answer
                if answer.status in (401, 403):
                    raise Unavailable(*refused(answer))
                kind = Missing if answer.status in (404, 410) else Failed
                failure = kind(f"{answer.status}: {(answer.text or say('no readable answer'))[:200]}")
                lasting = 400 <= answer.status < 500 and answer.status not in (408, 425, 429)
            attempt += 1
            spent = attempt > self.patience.retries or time.monotonic() - started > self.patience.seconds
            if lasting or spent or self.limiter.abandoned:
                raise failure
            await self.limiter.pause(backoff(attempt))


async def page_of(client: Client, target: Target, call: Call) -> Page:
    """The page of a list that `call` asks for.

    Raises:
        Unavailable: the target refuses the credentials.
        Failed: it does not answer, or with something else than a list: that shows nobody, and proves nobody's absence.
    """
    answer = await client.read(call)
    page = target.page(answer)
    if not _is_list(answer.json, page):
        raise Failed(say("the answer is no list: {said}", said=answer.text[:200]))
    if page.next == UNREADABLE:
        raise Failed(say("the list goes on, and does not say how: {said}", said=answer.text[:200]))
    return page


def _is_list(body: Any, page: Page) -> bool:
    """Whether a body, or the `data` in its envelope, holds as many entries as were read of it."""
    inner = body.get("data") if isinstance(body, dict) else None
    if isinstance(body, dict) and body.get("success") is False:
        return False
    held = [v for part in (body, inner) for v in (part, *(part.values() if isinstance(part, dict) else ()))]
    return any(isinstance(v, list) and len(v) == len(page.items) for v in held) or (page.total == 0 and not page.items)


@contextlib.asynccontextmanager
async def connect(
    base_url: str, headers: Mapping[str, str], limiter: Limiter, patience: Patience, connections: int = 8,
    secrets: Iterable[str] | None = None,
) -> AsyncIterator[Client]:  # fmt: skip
    """Open a client for `base_url`; https, or http to a loopback address only.

    `secrets` are taken out of every answer; without them, what the headers hold is.

    Raises:
        Misuse: the address is no such URL.
    """
    import ssl

    import aiohttp
    import httpx
    from httpx_aiohttp import AiohttpTransport

    loopback = check_base_url(base_url)

    # To load the authorities takes 30 ms; without TLS they are not needed, and a context without any trusts nobody.
    encrypted = urlsplit(base_url).scheme == "https"
    trusted = httpx.create_ssl_context() if encrypted else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

    def session() -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(limit=connections + 2, keepalive_timeout=15, ssl=trusted)
        made = aiohttp.ClientSession(
            connector=connector, trust_env=not loopback, auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar()
        )
        made._retry_connection = False  # a repeated PUT is ours to decide; the test of the client pins it
        object.__setattr__(made, "_get_netrc_auth", lambda _host: None)  # nor do other people's passwords go there
        return made

    async with AiohttpTransport(verify=trusted, client=session) as transport:
        yield Client(transport, base_url, headers, limiter, patience, secrets)


def check_base_url(base_url: str) -> bool:
    """Whether `base_url` is a loopback address; plain http to any other host is refused.

    Raises:
        Misuse: it is no http(s) URL, holds credentials, or would send the token in clear text.
    """
    try:
        parts = urlsplit(base_url)
        host, port = parts.hostname or "", parts.port
    except ValueError:  # no such port, half an IPv6 address
        parts, host, port = urlsplit(""), "", None
    loopback = host in ("localhost", "::1") or re.fullmatch(r"127(\.\d{1,3}){3}", host) is not None
    odd = "@" in parts.netloc or re.search(r"[?#\\\s]", base_url) is not None or port == 0
    if parts.scheme not in ("http", "https") or not host or odd:
        raise Misuse(
            say("{base_url!r} is no base URL", base_url=re.sub(r"//[^/]*@", "//***@", base_url)),
            say("Write it like --base-url https://api.example.com"),
        )
    if parts.scheme == "http" and not loopback:
        raise Misuse(
            say("{base_url} would send the token in clear text", base_url=base_url),
            say("Use https; plain http is for this machine only."),
        )
    return loopback


def refused(answer: Answer) -> tuple[str, str]:
    """Message and remedy for an answer that refuses the credentials."""
    said = answer.json.get("detail") if isinstance(answer.json, dict) else answer.text
    message = say("the target refuses the credentials ({status}: {said})", status=answer.status, said=said)
    return message, say("Check the token and the workspace.")


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that a Retry-After header asks for, in either form (RFC 9110, 10.2.3); None without one.

    A date is held against the answer's own `Date`: our clock may be wrong.
    """
    text = headers.get("retry-after", "").strip()
    if not text:
        return None
    if text.isdecimal():
        return min(float(text), LONGEST_HINT)
    until, now = _moment(text), _moment(headers.get("date", ""))
    if until is None:
        return None
    return min(max(until - (time.time() if now is None else now), 0.0), LONGEST_HINT)


def _moment(text: str) -> float | None:
    """Seconds since 1970 of a date in a header; None where it is none."""
    with contextlib.suppress(ValueError, TypeError, OverflowError):
        return parsedate_to_datetime(text).timestamp()
    return None


def _raw(response: httpx.Response) -> AsyncIterator[bytes]:
    """The body as it comes: the transport's own stream, without the decoder that an encoded one needs."""
    import httpx

    assert isinstance(response.stream, httpx.AsyncByteStream)
    return aiter(response.stream)


def _never_made(error: Exception) -> BaseException | None:
    """The error that says that the connection was never made; None where it may have been."""
    import aiohttp
    import httpx

    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)):
            return cause
        cause = cause.__cause__
    return error if isinstance(error, (httpx.UnsupportedProtocol, httpx.LocalProtocolError)) else None


def _why(error: BaseException) -> str:
    said = getattr(error, "message", "")  # of an answer that is no HTTP, whose text names a status that nobody sent
    return (said if isinstance(said, str) else "") or str(error) or type(error).__name__
