"""Turn the bytes of a text file into the name of their encoding, and how sure that is.

The order of evidence: a byte order mark; the zero bytes of UTF-16 and UTF-32; validity as UTF-8 of the whole
file, never of a sample; then the code pages of one byte (`codepages`).
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from pipeline.errors import Unreadable
from pipeline.language import say, say_n
from pipeline.read.codepages import code_page

BLOCK = 4 << 20  # bytes
HEAD = 256 << 10  # bytes
CONTEXTS = 20_000  # how many non-ASCII bytes are judged
MOST_WORDS = 20  # words with a non-ASCII byte that are kept
CONTROLS = (*range(1, 9), *range(14, 26))  # none that texts have, or that separate cells
MANY_KINDS = 8
WORD = re.compile(rb"[A-Za-z\x80-\xff]{0,20}[\x80-\xff][A-Za-z\x80-\xff]{0,20}")
BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True)
class Encoding:
    """`name` as Python knows it; `note` is a sentence for the user, "" where there is no doubt."""

    name: str
    note: str = ""


def detect(path: Path, told: str | None, name: str) -> Encoding:
    """The encoding of a whole file, or the one that the user named, checked for existence only.

    Raises:
        Unreadable: the name is unknown, or the bytes are no text.
    """
    if told is not None:
        return Encoding(_known(told))
    with path.open("rb") as stream:
        head = stream.read(64 << 10)
    for mark, found in BOMS:
        if head.startswith(mark):
            return Encoding(found)
    if wide := by_zeros(head):
        return Encoding(
            wide, say("the encoding {wide} was told by its zero bytes; there is no byte order mark", wide=wide)
        )
    wrong, multi, around, counts, words = _survey(path)
    if not wrong:
        return Encoding("utf-8")
    if multi > 4 * wrong:
        return Encoding(
            "utf-8",
            say_n(
                "{n:n} byte is no UTF-8 and shows as �; the rest of the file is",
                "{n:n} bytes are no UTF-8 and show as �; the rest of the file is",
                wrong,
            ),
        )
    if is_binary(head):
        raise Unreadable(
            say("{name} holds binary data, not text", name=name), say("Export it again as CSV UTF-8 or as .xlsx.")
        )
    return Encoding(*code_page(around, counts, words, head))


def likely(path: Path) -> Encoding | None:
    """UTF-8 if a large file begins so, with or without its mark; None if only all of its bytes can tell."""
    with path.open("rb") as stream:
        head = stream.read(HEAD)
    if len(head) < HEAD or 0 in head or any(head.startswith(mark) for mark, name in BOMS if name != "utf-8-sig"):
        return None
    try:
        codecs.getincrementaldecoder("utf-8")(errors="strict").decode(head)
    except UnicodeDecodeError:
        return None
    return Encoding("utf-8-sig" if head.startswith(codecs.BOM_UTF8) else "utf-8")


def glance(head: bytes) -> str:
    """The first bytes of a file as text, for a look at its tags: by its mark or its zero bytes, else byte for byte."""
    for mark, name in BOMS:
        if head.startswith(mark):
            return head.decode(name, errors="ignore")
    if wide := by_zeros(head[:4096]):
        return head.decode(wide, errors="ignore")
    return head.decode("latin-1")


def blocks(path: Path, encoding: Encoding) -> Iterator[str]:
    """The text of a file in pieces of about 4 MiB, without its byte order mark.

    Bytes that are no text in the encoding become U+FFFD, which the readers report cell by cell.
    """
    decoder = codecs.getincrementaldecoder(encoding.name)(errors="replace")
    first = True
    with path.open("rb") as stream:
        while block := stream.read(BLOCK):
            text = decoder.decode(block)
            if first and text:
                text, first = text.removeprefix("\ufeff"), False
            yield text
    yield decoder.decode(b"", final=True)


def _known(told: str) -> str:
    try:
        codec = codecs.lookup(told)
        "".encode(codec.name)
    except (LookupError, TypeError):
        raise Unreadable(
            say("there is no encoding called {told}", told=told),
            say("Name one such as --encoding utf-8, cp1252, utf-16 or cp850."),
        ) from None
    return "utf-8-sig" if codec.name == "utf-8" else codec.name


def by_zeros(head: bytes) -> str | None:
    """UTF-16 or UTF-32 without a mark: most of its text is ASCII, so zeros stand at fixed places."""
    if len(head) < 4 or 0 not in head:
        return None
    zeros = [head[i::4].count(0) / max(1, len(head[i::4])) for i in range(4)]
    if min(zeros[1:]) > 0.6 and zeros[0] < 0.3:
        return "utf-32-le"
    if min(zeros[:3]) > 0.6 and zeros[3] < 0.3:
        return "utf-32-be"
    even, odd = (zeros[0] + zeros[2]) / 2, (zeros[1] + zeros[3]) / 2
    if odd > 0.4 and even < 0.1:
        return "utf-16-le"
    if even > 0.4 and odd < 0.1:
        return "utf-16-be"
    return None


def is_binary(head: bytes) -> bool:
    """Whether bytes are those of a picture, an archive or the like: many zeros, or control characters of many kinds.

    >>> is_binary(bytes(range(256)) * 9), is_binary("a,b\\n".encode("utf-16"))
    (True, False)
    """
    if by_zeros(head) or any(head.startswith(mark) for mark, _ in BOMS):
        return False
    controls = [head.count(octet) for octet in CONTROLS]
    return head.count(0) > len(head) // 10 or (
        sum(controls) > len(head) // 50 and sum(count > 0 for count in controls) >= MANY_KINDS
    )


def _survey(path: Path) -> tuple[int, int, list[bytes], Counter[int], list[bytes]]:
    """Invalid bytes, valid multi-byte characters, pieces around the former, how often each byte occurs, some words."""
    if _is_utf8(path):
        return 0, 0, [], Counter(), []
    words: dict[bytes, None] = {}
    wrong = multi = 0
    around: list[bytes] = []
    counts: Counter[int] = Counter()
    with path.open("rb") as stream:
        while block := stream.read(BLOCK):
            block += stream.readline()  # so that no character is cut
            text = block.decode("utf-8", errors="surrogateescape")
            high = [i for i, c in enumerate(text) if c >= "\x80"] if not text.isascii() else []
            bad = [i for i in high if "\udc80" <= text[i] <= "\udcff"]
            wrong, multi = wrong + len(bad), multi + len(high) - len(bad)
            counts.update(ord(text[i]) - 0xDC00 for i in bad)
            room = CONTEXTS - len(around)
            around += [text[max(0, i - 2) : i + 3].encode("utf-8", "surrogateescape") for i in bad[:room]]
            if len(words) < MOST_WORDS:
                found = WORD.findall(block)
                words |= dict.fromkeys(found[: MOST_WORDS - len(words)])
    return wrong, multi, around, counts, list(words)


def _is_utf8(path: Path) -> bool:
    """Whether all bytes are UTF-8; polars checks them several times as fast as Python's decoder."""
    rest = b""
    with path.open("rb") as stream:
        while block := stream.read(BLOCK):
            block = rest + block
            # The last character may go on in the next block.
            lead = next((i for i in range(1, min(4, len(block)) + 1) if block[-i] & 0xC0 != 0x80), 0)
            cut = len(block) - lead if lead and block[-lead] >= 0xC0 else len(block)
            block, rest = block[:cut], block[cut:]
            try:
                pl.Series([block], dtype=pl.Binary).cast(pl.String)
            except pl.exceptions.ComputeError:
                return False
    try:
        rest.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
