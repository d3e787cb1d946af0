"""Turn plainly mistyped e-mail addresses into the scalar rule's verdicts, without asking its library.

Each slip of the keyboard is a shape, and the address that is left when it is undone. The reason is the scalar rule's
own, of an example: what one cell of a shape gets, all get.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache, partial
from typing import NamedTuple

import polars as pl

from pipeline.columns.distinct import Verdict
from pipeline.columns.typos import corrected_domain
from pipeline.handoff import Judged
from pipeline.language import spoken

__all__ = ["CERTAIN", "LOCAL", "PLAIN", "SLIPS", "SPECIAL", "Slip", "is_international", "is_plain", "judge", "lowered"]

# Narrower than the standard on purpose: no doubled hyphen (punycode, R-LDH labels), at most 62 characters before
# the @ and 239 in all (the limits are 64 and 254); what is longer goes to the library.
LOCAL = r"[A-Za-z0-9_+&%-]{1,30}(?:\.[A-Za-z0-9_+&%-]{1,15}){0,2}"
_DOMAIN = r"(?:[A-Za-z0-9]{1,25}(?:-[A-Za-z0-9]{1,25})?\.){1,3}[A-Za-z]{2,20}"
PLAIN = rf"^{LOCAL}@{_DOMAIN}$"
_USUAL = "[a-z]{2}|com|net|org|edu|gov|gob|info|biz|coop|app|dev|online|shop|store|example|test|invalid|local"
CERTAIN = rf"^{LOCAL}@{_DOMAIN.replace('A-Za-z', 'a-z').replace('[a-z]{2,20}', f'(?:{_USUAL})')}$"
"""The plain addresses with a domain in lower case and an ending nobody mistypes: they stay, if their domain is right."""
SPECIAL = r"(?i)\.(?:arpa|localhost|onion)$"  # what the library refuses, beside the reserved ones we accept


class Slip(NamedTuple):
    """A mistake: the shape of a cell that has only this one, what undoes it (None: nothing), and an example."""

    shape: re.Pattern[str]
    undone: Callable[[str], str] | None
    example: str


def _slip(shape: str, undone: tuple[str, str] | None, example: str) -> Slip:
    return Slip(re.compile(shape), undone and partial(re.compile(undone[0]).sub, undone[1]), example)


SLIPS = (
    _slip(r"^[A-Za-z0-9_+.-]+(?: [A-Za-z0-9_+.-]+)*$", None, "ana.empresa.cl"),
    _slip(rf"^{LOCAL}@$", None, "ana@"),
    _slip(rf"^@{_DOMAIN}$", None, "@empresa.cl"),
    _slip(rf"^{LOCAL}@[A-Za-z0-9]{{1,25}}$", None, "ana@empresa"),
    _slip(rf"^{LOCAL}@{_DOMAIN}\.$", (r"\.$", ""), "ana@empresa.cl."),
    _slip(r"^[^@ ]+ +@[^@ ]+$", (r" *([@.]) *", r"\1"), "ana @empresa.cl"),
    _slip(r"^[^@ ]+@[^@ ]* [^@]*$", (r" *([@.]) *", r"\1"), "ana@ empresa.cl"),
    _slip(rf"^{LOCAL}@@{_DOMAIN}$", ("@@", "@"), "ana@@empresa.cl"),
    _slip(r"^[^@,]+@[^@,]+,[A-Za-z]+$", (",", "."), "ana@empresa,cl"),
    _slip(r"^[^@]+@[^@]*[^@.]\.\.[^@.][^@]*$", (r"\.\.", "."), "ana@empresa..cl"),
    _slip(r"^[^@.]+(?:\.[^@.]+)?\.\.[^@.]+@[^@]+$", (r"\.\.", "."), "ana..soto@empresa.cl"),
    _slip(rf"^{LOCAL}\.+@{_DOMAIN}$", None, "ana.@empresa.cl"),
)

_BETWEEN = re.compile(" ?[;,|/] ?")

# Names with messages of their own, and the sign written out.
_OTHERWISE = re.compile(r"(?i)@(?:localhost|local|test|invalid|onion|arpa|example)$| (?:at|arroba) ")

_PLAIN, _SPECIAL = re.compile(PLAIN), re.compile(SPECIAL)
_LATIN = re.compile("[À-ÖØ-öø-ÿ]")  # in their composed form, which is the one that the library gives
_LONGEST = 200  # octets


def judge(cells: pl.Series, rule: Callable[[str], Verdict]) -> tuple[pl.Series, Judged]:
    """Which of the cells (not blank) have one plain slip (Boolean), and the verdicts on those; `rule` is the scalar one."""
    told = [_told(text, rule) for text in cells.str.strip_chars()]
    parts = zip(*(verdict or Verdict() for verdict in told), strict=True) if told else [()] * len(Verdict._fields)
    judged = Judged(*(pl.Series(name, part, dtype=pl.String) for name, part in zip(Judged._fields, parts, strict=True)))
    return judged.code.is_not_null(), judged


@lru_cache(maxsize=64)
def _verdict(rule: Callable[[str], Verdict], example: str, language: str) -> Verdict:  # noqa: ARG001 - its words
    return rule(example)


def _told(text: str, rule: Callable[[str], Verdict]) -> Verdict | None:
    """The verdict on an address at a domain that is a slip of another one, on two, or with the first slip that fits."""
    if is_plain(text):
        return _at_slip(text, None)
    if len(text.encode()) >= _LONGEST:
        return None
    if is_international(text):
        return _at_slip(text, Verdict(lowered(text), "email.international"))
    several = _BETWEEN.split(text)
    if len(several) == 2 and all(map(is_plain, several)) and len({address.lower() for address in several}) == 2:
        return Verdict(None, "email.several", None, lowered(several[0]))
    for slip in SLIPS:
        if slip.shape.match(text):
            meant = slip.undone(text) if slip.undone else None
            if not _OTHERWISE.search(text) if meant is None else is_plain(meant):
                verdict = _verdict(rule, slip.example, spoken())
                return verdict._replace(value=None, suggestion=meant and lowered(meant))
    return None


def _at_slip(address: str, otherwise: Verdict | None) -> Verdict | None:
    """The verdict on an address at a domain that is a slip of another one; `otherwise` at others."""
    local, _, domain = address.partition("@")
    right = corrected_domain(domain.lower())
    return Verdict(lowered(address), "email.typo", None, f"{local}@{right}") if right else otherwise


def is_plain(text: str) -> bool:
    """Whether `text` is an address that the library takes as it is, but for the case of its domain."""
    return _PLAIN.match(text) is not None and _SPECIAL.search(text) is None


def is_international(text: str) -> bool:
    """Whether `text` is plain but for Latin letters before the @: the library takes it too, as one that needs SMTPUTF8."""
    local, at, domain = text.partition("@")
    plain = _LATIN.sub("n", local)
    return plain != local and len(text.encode()) < _LONGEST and is_plain(f"{plain}{at}{domain}")


def lowered(address: str) -> str:
    """An address with its domain in lower case."""
    local, _, domain = address.partition("@")
    return f"{local}@{domain.lower()}"
