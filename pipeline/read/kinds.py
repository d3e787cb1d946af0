"""Turn cells into the kinds of values that they are, and rows into what these say of the row above: it names them, or not."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

from pipeline.read.grid import Row

LONGEST = 1_000  # characters of anything but a text; to look at more takes time quadratic in the length
LOOK_BELOW = 60  # rows whose kinds of values are compared with a header
KINDS = (
    ("email", re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")),
    ("url", re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)),
    ("flag", re.compile(r"true|false|verdadero|falso|yes|no|s[ií]|x", re.IGNORECASE)),
    ("date", re.compile(r"(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4})(?:[T ]\d.*)?|\d{1,2}:\d\d(?::\d\d)?")),
    ("number", re.compile(r"[-+(]?\s?(?:[$€£]|US\$|R\$)?\s?-?\d[\d.,' ]*\s?[%€]?\)?(?:E[-+]?\d+)?", re.IGNORECASE)),
    ("code", re.compile(r"(?=(?:.*\d){4})[-+()./ \dkK]+|(?=(?:.*\d){4})[A-Z0-9][-A-Z0-9./]{4,}")),
)  # fmt: skip


@lru_cache(maxsize=1 << 14)
def kind(cell: str) -> str:
    """What a cell looks like: email, url, flag, date, number, code or text."""
    text = cell.strip()
    if len(text) > LONGEST:
        return "text"
    return next((name for name, pattern in KINDS if pattern.fullmatch(text)), "text")


def contrast(head: Sequence[Row], at: int) -> tuple[int, int]:
    """For how many columns the cell of a row names the kind below it, and for how many it repeats it."""
    names = repeats = 0
    below = head[at + 1 : at + 1 + LOOK_BELOW]
    for i in head[at].filled():
        kinds = Counter(kind(r.cells[i] or "") for r in below if i < len(r.cells) and (r.cells[i] or "").strip())
        if not kinds:
            continue
        usual, count = kinds.most_common(1)[0]
        own = kind(head[at].cells[i] or "")
        if own == "email" or (own == usual != "text" and count >= 0.6 * kinds.total()):
            repeats += 1
        elif usual != "text" and own != usual and count >= 0.6 * kinds.total():
            names += 1
    return names, repeats


def usual(rows: Sequence[Row], i: int) -> str:
    """The kind that most cells of a column are; "" where all are blank."""
    kinds = Counter(kind(r.cells[i] or "") for r in rows if i < len(r.cells) and (r.cells[i] or "").strip())
    return kinds.most_common(1)[0][0] if kinds else ""
