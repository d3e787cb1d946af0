"""Turn a base URL into an open client for it, where the credentials may be sent there at all.

The transport's silent repetition of idempotent requests is switched off, and so is whatever else it would add to a
request: cookies, other people's passwords, and on this machine proxies.
"""

from __future__ import annotations

import contextlib
import ipaddress
import re
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pipeline.client.exchange import Client, Patience
from pipeline.errors import Misuse
from pipeline.language import say
from pipeline.pace import Limiter

if TYPE_CHECKING:  # what sends requests is imported when the first is sent: a run that sends none starts faster
    import aiohttp


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
        yield Client(transport, base_url, headers, limiter, patience, secrets, connections)


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
    loopback = host == "localhost" or _is_loopback(host)
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


def _is_loopback(host: str) -> bool:
    """Whether it is an address of this machine, however it is written."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
