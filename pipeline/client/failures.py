"""Turn an error of the transport into what it leaves open: whether anything can have arrived.

    Failed
    ├── NotSent   the connection was never made (refused, DNS, TLS, connect time-out): certainly not there
    ├── Missing   what was to be read is not there
    └── Lost      anything else: whether the request was carried out is not known

The classes of httpx do not tell the first and the last apart on the aiohttp transport (a refused connection and a
server that hung up after it had the whole request are both ConnectTimeout), so the transport's own cause decides.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from pipeline.language import say
from pipeline.received import Secrets

OF_ANOTHER_TIME = (9, 10)
"""OpenSSL's numbers for a certificate that is not valid yet, or not any more (X509_V_ERR_CERT_NOT_YET_VALID, _HAS_EXPIRED)."""
_QUOTED = re.compile(r"[:\s]*\bb(['\"]).*", re.DOTALL)


class Failed(Exception):
    """A request without a usable answer."""


class NotSent(Failed):
    """The connection was never made: nothing can have arrived."""


class Missing(Failed):
    """What was to be read is not there (404, 410)."""


class Lost(Failed):
    """The request may have been carried out; nobody knows yet."""


def failure_of(error: Exception, secrets: Secrets) -> NotSent | Lost:
    """Which failure it is; an answer that is no HTTP is quoted in the error, with whatever of ours it repeats."""
    cause = _never_made(error)
    said = _plain(cause or error) or " ".join(_QUOTED.sub("", _why(cause or error)).split())
    said = secrets.hidden(said.encode("utf-8", "replace")).decode()
    return NotSent(said) if cause else Lost(said)


def _never_made(error: Exception) -> BaseException | None:
    """The error that says that the connection was never made; None where it may have been."""
    import aiohttp
    import httpx

    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)):
            return cause
        cause = cause.__cause__
    no_request = (httpx.UnsupportedProtocol, httpx.LocalProtocolError, httpx.InvalidURL)
    return error if isinstance(error, no_request) else None


def _plain(error: BaseException) -> str:
    """What usually goes wrong with a connection, in the words of a person; nothing where it is something else."""
    import aiohttp

    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return say("the address {host} is not found: no network, or a name that does not exist", host=error.host)
    if isinstance(error, aiohttp.ClientConnectorError) and isinstance(error.os_error, ConnectionRefusedError):
        return say("nothing listens at {host}:{port} (connection refused)", host=error.host, port=error.port)
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return _certificate(error.host, error.certificate_error)
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return say("no connection could be made in time")
    if isinstance(error.__cause__, aiohttp.ServerDisconnectedError):
        return say("connection closed without an answer")
    return ""


def _certificate(host: str, error: Exception) -> str:
    """Why nothing is sent to a host: often it is this machine's clock that is wrong, or somebody in between."""
    if getattr(error, "verify_code", None) in OF_ANOTHER_TIME:
        now = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
        return say(
            "the certificate of {host} is not valid at {now}, which is this machine's time: is its clock right?",
            host=host,
            now=now,
        )
    why = getattr(error, "verify_message", "") or type(error).__name__
    return say(
        "the certificate of {host} is not trusted ({why}): perhaps a proxy or a firewall stands in between",
        host=host,
        why=why,
    )


def _why(error: BaseException) -> str:
    said = getattr(error, "message", "")  # of an answer that is no HTTP, whose text names a status that nobody sent
    return (said if isinstance(said, str) else "") or str(error) or type(error).__name__
