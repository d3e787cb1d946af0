"""Turn what people write in a phone column into one E.164 number, read as the row's own country would.

phonenumbers (Google's libphonenumber) decides; numbers in the plain shapes of a country's plan are decided
by the same patterns on the whole column (`numbering`). Beyond the library: forms that are dialled no more
(Mexico 01, 044, 045, +52 1; Chile's trunk 0 and its eight digits), extensions in Spanish and Portuguese,
labels, and two numbers in one cell, which are an error, as only a person knows which one to keep.
"""

from __future__ import annotations

import re

import phonenumbers as library
import polars as pl
from phonenumbers import PhoneNumber, PhoneNumberFormat, PhoneNumberType, ValidationResult

from pipeline import sparse
from pipeline.columns import cells as text_of
from pipeline.columns import misdialled
from pipeline.columns.distinct import Verdict, settle
from pipeline.columns.numbering import CHANGED, OLD_FORMS, PARTIAL, e164
from pipeline.handoff import Around, Judged
from pipeline.language import later, say

__all__ = ["judge", "normalise"]

_LOST = re.compile(text_of.LOST)
_ZEROS = re.compile(r"[\W_]*[0\uff10](?:[\W_]|[0\uff10])*")  # 0, 000-0000: what systems write for no number
_NUMBER_CELL = re.compile(r"^(\+?\d{6,})\.0$")
_LABEL = re.compile(
    r"^\W*(?:p|t|f|tel[eé]?f?(?:ono)?s?|telefone|fono|ph(?:one)?|m[oó]vil|cel(?:ular)?|mobile|mob|casa|of(?:icina)?|trabajo"
    r"|tl?fn?o?|cell|office|work|home|main|direct|rpm|rpc|[mc](?=[.:])"
    r"|whats?app|wsp|wa|fax|contacto|n[°ºo]|num(?:ero)?|número)\s*[.:#°º]*\s*(?=[+(\d])", re.IGNORECASE)  # fmt: skip
_EXTENSION = re.compile(
    r"(?<=\d)[\s,;.(]*(?:anexo|anx?|ramal|rml|r(?=[.:])|interno|int|opci[oó]n|opc)\b[\s.:#]*(\d{1,7})\)?$",
    re.IGNORECASE,
)
_SEPARATOR = re.compile(r"\s*[;,|/\n\r]\s*|\s+(?:y|o|e|ou|and|or)\s+|(?<=\d)\s*(?=\+)", re.IGNORECASE)
_ABROAD = re.compile(r"[( ]*00[) -]*(?=[1-9])")  # the international prefix of ITU-T E.164, annex A
_SHORT_TAIL = re.compile(r"(?:\d\D*){6,}/\s*\d{1,4}\s*$")
_LETTER = re.compile(r"[^\W\d_xX]")
_VANITY = re.compile(r"^\W*(?:\d\W*){3,}(?:[A-Za-z]\W*){3,}[\dA-Za-z\W]*$")
_FREE_LETTERS = (
    PhoneNumberType.TOLL_FREE,
    PhoneNumberType.PREMIUM_RATE,
    PhoneNumberType.SHARED_COST,
    PhoneNumberType.UAN,
)

LONGEST = 1_000
"""Characters of a cell; to look for numbers in more takes time quadratic in the length."""

_REASONS = {
    ValidationResult.TOO_SHORT: misdialled.REASONS["short"],
    ValidationResult.TOO_LONG: misdialled.REASONS["long"],
    ValidationResult.INVALID_LENGTH: misdialled.REASONS["length"],
    ValidationResult.INVALID_COUNTRY_CODE: later(": no country has this prefix"),
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY: misdialled.REASONS["local"],
}


def normalise(cells: pl.Series, around: Around) -> Judged:
    """E.164 numbers (String); errors `phone.*` and `cell.precision_lost`, warnings as the catalogue says."""
    country = around.country
    if country is None:
        country = sparse.nulls(len(cells))
    text = text_of.without_stand_ins(cells)
    decided = e164(text, country)
    return settle(decided, decided.is_null() & text.is_not_null(), judge, text, country, also=misdialled.judge)


