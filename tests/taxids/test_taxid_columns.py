"""The column of tax ids against python-stdnum and against its own scalar rule, and what it says in doubt."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum.br import cnpj, cpf
from stdnum.cl import rut
from stdnum.co import nit
from stdnum.mx import rfc

from pipeline import issues, taxids
from pipeline.columns.tax_id import normalise
from pipeline.handoff import Around, Judged
from pipeline.schema import Column, Field
from pipeline.taxids import identity, identity_series, rules

FIELD = Field("tax_id", Column("tax_id", "Tax id", "Identificador"), required=False, nullable=True)
ORACLE = Path(__file__).parents[2] / "../shared/oracles/taxids.json"

# Where we differ on purpose: (country, as written) -> why.
DISPUTED: dict[tuple[str, str], str] = {}


@pytest.fixture(autouse=True, scope="module")
def _no_column_is_too_short() -> Iterator[None]:
    """Each number goes through the rule for columns first, as in a long list."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(taxids, "WORTH_IT", 1)
        yield


def read(texts: list[str | None], countries: list[str | None], digits: list[str | None] | None = None) -> Judged:
    others = {} if digits is None else {"tax_id_check_digit": pl.Series(digits, dtype=pl.String)}
    around = Around(FIELD, pl.Series(countries, dtype=pl.String), others)
    return normalise(pl.Series(texts, dtype=pl.String), around)


def one(text: str | None, country: str | None, digit: str | None = None) -> tuple[str | None, str | None]:
    judged = read([text], [country], None if digit is None else [digit])
    return judged.value[0], judged.code[0]


def wrong(code: str | None) -> bool:
    return code is not None and issues.catalogue()[code].severity == "error"


def _rut(chance: random.Random) -> str:
    number = str(chance.randint(1_000_000, 99_999_999))
    written = f"{int(number):,}".replace(",", ".") if chance.random() < 0.5 else number
    return f"{written}{chance.choice(['-', ''])}{rut.calc_check_digit(number)}"


