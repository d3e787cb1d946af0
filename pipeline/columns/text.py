"""Turn free text, names and addresses into clean one-form text: trimmed, visible, composed, decoded once.

Outer white space goes, inner runs of spaces become one (not in an identifier: there only the ends are trimmed,
and the apostrophe goes that keeps a number as text). No-break spaces become spaces and zero-width characters go,
with a warning. Names and addresses are one line, so line breaks become ", "; other text keeps them. Text that was
decoded with the wrong encoding once is repaired by ftfy, with a warning. Control characters are an error: no
target takes them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import partial

import polars as pl

from pipeline.columns import cells as text_of
from pipeline.columns import postcode, repeated
from pipeline.columns.distinct import Verdict, beside, settle
from pipeline.handoff import Around, Judged

__all__ = ["decoded_once", "judge", "normalise"]

# Every character up to U+024F is its own NFC form; no-break space, soft hyphen and the C1 controls are left out.
_LETTERS = r"\x20-\x7E\u00A1-\u00AC\u00AE-\u024F\u2013\u2014\u2018\u2019\u201C\u201D\u2022\u2026\u20AC\u2122"
PLAIN_LINE, PLAIN = f"^[{_LETTERS}]*$", f"^[{_LETTERS}\r\n]*$"

# Texts that stay as they are: letters of which none can be the second one of a SUSPECT, and single spaces within.
_SIGN = r"!-~\u00C0-\u0151\u0154-\u015F\u0162-\u0177\u0179-\u017C\u017F-\u0191\u0193-\u024F"
_FIRST = _SIGN.replace("!-~", "!-&(-~")  # an apostrophe in front of a code may be a spreadsheet's
CERTAIN, CERTAIN_CODE = f"^[{_SIGN}]+(?: [{_SIGN}]+)*$", f"^[{_FIRST}](?:[{_SIGN} ]*[{_SIGN}])?$"

# UTF-8 read as cp1252 or latin-1: a letter such as Ã, then a sign or a rare letter. A closing quotation mark or a
# space after Ã may be meant ("IRMÔ, IRMÃ DULCE), so they do not count unless a letter follows the mark.
SUSPECT = (
    "[\u00c2-\u00f4][\u00a1-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u2013-\u2018\u201a-\u201c\u201e-\u2122]"
    "|\u00c3[\u2019\u201d][A-Za-z]"
)

_LETTER = r"[A-Za-z\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u024F]"
LOST_LETTER = (
    rf"{_LETTER}\?{{1,2}}{_LETTER}"  # "Mu?oz": an export that could not write a letter; no name asks in its middle
)

BREAKS = r"[ ,;]*(?:\r\n|[\r\n\v\f\u2028\u2029])[\s,;]*"

_SUSPECT = re.compile(SUSPECT)
_LOST_LETTER = re.compile(LOST_LETTER)
_KEPT_AS_TEXT = re.compile(
    r"'\+?[0-9][0-9 ./-]*"
)  # '00123: how one tells a spreadsheet program to leave a number alone
_C1 = re.compile(r"[\x80-\x9f]")
_C1_PAIR = re.compile(
    "[\u00c2-\u00f4][\x80-\x9f]"
)  # UTF-8 read as latin-1, or as cp1252 where that has no sign: "Ã\x8d" for Í
_BREAKS = re.compile(BREAKS)
_ANY_BREAK = re.compile(r"[\r\n\v\f\u2028\u2029]")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f]")
_RUN = re.compile(r"[^\S\r\n\v\f\u2028\u2029]{2,}|[^\S \r\n\v\f\u2028\u2029]")
_NO_BREAK_SPACE = re.compile(r"[\u00a0\u202f\u2007]")
_INVISIBLE = re.compile(f"[{text_of.INVISIBLE}]")
_JOINER = re.compile(r"(?<=[^\0-\u058f])[\u200c\u200d](?=[^\0-\u058f])")  # told by what is not: quick to prepare


def normalise(cells: pl.Series, around: Around) -> Judged:
    """Clean text (String); the field's kind says whether it is one line, `identifier` whether it is a code."""
    one_line, identifier = around.field.kind in ("name", "address"), around.field.column.identifier
    sure = _sure(cells, _codes if identifier else _certain)
    if one_line and cells.str.contains("?", literal=True).any():
        sure = sure & ~cells.str.contains(LOST_LETTER)
    judged = beside(cells, sure, cells, partial(_normalise, one_line=one_line, identifier=identifier))
    return postcode.restored(judged, around.country) if around.field.name == "zip_code" else judged


