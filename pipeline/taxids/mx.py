"""Turn a Mexican RFC into its compact form, which is also its normal one: `GODE 561231 GR8` -> `GODE561231GR8`.

Four letters (persons) or three (companies), a date, and the homoclave, whose last character is a check digit.
Sources: https://www.sat.gob.mx (Registro Federal de Contribuyentes; Código Fiscal de la Federación, art. 27; the
algorithm of the homoclave; Resolución Miscelánea Fiscal 2.7.1.23 on generic RFC). About 1.5 % of the RFC in use
do not fit their check digit (python-stdnum, `stdnum.mx.rfc`), so that is a doubt and no fault.

>>> compact("RFC: GODE-561231-GR8"), judge("GODE561231GR8"), judge("GODE561231GR9"), judge("GODE561331GR8")
('GODE561231GR8', None, 'check_digit_doubtful', 'component')
"""

from __future__ import annotations

import datetime
import re

import polars as pl
from stdnum.mx import curp, rfc

from pipeline.taxids.interface import Reason
from pipeline.taxids.writing import PLAIN, bare, reason

NAME = "RFC"
GENERIC = frozenset({"XAXX010101000", "XEXX010101000"})
"""The public at large, and customers abroad."""

LABELS = ("RFC", "MX")
SIZES = (12, 13)
WORDS = frozenset({
    "BUEI", "BUEY", "CACA", "CACO", "CAGA", "CAGO", "CAKA", "CAKO", "COGE", "COJA", "COJE", "COJI", "COJO",
    "CULO", "FETO", "GUEY", "JOTO", "KACA", "KACO", "KAGA", "KAGO", "KAKA", "KOGE", "KOJO", "KULO", "MAME",
    "MAMO", "MEAR", "MEAS", "MEON", "MION", "MOCO", "MULA", "PEDA", "PEDO", "PENE", "PUTA", "PUTO", "QULO",
    "RATA", "RUIN",
})  # fmt: skip
"""Words that the SAT replaces at the beginning of a person's RFC."""

_FORM = re.compile(r"([A-ZÑ&]{3,4})([0-9]{6})([0-9A-Z]{3})?")
_WRITTEN = (("&amp;", "&"), ("&AMP;", "&"), ("Ã‘", "Ñ"), ("Ã±", "ñ"))  # of XML, and of UTF-8 read as cp1252
_LOST_LETTER = re.compile(
    r"\s*(?:R\.?F\.?C\.?\W*)?[A-Z&Ñ]{1,3}(#|[/\\*'`´_](?=[A-Z&Ñ]))(?=[A-Z&Ñ]{0,2}[\s-]*[0-9]{6})", re.IGNORECASE
)
"""A sign among the initials, as old programs write for Ñ; taken out, it would leave another taxpayer's number."""
_HOMOCLAVE = re.compile(r"[1-9A-V][1-9A-Z][0-9A]")
_SHAPE = r"^[A-ZÑ&]{3,4}[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|1[0-9]|2[0-8])[1-9A-V][1-9A-Z][0-9A]$"
_CHECK_DIGITS = b"0A987654321"
_ENYE = "~"  # one byte in the place of Ñ, while a column is seen as bytes
_VALUES = {character: value for value, character in enumerate("0123456789ABCDEFGHIJKLMN&OPQRSTUVWXYZ Ñ")}


def compact(text: str) -> str:
    """Letters and digits in upper case; an & of three initials stays, and so does the sign in the place of a lost Ñ."""
    for wrong, right in _WRITTEN:
        text = text.replace(wrong, right)
    lost = _LOST_LETTER.match(text)
    return bare(f"{text[: lost.start(1)]}?{text[lost.end(1) :]}" if lost else text, LABELS, SIZES)


def judge(compacted: str) -> Reason | None:
    """What is wrong; without a homoclave, with an inconvenient word or an odd check digit it is only doubtful."""
    if len(compacted) == 18:
        return "other_document" if reason(curp.validate, compacted) is None else "length"
    if len(compacted) not in (10, 12, 13):
        return "length"
    form = _FORM.fullmatch(compacted)
    if form is None or len(form[1]) != (3 if len(compacted) == 12 else 4):
        return "format"
    if not _is_date(form[2]):
        return "component"
    if len(compacted) == 10 or form[1] in WORDS:
        return "unusual"
    fits = _HOMOCLAVE.fullmatch(form[3]) and rfc.calc_check_digit(compacted[:-1]) == compacted[-1]
    return None if fits else "check_digit_doubtful"


def present(compacted: str) -> str:
    """The compact form: so it is written on every CFDI."""
    return compacted


def accept(text: pl.Series) -> pl.Series:
    """The valid numbers in plain layouts; 29 February is left to `judge`."""
    from pipeline.taxids.weighed import looked_up, octets, placed, weighed

    plain = pl.col("plain")
    frame = text.to_frame("plain").with_row_index("at")
    frame = frame.with_columns(plain.str.replace_many(list(PLAIN), [""]).str.to_uppercase()).filter(
        plain.str.contains(_SHAPE)
    )
    inconvenient = (plain.str.len_chars() == 13) & plain.str.head(4).is_in(sorted(WORDS))
    facts = frame.select(
        usual=~plain.is_in(sorted(GENERIC)) & ~inconvenient, octets=plain.str.replace_all("Ñ", _ENYE, literal=True)
    )
    number = octets(facts["octets"], 13, " ")
    total = weighed(number, range(13, 1, -1), _COUNTED)
    fits = looked_up(_CHECK_DIGITS, total % 11) == number[:, 12]
    return placed(len(text), frame["at"], frame["plain"], fits & facts["usual"].to_numpy())


def written(compacted: pl.Series) -> pl.Series:
    """`present` for a whole column."""
    return compacted


def _is_date(text: str) -> bool:
    """Whether `yymmdd` is a day of 1900 to 2099."""
    try:
        datetime.date(2000 + int(text[:2]), int(text[2:4]), int(text[4:]))
    except ValueError:
        return False
    return True


_OCTETS = {ord(_ENYE if character == "Ñ" else character): value for character, value in _VALUES.items()}
_COUNTED = bytes(_OCTETS.get(octet, 0) for octet in range(256))
"""What each octet of a padded number counts for."""
