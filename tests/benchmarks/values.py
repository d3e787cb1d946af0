"""Turn lifelike columns into values a second: each normaliser beside its scalar library, in one run.

    python -m tests.benchmarks.values [ROWS] [--faults 0.1] [--repeat 3]

The library is asked about the first 20,000 cells of the same column, one by one, as a plain loop would; country and
state against one dictionary look-up a row. Column and library take turns; the median of the repeats' ratios is shown,
by the clock and by the processors' time, after one warm call.
"""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Callable
from decimal import Decimal
from statistics import median
from typing import Any

import phonenumbers
import polars as pl
from email_validator import EmailNotValidError, validate_email
from stdnum.cl import rut
from stdnum.co import nit
from stdnum.mx import rfc

from pipeline.columns import normaliser
from pipeline.columns.cells import fold
from pipeline.handoff import Around, Catalogue, Entry, Settings
from pipeline.schema import Column, Field, Kind

from .lifelike import COUNTRIES, STATES, rows

SCALAR = 20_000
CODES = {fold(text): code for code, texts in COUNTRIES.items() for text in texts}
STATE_IDS = {(c, fold(t)): code for c, states in STATES.items() for code, texts in states.items() for t in texts}


def catalogue() -> Catalogue:
    """The states of the five countries, with integer ids."""
    found = [Entry(at, texts[0], code, country) for country, states in STATES.items()
             for at, (code, texts) in enumerate(states.items(), start=ord(country[0]) * 1000 + ord(country[1]) * 10)]  # fmt: skip
    return Catalogue(states=tuple(found))


def email(text: str | None, _country: str | None) -> str | None:
    """One address, by email-validator without DNS."""
    try:
        return validate_email(text or "", check_deliverability=False).normalized
    except EmailNotValidError:
        return None


def phone(text: str | None, country: str | None) -> str | None:
    """One number, by phonenumbers: parsed, judged, written."""
    try:
        number = phonenumbers.parse(text or "", country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


AMOUNT = re.compile(r"^(-?)(?:\$ ?)?(\d{1,3}(?:\.\d{3})+|\d+)(?:,(\d+))?$")


def cents(text: str | None, _country: str | None) -> int | None:
    """One amount with a decimal comma, by Decimal: sign, layout, decimals and range looked at."""
    found = AMOUNT.match((text or "").strip())
    if found is None:
        return None
    sign, whole, fraction = found.groups()
    amount = Decimal(f"{sign}{whole.replace('.', '')}.{fraction or 0}") * 100
    if amount != amount.to_integral_value() or not 0 <= amount <= 2**63 - 1:
        return None
    return int(amount)


def of(module: Any, **options: Any) -> Callable[[str | None, str | None], str | None]:
    """One tax id, by a module of python-stdnum."""

    def check(text: str | None, _country: str | None) -> str | None:
        return module.compact(text) if text and module.is_valid(text, **options) else None

    return check


def main(count: int, faults: float, repeat: int) -> None:
    """Measure and print."""
    listed = list(rows(count, faults=faults))
    countries = [CODES.get(fold(row["country"])) for row in listed]
    settings = Settings(catalogue(), {"credit_limit_cents": ","})
    print(f"{count:,} rows, {faults:.0%} of them with a fault")
    print(f"{'':14}{'column/s':>12}{'library/s':>12}{'times':>8}{'by CPU':>8}")
    kinds: list[tuple[str, Kind, str, Callable[[str | None, str | None], Any], str | None]] = [
        ("e-mail", "email", "email", email, None), ("phone", "phone", "phone", phone, None),
        ("RUT", "tax_id", "tax_id", of(rut), "CL"), ("RFC", "tax_id", "tax_id", of(rfc, validate_check_digits=True), "MX"),
        ("NIT", "tax_id", "tax_id", of(nit), "CO"), ("money", "cents", "credit_limit_cents", cents, None),
        ("country", "country", "country", lambda text, _: CODES.get(fold(text or "")), None),
        ("state", "state", "state", lambda text, of: STATE_IDS.get((of or "", fold(text or ""))), None),
    ]  # fmt: skip
    for label, kind, name, library, only in kinds:
        chosen = [(r[name] or None, c) for r, c in zip(listed, countries, strict=True) if only in (None, c)]
        cells, of_rows = (pl.Series([pair[i] for pair in chosen], dtype=pl.String) for i in (0, 1))
        field = Field(name, Column(kind, name, name, identifier=kind == "tax_id"), required=False, nullable=True)
        around = Around(field, of_rows, {}, settings)
        read = normaliser(kind)
        read(cells, around)
        filled = [pair for pair in chosen if pair[0] is not None][:SCALAR]
        share = len(filled) / len(cells.drop_nulls())
        wall, cpu = [], []
        for _ in range(repeat):  # in turn, so that a busy machine is unjust to neither
            ours = _seconds(lambda read=read, cells=cells, around=around: read(cells, around))
            theirs = _seconds(lambda library=library, filled=filled: [library(text, of) for text, of in filled])
            wall.append((theirs[0] / share / ours[0], ours[0], theirs[0]))
            cpu.append(theirs[1] / share / ours[1])
        times, ours_s, theirs_s = sorted(wall)[len(wall) // 2]
        fast, slow = len(cells.drop_nulls()) / ours_s, len(filled) / theirs_s
        print(f"{label:14}{fast:12,.0f}{slow:12,.0f}{times:8.1f}{median(cpu):8.1f}")


def _seconds(work: Callable[[], object]) -> tuple[float, float]:
    """How long `work` takes: on the wall, and of all processors."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    asked.add_argument("rows", type=int, nargs="?", default=200_000)
    asked.add_argument("--faults", type=float, default=0.1)
    asked.add_argument("--repeat", type=int, default=5)
    given = asked.parse_args()
    main(given.rows, given.faults, given.repeat)
