"""Turn a problem's code into words: the one catalogue of everything that can be wrong with a cell or a row.

The texts are data (`issues.toml` beside this file): code, severity, title, message and remedy; other languages have them
in their catalogue (`language`). A message may use {column}, {field}, {value}, {detail}, {suggestion}; a part in
[[double brackets]] is left out where a word of it is blank. `render` fills them in for a whole frame at once.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any, Literal

import polars as pl

from pipeline.language import say_of

Severity = Literal["error", "warning"]
TEXTS = ("title", "message", "remedy")


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
    kinds = catalogue(lang)
    parts = []
    for (code,), group in issues.with_row_index("_at").group_by("code", maintain_order=True):
        kind = kinds.get(str(code)) or Kind(str(code), "error", str(code), "[[{detail}]]", "")
        parts.append(
            group.with_columns(
                pl.lit(kind.severity).alias("severity"),
                _fill(kind.message).alias("message"),
                _fill(kind.remedy).alias("remedy"),
            )
        )
    if not parts:
        return issues.with_columns(pl.lit(None, dtype=pl.String).alias(n) for n in ("severity", "message", "remedy"))
    return pl.concat(parts).sort("_at").drop("_at")


@lru_cache(maxsize=1024)
def _fill(template: str) -> pl.Expr:
    """The words of `template` in one pass: what is filled in is never read as a template again."""
    pieces = [
        _plain(p, blank="") if at % 2 == 0 else _plain(p, blank=None).fill_null("")
        for at, p in enumerate(re.split(r"\[\[|\]\]", template))
    ]
    return pl.concat_str(pieces).str.strip_chars_end(" ")


def _plain(template: str, blank: str | None) -> pl.Expr:
    """`template` with its words; with `blank` None the whole is null where a word is."""
    found = []
    for at, piece in enumerate(re.split(r"\{(\w+)\}", template)):
        if at % 2 == 0:
            found.append(pl.lit(piece))
        else:
            found.append(pl.col(piece) if blank is None else pl.col(piece).fill_null(blank))
    return pl.concat_str(found)
