"""Turn a cell of a web page that also holds its exact value into the text that a person means, with all digits.

Spreadsheet programs that save as a web page write beside what is shown, which may be rounded or cut to `1,23E+10`, the
exact number (`x:num` by Excel, `sdval` by LibreOffice). It is treated as in a workbook: numbers keep all their digits,
zeros and signs that a format adds to an identifier stay, dates become ISO 8601.
"""

from __future__ import annotations

import re

from pipeline.read.formats import FRACTION, LOST, Formats
from pipeline.read.htmltext import number_format
from pipeline.read.opendocument import shown as as_shown
from pipeline.read.sheeterrors import SHORTENED, TEXT_FORMULA, is_error

VALUES = frozenset({"x:num", "x:str", "x:err", "sdval"})
DATE = re.compile(
    r"\d{1,4}[-/. ]\d{1,2}[-/. ]\d{1,4}(?:[ T].*)?|\d{1,2}[-/. ][^\W\d]{3,}\.?[-/. ,]+\d{2,4}(?:[ T].*)?", re.DOTALL
)
NUMERIC = re.compile(r"[^\w]*(?:[A-Z]{1,3}\s?)?[^\w]*\d[\d.,'\u2019 +()/kK-]*(?:E[+-]?\d+)?[^\w]*(?:[A-Z]{3})?[^\w]*")
PARTED = re.compile(r"-?\d+[.,]\d+")
UNSEEN = re.compile(r"#+")  # a number wider than its column
DAY_FORMAT = "yyyy-mm-dd h:mm:ss"


def cell(text: str, given: dict[str, str], style: str, epoch_1904: bool) -> tuple[str, str]:
    """The text of a cell that shows `text`, and its problem ("" if none)."""
    if not VALUES.isdisjoint(given):
        if "x:err" in given:
            return text or given["x:err"], "cell.spreadsheet_error"
        exact = given.get("x:num") or given.get("sdval") or ""
        if "x:num" in given and not exact and PARTED.fullmatch(text.strip()):
            return text, FRACTION  # what is shown is the exact number
        if exact:
            return _number(text, exact, number_format(style) or _of_calc(given), epoch_1904)
        if quoted := given.get("x:str", ""):
            return _text(text, quoted), ""
    first = text[:1]
    if first == "=" and (formula := TEXT_FORMULA.fullmatch(text)):
        return formula[1], ""
    if first == "#" and is_error(text):
        return text, "cell.spreadsheet_error"
    if "E+" in text and SHORTENED.fullmatch(text.strip()):
        return text, LOST
    return text, ""


def _of_calc(given: dict[str, str]) -> str:
    """The number format that LibreOffice writes: languages, then the code."""
    return given.get("sdnum", "").split(";", 2)[-1].replace("\u00a0", " ") if "sdnum" in given else ""


def _number(text: str, exact: str, code: str, epoch_1904: bool) -> tuple[str, str]:
    seen = text.strip()
    code = code or "General"
    iso, _ = Formats((code,), epoch_1904).show(exact, 0)
    if re.match(r"\d{4}-\d\d-\d\d", iso) or re.match(r"\d+:\d\d", iso):
        return iso, ""
    if DATE.fullmatch(seen) and (day := _as_day(seen, exact, epoch_1904)):
        return day, ""
    if seen and not UNSEEN.fullmatch(seen) and not NUMERIC.fullmatch(seen):
        return text, ""  # a word that a format writes for a number
    kind = "percentage" if seen.endswith("%") else "float"
    found, problem = as_shown({"office:value-type": kind, "office:value": exact}, seen)
    return (found or text), problem


def _as_day(seen: str, exact: str, epoch_1904: bool) -> str:
    """The date of a serial number, where what is shown has its day and its year; else ""."""
    iso, _ = Formats((DAY_FORMAT,), epoch_1904).show(exact, 0)
    found = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)(?: .*)?", iso)
    if found is None:
        return ""
    numbers = {int(n) for n in re.findall(r"\d+", seen)[:3]}
    year, month, day = (int(n) for n in found.groups())
    fits = day in numbers and not numbers.isdisjoint({year, year % 100})
    return iso if fits and (month in numbers or re.search(r"[^\W\d]{3}", seen)) else ""


def _text(text: str, quoted: str) -> str:
    """The text that a page quotes beside what it shows of it, if it is the same but for white space."""
    bare = quoted[1:] if quoted.startswith("'") and not text.startswith("'") else quoted
    return bare if " ".join(bare.split()) == " ".join(text.split()) else text
