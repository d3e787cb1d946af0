"""Turn a header as somebody wrote it into plain lower-case words that can be compared and taken apart.

    >>> fold("*ContactName"), fold("billing_address[line2]"), fold("Razón  Social:")
    ('contact name', 'billing address line 2', 'razon social')

Case, accents, punctuation and the ways of writing compound words (camelCase, snake_case, brackets) say
nothing about the meaning of a header, so they are taken away; letters of any script and digits stay.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import chain, product

FILLERS = frozenset(
    ["de", "del", "da", "do", "dos", "das", "la", "el", "los", "las", "the", "of", "for", "para", "y", "and", "s"]
)
ACCENTED = "aeioun"
"""What is left of the letters that get lost, once their accents are taken off."""
LOST_AT_MOST = 3
"""More lost letters than these leave too many readings."""
LOST = re.compile(r"(?<=[^\W\d_])(?:\?|\ufffd){1,2}(?=[^\W\d_])")
"""A letter that an export could not write: "Direcci?n"."""

_ACRONYM = re.compile(r"(?<=[A-ZÀ-Þ])(?=[A-ZÀ-Þ][a-zß-ÿ])")
_CAMEL = re.compile(r"(?<=[a-zß-ÿ])(?=[A-ZÀ-Þ])")
_DIGITS = re.compile(r"(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")
_PLAIN = re.compile(r"[A-Z]?[a-z]+(?:[ -][A-Z]?[a-z]+)*|[A-Z]+(?:[ -][A-Z]+)*")  # nothing to take apart
_NOT_WORD = re.compile(r"[\W_]+")
_APOSTROPHE = re.compile(r"(?<=\w)['’´](?=s\b)")
_INITIALS = re.compile(r"(?<![^\W\d_])(?:[^\W\d_]\.){2,}")  # R.U.T., C.P.
_REMARKS = r"required|optional|obligatori[oa]|requerid[oa]|opcional|mandatory|obrigat[oó]ri[oa]"
_MARKED = re.compile(rf"\[\W*(?:{_REMARKS})\W*\]|\s[-–—:,]\s*(?:{_REMARKS})\W*$", re.IGNORECASE)
_COUNTS = re.compile(r"(?<=[^\W\d_])\s*#(?!\s*\d)")  # "Customer #"
_HARMLESS = re.compile(
    rf"\((?:{_REMARKS}|[a-z]{{3}}|iso[^)]*|"
    r"(?:sin|con|with|without|com|sem)\b[^)]*|legal|(?:calle|street|rua)\b[^)]*|max[^)]*|ej[^)]*|e\.?g[^)]*|\d+[^)]*)\)", re.IGNORECASE
)  # fmt: skip
_NOT_HARMLESS = re.compile(r"\((?:fax|no|yes|sim|nao|ids?|dv|alt)\)", re.IGNORECASE)


@lru_cache(maxsize=4096)
def fold(text: str) -> str:
    """The words of `text`: lower case, no accents, no punctuation, compound words split, single spaces."""
    if _PLAIN.fullmatch(text):
        return text.lower().replace("-", " ")
    text = unicodedata.normalize("NFKC", text.replace("ª", "").replace("º", ""))
    text = _COUNTS.sub(" number ", text)
    text = _INITIALS.sub(lambda found: found[0].replace(".", ""), _APOSTROPHE.sub("", text))
    if not text.isupper():
        text = _CAMEL.sub(" ", _ACRONYM.sub(" ", text))
    text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return " ".join(_NOT_WORD.sub(" ", _DIGITS.sub(" ", text)).casefold().split())


def without_remarks(header: str) -> str:
    """The header without a remark in brackets that does not change its meaning: "(required)", "(USD)"."""
    if _NOT_HARMLESS.search(header):
        return header
    return _HARMLESS.sub(" ", _MARKED.sub(" ", header))


def alternatives(header: str) -> tuple[str, ...]:
    """The words that a header names side by side ("Province/State"), folded; empty where it names one."""
    pieces = re.split(r"\s*/\s*|\s+(?:o|u|or|ou)\s+", header.strip())
    return tuple(fold(piece) for piece in pieces if fold(piece)) if len(pieces) > 1 else ()


def nearest(text: str, known: Iterable[str], least: float = 75) -> str | None:
    """The one of `known` that `text` was probably meant to be, or None."""
    from rapidfuzz import fuzz, process

    by_fold = {fold(name): name for name in known}
    found = process.extractOne(fold(text), list(by_fold), scorer=fuzz.ratio, score_cutoff=least)
    return by_fold[found[0]] if found else None


def guesses(header: str) -> Iterator[str]:
    """The header with every letter that may have been lost in it ("Direcci?n"); none where too many were."""
    pieces = LOST.split(header)
    if len(pieces) - 1 > LOST_AT_MOST:
        return
    for letters in product(ACCENTED.upper() if header.isupper() else ACCENTED, repeat=len(pieces) - 1):
        yield "".join(chain.from_iterable(zip(pieces, (*letters, ""), strict=True)))


def stripped(text: str, words: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """`text` without one of `words` at its start or end, and that word's kind; the longest words first."""
    for word, kind in words:
        if text.startswith(word + " "):
            yield _unfilled(text[len(word) + 1 :]), kind
        if text.endswith(" " + word):
            yield _unfilled(text[: -len(word) - 1]), kind


def _unfilled(text: str) -> str:
    words = text.split()
    while len(words) > 1 and words[-1] in FILLERS:
        words.pop()
    while len(words) > 1 and words[0] in FILLERS:
        words.pop(0)
    return " ".join(words)


def numbers_apart(text: str) -> tuple[str, int, int]:
    """The words without numbers, the number at the end (0: none), and the one inside (0: none)."""
    words = text.split()
    at_end = int(words.pop()) if len(words) > 1 and re.fullmatch(r"\d{1,2}", words[-1]) else 0
    inside = next((int(w) for w in words[1:] if re.fullmatch(r"\d{1,2}", w)), 0)
    kept = [w for at, w in enumerate(words) if at == 0 or not re.fullmatch(r"\d{1,2}", w)]
    return " ".join(kept), at_end, inside
