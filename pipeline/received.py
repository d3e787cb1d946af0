"""Turn the bytes of an answer into text and JSON that may be kept: decoded in bounded memory, without our secrets.

A server may send anything: an archive that unpacks to gigabytes, half an emoji, an error page that repeats the request
with its token. What cannot be read is no answer; what is read holds no secret, in whatever spelling it was shown.
"""

from __future__ import annotations

import base64
import html
import json
import zlib
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote, quote_plus

from pipeline.language import say

SHORTEST_SECRET = 8
"""Shorter secrets are not looked for: a short text may be anybody's."""
HIDDEN = b"***"
LONGEST_NAME = 40
"""Characters of a coding's name that are shown; a longer one is none, and a part of it might be a part of a secret."""
DEEPEST = 100
"""Levels of an answer; a customer has three."""
_WRAPPED = {"gzip": 31, "x-gzip": 31, "deflate": 15}


class NotReadable(ValueError):
    """The bytes are not what they are said to be, or more than may be read."""


class Body:
    """Collects the chunks of one answer, unpacked; `most` is the number of bytes that may come of them."""

    def __init__(self, encoding: str, most: int) -> None:
        """`encoding` is the answer's Content-Encoding.

        Raises:
            NotReadable: it is none that we asked for.
        """
        name = encoding.strip().lower()
        if name not in ("", "identity", *_WRAPPED):
            raise NotReadable(f"Content-Encoding: {name if len(name) <= LONGEST_NAME else '…'}")
        self._wrapping = _WRAPPED.get(name)
        self._unpacker = zlib.decompressobj(self._wrapping) if self._wrapping else None
        self._most = most
        self._bytes = bytearray()

    def add(self, chunk: bytes) -> None:
        """Take one more chunk.

        Raises:
            NotReadable: it cannot be unpacked, or is more than may be read.
        """
        while chunk:
            if self._unpacker is None:
                self._bytes += chunk
                chunk = b""
            else:
                chunk = self._unpacked(chunk)
            if len(self._bytes) > self._most:
                raise NotReadable(f"> {self._most // 2**20} MiB")

    def _unpacked(self, chunk: bytes) -> bytes:
        """Unpack no more than may be read; what is left belongs to a further member of the archive."""
        assert self._unpacker is not None and self._wrapping is not None
        if self._unpacker.eof:
            self._unpacker = zlib.decompressobj(self._wrapping)
        try:
            self._bytes += self._unpacker.decompress(chunk, self._most - len(self._bytes) + 1)
        except zlib.error as error:
            raise NotReadable(str(error)) from error
        return self._unpacker.unused_data

    def whole(self) -> bytes:
        """Everything that was taken.

        Raises:
            NotReadable: the archive ends before its end.
        """
        if self._unpacker is not None and self._bytes and not self._unpacker.eof:
            raise NotReadable(say("the answer was cut short"))
        return bytes(self._bytes)


class Secrets:
    """What must not be kept of an answer."""

    def __init__(self, values: Iterable[str]) -> None:
        """`values` are the secrets as they are sent."""
        known = {v for v in values if len(v) >= SHORTEST_SECRET}
        self._forms = sorted({form for value in known for form in _spellings(value)}, key=len, reverse=True)

    def hidden(self, body: bytes) -> bytes:
        """The body without them."""
        for form in self._forms:
            if form in body:
                body = body.replace(form, HIDDEN)
        return body


def _spellings(secret: str) -> set[bytes]:
    """The texts that a server may show a secret as: plain, in JSON, in HTML, in a URL, in base 64."""
    inner = json.dumps(secret)[1:-1]
    texts = {secret, inner, inner.replace("/", "\\/"), json.dumps(secret, ensure_ascii=False)[1:-1],
             html.escape(secret), quote(secret, safe=""), quote_plus(secret)}  # fmt: skip
    found = {text.encode("utf-8", "surrogateescape") for text in texts}
    return found | {base64.b64encode(secret.encode("utf-8", "surrogateescape")).rstrip(b"=")}


def parsed(body: bytes) -> Any:
    """The JSON of a body, in text that can be written down; None where it is none, or deeper than any record."""
    try:
        # Strictly, so that half a character stands there as an escape only.
        text = body.decode(json.detect_encoding(body))
        content = json.loads(text) if text else None
        if not _is_shallow(content):
            return None
        return _writable(content) if "\\ud" in text or "\\uD" in text or "\\u0000" in text else content
    except (ValueError, RecursionError):
        return None


def _is_shallow(content: Any) -> bool:
    """Whether every step that reads or writes the content again can do so, however deep it is called itself."""
    level = [content]
    for _ in range(DEEPEST):
        level = [
            inner
            for value in level
            if isinstance(value, (dict, list))
            for inner in (value.values() if isinstance(value, dict) else value)
        ]
        if not level:
            return True
    return False


def _writable(value: Any) -> Any:
    """The value with a mark in place of half a character, which no file and no database takes, and of NUL."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "\ufffd")
    if isinstance(value, list):
        return [_writable(item) for item in value]
    if isinstance(value, dict):
        return {_writable(name): _writable(item) for name, item in value.items()}
    return value
