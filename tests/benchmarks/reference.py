"""Turn lifelike rows into the codes of their problems, one row at a time, with nothing but the scalar libraries.

    python -m tests.benchmarks.reference 200000

prints how many rows the pipeline judges otherwise (none), and both counts per code. Nothing of the pipeline's own
rules is used here: what a library says is turned into a code by the few lines that the catalogue of issues asks for.
"""

from __future__ import annotations

import argparse
import datetime
import re
import time
from collections import Counter
from itertools import islice

import ftfy
import phonenumbers
import polars as pl
from email_validator import EmailNotValidError, validate_email
from stdnum.br import cnpj, cpf
from stdnum.cl import rut
from stdnum.co import nit
from stdnum.exceptions import InvalidChecksum, InvalidComponent, InvalidLength, ValidationError
from stdnum.mx import rfc
from stdnum.us import ein

from pipeline import targets
from pipeline.handoff import READING_SCHEMA, Catalogue, Entry, Mapping, Settings, replace
from pipeline.normalise import normalise
from pipeline.schema import fields
from pipeline.validate import validate

from .lifelike import COUNTRIES, CURRENCIES, FAULTS, STATES, STATUSES, TERMS, Row, rows
from .values import catalogue

COUNTRY = {text: code for code, texts in COUNTRIES.items() for text in texts}
STATE = {country: {text for texts in states.values() for text in texts} for country, states in STATES.items()}
TABLED = {
    "Santiago",
    "Ñuñoa",
    "Viña del Mar",
    "Concepción",
    "Guadalajara",
    "Monterrey",
    "Puebla",
    "Bogotá",
    "Medellín",
    "Cali",
}
UNITS = {"$": None, "Dollar": None}
AT_ONCE = 50_000  # rows
LIMITS = {"name": 100, "address": 64}


def codes(row: Row, target: str) -> list[str]:
    """Every problem of a row, sorted."""
    country = COUNTRY.get(row["country"])
    required = ("name", "address", "country", "state") if target == "piriod" else ("name", "email")
    found = [
        f"field.required:{n}"
        for n in required
        if not row[n] and not (n == "state" and row["city"] in TABLED and country in ("CL", "MX", "CO"))
    ]
    said = {
        "name": _name(row["name"], target), "tax_id": _tax_id(row["tax_id"], country), "email": _email(row["email"]),
        "country": None if country else "country.unknown", "phone": _phone(row["phone"], country), "website": _website(row["website"]),
        "currency": _currency(row["currency"], country),
    }  # fmt: skip
    follows = (
        ("phone.no_country", "tax_id.unchecked") if country is None else ()
    )  # from the country, which is told itself
    found += [code for name, code in said.items() if row[name] and code and code not in follows]
    if row["name"] and target == "piriod" and len(ftfy.fix_encoding(row["name"])) > LIMITS["name"]:
        found.append("text.too_long")
    if target == "piriod":
        if len(row["address"]) > LIMITS["address"]:
            found.append("text.too_long")
        if row["state"] and country and row["state"] not in STATE[country]:
            found.append("state.not_in_country" if row["state"] == "Ontario" else "state.unknown")
        found += ["flag.unknown"] * (row["send_invoices"] == "quizás")
    else:
        found += [code for code in (_money(row["credit_limit_cents"]),) if code]
        found += ["choice.unknown"] * (row["status"] not in STATUSES) + ["term.unknown"] * (
            row["default_payment_term_id"] not in TERMS
        )
    return sorted(code.partition(":")[0] for code in found)


def _name(text: str, _target: str) -> str | None:
    return "text.mojibake" if ftfy.fix_encoding(text) != text else None


def _tax_id(text: str, country: str | None) -> str | None:
    bare = re.sub(r"[\s./-]", "", text).upper()
    if country is None:
        return "tax_id.unchecked"
    problem = {"CL": _rut, "MX": _rfc, "CO": _nit, "US": _ein, "BR": _cnpj}[country](bare)
    return f"tax_id.{problem}" if problem else None


def _reason(refusal: ValidationError) -> str:
    known = {InvalidLength: "length", InvalidComponent: "component", InvalidChecksum: "check_digit"}
    return known.get(type(refusal), "format")


def _rut(bare: str) -> str | None:
    if not re.fullmatch(r"[0-9]+[0-9K]", bare):
        return "format"
    bare = bare.lstrip("0")
    if rut.calc_check_digit(bare[:-1]) != bare[-1]:
        return "check_digit"
    return None if rut.is_valid(bare) else "unusual"


def _rfc(bare: str) -> str | None:
    if len(bare) not in (10, 12, 13):
        return "length"
    date = re.match(r"[A-ZÑ&]{3,4}?(\d\d)(\d\d)(\d\d)", bare)
    try:
        rfc.validate(bare, validate_check_digits=True)
    except InvalidChecksum:
        return "check_digit_doubtful"
    except InvalidComponent:
        try:
            day = date and datetime.date(2000 + int(date[1]), int(date[2]), int(date[3]))
        except ValueError:
            return "component"
        return ("unusual" if bare[:4] in rfc._name_blacklist else "check_digit_doubtful") if day else "component"
    except ValidationError as refusal:
        return _reason(refusal)
    return "unusual" if len(bare) == 10 else None


def _nit(bare: str) -> str | None:
    if not bare.isdigit():
        return "format"
    if len(bare) <= 8:
        return "two_readings" if nit.calc_check_digit(bare[:-1]) == bare[-1] else "check_digit_added"
    return None if nit.is_valid(bare) else "check_digit"


def _ein(bare: str) -> str | None:
    if bare.isdigit() and len(bare) == 8:
        return "zeros_restored"
    if bare.isdigit() and len(bare) != 9:
        return "length"  # the library calls this a wrong format
    try:
        ein.validate(bare)
    except ValidationError as refusal:
        return _reason(refusal)
    return None


