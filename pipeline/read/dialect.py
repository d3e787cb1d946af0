"""Turn a sample of delimited text into its dialect: delimiter, quotation mark, escape, width of the table.

Every candidate reads the sample with the tolerant reader; the one that makes the most regular table with
the fewest troubled records wins. Two that explain the sample equally well are a question for the user.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace

from pipeline.errors import Unreadable
from pipeline.language import say
from pipeline.read.tolerant import Dialect, Record, records

SAMPLE = 64 << 10  # characters
DELIMITERS = (",", ";", "\t", "|")
NAMES = {"\t": "tab", ",": "comma", ";": "semicolon", "|": "bar", " ": "space"}
WORDS = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "bar": "|", "pipe": "|", "space": " "}
SEP_LINE = re.compile(r"\A(?:\"sep=(.)\"|sep=(.))[ \t]*(?:\r\n|\n|\r)", re.IGNORECASE)


@dataclass(frozen=True)
class Found:
    """A dialect, how many characters precede the first record (a `sep=` line), and what to tell the user."""

    dialect: Dialect
    skip: int = 0
    notes: tuple[str, ...] = ()


def detect(sample: str, told: str | None, suffix: str, name: str) -> Found:
    """The dialect of a text whose first SAMPLE characters are `sample`, or as the user told.

    Raises:
        Unreadable: two delimiters explain the sample equally well, or the one named is no single character.
    """
    skip, notes = 0, []
    separator = None
    if (line := SEP_LINE.match(sample)) is not None:
        separator, skip = line[1] or line[2], line.end()
        sample = sample[skip:]
        notes.append(
            say("the first line says that the delimiter is {delimiter!r}", delimiter=NAMES.get(separator, separator))
        )
    if told is not None:
        separator = WORDS.get(told.lower(), told)
        if len(separator) != 1 or separator in "\"'\r\n":
            raise Unreadable(
                say("{told!r} cannot be a delimiter", told=told),
                say('Name one character, for example --delimiter ";".'),
            )
    cut, sample = len(sample) >= SAMPLE - 64, whole_lines(sample)
    ranked = _ranked(sample, separator)
    if ranked[0].dialect.width <= 1 and cut and (above := _above_open(sample)):
        ranked = _ranked(above, separator)
        sample = above if ranked[0].dialect.width > 1 else sample
    best = ranked[0]
    if separator is None:
        best = (
            _judge(sample, "", '"' if '"' in sample else "")
            if best.dialect.width <= 1
            else _settle(best, ranked, suffix, name)
        )
    if _is_spaced(sample, best.dialect):
        best = replace(best, dialect=replace(best.dialect, spaced=True))
        notes.append(say("a blank follows every delimiter; it is no part of the cells"))
    if best.dialect.quote == "'":
        notes.append(say("the quotation mark is an apostrophe"))
    if best.dialect.escape:
        notes.append(say("quotation marks inside cells are written with a backslash"))
    return Found(best.dialect, skip, tuple(notes))


def _ranked(sample: str, separator: str | None) -> list[_Judgement]:
    candidates = (separator,) if separator else tuple(d for d in DELIMITERS if d in sample) or DELIMITERS[:1]
    return sorted((_judge(sample, d, q) for d in candidates for q in _quotes(sample, d)), key=lambda j: -j.score)


def _above_open(sample: str) -> str:
    """The lines above the one in which a quotation mark opens that does not close in the sample; "" where all close.

    A cell may hold a text that is longer than the sample, and the lines of that text are no rows.
    """
    last = sample.rfind('"')
    at = sample.rfind("\n", 0, last) + 1
    return sample[:at] if sample.count('"', at) % 2 else ""


@dataclass(frozen=True)
class _Judgement:
    dialect: Dialect
    score: float


def whole_lines(sample: str) -> str:
    """`sample` without a last line that its end cut: of a quoted cell, delimiters would seem to be those of the table."""
    if len(sample) < SAMPLE - 64:
        return sample
    return sample[: max(sample.rfind("\n"), sample.rfind("\r")) + 1] or sample


def _quotes(sample: str, delimiter: str) -> list[str]:
    """Which quotation marks to try: an apostrophe only where it stands at both ends of cells."""
    edge = re.escape(delimiter)
    ends = len(re.findall(rf"(?:^|{edge})'(?!')[^'\r\n{edge}]*", sample[:20000], re.MULTILINE))
    closes = len(re.findall(rf"'(?={edge}|$)", sample[:20000], re.MULTILINE))
    if ends >= 2 and closes >= 2 and not re.search(rf'(?:^|{edge})"', sample[:20000], re.MULTILINE):
        return ['"', "'"]
    return ['"']


def _judge(sample: str, delimiter: str, quote: str) -> _Judgement:
    dialect = Dialect(delimiter, quote)
    first = sample.lstrip("\r\n \t")
    found = [r for r in records([sample], dialect) if r.cells]
    if first.startswith("#"):
        kept = [r for r in found if not r.cells[0].startswith("#")]
        width = _width(kept)
        hashed = [r for r in found if r.cells[0].startswith("#")]
        if kept and all(len(r.cells) != width or width == 1 for r in hashed):
            dialect, found = replace(dialect, comments=True), kept
    width = _width(found)
    dialect = replace(dialect, width=width)
    again = [r for r in records([sample], dialect) if r.cells and not r.comment]
    escapes = sum("\\" + quote in r.text for r in again if r.trouble) if quote else 0
    if escapes:
        other = replace(dialect, escape="\\")
        escaped = [r for r in records([sample], other) if r.cells and not r.comment]
        if _trouble(escaped) < _trouble(again) and _regular(escaped, width) >= _regular(again, width):
            dialect, again = other, escaped
    if width <= 1:
        return _Judgement(dialect, 0.0)
    share = _regular(again, width)
    score = share * (1 - 1 / (width + 1)) - 0.5 * _trouble(again) / max(1, len(again))
    return _Judgement(dialect, score - 0.02 * (quote == "'") + (0.2 * _quoted(sample, dialect)))


def _width(found: list[Record]) -> int:
    """The usual number of cells: the mode, the wider of equals; a last row that is cut does not count."""
    counts = Counter(len(r.cells) for r in found)
    if not counts:
        return 1
    top = max(counts.values())
    return max(width for width, count in counts.items() if count == top)


def _regular(found: list[Record], width: int) -> float:
    """The share of records with the table's width; wider ones whose extra cells are empty count too."""
    if not found:
        return 0.0
    fits = sum(len(r.cells) == width or (len(r.cells) > width and not any(r.cells[width:])) for r in found)
    return fits / len(found)


