"""Turn words for yes and no, in Spanish, Portuguese and English, into true and false."""

from __future__ import annotations

import polars as pl

from pipeline.columns import cells as text_of
from pipeline.columns import repeated
from pipeline.columns.distinct import Verdict
from pipeline.handoff import Around, Judged

__all__ = ["NO", "YES", "judge", "meaning", "normalise"]

YES = frozenset({"yes", "y", "yeah", "true", "t", "1", "1 0", "on", "si", "s", "sim", "verdadero", "verdadeiro", "v", "x",
                 "enabled", "enable", "habilitado", "habilitada", "activo", "activa", "ativo", "ativa", "active",
                 "activado", "activada", "ativado", "ativada", "ok",
                 "afirmativo", "aplica", "enviar", "send"})  # fmt: skip
NO = frozenset({"no", "n", "not", "false", "f", "0", "0 0", "off", "nao", "falso", "disabled", "disable", "deshabilitado",
                "deshabilitada", "inactivo", "inactiva", "inativo", "inativa", "inactive",
                "desactivado", "desactivada", "desativado", "desativada", "desabilitado", "desabilitada",
                "negativo", "no aplica", "no enviar", "nao enviar", "do not send"})  # fmt: skip

_MARKS = {"✓": True, "✔": True, "✔️": True, "☑": True, "☑️": True, "✅": True, "🗹": True,
          "✗": False, "✘": False, "❌": False, "☐": False, "✕": False, "✖": False, "✖️": False}  # fmt: skip


def normalise(cells: pl.Series, around: Around) -> Judged:  # noqa: ARG001 - a flag needs no neighbours
    """Flags (Boolean): `flag.unknown`."""
    return repeated.judge(judge, pl.Boolean, cells, tidied=text_of.without_stand_ins)


def meaning(text: str) -> bool | None:
    """Whether `text` says yes or no; None where it says neither.

    >>> meaning("Sí"), meaning("FALSO"), meaning("quizás")
    (True, False, None)
    """
    if text in _MARKS:
        return _MARKS[text]
    word = text_of.fold(text)
    return True if word in YES else False if word in NO else None


def judge(text: str | None) -> Verdict:
    """The scalar rule: one tidy cell."""
    if text is None:
        return Verdict()
    said = meaning(text)
    return Verdict(said) if said is not None else Verdict(code="flag.unknown")