def _rfc(chance: random.Random) -> str:
    letters = "".join(chance.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZ&Ñ", k=chance.choice((3, 4))))
    date = f"{chance.randint(0, 99):02}{chance.randint(1, 12):02}{chance.randint(1, 28):02}"
    number = letters + date + chance.choice("123456789ABCV") + chance.choice("123456789ABCZ")
    number += rfc.calc_check_digit(number)
    return number if chance.random() < 0.6 else f"{letters}-{date} {number[-3:]}"


def _nit(chance: random.Random) -> str:
    number = str(chance.randint(800_000_000, 999_999_999))
    written = f"{int(number):,}".replace(",", ".") if chance.random() < 0.5 else number
    return f"{written}-{nit.calc_check_digit(number)}"


def _ein(chance: random.Random) -> str:
    number = f"{chance.randint(1, 99):02}{chance.choice(['-', ''])}{chance.randint(0, 9_999_999):07}"
    return number if chance.random() < 0.95 else f"{number[:3]}-{number[3:5]}-{number[5:]}"


def _cnpj(chance: random.Random) -> str:
    if chance.random() < 0.3:
        person = f"{chance.randint(0, 999_999_999):09}"
        person += cpf._calc_check_digits(person)
        return person if chance.random() < 0.5 else f"{person[:3]}.{person[3:6]}.{person[6:9]}-{person[9:]}"
    if chance.random() < 0.02:
        return str(chance.randint(0, 9)) * chance.choice((11, 14))
    number = f"{chance.randint(0, 99_999_999):08}{chance.randint(1, 200):04}"
    number += cnpj.calc_check_digits(number)
    return number if chance.random() < 0.5 else f"{number[:2]}.{number[2:5]}.{number[5:8]}/{number[8:12]}-{number[12:]}"


def _mutated(text: str, chance: random.Random) -> str:
    if chance.random() < 0.6:
        return text
    at = chance.randrange(len(text))
    character = chance.choice("0123456789K-. AÑ=٣")
    return chance.choice(
        (text[:at] + text[at + 1 :], text[:at] + character + text[at:], text[:at] + character + text[at + 1 :])
    )


def test_columns_agree_with_python_stdnum_on_mutated_values() -> None:
    """RUT, RFC and NIT: wherever both judge the same characters, column and library say the same."""
    chance = random.Random(20260101)
    makers = {"CL": _rut, "MX": _rfc, "CO": _nit}
    countries = chance.choices(["CL", "MX", "CO", None], weights=(4, 3, 3, 1), k=200_000)
    texts = [_mutated(makers[country or "CL"](chance), chance) for country in countries]
    judged = read(list(texts), list(countries))
    for text, country, value, code in zip(texts, countries, judged.value, judged.code, strict=True):
        if country is None:
            assert (value, code) == (text.strip(), "tax_id.unchecked")
        elif re.fullmatch(r"\d{5,}\.0+", text.strip()):
            continue  # a number cell's zeros, which the library takes for digits
        elif country == "CL" and rut.is_valid(text) and not text.startswith("0"):
            compact = rut.compact(text)
            assert value == f"{compact[:-1]}-{compact[-1]}", text
            assert code in (None, "tax_id.generic", "tax_id.unusual"), text
        elif country == "CL" and code is None:
            assert rut.is_valid(value), text
        elif country == "MX" and rfc.is_valid(text, validate_check_digits=True) and len(rfc.compact(text)) > 10:
            assert (value, code) == (rfc.compact(text), None), text
        elif country == "MX" and code is None:
            assert rfc.is_valid(value, validate_check_digits=True), text
        elif country == "CO" and code is None:
            old = len(value or "") < len("1234567-8")  # an old cédula, shorter than the library's shortest
            assert old or nit.is_valid(value), text
        elif country == "CO" and re.search(r"[0-9]-[0-9]$", text) and nit.is_valid(text):
            assert nit.compact(value or "") == nit.compact(text), text


def test_the_column_forms_decide_what_the_scalar_rules_decide() -> None:
    """A number that a column rule accepts is one that the scalar rule takes without any doubt, in the same form."""
    chance = random.Random(7)
    makers = {"CL": _rut, "MX": _rfc, "CO": _nit, "US": _ein, "BR": _cnpj}
    for country, make in makers.items():
        known = rules()[country]
        texts = [_mutated(make(chance), chance) for _ in range(70_000)]
        accepted = known.accept(pl.Series(texts))  # type: ignore[attr-defined]
        decided = 0
        for text, compact in zip(texts, accepted, strict=True):
            if compact is not None:
                decided += 1
                assert known.compact(text) == compact
                assert known.judge(compact) is None
                assert compact not in known.GENERIC
        assert decided > 35_000, country
        present = [None if c is None else known.present(c) for c in accepted]
        assert known.written(accepted).to_list() == present  # type: ignore[attr-defined]


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.sampled_from([None, "CL", "MX", "CO", "BR", "DE", "US", "JP"]),
                          st.none() | st.text(alphabet="0123456789KABÑ&-. /E+=ñ", max_size=16)), max_size=12))  # fmt: skip
def test_any_text_gets_a_verdict(rows: list[tuple[str | None, str | None]]) -> None:
    """Neighbours do not matter, blanks stay blank, an error has no value, a warning or nothing has one."""
    judged = read([text for _, text in rows], [country for country, _ in rows])
    for at, (country, text) in enumerate(rows):
        value, code = judged.value[at], judged.code[at]
        assert (value, code) == one(text, country)
        if value is None and code is None:
            assert text is None or not any(c.isalnum() for c in text)
        else:
            assert (value is None) == wrong(code)


@settings(max_examples=70, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.sampled_from([None, "CL", "MX", "CO", "PE", "JP"]),
                          st.none() | st.sampled_from(["76.086.428-5", "66666666-6", "900227140", "ACO071219F51", "x", ""])
                          | st.text(max_size=10)), max_size=10))  # fmt: skip
def test_identity_of_a_column_is_the_identity_of_each_cell(rows: list[tuple[str | None, str | None]]) -> None:
    """`identity_series` is `identity`, also where the country is null."""
    country = pl.Series([c for c, _ in rows], dtype=pl.String)
    value = pl.Series([v for _, v in rows], dtype=pl.String)
    expected = [None if v is None else identity(c, v) for c, v in rows]
    assert identity_series(country, value).to_list() == expected