def judge(raw: str | None, country: str | None) -> Verdict:
    """The scalar rule: one cell that is not blank, and the ISO code of its row's country."""
    text = text_of.visible(raw or "").lstrip("'\"`´ ")
    if len(text) > LONGEST:
        return Verdict(code="phone.invalid", detail=say(misdialled.REASONS["long"]))
    if _LOST.match(text):
        return Verdict(code="cell.precision_lost")
    number_cell = _NUMBER_CELL.match(text)
    text = _LABEL.sub("", number_cell[1] if number_cell else text)
    if _ZEROS.fullmatch(text):
        return Verdict()
    if not re.search(r"\d", text):
        return Verdict(code="phone.invalid")
    several = _several(text, country)
    if several is not None:
        return several
    own = _EXTENSION.search(text)
    number, reason = _read(text[: own.start()] if own else text, country)
    if number is None:
        return _worded(text, country) if _LETTER.search(text) else _refused(text, country, reason)
    return _told(number, text, country, extension=bool(own or number.extension))


def _read(text: str, country: str | None) -> tuple[PhoneNumber | None, str]:
    """The number as the library reads it, in today's form; or None, and the reason."""
    abroad = _ABROAD.match(text)
    if abroad:
        dialled = "+" + text[abroad.end() :]
        # The library would read 0057 in Colombia as the carrier 005 and the calling code 7, and nothing in the United States.
        own = f"+{library.country_code_for_region(country or 'ZZ')}"
        if country is None or dialled.startswith(own) or _valid(dialled, None) is not None:
            text = dialled
    try:
        number = library.parse(text, country)
    except library.NumberParseException as problem:
        if problem.error_type == problem.INVALID_COUNTRY_CODE and not re.match(r"\W*\+", text):
            return None, "no country"
        codes = {problem.INVALID_COUNTRY_CODE: _REASONS[ValidationResult.INVALID_COUNTRY_CODE],
                 problem.TOO_LONG: _REASONS[ValidationResult.TOO_LONG]}  # fmt: skip
        return None, codes.get(
            problem.error_type, "" if problem.error_type == problem.NOT_A_NUMBER else misdialled.REASONS["short"]
        )
    if library.is_valid_number(number):
        return number, ""
    return _today(number) or number, ""


def _today(number: PhoneNumber) -> PhoneNumber | None:
    """The number that an old form stands for, if that is one that can be."""
    pattern = OLD_FORMS.get(number.country_code or 0)
    old = re.match(pattern, library.national_significant_number(number)) if pattern else None
    if old is None:
        return None
    newer = library.parse(f"+{number.country_code}{old[1]}")
    newer.extension = number.extension
    return newer if library.is_possible_number(newer) else None


def _told(number: PhoneNumber, text: str, country: str | None, extension: bool) -> Verdict:
    """The verdict on a number that was read from `text`."""
    if library.is_valid_number(number):
        if _LETTER.search(_without_extension(text, number)) and not _is_vanity(number, text):
            return _worded(text, country)
        form = _form(number)
        if len(set(library.national_significant_number(number))) == 1:
            return Verdict(form, "phone.doubtful", say("; it looks made up"), form)
        return Verdict(form, "phone.extension" if extension else None)
    if _LETTER.search(_without_extension(text, number)):
        return _worded(text, country)
    eight = _eight_digits(number)
    if eight is not None:
        return eight
    length = _length(number)
    local = length == ValidationResult.IS_POSSIBLE_LOCAL_ONLY
    # Written internationally the number is complete for its writer; written nationally it cannot be dialled from outside.
    if length == ValidationResult.IS_POSSIBLE or (local and _is_international(text, number, country)):
        form = _form(number)
        return Verdict(form, "phone.doubtful", say(misdialled.LOCAL) if local else _newer(number), form)
    return _refused(text, country, _REASONS.get(length, ""))


def _length(number: PhoneNumber) -> int:
    """What the length of a number that is not valid says of it (a `ValidationResult`)."""
    pattern = PARTIAL.get(number.country_code or 0)
    if pattern and re.match(pattern, library.national_significant_number(number)):
        return int(ValidationResult.IS_POSSIBLE_LOCAL_ONLY)
    return int(library.is_possible_number_with_reason(number))


def _form(number: PhoneNumber) -> str:
    return library.format_number(number, PhoneNumberFormat.E164)


