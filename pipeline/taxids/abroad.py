"""Turn a number that a country gives to customers abroad into that country, whatever the country of its row is.

An exporter's list has them beside addresses everywhere: they are no tax id of the customer's country, and identify nobody.
Sources: Resolución Miscelánea Fiscal 2.7.1.23 (Mexico: XEXX010101000; XAXX010101000 is the public at large); SII, Formato DTE,
RUTRecep (Chile: 55.555.555-5).

>>> given_by("XEXX-010101-000"), given_by("55.555.555-5"), given_by("555555555"), given_by("XEXX010101001")
('MX', 'CL', None, None)
"""

from __future__ import annotations

import re

_GIVEN = {"MX": re.compile(r"\W*X[AE]XX\W?010101\W?000\W*", re.IGNORECASE), "CL": re.compile(r"\W*55\.?555\.?555-5\W*")}
"""How they are written; Chile's only with its dash, as nine equal digits can be another country's number."""


def given_by(text: str) -> str | None:
    """The country (ISO 3166-1 alpha-2) whose authority gives this number to customers abroad; None where none does."""
    return next((country for country, written in _GIVEN.items() if written.fullmatch(text)), None)
