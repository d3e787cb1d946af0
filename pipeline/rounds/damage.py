"""Turn a cell before and after a spreadsheet program had it into a verdict: a person's edit, or the program's damage.

A program that opens a CSV file takes what looks like a number, a date or a truth value for one, and saves it in its
own way. Each kind of damage has a name; `kind` tells it, and `open_to` says which texts would have suffered the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from functools import lru_cache

from pipeline.rounds.calendar import days

SURE = frozenset({"spaces", "apostrophe", "exponent", "digits", "plus", "zeros", "truth", "letters", "error"})
"""Kinds that leave no other reading even where the cell was faulty, so that somebody may have corrected it."""

LARGEST = 308  # digits of a number; what is larger, such as 7E1000001, no program takes for one
DIGITS_KEPT = 15  # https://support.microsoft.com/office/excel-specifications-and-limits
TRUTHS = ({"true", "verdadero", "verdadeiro", "vrai", "wahr", "vero"}, {"false", "falso", "faux", "falsch"})
ERRORS = re.compile(
    r"#(?:NAME|N/A|NUM|REF|VALUE|DIV/0|NULL|¿NOMBRE|¡VALOR|¡REF|NOME|NOMBRE|VALOR)?[?!]?$|#+$|(?:Err|Error):\d+$"
)
_NUMBER = re.compile(r"[+-]?(?:\d[\d.,' \u00a0\u202f]*|[.,]\d+)(?:[eE][+-]?\d+)?%?")
_SCIENCE = re.compile(r"[+-]?\d(?:[.,](\d+))?[eE][+-]?\d+")
_SUFFERS = {
    "plus": r"^\+\d+$", "zeros": r"^0\d+$", "digits": r"^[+-]?\d{16,}$", "exponent": r"^[+-]?\d{12,}$",
    "number": r"^[+-]?(?:\d+[.,]\d*0|\d{1,3}(?:[.,]\d{3})+(?:[.,]\d+)?|\d+[.,]|\d+[eE]\d+)%?$",
    "truth": r"^(?i:true|false|verdadero|falso)$", "letters": r"[^\x00-\xff]",
}  # fmt: skip


def open_to(kind_: str) -> str | None:
    """The pattern of texts that this damage changes as well; None where that depends on more than their form.

    Whether a program takes `3-4` or `13/2/2026` for a date depends on its language.
    """
    return _SUFFERS.get(kind_)


def form(kind_: str, text: str) -> str:
    """What a text must share with another one so that a program that changes one of them changes both."""
    if kind_ == "letters":
        return kind_
    return re.sub(r"^([+-]?)\d+", r"\g<1>0", re.sub(r"\d", "9", text.strip().lower()))


@lru_cache(maxsize=100_000)
def kind(before: str, after: str) -> str | None:
    """The name of the damage that makes `after` of `before`; None where only a person does."""
    if _lines(before) == _lines(after):
        return "spaces"
    if after in ("'" + before, before.removeprefix("'")):
        return "apostrophe"
    was, now = before.strip(), after.strip()
    if was[:1] in ("=", "+", "-", "@") and ERRORS.match(now):
        return "error"
    if any(was.lower() in words and now.lower() in words for words in TRUTHS):
        return "truth"
    if _letters_lost(was, now) or _misread(was, now):
        return "letters"
    return _number(was, now) or _moment(was, now)


def _lines(text: str) -> str:
    """The text with one kind of line break, and without the space around it."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def _letters_lost(was: str, now: str) -> bool:
    """Whether letters that an old character set lacks became question marks."""
    if "?" not in now or was.isascii() or len(was) != len(now):
        return False
    differing = [(a, b) for a, b in zip(was, now, strict=True) if a != b]
    return all(b == "?" and not a.isascii() for a, b in differing)


def _misread(was: str, now: str) -> bool:
    """Whether the UTF-8 of the text was read as an old character set, and what that leaves open was dropped."""
    if was.isascii() or now.isascii():
        return False
    seen = was.encode().decode("cp1252", "ignore")
    return _solid(seen) == _solid(re.sub(r"[\x80-\x9f\ufffd\uf180-\uf1ff]", "", now))


def _solid(text: str) -> str:
    return re.sub(r"[\s\u00a0]+", "", text)


def _number(was: str, now: str) -> str | None:
    was, now = (re.sub(r"^[$€£¥]\s*|\s*[$€£¥]$", "", text) for text in (was, now))
    if not (_NUMBER.fullmatch(was) and _NUMBER.fullmatch(now)):
        return None
    said, shown = set(_values(was)), set(_values(now))
    if science := _SCIENCE.fullmatch(now):
        places = Context(prec=1 + len(science[1] or ""), rounding=ROUND_HALF_UP)
        return "exponent" if {places.plus(v) for v in said} & {places.plus(v) for v in shown} else None
    if not said & shown:
        short = Context(prec=DIGITS_KEPT, rounding=ROUND_HALF_UP)
        cut = set(_truncated(was)) | {short.plus(v) for v in said}
        return "digits" if len(re.sub(r"\D", "", was)) > DIGITS_KEPT and cut & shown else None
    if was.startswith("+"):
        return "plus"
    bare = was.lstrip("-")
    return "zeros" if re.match(r"0\d", bare) and not re.match(r"-?0\d", now) else "number"


def _values(text: str) -> Iterator[Decimal]:
    """What a number can mean: with a decimal point, or with a decimal comma."""
    bare = re.sub(r"[' \u00a0\u202f%]", "", text)
    for mark, group in ((".", ","), (",", ".")):
        if bare.count(mark) <= 1 and group not in bare.partition(mark)[2]:
            try:
                value = Decimal(bare.replace(group, "").replace(mark, "."))
            except InvalidOperation:
                continue
            if abs(value.adjusted()) <= LARGEST:
                yield value / 100 if text.endswith("%") else value


def _truncated(text: str) -> Iterator[Decimal]:
    """A long number as Excel stores it: zeros in place of what is beyond its digits."""
    sign, digits = ("-" if text.startswith("-") else ""), re.sub(r"\D", "", text)
    if digits:
        yield Decimal(sign + digits[:DIGITS_KEPT] + "0" * (len(digits) - DIGITS_KEPT))


def _moment(was: str, now: str) -> str | None:
    if re.fullmatch(r"\d{1,2}:\d{2}(?:[: ]\d{1,2})?", was) and re.fullmatch(r"[\d: ]+", now):
        given, shown = ([int(part) for part in re.findall(r"\d+", text)] for text in (was, now))
        return "time" if [*given, 0][: len(shown)] == shown or given == shown else None
    if re.fullmatch(r"\d{1,2}[-/.]\d{1,2}", now):  # the order of a day and a month: no program changes it so
        return None
    said = days(was)
    return "date" if said and said & days(now, saved=True) else None