def _trouble(found: list[Record]) -> int:
    return sum(r.trouble != "" for r in found)


def _quoted(sample: str, dialect: Dialect) -> float:
    """1 where quotation marks stand beside this delimiter: no other delimiter would put them there."""
    q, d = re.escape(dialect.quote), re.escape(dialect.delimiter)
    return float(bool(re.search(rf"{q}{d}{q}|^{q}[^{q}\r\n]*{q}{d}|{d}{q}[^{q}\r\n]*{q}$", sample, re.MULTILINE)))


def _is_spaced(sample: str, dialect: Dialect) -> bool:
    """Whether every delimiter is followed by a blank, as in "a, b, c"."""
    if dialect.delimiter in {"", " ", "\t"} or dialect.width < 2:
        return False
    outside = re.sub(rf"{dialect.quote}[^{dialect.quote}]*{dialect.quote}", "", sample) if dialect.quote else sample
    count = outside.count(dialect.delimiter)
    return count > 2 * dialect.width and outside.count(dialect.delimiter + " ") == count


def _settle(best: _Judgement, ranked: list[_Judgement], suffix: str, name: str) -> _Judgement:
    rivals = [
        j for j in ranked
        if j.dialect.delimiter != best.dialect.delimiter and j.dialect.width > 1 and best.score - j.score < 0.02
    ]  # fmt: skip
    if not rivals:
        return best
    for wanted in ("\t",) if suffix in {".tsv", ".tab"} else ():
        for judgement in (best, *rivals):
            if judgement.dialect.delimiter == wanted:
                return judgement
    both = [NAMES[j.dialect.delimiter] for j in (best, *rivals)]
    raise Unreadable(
        say("{name} can be read with more than one delimiter: {names}", name=name, names=say(" or ").join(both)),
        say("Say which one, for example --delimiter {first}, or --delimiter {second}.", first=both[0], second=both[1]),
    )
