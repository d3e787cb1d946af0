"""Turn a text that a spreadsheet program may take for a date into the days that it can mean."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta

Day = tuple[int | None, int, int | None]
"""Year, month and day; None where the text leaves one open."""

MONTHS = {
    name: number
    for number, names in enumerate(
        ("jan ene janv", "feb fev fév févr", "mar mär mars", "apr abr avr", "may mai mayo maio", "jun juin", "jul juil",
         "aug ago août", "sep set sept", "oct out okt", "nov", "dec dic dez déc"), 1)
    for name in names.split()
}  # fmt: skip
EPOCH = date(1899, 12, 30)  # serial 0 of the 1900 date system, for days after February 1900 (ECMA-376, 18.17.4.1)
_NUMBERS = re.compile(r"(\d{1,4})[-/. ](\d{1,2})(?:[-/. ](\d{1,4}))?(?:[T ]0{1,2}:00(?::00)?)?")
_NAMED = re.compile(r"(?:(\d{1,2})[-/. ])?([^\W\d_]{3,})\.?(?:[-/. ]?(\d{1,4}))?")


def days(text: str, *, saved: bool = False) -> set[Day]:
    """The days that `text` can mean; `saved`: a program wrote it, perhaps as a serial number or without its year.

    Of a text with only two parts (`3-4`) both orders are taken.
    """
    found = {*_numeric(text), *_named(text)}
    if saved:
        if re.fullmatch(r"\d{5}", text):
            day = EPOCH + timedelta(days=int(text))
            found.add((day.year, day.month, day.day))
        # The program fills in the year, or the first of the month: what was left open in the text before.
        for year, month, day_ in list(found):
            found |= {(None, month, day_), (year, month, None), (None, month, None)}
    return found


def _numeric(text: str) -> Iterator[Day]:
    match = _NUMBERS.fullmatch(text)
    if not match:
        return
    first, second, third = (int(p) if p else None for p in match.groups())
    assert first is not None and second is not None
    if third is None:
        yield from _checked((None, first, second), (None, second, first))
        yield from _checked(*((_year(y, 4), m, None) for y, m in ((first, second), (second, first)) if m <= 12 < y))
    elif len(match[1]) > 2:
        yield from _checked((first, second, third))
    else:
        year = _year(third, len(match[3]))
        yield from _checked((year, first, second), (year, second, first))
        if len(match[3]) <= 2:
            yield from _checked((_year(first, len(match[1])), second, third))


def _named(text: str) -> Iterator[Day]:
    match = _NAMED.fullmatch(text.lower())
    month = MONTHS.get(match[2][:4]) or MONTHS.get(match[2][:3]) if match else None
    if not match or not month or not (match[1] or match[3]):
        return
    if match[1]:
        yield from _checked((_year(int(match[3]), len(match[3])) if match[3] else None, month, int(match[1])))
    if match[3]:
        number = int(match[3])
        yield from _checked((None, month, number) if number <= 31 else (_year(number, len(match[3])), month, None))
        if not match[1]:
            yield from _checked((_year(number, len(match[3])), month, None))


def _year(number: int, digits: int) -> int:
    """Two digits are read as spreadsheet programs do: up to 29 in this century."""
    return number if digits > 2 else number + (2000 if number < 30 else 1900)


def _checked(*found: Day) -> Iterator[Day]:
    for year, month, day in found:
        if 1 <= month <= 12 and (day is None or 1 <= day <= 31) and (year is None or 1900 <= year <= 9999):
            yield year, month, day
