"""Turn a pattern such as "{Calle} {Número}, {Ciudad}" into the columns and signs that one column is made of (`joining`).

    pattern      alternative | alternative ...     the first that is not blank in the row is taken
    alternative  text and {parts}
    part         {Header}, or {#3} or {#C}, the third column, or {#3 Header}, if that is its header; with a mark behind:
                 {Header}/100  it holds whole cents, which are written as units: 1050 -> 10.50
                 {Header}!     one of the parts marked so must be there: a town alone is no address

Where a part is blank, the text around it does not stay behind: of the separators that meet, the longest is
kept; words and opening brackets before a part, and closing brackets after it, go with it. Text before the
first and after the last part stays as long as any part is there. After a comma, a part that only repeats an
earlier piece of the same text is left out ("Santiago, Santiago").
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from pipeline.errors import Misuse
from pipeline.language import say
from pipeline.mapping.naming import column_name, find_column

_PART = re.compile(r"\{([^{}]*)\}(/100)?(!)?")
_GAP = re.compile(r"(?P<close>[)\]»”]*)(?P<between>[^\w(\[«“#]*)(?P<before>.*)", re.DOTALL)


@dataclass(frozen=True)
class Part:
    """A column in a pattern: its index, `cents` where it holds whole cents, and the text bound to it.

    Of the parts that are `needed`, one must be there, else the alternative is blank.
    """

    index: int
    cents: bool = False
    needed: bool = False
    between: str = ""
    before: str = ""
    after: str = ""


@dataclass(frozen=True)
class Alternative:
    """Parts in order, and the text before the first and after the last."""

    parts: tuple[Part, ...]
    start: str = ""
    end: str = ""


@dataclass(frozen=True)
class Pattern:
    """A parsed pattern."""

    alternatives: tuple[Alternative, ...] = field(default_factory=tuple)

    @property
    def alone(self) -> int | None:
        """The column that it is, where it is nothing but one column as it stands."""
        parts = self.alternatives[0].parts if len(self.alternatives) == 1 else ()
        bare = len(parts) == 1 and self.alternatives[0] == Alternative((Part(parts[0].index, needed=parts[0].needed),))
        return parts[0].index if bare else None

    @property
    def indexes(self) -> tuple[int, ...]:
        """The columns it uses, in order of first use."""
        return tuple(dict.fromkeys(p.index for a in self.alternatives for p in a.parts))


def parse(text: str, headers: Sequence[str], where: str = "") -> Pattern:
    """Read a pattern against the headers of the source.

    Raises:
        Misuse: a part is no header of the source, or a brace is open.
    """
    pieces, where = re.split(r"\|(?![^{}]*\})", text), where or say("the pattern")
    return Pattern(tuple(_alternative(piece, headers, where) for piece in pieces if piece.strip()))


def placeholder(index: int, headers: Sequence[str], cents: bool = False, needed: bool = False) -> str:
    """How a pattern names column `index`: by its header, or by number where the header does not say it."""
    return f"{{{column_name(index, headers)}}}{'/100' if cents else ''}{'!' if needed else ''}"


def _alternative(text: str, headers: Sequence[str], where: str) -> Alternative:
    pieces = _PART.split(text)
    texts, names, cents, needed = pieces[::4], pieces[1::4], pieces[2::4], pieces[3::4]
    if any("{" in t or "}" in t for t in texts):
        raise Misuse(
            say("{where}: a brace is open in {text!r}", where=where, text=text), say("Write each column as {Header}.")
        )
    parts: list[Part] = []
    for at, name in enumerate(names):
        index = find_column(name, headers, where)
        between = before = ""
        if at:
            gap = _GAP.fullmatch(texts[at])
            assert gap is not None
            parts[-1] = replace(parts[-1], after=gap["close"])
            between, before = gap["between"], gap["before"]
        parts.append(Part(index, bool(cents[at]), bool(needed[at]), between, before))
    if not parts:
        raise Misuse(
            say("{where}: {text!r} names no column", where=where, text=text),
            say("Write each column as {Header}; for a constant use --set."),
        )
    gap = _GAP.fullmatch(texts[-1])
    assert gap is not None
    parts[-1] = replace(parts[-1], after=gap["close"])
    return Alternative(tuple(parts), texts[0].lstrip(), (gap["between"] + gap["before"]).rstrip())
