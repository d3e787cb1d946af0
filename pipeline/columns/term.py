"""Turn the name of a payment term into its id at the target.

A term fits by id or by name, without case, accents and punctuation; or by what it says, where exactly one
term of the account says the same: `Net 30`, `30 días` and `30` are 30 days, `contado` is none.
"""

from __future__ import annotations

import re
from functools import partial

import polars as pl

from pipeline.columns import cells as text_of
from pipeline.columns import repeated
from pipeline.columns.distinct import Verdict
from pipeline.handoff import Around, Entry, Judged
from pipeline.language import say

__all__ = ["days", "judge", "normalise"]

_DAYS = re.compile(
    r"^(?:net|neto|n|liquido|pago|credito|plazo|prazo|a|due in)?(?: (?:a|de|em|en|in))? ?(?P<days>\d{1,3})"
    r"(?: ?(?:d|ds|dia|dias|day|days))?(?: (?:net|neto|credito|plazo|corridos|fecha factura|calendario))?$|^(?:dias|days) (?P<days2>\d{1,3})$"
)
_AT_ONCE = {"contado", "al contado", "pago al contado", "a vista", "avista", "cash", "due on receipt", "upon receipt", "on receipt",
            "immediate", "inmediato", "pago inmediato", "immediately", "due immediately", "al dia", "efectivo contado",
            "pagamento a vista", "a la vista", "vencimiento inmediato"}  # fmt: skip
_CLOSE = 80


def normalise(cells: pl.Series, around: Around) -> Judged:
    """Ids of terms (String): `term.unknown`, `term.ambiguous`; `term.unchecked` where no list could be fetched."""
    rule = partial(judge, terms=around.settings.catalogue.terms)
    return repeated.judge(rule, pl.String, cells, tidied=text_of.without_stand_ins)


def days(text: str) -> int | None:
    """How many days a plain term gives; None for anything richer (discounts, end of month, instalments).

    >>> days("Net 30"), days("a 30 días"), days("Contado"), days("2/10 net 30")
    (30, 30, 0, None)
    """
    words = text_of.fold(text)
    if words in _AT_ONCE:
        return 0
    found = _DAYS.match(words)
    return int(found["days"] or found["days2"]) if found else None


def judge(text: str | None, terms: tuple[Entry, ...] | None) -> Verdict:
    """The scalar rule: one tidy cell, and the terms of the account (None: not known)."""
    if text is None:
        return Verdict()
    if terms is None:
        return Verdict(text, "term.unchecked")
    exact = [term for term in terms if text == str(term.id)]
    named = [term for term in terms if text_of.fold(term.name) == text_of.fold(text)]
    given = days(text)
    fitting = exact or named or [term for term in terms if given is not None and days(term.name) == given]
    if len(fitting) == 1:
        return Verdict(str(fitting[0].id))
    if fitting:
        return Verdict(code="term.ambiguous", detail=", ".join(f"{term.name} ({term.id})" for term in fitting))
    listed = ", ".join(term.name for term in terms) or say("it has none")
    from rapidfuzz import fuzz, process

    near = process.extractOne(text_of.fold(text), {term.name: text_of.fold(term.name) for term in terms},
                              scorer=fuzz.ratio, score_cutoff=_CLOSE)  # fmt: skip
    return Verdict(code="term.unknown", detail=listed, suggestion=near[2] if near else None)