def _sure(cells: pl.Series, certain: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """Which cells are `certain` (Boolean, null where the cell is); of a column that repeats, each usual value is asked once."""
    usual = repeated.usual(cells)
    if usual is None:
        return certain(cells)
    sure = cells.is_in(usual.filter(certain(usual)).implode())
    others = (~sure).arg_true()
    return sure.scatter(others, certain(cells.gather(others))) if len(others) else sure


def _certain(cells: pl.Series) -> pl.Series:
    return cells.str.contains(CERTAIN)


def _codes(cells: pl.Series) -> pl.Series:
    """The same of codes, which most are numbers: what begins with a digit and can be read as a whole number is digits alone."""
    digits = (cells >= "0") & (cells < ":") & cells.cast(pl.UInt64, strict=False).is_not_null()
    others = (~digits).arg_true()
    if not len(others):
        return digits
    rest = cells.gather(others)
    return digits.scatter(others, rest.str.contains(CERTAIN_CODE) & ~text_of.precision_lost(rest))


def _normalise(cells: pl.Series, one_line: bool, identifier: bool) -> Judged:
    """The same of any cells."""
    frame = pl.DataFrame({"cell": cells}).select("cell", trimmed=pl.col("cell").str.strip_chars())
    trimmed = pl.col("trimmed")
    plain = trimmed.str.contains(PLAIN_LINE if one_line else PLAIN) & ~pl.col("cell").str.contains(SUSPECT)
    if one_line:
        plain = plain & ~trimmed.str.contains(LOST_LETTER)
    if identifier:
        plain = plain & ~trimmed.str.contains(text_of.LOST) & ~trimmed.str.starts_with("'")
    else:
        frame = frame.with_columns(trimmed.str.replace_all("  +", " "))
    frame = frame.with_columns(open=~plain.fill_null(True))
    decided = frame["trimmed"]
    decided = decided.set((decided == "").fill_null(False), None)
    return settle(decided, frame["open"], partial(judge, one_line=one_line, identifier=identifier), frame["cell"])


def judge(raw: str | None, one_line: bool = False, identifier: bool = False) -> Verdict:
    """The scalar rule: one cell, not null where it is asked."""
    if raw is None or not text_of.visible(raw):
        return Verdict()
    repaired = decoded_once(raw)
    control = _CONTROL.search(repaired)
    if control:
        return Verdict(code="cell.control_character", detail=f"U+{ord(control[0]):04X}")
    text = _seen(repaired)
    hidden = text != repaired or bool(_NO_BREAK_SPACE.search(text.strip()))
    text = text.strip()
    broken = one_line and bool(_ANY_BREAK.search(text))
    if broken:
        text = _BREAKS.sub(", ", text)
    if not identifier:
        text = _RUN.sub(" ", text)
    text = unicodedata.normalize("NFC", _NO_BREAK_SPACE.sub(" ", text)).strip()
    if identifier and _KEPT_AS_TEXT.fullmatch(text):
        text = text[1:]
    if identifier and re.search(text_of.LOST, text):
        return Verdict(code="cell.precision_lost")
    if repaired != raw:
        return Verdict(text, "text.mojibake", suggestion=text)
    if "\ufffd" in text or (one_line and _LOST_LETTER.search(text)):
        return Verdict(text, "text.lost_letters")
    if hidden:
        return Verdict(text, "text.invisible")
    return Verdict(text, "text.line_breaks" if broken else None)


def decoded_once(text: str) -> str:
    """Undo a wrong decoding that both our signs and ftfy see, and letters of cp1252 read as control characters."""
    suspect = _SUSPECT.search(text) or _C1_PAIR.search(text)
    if not suspect and not _C1.search(text):
        return text
    import ftfy
    from ftfy.fixes import fix_c1_controls

    return str(fix_c1_controls(ftfy.fix_encoding(text) if suspect else text))


def _seen(text: str) -> str:
    """`text` without invisible characters, but with the joiners that scripts and emoji are written with."""
    if not _INVISIBLE.search(text):
        return text
    joiners = {match.start() for match in _JOINER.finditer(text)}
    return "".join(c for i, c in enumerate(text) if i in joiners or not _INVISIBLE.match(c))
