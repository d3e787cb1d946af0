"""Turn words into one of the words that a field allows.

A word fits by itself, without case, accents and punctuation; for a status also by what Spanish, Portuguese
and English systems call it. A near miss is a suggestion, never a match.
"""

from __future__ import annotations

from functools import partial

import polars as pl

from pipeline.columns import cells as text_of
from pipeline.columns import flag, repeated
from pipeline.columns.distinct import Verdict
from pipeline.handoff import Around, Judged

__all__ = ["judge", "normalise"]

# A lone "B" is left out: it is bloqueado to some, and baja (inactive) to others.
_SYNONYMS: dict[str, tuple[str, ...]] = {
    "active": ("activo", "activa", "activos", "ativo", "ativa", "a", "act", "vigente", "alta", "de alta", "habilitado", "habilitada", "enabled",
               "operativo", "cliente activo", "active customer"),
    "inactive": ("inactivo", "inactiva", "inativo", "inativa", "i", "inac", "inact", "no activo", "no activa", "nao ativo", "not active",
                 "no vigente", "baja", "de baja", "dado de baja", "dada de baja", "deshabilitado", "deshabilitada", "desabilitado", "desativado",
                 "desactivado", "desactivada", "disabled", "non active", "deactivated"),
    "blocked": ("bloqueado", "bloqueada", "bloqueo", "suspendido", "suspendida", "suspenso", "suspensa", "suspended", "bloq", "block", "retenido"),
}  # fmt: skip

_CLOSE = 80  # of 100: "actvo" for activo passes, "nuevo" does not


def normalise(cells: pl.Series, around: Around) -> Judged:
    """One of `field.choices` (String): `choice.unknown`, with all of them in the detail."""
    rule = partial(judge, choices=around.field.choices)
    return repeated.judge(rule, pl.String, cells, tidied=text_of.without_stand_ins)


def judge(text: str | None, choices: tuple[str, ...]) -> Verdict:
    """The scalar rule: one tidy cell."""
    if text is None:
        return Verdict()
    words = _words(choices)
    word = text_of.fold(text)
    if word in words:
        return Verdict(words[word])
    said = flag.meaning(text)
    if said is not None and {"active", "inactive"} <= set(choices):
        return Verdict("active" if said else "inactive")
    from rapidfuzz import fuzz, process

    near = process.extractOne(word, list(words), scorer=fuzz.ratio, score_cutoff=_CLOSE)
    return Verdict(code="choice.unknown", detail=", ".join(choices), suggestion=words[near[0]] if near else None)


def _words(choices: tuple[str, ...]) -> dict[str, str]:
    """Folded word -> choice; a choice's own name beats a synonym."""
    words = {text_of.fold(other): choice for choice in choices for other in _SYNONYMS.get(choice, ())}
    return words | {text_of.fold(choice): choice for choice in choices}
