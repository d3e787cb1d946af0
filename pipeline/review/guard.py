"""Turn requests from anywhere into those of our own page: the right path, host and origin, and answers that say so.

The server listens on the loopback address, and still every page in the same browser can send requests to it. So the path
begins with a random token that only the person who started it knows; `Host` must be ours, which stops DNS rebinding; what
changes something must come from our own origin with a JSON body, which no foreign form can send.
Source: https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html
"""

from __future__ import annotations

import hmac
import re

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data:; font-src data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""AG Grid puts its style sheets into the page (hence the nonce), its icons are data: images, and one its icon font."""

LARGEST = 1 << 20
"""Bytes of a request; the page sends a few cells at a time."""


class Guard:
    """Lets only requests of our own page through."""

    def __init__(self, app: ASGIApp, token: str, port: int, nonce: str) -> None:
        """`token` is the first part of every path."""
        self._app, self._token, self._nonce = app, token, nonce
        self._hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or refuse without a word about what is there."""
        if scope["type"] != "http":
            return
        refusal = self.refusal(scope)

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._mark(MutableHeaders(scope=message))
            await send(message)

        await (PlainTextResponse("refused", refusal) if refusal else self._app)(scope, receive, guarded)

    def refusal(self, scope: Scope) -> int:
        """The status of the refusal; 0 for a request of our own page."""
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if host not in self._hosts or len(headers.getlist("host")) != 1:
            return 421
        first = scope["path"].split("/")[1]
        if not hmac.compare_digest(first.encode(), self._token.encode()):
            return 404
        origin = headers.get("origin")
        if origin is not None and origin != f"http://{host}":
            return 403
        top = scope["method"] == "GET" and headers.get("sec-fetch-mode") == "navigate" and scope["path"].count("/") == 2
        if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none") and not top:
            return 403
        if scope["method"] not in ("GET", "HEAD"):
            if origin is None or headers.get("content-type", "").split(";")[0] != "application/json":
                return 403
            length = headers.get("content-length", "")
            if not re.fullmatch(r"\d{1,9}", length) or int(length) > LARGEST:
                return 413
        return 0

    def _mark(self, headers: MutableHeaders) -> None:
        headers["content-security-policy"] = POLICY.format(nonce=self._nonce)
        headers["x-content-type-options"] = "nosniff"
        headers["referrer-policy"] = "no-referrer"
        headers["cross-origin-resource-policy"] = "same-origin"
        headers["cross-origin-opener-policy"] = "same-origin"
        headers["permissions-policy"] = "camera=(), geolocation=(), microphone=()"
        headers["cache-control"] = "no-store"