@pytest.mark.parametrize(
    ("text", "country", "digit", "value", "code"),
    [
        ("900227140", "CO", "3", "900227140-3", None),
        ("900.227.140", "CO", "3.0", "900227140-3", None),
        ("900227140-3", "CO", "3", "900227140-3", None),
        ("9002271403", "CO", "3", "900227140-3", None),
        ("900227140", "CO", "4", None, "tax_id.check_digit"),
        ("900227140", "CO", None, "900227140-3", "tax_id.check_digit_added"),
        ("76.086.428", "CL", "5", "76086428-5", None),
        ("760864285", "CL", "5", "76086428-5", None),
        ("76563850", "CL", "k", "76563850-K", None),
        ("80028061", "PY", "0", "80028061-0", None),
    ],
)
def test_a_check_digit_in_another_column_is_joined(
    text: str, country: str, digit: str | None, value: str | None, code: str | None
) -> None:
    """The digit of the other column completes the number, unless the number has it already."""
    assert one(text, country, digit or "") == (value, code)


@pytest.mark.parametrize(
    ("text", "country", "value", "code"),
    [
        ("7.6086E+07", "CL", None, "cell.precision_lost"),
        ("66718091.0", "CL", None, "tax_id.check_digit"),
        ("7,60864E+08", None, None, "cell.precision_lost"),
        ("12E34501000135", "BR", None, "tax_id.check_digit"),
        ("66.666.666-6", "CL", "66666666-6", "tax_id.generic"),
        ("GODE561231GR9", "MX", "GODE561231GR9", "tax_id.check_digit_doubtful"),
        ("76086428-6", "CL", None, "tax_id.check_digit"),
        ("42103594", "US", "04-2103594", "tax_id.zeros_restored"),
        ("AB-12", "JP", "AB-12", "tax_id.unchecked"),
        (" 76.086.428-5 ", None, "76.086.428-5", "tax_id.unchecked"),
        ("52123451", "CO", "52123451", "tax_id.two_readings"),
        ("s/d", "CL", None, None),
        ("\u200b", "CL", None, None),
    ],
)
def test_doubts_are_told_and_faults_refused(
    text: str, country: str | None, value: str | None, code: str | None
) -> None:
    """A doubt keeps the number and says so; a fault has no value."""
    if code == "tax_id.two_readings":
        text = value = f"5212345{nit.calc_check_digit('5212345')}"
    assert one(text, country) == (value, code)


@pytest.mark.parametrize(
    ("text", "country", "value", "code"),
    [
        ("CPF 123.456.789-09", "BR", "12345678909", None),  # with its label as long as a CNPJ
        ("CPF12345678909", "BR", "12345678909", None),
        ("C.P.F. nº 123.456.789-09", "BR", "12345678909", None),
        ("CPF/MF nº 123.456.789-09", "BR", "12345678909", None),
        ("CIF nº B58378431", "ES", "B58378431", None),
        ("DNI Nº5236281D", "ES", "05236281D", None),
        ("CIF N0032484H", "ES", "N0032484H", None),
        ("CPF 123.456.789-00", "BR", None, "tax_id.check_digit"),
        ("CNPJ nº 11.222.333/0001-81", "BR", "11222333000181", None),
        ("CGC 11222333000181", "BR", "11222333000181", None),
        ("12345601", "BR", None, "tax_id.length"),  # as long as the root of a CNPJ
        ("(76.086.428-5)", "CL", "76086428-5", None),
        ("76.086.428 DV 5", "CL", "76086428-5", None),
        ("99.999.999-9", "CL", "99999999-9", "tax_id.generic"),
        ("MU#R900514H28", "MX", None, "tax_id.format"),
        ("MUO#900514H28", "MX", None, "tax_id.format"),
        ("M'UR900514H28", "MX", None, "tax_id.format"),
        ("RFC: MU/R900514H28", "MX", None, "tax_id.format"),
        ("RFC#ACO071219F51", "MX", "ACO071219F51", None),
        ("ACO/071219/F51", "MX", "ACO071219F51", None),
        ("A.C.O. 071219 F51", "MX", "ACO071219F51", None),
        ("MUÃ‘R900514H28", "MX", "MUÑR900514H28", None),
        ("A&amp;B010203AB8", "MX", "A&B010203AB8", None),
        ("RC 1234567", "CO", "RC1234567", "tax_id.other_document"),
        ("Pasaporte N° AB123456", "CO", "Pasaporte N° AB123456", "tax_id.other_document"),
        ("PASAPORTE AAA123456", "ES", "PASAPORTE AAA123456", "tax_id.other_document"),
        ("pasaporte", "ES", None, "tax_id.format"),
        ("5678912", "PE", "05678912", "tax_id.zeros_restored"),
        ("05678912", "PE", "05678912", "tax_id.other_document"),
        ("001234567", "PE", "001234567", "tax_id.other_document"),
        ("45678912-3", "PE", None, "tax_id.length"),
        ("00000000", "PE", "00000000", "tax_id.generic"),
        ("25123456788", "AR", "25-12345678-8", "tax_id.unusual"),
        ("25123456789", "AR", None, "tax_id.check_digit"),
        ("L.E. 4.123.456", "AR", "LE4123456", "tax_id.other_document"),
        ("55-00000212-6", "AR", "55-00000212-6", "tax_id.generic"),
        ("51600002124", "AR", "51-60000212-4", "tax_id.generic"),
        ("23-00000000-0", "AR", "23-00000000-0", "tax_id.generic"),
        ("X01234567L", "ES", "X1234567L", None),
        ("X01234567A", "ES", None, "tax_id.length"),
        ("FR40303265045", "ES", "FR40303265045", "tax_id.unusual"),
        ("00000000T", "ES", "00000000T", "tax_id.generic"),
        ("Federal Tax ID 91-1144442", "US", "91-1144442", None),
        ("6140507071048", "SV", "0614-050707-104-8", None),
        ("155596713-2-2015-59", "PA", "155596713-2-2015 DV 59", None),
        ("CI 4567890 LP", "BO", "4567890LP", "tax_id.other_document"),
        ("4567890-1A", "BO", "4567890-1A", "tax_id.other_document"),
        ("Cédula Jurídica: 3-101-123456", "CR", "3101123456", None),
        ("Cédula 001-1391820-5", "DO", "00113918205", None),
        ("743110157", "IT", "IT00743110157", "tax_id.zeros_restored"),
        ("PVNMRC80A01H501X", "IT", None, "tax_id.format"),
        ("NIP 856-734-62-15", "PL", "PL8567346215", None),
        ("N° TVA FR40303265045", "FR", "FR40303265045", None),
        ("NL004495445B01", "NL", "NL004495445B01", None),
        ("UID: ATU13585627", "AT", "ATU13585627", None),
        ("CVR 13585628", "DK", "DK13585628", None),
    ],
)
def test_what_people_write(text: str, country: str, value: str | None, code: str | None) -> None:
    """Labels, lost zeros and letters, foreigners' and old documents, numbers of nobody: never another number than was meant."""
    assert one(text, country) == (value, code)


