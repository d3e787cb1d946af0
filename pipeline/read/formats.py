"""Turn a stored number and its number format into the text that a person means by it.

    >>> Formats(["General", "00000", "0%", "yyyy-mm-dd"], epoch_1904=False).show("123", 1)
    ('00123', '')

Formats that add digits or signs to an identifier (zeros in front, a mask, letters) are applied; dates become
ISO 8601; a percent keeps its sign. Thousands separators, rounding and currency signs are left away: they
depend on the viewer's country, and would turn an exact number into an ambiguous one. Numbers carry 15
significant digits, as spreadsheet programs do; a whole number with more has lost some (`LOST`). What was typed as
12.50 is stored as 12.5: a fraction may lack zeros, which matters where it stands for a code (`FRACTION`).

Source: ECMA-376 part 1, 18.8.30 (numFmts) and 18.17.4 (dates).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from functools import cache, lru_cache

LOST, FRACTION = "cell.precision_lost", "cell.fraction"
FIFTEEN = Context(prec=15, rounding=ROUND_HALF_UP)
WIDE = Context(prec=400)
DAYS = 2_958_466  # the day after 9999-12-31
BUILT_IN = {
    0: "General", 1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 11: "0.00E+00",
    12: "# ?/?", 13: "# ??/??", 14: "yyyy-mm-dd", 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM",
    19: "h:mm:ss AM/PM", 20: "h:mm", 21: "h:mm:ss", 22: "yyyy-mm-dd h:mm", 37: "#,##0", 38: "#,##0",
    39: "#,##0.00", 40: "#,##0.00", 45: "mm:ss", 46: "[h]:mm:ss", 47: "mm:ss.0", 48: "##0.0E+0", 49: "@",
}  # fmt: skip
TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|_.|\*.|\[(?P<bracket>[^\]]*)\]|(?P<ampm>AM/PM|A/P)|(?P<general>General)'
    r"|(?P<exponent>E[+-])|(?P<plain>.)",
    re.IGNORECASE | re.DOTALL,
)
CURRENCY = re.compile(r"[$€£¥₡₲₱₹]|\b[A-Z]{3}\b|kr|Fr|zł")


@dataclass(frozen=True)
class _Shape:
    """What a format does: `kind` is general, date, percent or mask; a mask is its literals and placeholders."""

    kind: str
    day: bool = False
    time: bool = False
    elapsed: bool = False
    places: int = 0
    mask: tuple[str, ...] = ()  # "0" and "#" are placeholders, everything else a literal with "\0" before it


@dataclass(frozen=True)
class Formats:
    """The number formats of a workbook, by style index."""

    codes: Sequence[str]
    epoch_1904: bool

    def show(self, number: str, style: int) -> tuple[str, str]:
        """The text of a stored number, and what of it was not stored: LOST, FRACTION or nothing ("")."""
        code = self.codes[style] if 0 <= style < len(self.codes) else "General"
        return _show(number, code, self.epoch_1904)

    def is_general(self, style: int) -> bool:
        """Whether a style shows numbers as they are, whatever their sign."""
        return style >= len(self.codes) or _is_general(self.codes[style])

    def is_date(self, style: int) -> bool:
        """Whether a style shows dates or times."""
        return _shape(_section(self.codes[style], 1)).kind == "date"

    def zeros(self, style: int) -> int:
        """How many digits a style pads whole numbers to, 0 where it does anything else."""
        code = self.codes[style]
        return len(code) if code.strip("0") == "" and len(code) > 1 else 0

    def day(self, style: int) -> bool | None:
        """Whether a style that shows dates shows their time too; None where it shows anything else, or hours alone."""
        shape = _shape(_section(self.codes[style], 1))
        return shape.time if shape.kind == "date" and not shape.elapsed else None


@cache
def _is_general(code: str) -> bool:
    return all(_shape(_section(code, sign)).kind == "general" for sign in (-1, 0, 1))


def built_in(number: int) -> str:
    """The code of a format that files only name by number; the unknown ones show numbers as they are."""
    if 27 <= number <= 36 or 50 <= number <= 58:
        return "yyyy-mm-dd"  # East Asian date formats
    return BUILT_IN.get(number, "General")


@lru_cache(maxsize=1 << 16)
def _show(number: str, code: str, epoch_1904: bool) -> tuple[str, str]:
    try:
        value = Decimal(number.strip())
    except InvalidOperation:
        return number, ""
    if not number.isascii() or "_" in number:  # no number of a workbook, though Python takes it for one
        return number, ""
    if not value.is_finite() or not -390 < value.adjusted() < 390:
        return number, ""
    shape = _shape(_section(code, (value > 0) - (value < 0)))
    if shape.kind == "date" and 0 <= value < DAYS and (text := _date(value, shape, epoch_1904)):
        return text, ""
    whole = value == value.to_integral_value(context=WIDE)
    if whole and abs(value) >= 10**15:
        return format(value.quantize(Decimal(1), context=WIDE), "f"), LOST
    exact = FIFTEEN.plus(value)
    if shape.kind == "percent":
        return f"{_plain(exact.scaleb(2))}%", ""
    plain = _plain(exact)
    fraction = FRACTION if "." in plain else ""
    if shape.kind == "mask":
        return _masked(exact, shape), "" if shape.places else fraction
    return plain, fraction


def _plain(value: Decimal) -> str:
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


@cache
def _section(code: str, sign: int) -> str:
    """The part of a format that shows numbers of a sign (-1, 0, 1)."""
    parts: list[str] = [""]
    for token in TOKEN.finditer(code):
        if token[0] == ";":
            parts.append("")
        else:
            parts[-1] += token[0]
    if sign < 0 and len(parts) > 1:
        return parts[0]  # the sign is ours to write; brackets and colours are decoration
    return parts[2] if sign == 0 and len(parts) > 2 and re.search("[0#]", parts[2]) else parts[0]


@cache
def _shape(section: str) -> _Shape:
    mask: list[str] = []
    letters = ""
    quoted = ""
    elapsed = scientific = general = False
    for token in TOKEN.finditer(section):
        kind = token.lastgroup
        text = token[kind] if kind else ""
        if kind in {"quoted", "escaped"}:
            quoted += text
            mask += ["\0" + char for char in text]
        elif kind == "bracket" and re.fullmatch(r"h+|m+|s+", text, re.IGNORECASE):
            elapsed, letters = True, letters + text.lower()
        elif kind == "bracket" and text.startswith("$"):
            quoted += text[1:].partition("-")[0]
        elif kind == "ampm":
            letters += "h"
        elif kind in {"exponent", "general"}:
            scientific, general = scientific or kind == "exponent", general or kind == "general"
        elif kind == "plain":
            letters += text.lower() if text.lower() in "ymdhsbeg" else ""
            mask.append(text if text in "0#?.,%/@" else "\0" + text)
    if any(letter in letters for letter in "ymdhs") and not general:
        return _Shape("date", bool(set(letters) & set("yd")) or letters in {"m", "mm", "mmm", "mmmm"},
                      bool(set(letters) & set("hs")), elapsed)  # fmt: skip
    if "%" in mask:
        return _Shape("percent")
    if general or scientific or "@" in mask or "/" in mask or CURRENCY.search(quoted):
        return _Shape("general")
    return _mask_shape(mask)


def _mask_shape(mask: list[str]) -> _Shape:
    """A mask, where it shows more than the number itself would."""
    holes = [i for i, part in enumerate(mask) if part in {"0", "#", "?"}]
    if not holes or "," in mask:
        return _Shape("general")
    point = mask.index(".") if "." in mask else len(mask)
    zeros = sum(mask[i] == "0" for i in holes if i < point)
    inner = any(mask[i].startswith("\0") for i in range(holes[0], holes[-1]))
    letters = any(part[1:].isalpha() for part in mask if part.startswith("\0"))
    if zeros < 2 and not inner and not letters:
        return _Shape("general")
    if point < len(mask) and zeros < 2:
        return _Shape("general")
    places = sum(i > point for i in holes)
    return _Shape("mask", places=places, mask=tuple(mask[:point]))


def _masked(value: Decimal, shape: _Shape) -> str:
    rounded = abs(value).quantize(Decimal(1).scaleb(-shape.places), ROUND_HALF_UP, context=WIDE)
    if rounded != abs(value) and shape.places == 0:
        return _plain(value)  # the mask would hide a fraction
    digits, _, fraction = format(rounded, "f").partition(".")
    out: list[str] = []
    holes = sum(part in {"0", "#", "?"} for part in shape.mask)
    left = list(digits.lstrip("0"))
    for part in reversed(shape.mask):
        if part.startswith("\0"):
            out.append(part[1:])
        elif part in {"0", "#", "?"}:
            holes -= 1
            take = "".join(left) if holes == 0 else "".join(left[-1:])
            left = [] if holes == 0 else left[:-1]
            out.append(take or ("0" if part == "0" else ""))
    text = "".join(reversed(out))
    return ("-" if value < 0 else "") + text + (f".{fraction}" if fraction else "")


def _date(value: Decimal, shape: _Shape, epoch_1904: bool) -> str | None:
    """The text of a date, or None beyond the year 9999."""
    seconds = int((value * 86_400).quantize(Decimal(1), ROUND_HALF_UP))
    days, rest = divmod(seconds, 86_400)
    clock = f"{rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}"
    if shape.elapsed:
        return f"{seconds // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}"
    if days == 0 and shape.time and not (epoch_1904 and shape.day):
        return clock
    # The 1900 system counts a 29 February that never was: serial 60.
    if days == 60 and not epoch_1904:
        return "1900-02-29" + (f" {clock}" if rest and shape.time else "")
    start = date(1904, 1, 1) if epoch_1904 else date(1899, 12, 31 if days < 60 else 30)
    if days > (date.max - start).days:
        return None
    day = start + timedelta(days)
    return day.isoformat() + (f" {clock}" if rest and shape.time else "")