def _is_international(text: str, number: PhoneNumber, country: str | None) -> bool:
    return text.lstrip("( ").startswith("+") or number.country_code != library.country_code_for_region(country or "ZZ")


def _eight_digits(number: PhoneNumber) -> Verdict | None:
    """Chile's numbers before 2012 (Santiago) and 2013 (mobile), which today begin with 2 and 9.

    Eight digits that begin with 3 to 7 may also be an area code with an old local number: not read.
    Source: Subtel, portabilidad y numeración de nueve dígitos.
    """
    national = library.national_significant_number(number)
    if number.country_code != 56 or not re.match(CHANGED[56], national):
        return None
    newer = library.parse(f"+56{'2' if national[0] == '2' else '9'}{national}")
    if not library.is_valid_number(newer):
        return None
    form = _form(newer)
    return Verdict(
        form, "phone.doubtful", say("; it lacks the {digit} that numbers have in front since 2013", digit=form[3]), form
    )


def _newer(number: PhoneNumber) -> str:
    """Tell today's form of a number from before a change of plan, where that is known."""
    national = library.national_significant_number(number)
    if number.country_code == 57 and re.match(CHANGED[57], national):
        return say("; since 2021 it would be {number}", number=f"+5760{national}")  # CRC, Resolución 5826 de 2019
    if number.country_code == 55 and re.match(CHANGED[55], national):
        today = f"+55{national[:2]}9{national[2:]}"  # Anatel, Resolução 553/2010
        return say("; as a mobile number it would be {number}", number=today)
    return ""


def _is_vanity(number: PhoneNumber, text: str) -> bool:
    """Whether the letters are meant to be dialled: 0800 FLORES."""
    return bool(_VANITY.match(text)) and (
        number.country_code == 1 or library.number_type(number) in _FREE_LETTERS)  # fmt: skip


def _without_extension(text: str, number: PhoneNumber) -> str:
    """`text` without what the library, or our own words, took for an extension."""
    text = _EXTENSION.sub("", text)
    return re.sub(rf"\W*[^\W\d]*\W*{number.extension}\W*$", "", text) if number.extension else text


def _worded(text: str, country: str | None) -> Verdict:
    """Read what is left without the words; they are named."""
    number, reason = _read(re.sub(r"[^\W\d_]+", " ", text), country)
    if number is None or not library.is_valid_number(number):
        return _refused(text, country, reason)
    return Verdict(_form(number), "phone.words", suggestion=_form(number))


def _several(text: str, country: str | None) -> Verdict | None:
    """The verdict where a cell holds more than one number; None where it does not."""
    if "phone-context" in text:
        return None
    if _SHORT_TAIL.search(text):
        return Verdict(code="phone.several", suggestion=_valid(text.rpartition("/")[0], country))
    pieces = [piece for piece in _SEPARATOR.split(text) if piece and len(re.findall(r"\d", piece)) > 5]
    if len(pieces) < 2:
        return None
    numbers = [_valid(piece, country) for piece in pieces]
    known = list(dict.fromkeys(number for number in numbers if number))
    if len(known) == 1 and all(numbers):
        return Verdict(known[0])
    if len(known) > 1 or _valid(text, country) is None:
        return Verdict(code="phone.several", suggestion=known[0] if known else None)
    return None


def _valid(text: str, country: str | None) -> str | None:
    number, _ = _read(text, country)
    return _form(number) if number is not None and library.is_valid_number(number) else None


def _refused(text: str, country: str | None, reason: str) -> Verdict:
    """No number: the reason, and one that may be meant."""
    digits = re.sub(r"\D", "", text)
    gaps = re.finditer(r"(?<=\d)[\s-]+(?=[\d(])", text[:100]) if len(digits) > 13 else ()
    for gap in gaps:
        first, second = _valid(text[: gap.start()], country), _valid(text[gap.end() :], country)
        if first and second and first != second:
            return Verdict(code="phone.several", suggestion=first)
    if reason == "no country":
        return Verdict(code="phone.no_country")
    meant = _valid(f"+{digits}", None) if len(digits) > 9 and "+" not in text else None
    return Verdict(code="phone.invalid", detail=say(reason) if reason else None, suggestion=meant)