@settings(max_examples=140, deadline=None, derandomize=True)
@given(st.text("ABCDÑ&", min_size=3, max_size=3), st.integers(0, 3), st.sampled_from("#/\\*'`´_"))
def test_a_sign_among_the_initials_of_an_rfc_is_never_dropped(letters: str, at: int, sign: str) -> None:
    """Without the sign that a lost Ñ became, a person's RFC would be a company's: behind the last letter only # counts as one."""
    cut = letters[:at] + sign + letters[at:]
    if 0 < at < 3 or (at == 3 and sign == "#"):
        assert one(f"{cut}010203AB8", "MX") == (None, "tax_id.format")


def test_a_missing_check_digit_of_a_rut_is_only_suggested() -> None:
    """Eight digits that fit no check digit may lack theirs: the number with it is a suggestion, no value."""
    judged = read(["76086428"], ["CL"])
    assert judged.value[0] is None
    assert judged.code[0] == "tax_id.check_digit"
    assert judged.suggestion[0] == "76086428-5"


def test_empty_and_blank_columns() -> None:
    """No rows, only blanks, and no known country at all are fine."""
    assert [len(part) for part in read([], [])] == [0, 0, 0, 0]
    assert read([None, " "], [None, "CL"]).value.to_list() == [None, None]
    unknown = normalise(pl.Series(["76086428-5"]), Around(FIELD))
    assert unknown.code.to_list() == ["tax_id.unchecked"]


def test_the_table_of_published_numbers() -> None:
    """Every row of the table has the right verdict and the right normal form."""
    if not ORACLE.exists():
        pytest.skip("the table of published numbers is not here")
    missed = []
    for row in json.loads(ORACLE.read_text(encoding="utf-8"))["rows"]:
        text = str(row["input"])
        country = row["country"] if row["country"] != "EU" else text[:2].upper()
        value, code = one(text, country)
        expected, normal = row["expected"], row.get("normalized")
        right = wrong(code) if expected == "invalid" else not wrong(code) and normal in (None, value)
        if expected.startswith("warn") or expected == "ask":
            right = right and code is not None
        if expected == "valid_generic":
            right = right and code == "tax_id.generic"
        if not right and (country, text) not in DISPUTED:
            missed.append((country, text, expected, value, code))
    assert missed == []
