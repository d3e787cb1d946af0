"""Turn a problem's code into words: the one catalogue of everything that can be wrong with a cell or a row.

The texts are data (`issues.toml` beside this file): code, severity, title, message and remedy; other languages have them
in their catalogue (`language`). A message may use {column}, {field}, {value}, {detail}, {suggestion}; a part in
[[double brackets]] is left out where a word of it is blank. `render` fills them in for a whole frame at once.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from operator import itemgetter
from typing import Any, Literal

import polars as pl

from pipeline.language import say_of

Severity = Literal["error", "warning"]
TEXTS = ("title", "message", "remedy")
WORDS = ("column", "field", "value", "detail", "suggestion")
"""What the texts may name in braces."""

_Shapes = list[tuple[bool, Callable[[tuple[str | None, ...]], tuple[str | None, ...]], str]]
"""For each part of a template whether it is always said, what takes its words from a row's, and how Python puts them
together (`%`)."""

FEW = 4_000
"""So many problems are put into words row by row: an expression for each kind costs as much as a hundred rows."""


@dataclass(frozen=True)
class Kind:
    """One entry of the catalogue."""

    code: str
    severity: Severity
    title: str
    message: str
    remedy: str


@lru_cache(maxsize=8)
def catalogue(lang: str = "en") -> dict[str, Kind]:
    """Every kind of problem by its code, in the order of the file; English where the language is not known."""
    return {
        code: Kind(code, entry["severity"], *(say_of(context(code, name), entry[name], lang) for name in TEXTS))
        for code, entry in _read().items()
    }


def context(code: str, name: str) -> str:
    """What tells one of a problem's TEXTS from the same words elsewhere, in the catalogues of the languages."""
    return f"issue {code} {name}"


@lru_cache(maxsize=1)
def _read() -> dict[str, dict[str, Any]]:
    text = resources.files("pipeline").joinpath("issues.toml").read_text(encoding="utf-8")
    return {
        f"{family}.{reason}": entry
        for family, reasons in tomllib.loads(text).items()
        for reason, entry in reasons.items()
    }


def errors() -> list[str]:
    """The codes that keep a row out."""
    return [code for code, kind in catalogue().items() if kind.severity == "error"]


def is_error(code: str) -> pl.Expr:
    """Whether the code in column `code` keeps a row out; a code the catalogue lacks does."""
    warnings = [c for c, kind in catalogue().items() if kind.severity == "warning"]
    return pl.col(code).is_not_null() & ~pl.col(code).is_in(warnings).fill_null(False)


def render(issues: pl.DataFrame, lang: str = "en") -> pl.DataFrame:
    """Add `severity`, `message` and `remedy` to a frame that has at least the columns of ISSUE_SCHEMA."""
    if issues.height <= FEW:
        return issues.with_columns(_by_row(issues, lang))
    parts = []
    for (code,), group in issues.with_row_index("_at").group_by("code", maintain_order=True):
        kind = _kind(code, lang)
        parts.append(
            group.with_columns(
                pl.lit(kind.severity).alias("severity"),
                _fill(kind.message).alias("message"),
                _fill(kind.remedy).alias("remedy"),
            )
        )
    return pl.concat(parts).sort("_at").drop("_at")


def _kind(code: object, lang: str) -> Kind:
    return catalogue(lang).get(str(code)) or Kind(str(code), "error", str(code), "[[{detail}]]", "")


def _by_row(issues: pl.DataFrame, lang: str) -> list[pl.Series]:
    """What `render` adds, row by row."""
    told: list[tuple[str, str, str]] = []
    ways: dict[str | None, tuple[str, _Shapes, _Shapes]] = {}
    for line in issues.select(*WORDS, "code").rows():
        code = line[-1]
        if code not in ways:
            kind = _kind(code, lang)
            ways[code] = kind.severity, _shapes(kind.message), _shapes(kind.remedy)
        severity, message, remedy = ways[code]
        told.append((severity, _filled(message, line), _filled(remedy, line)))
    columns = zip(*told, strict=True) if told else ((), (), ())
    names = ("severity", "message", "remedy")
    return [pl.Series(name, column, dtype=pl.String) for name, column in zip(names, columns, strict=True)]


def _filled(shapes: _Shapes, line: tuple[str | None, ...]) -> str:
    """What `_fill` makes of one row's WORDS."""
    text = ""
    for always, words_of, shape in shapes:
        words = words_of(line)
        if None not in words:
            text += shape % words
        elif always:
            text += shape % tuple(word or "" for word in words)
    text = text.rstrip(" ")
    return text[:-1] if text.endswith("..") and not text.endswith("...") else text  # a header may end with a dot


@lru_cache(maxsize=1024)
def _shapes(template: str) -> _Shapes:
    """The parts of `template`; each second one, in double brackets, is left out where a word is null."""
    return [
        (at % 2 == 0, _taker(pieces[1::2]), "%s".join(piece.replace("%", "%%") for piece in pieces[::2]))
        for at, pieces in enumerate(_parsed(template))
        if any(pieces)
    ]


def _taker(names: Sequence[str]) -> Callable[[tuple[str | None, ...]], tuple[str | None, ...]]:
    """Takes the words with these names from the tuple of all WORDS."""
    at = [WORDS.index(name) for name in names]
    return itemgetter(*at) if len(at) > 1 else itemgetter(slice(at[0], at[0] + 1) if at else slice(0))


def _parsed(template: str) -> list[list[str]]:
    """The parts of `template`: each second one is in double brackets, and in each each second piece is a word's name."""
    return [re.split(r"\{(\w+)\}", part) for part in re.split(r"\[\[|\]\]", template)]


@lru_cache(maxsize=1024)
def _fill(template: str) -> pl.Expr:
    """The words of `template` in one pass: what is filled in is never read as a template again."""
    parts = [
        _plain(pieces, blank="") if at % 2 == 0 else _plain(pieces, blank=None).fill_null("")
        for at, pieces in enumerate(_parsed(template))
    ]
    text = pl.concat_str(parts).str.strip_chars_end(" ")
    twice = text.str.ends_with("..") & ~text.str.ends_with("...")
    return pl.when(twice).then(text.str.head(-1)).otherwise(text)


def _plain(pieces: Sequence[str], blank: str | None) -> pl.Expr:
    """A part of a template with its words; with `blank` None the whole is null where a word is."""
    found = []
    for at, piece in enumerate(pieces):
        if at % 2 == 0:
            found.append(pl.lit(piece))
        else:
            found.append(pl.col(piece) if blank is None else pl.col(piece).fill_null(blank))
    return pl.concat_str(found)
