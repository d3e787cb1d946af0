"""Turn a stored date with a clock (ISO 8601) and its number format into the text that a workbook would show for it.

    >>> moments = Moments(Formats(["General", "yyyy-mm-dd", "h:mm"], epoch_1904=False))
    >>> [moments.show("2024-02-29T08:05:00.000", style) for style in (0, 1, 2)]
    ['2024-02-29 08:05:00', '2024-02-29', '2024-02-29 08:05:00']
    >>> moments.show("1899-12-31T08:05:00.000", 2)
    '08:05:00'

A time without a day is stored as one of the day before the calendar begins; more than 24 hours reach into it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from pipeline.read.formats import Formats
from pipeline.read.sheetxml import iso_date

MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?Z?")
EVE, ZERO, MARCH, ZERO_1904 = map(datetime.fromisoformat, ("1899-12-30", "1899-12-31", "1900-03-01", "1904-01-01"))
DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)


@dataclass(frozen=True)
class Moments:
    """Dates as the number formats of a workbook show them."""

    formats: Formats

    def show(self, text: str, style: int) -> str:
        """The text of a date; as it is written where that is none, or none that a workbook can count."""
        iso = iso_date(text)
        if MOMENT.fullmatch(text) is None:
            return iso
        try:
            moment = datetime.fromisoformat(text.removesuffix("Z"))
        except ValueError:
            return iso
        since = self._since(moment)
        if self.formats.is_date(style) and since >= timedelta():
            return self.formats.show(f"{Decimal(since // TICK) / (DAY // TICK):f}", style)[0]
        return iso.partition(" ")[2] or iso if EVE <= moment < ZERO + DAY else iso

    def _since(self, moment: datetime) -> timedelta:
        """What a workbook counts of a moment: the days from its day zero on, with one in 1900 that never was."""
        if self.formats.epoch_1904:
            return moment - ZERO_1904
        if moment < ZERO + DAY:
            return (moment - EVE) % DAY if moment >= EVE else moment - ZERO
        return moment - ZERO + (DAY if moment >= MARCH else timedelta())
