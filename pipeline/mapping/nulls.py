"""The words that people write into a cell that has no value: such a cell is blank.

They are compared as a whole, without case and surrounding space. A mapping file replaces the list with
`[options] null_words = [...]`.
"""

from __future__ import annotations

from collections.abc import Iterable

NULL_WORDS: tuple[str, ...] = (
    "n/a", "n.a.", "#n/a", "na", "n.d.", "n/d", "nd", "s/n", "s/d", "s/i",
    "-", "--", "---", "—", "–", ".", "..", "...", "?", "??", "_", "*",
    "null", "(null)", "nil", "none", "nan", "undefined", "unknown", "tbd", "(blank)", "(en blanco)", "(vacío)", "(none)",
    "ninguno", "ninguna", "nulo", "nenhum", "nenhuma", "desconocido",
    "por definir", "por confirmar", "pendiente", "no aplica", "no disponible", "no tiene", "no informa", "no informado",
    "não informado", "nao informado", "não possui", "sin dato", "sin datos", "sin información", "sin informacion",
    "sin correo", "sin email", "sin mail", "sin teléfono", "sin telefono", "sin fono", "sin celular", "sin dirección", "sin direccion",
    "sin rut", "sin rfc", "sin nit", "sin ruc", "sin cuit", "sin nif", "s/rut", "s/nit", "s/rfc", "s/ruc", "no registra", "no posee",
    "not available", "not applicable",
)  # fmt: skip
"""The whole list, in lower case."""

MEANINGFUL: dict[str, tuple[str, ...]] = {
    "country": ("na",),
    "state": ("na", "nd", "none"),
    "name": ("nil", "nan", "na", "nd", "unknown", "pendiente"),
    "category": ("none", "unknown", "pendiente", "ninguno", "ninguna"),
    "status": ("pendiente", "unknown", "desconocido"),
    "reference": ("na", "nd", "nil", "nan"),
    "notes": ("pendiente", "por confirmar"),
    "default_payment_term_id": ("none",),
}
"""Words that are values in these fields: Namibia's code, Nayarit's and North Dakota's, a firm called Nil."""

IN_PARTS = frozenset({"s/n", "null", "none", "nil", "nan", "na", "nd", "unknown"})
"""Words that may be part of a composed text: a house without a number, a family called Null."""


def compared(words: Iterable[str]) -> frozenset[str]:
    """The words as a cell in lower case is held against them; `Weiß nicht` in capitals is `WEISS NICHT`."""
    return frozenset(form for word in map(str.strip, words) for form in (word.lower(), word.casefold()))
