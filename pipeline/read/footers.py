"""Turn the last rows of a grid into those that are certainly no customers."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipeline.read.grid import Row
from pipeline.read.kinds import kind

COUNTED = r"(?:clientes?|registros?|filas?|l[ií]neas?|rows?|records?|customers?|clients?|entries)"
TOTAL = re.compile(
    rf"(?:grand |sub)?total(?:es|s)?(?: general)?(?: (?:de |of )?{COUNTED})?(?:: *[0-9.,]+)?|suma|sum|gesamt|summe|totale|totaux",
    re.IGNORECASE,
)
PRINTED = re.compile(
    r"[-=_*+.|]{5,}|.*(?:(?:accrual|cash) basis|\bGMT[+-]\d).*|p[aá]g(?:ina|e)\.? \d+(?: (?:de|of) \d+)?"
    rf"|\(?[0-9.,]+ {COUNTED}(?: (?:affected|selected|afectad[oa]s?|encontrad[oa]s?|en total|total))?\)?\.?"
    rf"|\(?{COUNTED}(?: afectad[oa]s?)?: ?[0-9.,]+\)?|\x1a"
    r"|\W*(?:fin|end) (?:del?|of)(?: the)? (?:reporte|informe|listado|archivo|report|list|file)\W*"
    r"|(?:fecha (?:y hora )?de (?:impresi[oó]n|emisi[oó]n|generaci[oó]n)|impreso|emitido|generado|printed|generated|exported)"
    r"\b.*\d[-/.]\d\d?[-/.]\d.*",
    re.IGNORECASE,
)


def footers(tail: Sequence[Row], after: int) -> list[Row]:
    """The last rows that are certainly no customers: totals, and lines printed by the exporting program."""
    found: list[Row] = []
    for row in reversed(tail):
        filled = row.filled()
        if row.number <= after or not filled:
            break
        first = (row.cells[filled[0]] or "").strip()
        rest = [row.cells[i] or "" for i in filled[1:]]
        total = TOTAL.fullmatch(first.strip(": *")) and all(kind(cell) == "number" for cell in rest)
        if not total and not (PRINTED.fullmatch(first) and not rest):
            break
        found.append(row)
    return found[::-1]
