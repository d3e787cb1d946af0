"""Turn the bytes of a text file into the name of their encoding, and how sure that is.

The order of evidence: a byte order mark; the zero bytes of UTF-16 and UTF-32; validity as UTF-8 of the whole
file, never of a sample; then the single-byte code pages, judged by the letters they make of the file's own
bytes, with charset-normalizer as the second opinion where those are close.
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

BLOCK = 4 << 20  # bytes
HEAD = 256 << 10  # bytes
SURE, LIKELY = 0.7, 0.45  # mean plausibility of what a code page makes of the bytes
USUAL = 0.15  # what the page that nearly all such files are written in has ahead of the others
WIDE = ("utf_16", "utf_16_le", "utf_16_be", "utf_32", "utf_32_le", "utf_32_be", "utf_7", "utf_8", "utf_8_sig")
CONTEXTS = 20_000  # how many non-ASCII bytes are judged
MOST_WORDS, SHOWN = 20, 3  # words with a non-ASCII byte that are kept, and that a note shows
WORD = re.compile(rb"[A-Za-z\x80-\xff]{0,20}[\x80-\xff][A-Za-z\x80-\xff]{0,20}")
BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
PAGES = ("cp1252", "cp850", "cp437", "mac-roman", "iso8859-15")
# What Spanish, Portuguese, French, German and Italian texts are made of, the usual first.
LETTERS = "áéíóúñÁÉÍÓÚÑüçãõâêôàÇÃÕÂÊÔÀèùßäöÄÖÜÈìòÌÒîïûëœåøæÅØÆÿ"
SIGNS = "°ºª¿¡€’‘“”–—…®©™«»·´£§½²"


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
    if wide := _wide(head):
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
    if head.count(0) > len(head) // 10:
        raise Unreadable(
            say("{name} holds binary data, not text", name=name), say("Export it again as CSV UTF-8 or as .xlsx.")
        )
    return _page(around, counts, words)


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


def _wide(head: bytes) -> str | None:
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


def _page(around: list[bytes], counts: Counter[int], words: list[bytes]) -> Encoding:
    scores = {page: _plausible(page, around) for page in PAGES}
    scores["cp1252"] += USUAL
    best = max(PAGES, key=lambda page: scores[page])
    score = scores[best]
    others = [page for page in PAGES if page != best and score - scores[page] < 0.15]
    if best == "cp1252" and any(byte in counts for byte in (0x81, 0x8D, 0x8F, 0x90, 0x9D)):
        best = "iso8859-1"
    if score < LIKELY:
        from charset_normalizer import from_bytes

        guess = from_bytes(b"\n".join(around[:2000]), cp_exclusion=list(WIDE)).best()
        if guess is not None:
            return Encoding(
                guess.encoding,
                say(
                    "the encoding {encoding} is a guess: it reads {words}; if letters look wrong, name it with --encoding",
                    encoding=guess.encoding,
                    words=_read(words, guess.encoding),
                ),
            )
    different = [p for p in others if any(bytes([b]).decode(p, "replace") != bytes([b]).decode(best, "replace")
                                          for b in counts)]  # fmt: skip
    if different:
        return Encoding(
            best,
            say(
                "the encoding {best} is likely: it reads {words}; possible are {others}; --encoding overrules it",
                best=best,
                words=_read(words, best),
                others=_others(words, best, different),
            ),
        )
    if score < SURE:
        return Encoding(
            best,
            say(
                "the encoding {best} is likely: it reads {words}, but few accented letters stand in words; "
                "--encoding overrules it, for example by {others}",
                best=best,
                words=_read(words, best),
                others=_others(words, best, [p for p in PAGES if p != best]),
            ),
        )
    return Encoding(
        best, say("the encoding {best} was told by the accented letters it makes; it is not UTF-8", best=best)
    )


def _read(words: list[bytes], page: str) -> str:
    return ", ".join(repr(word.decode(page, "replace")) for word in words[:SHOWN])


def _others(words: list[bytes], best: str, pages: list[str]) -> str:
    """The other pages with what each makes of the same words; one that makes nothing else of them is left out."""
    now = _read(words, best)
    readings = {page: _read(words, page) for page in pages}
    return ", ".join(f"{page} ({text})" for page, text in readings.items() if text != now) or ", ".join(pages)


def _plausible(page: str, around: list[bytes]) -> float:
    """Mean plausibility, -1 to 1, of the characters that a code page makes of the non-ASCII bytes."""
    total = 0.0
    seen = 0
    for piece in around:
        text = piece.decode(page, errors="replace")
        for i, char in enumerate(text):
            if char < "\x80":
                continue
            seen += 1
            before, after = text[i - 1 : i], text[i + 1 : i + 2]
            total += _weight(char, before, after)
    return total / max(1, seen)


def _weight(char: str, before: str, after: str) -> float:
    if char in LETTERS:
        if before > "\x7f" < after and (before + after).isalpha():
            return -1.0  # three accented letters on end are another alphabet
        beside = (before + after).isalpha() or before.isalpha() or after.isalpha()
        if (char.isupper() and before.islower()) or (char.islower() and after.isupper()):
            return -0.5
        common = 1.0 if LETTERS.index(char) < 24 else 0.7
        return common if beside else 0.5
    if char == "’" and before.isalpha() and (after == "s" or (before in "DOLNS" and after.isupper())):
        return 1.0  # O’Higgins, D’Angelo, Joe’s
    if char in SIGNS:
        inside = before.isalpha() and after.isalpha() and char not in "’·´"
        return -0.5 if inside else 0.6
    if char == "\ufffd":
        return -1.0
    return 0.1 if char.isalpha() else -0.7
