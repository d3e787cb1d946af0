"""Turn the text of one amount into its readings, and the one that stands into cents.

A reading is a choice of the decimal mark under which the text is a well-formed number. All arithmetic is on
the decimal digits themselves, with integers.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from pipeline.columns import currencies
from pipeline.columns.distinct import Verdict
from pipeline.language import say

__all__ = ["Amount", "Reading", "judge", "parse", "readings"]

LARGEST, SMALLEST = 2**63 - 1, -(2**63)
_MOST_DIGITS = 40  # far beyond 64 bits; longer ones are not worth computing

# Units of account (ISO 4217 funds codes): a number of them is never a number of the account's currency.
_UNITS_OF_ACCOUNT = frozenset({"CLF", "UYI", "UYW", "MXV", "COU", "BOV", "XDR"})

_WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_SAME = str.maketrans({"’": "'", "‘": "'", "´": "'", "`": "'", "\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u2007": " ",
                       "−": "-", "–": "-", "—": "-"}) | _WIDE  # fmt: skip

_WHOLE = re.compile(
    r"^(?P<lead>[^0-9]*?)(?P<core>[.,]?[0-9](?:[0-9.,' ]*[0-9])?[.,]?(?:[eE][+-]?[0-9]{1,4})?)(?P<tail>[^0-9]*)$"
)
_LEAD = re.compile(r"^\s*(?P<open>\(?)\s*(?P<sign>[-+]?)\s*(?P<money>[^-+()]*?)\s*(?P<late>\(?)\s*(?P<after>[-+]?)\s*$")
_TAIL = re.compile(r"^\s*(?P<sign>-?)\s*(?P<close>\)?)\s*(?P<money>[^-+()]*?)\s*(?P<after>-?)\s*(?P<late>\)?)\s*$")
_POWER = re.compile(r"^(?P<whole>[0-9]+)(?:[.,](?P<fraction>[0-9]+))?[eE](?P<power>[+-]?[0-9]+)$")
_NOTHING = re.compile(r"^(?P<money>[^0-9]*?[^0-9\s-])\s*-+$")
_BETWEEN = re.compile(r"\s+/\s+|\s*;\s*|\s+(?:y|o|e|ou|and|or)\s+", re.IGNORECASE)

_GROUPED = tuple(re.compile(pattern) for pattern in (
    r"^[0-9]+$",
    r"^[1-9][0-9]{0,2}(?P<sign>[,.' ])[0-9]{3}(?:(?P=sign)[0-9]{3})*$",
    r"^[1-9][0-9]?(?P<sign>[, ])(?:[0-9]{2}(?P=sign))+[0-9]{3}$",  # India: 12,34,567
    r"^[1-9][0-9]{0,2}(?:'[0-9]{3})+[,.][0-9]{3}$",  # Colombia, Mexico: an apostrophe for the millions
))  # fmt: skip


class Reading(NamedTuple):
    """A number: digits before and after the decimal mark, a power of ten, and the mark it depends on (None: on none)."""

    mark: str | None
    whole: str
    fraction: str
    power: int = 0

    def __str__(self) -> str:
        """The number in plain digits, with a point."""
        return (self.whole.lstrip("0") or "0") + (f".{self.fraction}" if self.fraction else "")


class Amount(NamedTuple):
    """What one text says: its sign, its readings, and the currencies that it names (None: no currency)."""

    negative: bool
    readings: tuple[Reading, ...]
    meant: frozenset[str] | None


def judge(text: str, mark: str | None, low: int | None, high: int | None, business: str | None) -> Verdict:
    """The scalar rule: one tidy cell; the column's decimal mark if settled; bounds in cents; the account's currency."""
    amount = parse(text)
    if amount is None:
        both = [part for part in _BETWEEN.split(text) if part]
        if len(both) > 1 and all(map(parse, both)):
            return Verdict(code="money.ambiguous", detail=say(" or ").join(both))
        return Verdict(code="money.syntax")
    if _is_foreign(amount.meant, business):
        return Verdict(code="money.currency", detail=_named(amount.meant or frozenset()))
    fitting = [reading for reading in amount.readings if mark is None or reading.mark in (None, mark)]
    if not fitting:
        other = amount.readings[0]
        said = say(
            "{amount} only with {mark} for decimals, and the column has {other}",
            amount=other,
            mark=other.mark,
            other=mark,
        )
        return Verdict(code="money.ambiguous", detail=said)
    if len(fitting) > 1:
        named = [say("{amount} (with {mark} for decimals)", amount=one, mark=one.mark) for one in fitting]
        return Verdict(code="money.ambiguous", detail=say(" or ").join(named))
    if len(amount.readings) > 1 and fitting[0].fraction:
        # even zeros: '500.000' is more likely half a million than five hundred
        return _explained(Verdict(code="money.too_precise"), business)
    return _explained(_bounded(fitting[0], amount.negative, low, high), business)


def _explained(verdict: Verdict, business: str | None) -> Verdict:
    """Say what a currency without cents, or with thousandths, has to do with it."""
    places = currencies.decimals(business) if business else 2
    if verdict.code == "money.too_precise" and places > 2:
        said = say("{currency} has {places} decimals, and the target keeps two", currency=business, places=places)
        return verdict._replace(detail=said)
    if verdict.code is None and places == 0 and verdict.value % 100:
        return Verdict(verdict.value, "money.no_cents", business)
    return verdict


def _bounded(reading: Reading, negative: bool, low: int | None, high: int | None) -> Verdict:
    least, most = max(SMALLEST, SMALLEST if low is None else low), min(LARGEST, LARGEST if high is None else high)
    digits = (reading.whole + reading.fraction).lstrip("0")
    shift = 2 - len(reading.fraction) + reading.power
    if not digits:
        return Verdict(0) if least <= 0 <= most else _beyond(least, most)
    if len(digits) + shift > _MOST_DIGITS:
        return _beyond(least, most)
    if shift < 0:
        kept, cut = digits[:shift], digits[shift:]
        if cut.strip("0") or len(digits) < -shift:
            return Verdict(code="money.too_precise")
        digits, shift = kept or "0", 0
    cents = int(digits) * 10**shift * (-1 if negative else 1)
    return Verdict(cents) if least <= cents <= most else _beyond(least, most)


def _beyond(least: int, most: int) -> Verdict:
    return Verdict(code="money.range", detail=say(": from {least} to {most}", least=_plain(least), most=_plain(most)))


def _plain(cents: int) -> str:
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d}"


@lru_cache(maxsize=65536)
def parse(text: str) -> Amount | None:
    """Take an amount apart; None where the text is none."""
    text = text.translate(_SAME).strip().lstrip("'")
    parts = _WHOLE.match(text)
    if parts is None:
        nothing = _NOTHING.match(text)
        named = currencies.meanings(nothing["money"].strip()) if nothing else frozenset()
        # A spreadsheet's accounting format shows zero as "$ -".
        return Amount(False, (Reading(None, "0", ""),), named) if named else None
    lead, core, tail = parts["lead"], parts["core"], parts["tail"]
    if core[0] == "." and lead and (lead[-1].isalpha() or lead[-1] == "/"):
        lead, core = lead + ".", core[1:]  # the point of "Bs." or "S/."
    dashed = core[-1] in ".," and tail.startswith("-")  # "1.665,-" and "$ 1.665.-": no cents
    tail = tail.lstrip("-") if dashed else tail
    front, back = _LEAD.match(lead), _TAIL.match(tail)
    if front is None or back is None:
        return None
    signs = [front["sign"], front["after"], back["sign"], back["after"]]
    opened, closed = bool(front["open"]) + bool(front["late"]), bool(back["close"]) + bool(back["late"])
    if opened != closed or opened + sum(map(bool, signs)) > 1:
        return None
    meant = _both(front["money"], back["money"])
    found = _readings(core, dashed)
    if meant == frozenset() or not found:
        return None
    return Amount(bool(opened) or "-" in signs, found, meant)


def _both(front: str, back: str) -> frozenset[str] | None:
    """The currencies that the words on both sides can mean together; None for no word, empty for nonsense."""
    sides = [currencies.meanings(words) for words in (front, back) if words]
    if not sides:
        return None
    special = [side for side in sides if side != currencies.LOCAL] or [currencies.LOCAL]
    return frozenset.intersection(*special) if all(sides) else frozenset()


def _readings(core: str, dashed: bool) -> tuple[Reading, ...]:
    power = _POWER.match(core)
    if power:
        return (Reading(None, power["whole"], power["fraction"] or "", int(power["power"])),)
    found: dict[tuple[str, str], Reading] = {}
    for mark in ".,":
        digits = core[:-1] if dashed and core[-1] != mark and core.count(core[-1]) > 1 else core
        whole, point, fraction = digits.rpartition(mark)
        whole = whole if point else digits
        fraction = fraction if point else ""
        if mark in whole or (fraction and not fraction.isdigit()) or not (whole or fraction):
            continue
        if whole and not any(shape.match(whole) for shape in _GROUPED):
            continue
        key = (re.sub("[^0-9]", "", whole) or "0", fraction)
        found[key] = Reading(None if key in found else mark, *key)
    return tuple(found.values())


def readings(text: str) -> tuple[Reading, ...]:
    """The readings of one amount; none where the text is no amount."""
    amount = parse(text)
    return amount.readings if amount else ()


def _is_foreign(meant: frozenset[str] | None, business: str | None) -> bool:
    if meant is None or meant == currencies.LOCAL:
        return False
    return business not in meant if business else meant <= _UNITS_OF_ACCOUNT


def _named(meant: frozenset[str]) -> str:
    codes = sorted(code.rstrip("?") for code in meant)
    if len(codes) == 1:
        return codes[0]
    return say("one of {codes}", codes=", ".join(codes[:5]) + (", ..." if len(codes) > 5 else ""))