def _cnpj(bare: str) -> str | None:
    if not bare.isascii():
        return "format"
    if len(bare) in (12, 13) and cnpj.is_valid(bare.zfill(14)):
        return None
    try:
        (cpf if len(bare) == 11 else cnpj).validate(bare)
    except ValidationError as refusal:
        return _reason(refusal)
    return None


def _email(text: str) -> str | None:
    if text.count("@") > 1:
        return "email.several"
    try:
        found = validate_email(text, check_deliverability=False)
    except EmailNotValidError:
        return "email.syntax"
    if found.domain == "gmial.com":
        return "email.typo"
    return "email.international" if found.smtputf8 else None


def _phone(text: str, country: str | None) -> str | None:
    if not re.search(r"\d", text):
        return "phone.invalid"
    if " / " in text:
        first, second = (_phone(part, country) for part in text.split(" / "))
        same = text.split(" / ")[0] == text.split(" / ")[1]
        return None if same and first is None and second is None else "phone.several"
    bare = text.removesuffix(" casa")
    if not text.startswith("+") and country is None:
        return "phone.no_country"
    try:
        number = phonenumbers.parse(bare, country)
    except phonenumbers.NumberParseException:
        return "phone.invalid"
    national = phonenumbers.national_significant_number(number)
    if phonenumbers.is_valid_number(number):
        if bare != text:
            return "phone.words"
        return "phone.doubtful" if len(set(national)) == 1 else None
    if bare != text:
        return "phone.invalid"
    old = re.fullmatch(r"[289]\d{7}", national) and number.country_code == 56
    newer = phonenumbers.parse(f"+56{'2' if national[0] == '2' else '9'}{national}") if old else None
    length = phonenumbers.is_possible_number_with_reason(number)
    if length == phonenumbers.ValidationResult.IS_POSSIBLE or (newer and phonenumbers.is_valid_number(newer)):
        return "phone.doubtful"
    local = length == phonenumbers.ValidationResult.IS_POSSIBLE_LOCAL_ONLY
    return "phone.doubtful" if local and text.startswith("+") else "phone.invalid"


def _website(text: str) -> str | None:
    if "@" in text:
        return "website.handle"
    return None if re.fullmatch(r"(?:https?://)?(?:[\w-]+\.)+[a-z]+/?", text) else "website.syntax"


def _currency(text: str, country: str | None) -> str | None:
    if text == "kr" or (text in UNITS and country is None):
        return "currency.ambiguous"
    return None if any(text in texts for texts in CURRENCIES.values()) else "currency.unknown"


def _money(text: str) -> str | None:
    if not text:
        return None
    if not re.fullmatch(r"-?[\d.,]+", text):
        return "money.syntax"
    if text.startswith("-"):
        return "money.range"
    return "money.too_precise" if len(text.partition(",")[2].rstrip("0")) > 2 else None


def piped(listed: list[Row], name: str) -> list[list[str]]:
    """What the pipeline says about the same rows: the codes of each, sorted."""
    target = targets.load(name)
    known = [n for n in fields(target.record) if n in listed[0]]
    mapped = pl.DataFrame(
        {n: [row[n] or None for row in listed] for n in known}, schema=dict.fromkeys(known, pl.String)
    )
    if "state" in known:
        mapped = mapped.with_columns(pl.Series("~city", [row["city"] or None for row in listed], dtype=pl.String))
    terms = tuple(Entry(f"t{i}", text) for i, text in enumerate(("Net 30", "Net 60", "Net 15", "Due on receipt")))
    lists: Catalogue = replace(catalogue(), terms=terms)
    settings = Settings(lists, {"credit_limit_cents": ","})
    mapping, nothing = Mapping(()), pl.DataFrame(schema=READING_SCHEMA)
    clean = normalise(mapped, mapping, target.record, settings)
    checked = validate(clean, mapped, mapping, target.record, settings, nothing, target.regulated)
    found: list[list[str]] = [[] for _ in listed]
    for at, code in checked.issues.select("at", "code").iter_rows():
        found[at].append(code)
    return [sorted(each) for each in found]


def compare(
    count: int, seed: int, name: str, faults: float = 0.1
) -> tuple[list[tuple[Row, list[str], list[str]]], Counter[str], Counter[str]]:
    """The rows that are judged otherwise (row, pipeline, reference), and both counts per code."""
    source = rows(count, seed, faults)
    differing: list[tuple[Row, list[str], list[str]]] = []
    counts: tuple[Counter[str], Counter[str]] = Counter(), Counter()
    while listed := list(islice(source, AT_ONCE)):
        ours, theirs = piped(listed, name), [codes(row, name) for row in listed]
        differing += [(row, a, b) for row, a, b in zip(listed, ours, theirs, strict=True) if a != b]
        for counted, told in zip(counts, (ours, theirs), strict=True):
            counted.update(code for each in told for code in each)
    return differing, *counts


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    asked.add_argument("rows", type=int, nargs="?", default=20_000)
    asked.add_argument("--seed", type=int, default=1)
    given = asked.parse_args()
    for each in ("piriod", "dayzero"):
        start = time.perf_counter()
        differing, ours, theirs = compare(given.rows, given.seed, each)
        print(f"{each}: {given.rows:,} rows, {len(differing)} judged otherwise ({time.perf_counter() - start:.0f} s)")
        for row, a, b in differing[:12]:
            print("  ", row["_fault"], a, b, {n: row[n] for n in (*FAULTS, "city") if n in row})
        for code in sorted(ours | theirs):
            print(f"  {code:32}{ours[code]:8,}{theirs[code]:8,}")
