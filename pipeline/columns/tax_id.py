"""Turn tax ids as people write them into their country's normal form, with every doubt as a code.

The row's country says which rule reads the number (`taxids`); without a country nothing is guessed. Plain valid
numbers of Chile, Mexico and Colombia are decided on whole columns, the others as distinct values. A check digit
in a column of its own (`around.others["tax_id_check_digit"]`) is joined to its number first.
"""

from __future__ import annotations

import re

import polars as pl

from pipeline import issues, sparse
from pipeline.columns import cells as raw
from pipeline.columns.distinct import Verdict, settle
from pipeline.handoff import Around, Judged
from pipeline.language import say
from pipeline.taxids import Rule, accepted, completing, given_by, remarking, rule

__all__ = ["normalise"]

CHECK_DIGIT = "tax_id_check_digit"
_LOST = re.compile(raw.LOST)
_PASSPORT = re.compile(
    r"pas(?:aporte|saporte|sport|ap|s)?\b\W*(?:n[°ºro.]*\W+)?[A-Z]{0,3}\W?[0-9]{5,12}[A-Z]?$", re.IGNORECASE
)
_JOINABLE = r"^[0-9][0-9. ]*$"


def normalise(cells: pl.Series, around: Around) -> Judged:
    """Normalise a column; the value is the form in which the country's authority writes the number.

    Where the number could not be checked (no country, no rule) the value is the text as it stands, tidied.
    """
    nothing = sparse.nulls(len(cells))
    country = nothing if around.country is None else around.country
    digit, whole = nothing, cells
    if CHECK_DIGIT in around.others:
        digit = raw.without_stand_ins(around.others[CHECK_DIGIT]).str.replace(r"\.0$", "")
        text = raw.without_stand_ins(cells)
        apart = digit.is_not_null() & text.str.contains(_JOINABLE).fill_null(False)
        whole = text.zip_with(~apart, text + "-" + digit)
    decided = accepted(country, whole)
    left = (decided.is_null() & cells.is_not_null()).arg_true()
    rest = raw.without_stand_ins(cells.gather(left))
    text = cells.clone().scatter(left, rest)
    if whole is cells:
        padded = left.filter((rest != cells.gather(left)).fill_null(False))
        if len(padded):
            decided = decided.clone().scatter(padded, accepted(country.gather(padded), text.gather(padded)))
    return settle(decided, decided.is_null() & text.is_not_null(), _judge, text, country, digit)


def _judge(text: str, country: str | None, digit: str | None) -> Verdict:
    if _LOST.search(text):
        return Verdict(None, "cell.precision_lost")
    known = _abroad(text, country) or rule(country)
    if known is None:
        why = (
            say("no rule is known for the tax ids of {country}", country=country)
            if country
            else say("the row's country is not known")
        )
        return Verdict(text, "tax_id.unchecked", why)
    text = _joined(known, text, digit)
    compacted = known.compact(text)
    if compacted in known.GENERIC:
        return Verdict(known.present(compacted), "tax_id.generic", say(known.NAME))
    reason = known.judge(compacted) if compacted else "format"
    if reason in (None, "other_document"):
        remarks = remarking(country or "")
        remark = remarks.remark(text) if remarks else None
        normal = known.present(compacted)
        if remark:
            return Verdict(normal, f"tax_id.{remark}", say(known.NAME), normal)
    if reason is None:
        return Verdict(known.present(compacted))
    code = f"tax_id.{reason}"
    if issues.catalogue()[code].severity != "error":
        return Verdict(known.present(compacted), code, say(known.NAME))
    if _PASSPORT.match(text):
        return Verdict(text, "tax_id.other_document", say(known.NAME))
    return Verdict(None, code, say(known.NAME), _completed(country or "", known, text))


def _abroad(text: str, country: str | None) -> Rule | None:
    """The rule of the country that gives this number to customers of other countries: their own says nothing of it."""
    by = given_by(text)
    return rule(by) if by and country else None


def _joined(known: Rule, text: str, digit: str | None) -> str:
    """The number with the check digit of the other column, unless it has that one already."""
    if digit is None:
        return text
    joined = f"{text}-{digit}"
    if known.judge(known.compact(joined)) is None:
        return joined
    own = known.compact(text)
    has_it = own.endswith(digit.upper()) and known.judge(own) is None
    return text if has_it or len(digit) > 2 else joined


def _completed(country: str, known: Rule, text: str) -> str | None:
    """The number with the check digit that fits, where it seems to have none."""
    rule_ = completing(country)
    if rule_ is None or not text.isascii() or "-" in text:
        return None
    done = rule_.complete(known.compact(text))
    return known.present(done) if done and known.judge(done) is None else None
