"""Turn bytes that are no UTF-8 into the code page that makes words of them, and how sure that is.

An alphabet of another region is told first (`alphabets`). Else code pages are judged by the letters they make of the
file's own bytes; where none makes likely ones, charset-normalizer is asked.
"""

from __future__ import annotations

from collections import Counter

from pipeline.language import say
from pipeline.read import alphabets, eastasian

SURE, LIKELY = 0.7, 0.45  # mean plausibility of what a code page makes of the bytes
USUAL = 0.15  # what the page that nearly all such files are written in has ahead of the others
SHOWN = 3  # words that a note shows
PAGES = ("cp1252", "cp850", "cp437", "mac-roman", "iso8859-15")
# What Spanish, Portuguese, French, German and Italian texts are made of, the usual first.
LETTERS = "áéíóúñÁÉÍÓÚÑüçãõâêôàÇÃÕÂÊÔÀèùßäöÄÖÜÈìòÌÒîïûëœåøæÅØÆÿ"
SIGNS = "°ºª¿¡€’‘“”–—…®©™«»·´£§½²"
WIDE = ("utf_16", "utf_16_le", "utf_16_be", "utf_32", "utf_32_le", "utf_32_be", "utf_7", "utf_8", "utf_8_sig")


def code_page(around: list[bytes], counts: Counter[int], words: list[bytes], head: bytes) -> tuple[str, str]:
    """The name of the code page, and a sentence for the user that says how sure it is.

    `head` is how the file begins, `around` are pieces of it with a byte that is no ASCII in the middle, `counts` says how
    often there is which such byte, and `words` are some words that have one.
    """
    if told := alphabets.page(counts):
        return told, _guess(told, words)
    scores = {page: _plausible(page, around) for page in PAGES}
    scores["cp1252"] += USUAL
    best = max(PAGES, key=lambda page: scores[page])
    score = scores[best]
    others = [page for page in PAGES if page != best and score - scores[page] < 0.15]
    if score < SURE and (wide := eastasian.encoding(head)):
        lines = [line for line in head.splitlines()[:-1] if not line.isascii()]
        return wide, _guess(wide, [_beginning(line, wide) for line in lines or [head]])
    if best == "cp1252" and any(byte in counts for byte in (0x81, 0x8D, 0x8F, 0x90, 0x9D)):
        best = "iso8859-1"
    if score < LIKELY and (guess := _second_opinion(around)):
        return guess, _guess(guess, words)
    different = [p for p in others if any(_letter(b, p) != _letter(b, best) for b in counts)]
    if different:
        return best, say(
            "the encoding {best} is likely: it reads {words}; possible are {others}; --encoding overrules it",
            best=best, words=_read(words, best), others=_others(words, best, different),
        )  # fmt: skip
    if score < SURE:
        return best, say(
            "the encoding {best} is likely: it reads {words}, but few accented letters stand in words; "
            "--encoding overrules it, for example by {others}",
            best=best, words=_read(words, best), others=_others(words, best, [p for p in PAGES if p != best]),
        )  # fmt: skip
    return best, say("the encoding {best} was told by the accented letters it makes; it is not UTF-8", best=best)


def _guess(page: str, words: list[bytes]) -> str:
    return say(
        "the encoding {encoding} is a guess: it reads {words}; if letters look wrong, name it with --encoding",
        encoding=page, words=_read(words, page),
    )  # fmt: skip


def _beginning(line: bytes, page: str) -> bytes:
    """The first characters of a line, none of them cut."""
    return line.decode(page, "replace")[:12].encode(page, "replace")


def _second_opinion(around: list[bytes]) -> str | None:
    from charset_normalizer import from_bytes

    guess = from_bytes(b"\n".join(around[:2000]), cp_exclusion=list(WIDE)).best()
    return None if guess is None else guess.encoding


def _letter(byte: int, page: str) -> str:
    return bytes([byte]).decode(page, "replace")


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
