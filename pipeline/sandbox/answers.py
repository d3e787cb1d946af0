"""Turn request bodies into values, and values or refusals into JSON answers."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, NoReturn
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from pipeline.sandbox.settings import Settings
from pipeline.sandbox.store import Store

Json = dict[str, Any]


@dataclass(frozen=True)
class Context:
    """What a route works with: the knobs as they are now, the data, and whether its list is to be empty."""

    settings: Settings
    store: Store
    empty: bool = False


def context(request: Request) -> Context:
    """The context of a request."""
    found = request.scope["sandbox"]
    assert isinstance(found, Context)
    return found


class Refused(Exception):
    """The request gets this answer, and nothing is done."""

    def __init__(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        """Keep what will be answered."""
        super().__init__(status)
        self.status = status
        self.body = body
        self.headers = headers or {}

    def answer(self) -> Response:
        """The answer itself."""
        return answer(self.body, self.status, self.headers)


class BadJson(Exception):
    """The body is no JSON; the text says why."""


def answer(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer in UTF-8."""
    text = json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Response(text.encode(), status, headers, "application/json")


async def read_json(request: Request) -> Any:
    """The body of a request.

    Raises:
        BadJson: it is not UTF-8, no JSON, or holds what UTF-8 cannot write.
    """
    raw = await request.body()
    try:
        value = json.loads(raw.decode("utf-8"), parse_constant=_no_constant)
        if b"\\u" in raw:
            json.dumps(value, ensure_ascii=False).encode()  # a lone surrogate is no text
    except (ValueError, RecursionError) as error:
        raise BadJson(str(error)) from error
    return value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"Out of range float values are not JSON compliant: {name}")


def media_type(request: Request) -> str:
    """The media type of the request, without parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


_USUAL = re.compile(r"[a-z0-9_+-]+(\.[a-z0-9_+-]+)*@([a-z0-9]{1,63}\.)+[a-z]{2,63}", re.IGNORECASE | re.ASCII)


def is_email(text: str) -> bool:
    """Whether the text has the form of an e-mail address; nothing is looked up.

    What is beyond doubt is decided here, everything else by the library.
    """
    if len(text) < 64 and _USUAL.fullmatch(text):
        return True
    from email_validator import EmailNotValidError, validate_email

    try:
        validate_email(text, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return False
    return True


def is_url(text: str) -> bool:
    """Whether the text is an absolute web address."""
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https", "ftp", "ftps") and bool(parts.hostname) and " " not in text
    except ValueError:
        return False
