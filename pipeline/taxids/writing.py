"""Turn a tax id as people write it into its letters and digits, and the verdict of python-stdnum into a reason.

>>> bare("R.U.T.: 76.086.428-k", ("RUT",))
'76086428K'
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Container

from stdnum.exceptions import (
    InvalidChecksum,
    InvalidComponent,
    InvalidFormat,
    InvalidLength,
    ValidationError,
)

from pipeline.taxids.interface import Reason

SEPARATORS = r"\s().,:;/\\_#'\"`´‘’“”º°ª\-\u00ad\u200b-\u200f\u2010-\u2015\u2060\u2212\ufeff\ufe58\ufe63\uff0d"
"""What people put between the digits, as the inside of a character class; an equals sign is not among it."""

PLAIN = (".", "-", " ", ",", "\u00a0", "\u2013")
"""The separators that column rules take away, each of them one of SEPARATORS; rarer ones are left to `bare`."""

NUMBER_CELL = r"^\s*[0-9]{5,}\.0+\s*$"
"""What a number cell leaves behind; its zeros are no digits, so column rules leave it to `bare`."""

_SEPARATOR = re.compile(f"[{SEPARATORS}]+")
_NUMBER_SIGN = re.compile(r"\bn\.?\s?[º°]", re.IGNORECASE)  # taken out whole: an N alone may begin a number
_ZERO_DECIMAL = re.compile(r"^\s*(\d{5,})\.0+\s*$")
_BASES = str.maketrans("ÁÀÂÃČÉÊÍÓÔÕÚÜÇ", "AAAACEEIOOOUUC")
"""Letters of labels without their accents ("CÉDULA"); a number keeps its own."""
_ORDER: tuple[tuple[type[Exception], Reason], ...] = (
    (InvalidLength, "length"),
    (InvalidFormat, "format"),
    (InvalidComponent, "component"),
    (InvalidChecksum, "check_digit"),
)


def bare(text: str, labels: tuple[str, ...] = (), sizes: Container[int] = ()) -> str:
    """`text` in upper case without separators, and without the leading `labels` ("RUT", "CL").

    A label stays where the text has one of `sizes` with it: then its letters belong to the number. The zero
    decimal of a number cell ("760864285.0") is no digit of the number.
    """
    if not text.isascii():
        text = _NUMBER_SIGN.sub("", text)
    number = _ZERO_DECIMAL.match(text)
    text = number.group(1) if number else _SEPARATOR.sub("", text)
    if not text.isascii():
        text = _SEPARATOR.sub("", unicodedata.normalize("NFKC", text))
    text = text.upper()
    while not text[:1].isdigit() and len(text) not in sizes:
        words = text.translate(_BASES)
        label = next((label for label in labels if words.startswith(label) and len(text) > len(label)), None)
        if label is None:
            break
        text = text[len(label) :]
    return text


def digits(text: str) -> bool:
    """Whether `text` is one or more ASCII digits: what others call digits is none of a tax id."""
    return text.isascii() and text.isdigit()


def reason(validate: Callable[[str], str], number: str) -> Reason | None:
    """The reason for which a `validate` of python-stdnum refuses `number`; None where it takes it."""
    try:
        validate(number)
    except ValidationError as refusal:
        return next((word for kind, word in _ORDER if isinstance(refusal, kind)), "format")
    return None
