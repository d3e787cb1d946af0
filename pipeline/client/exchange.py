"""Turn one request into its answer, at the pace of one limiter; a reading one is repeated until it has one."""

from __future__ import annotations

import contextlib
import html
import re
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from pipeline import wire
from pipeline.client.failures import Failed, Lost, Missing, NotSent, failure_of
from pipeline.client.hint import retry_after
from pipeline.errors import Unavailable
from pipeline.language import say
from pipeline.pace import Limiter, backoff
from pipeline.received import Body, NotReadable, Secrets, parsed
from pipeline.targets.interface import Answer, Call

if TYPE_CHECKING:  # what sends requests is imported when the first is sent: a run that sends none starts faster
    import httpx

LARGEST_ANSWER = 32 * 1024 * 1024
LARGEST_OUTCOME = 4 * 1024 * 1024
"""Bytes of an answer to a write: one customer, or what is wrong with it."""
LONGEST_TEXT = 500
"""What is kept of an answer's text, and said of it."""
CONNECT_TIMEOUT = 10.0
PAUSE_STATUSES = (429, 503)
AGENT = "customer-import"
_TITLE = re.compile(r"<title[^>]*>([^<]*)", re.IGNORECASE)


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
        patience: Patience, secrets: Iterable[str] | None = None, connections: int = 8,
    ) -> None:  # fmt: skip
        """Use `connect` instead."""
        import httpx

        self._transport, self._base = transport, base_url.rstrip("/")
        plain = {**headers, "Accept": "application/json", "Accept-Encoding": "gzip", "User-Agent": AGENT}
        self._headers = lru_cache(8)(lambda kind: httpx.Headers({**plain, "Content-Type": kind} if kind else plain))
        self._secrets = Secrets(secrets if secrets is not None else [v.rpartition(" ")[2] for v in headers.values()])
        self._limits = {"timeout": httpx.Timeout(patience.timeout, connect=CONNECT_TIMEOUT, pool=None).as_dict()}
        self._url = lru_cache(256)(httpx.URL)
        self.limiter, self.patience, self.connections = limiter, patience, connections
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
            answer = await self._answer(call, content_type)
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

    async def _answer(self, call: Call, content_type: str) -> Answer:
        import aiohttp
        import anyio
        import httpx

        try:
            request = self._request(call, content_type)
            with anyio.fail_after(self.patience.timeout + CONNECT_TIMEOUT):
                return await self._receive(request)
        except TimeoutError as error:
            raise Lost(say("no answer within {timeout:g} s", timeout=self.patience.timeout)) from error
        except (httpx.HTTPError, httpx.InvalidURL, aiohttp.ClientError, OSError, ValueError) as error:
            raise failure_of(error, self._secrets) from None  # an answer that is no HTTP is quoted in the cause too

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
        text = kept[:LONGEST_TEXT].decode("utf-8", "replace")
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
                    raise Unavailable(*_refused(answer))
                kind = Missing if answer.status in (404, 410) else Failed
                failure = kind(f"{answer.status}: {_said(answer)}")
                lasting = 400 <= answer.status < 500 and answer.status not in (408, 425, 429)
            attempt += 1
            spent = attempt > self.patience.retries or time.monotonic() - started > self.patience.seconds
            if lasting or spent or self.limiter.abandoned:
                raise failure
            await self.limiter.pause(backoff(attempt))


def _said(answer: Answer) -> str:
    """What an answer says that is of no use; of a web page its title, as nobody but a program reads its markup."""
    if not answer.text.lstrip("\ufeff\r\n\t ").startswith("<"):
        return answer.text[:200] or say("no readable answer")
    title = _TITLE.search(answer.text)
    page = " ".join(html.unescape(title[1] if title else "").split())[:100] or "?"
    return say(
        "a web page ({page}) instead of the target: perhaps a proxy, or a network that asks to log in first", page=page
    )


def _refused(answer: Answer) -> tuple[str, str]:
    """Message and remedy for an answer that refuses the credentials."""
    said = str(answer.json.get("detail") if isinstance(answer.json, dict) else answer.text)[:LONGEST_TEXT]
    message = say("the target refuses the credentials ({status}: {said})", status=answer.status, said=said)
    return message, say("Check the token and the workspace.")


def _raw(response: httpx.Response) -> AsyncIterator[bytes]:
    """The body as it comes: the transport's own stream, without the decoder that an encoded one needs."""
    import httpx

    assert isinstance(response.stream, httpx.AsyncByteStream)
    return aiter(response.stream)
