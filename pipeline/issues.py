"""Turn a problem's code into words: the one catalogue of everything that can be wrong with a cell or a row.

The texts are data (`issues.toml` beside this file): code, severity, title, message and remedy. A message may
use {column}, {field}, {value}, {detail}, {suggestion}; `render` fills them in for a whole frame at once.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Literal

import polars as pl

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Kind:
    """One entry of the catalogue."""

    code: str
    severity: Severity
    title: str
    message: str
    remedy: str


@lru_cache(maxsize=1)
def catalogue() -> dict[str, Kind]:
    """Every kind of problem by its code, in the order of the file."""
    text = resources.files("pipeline").joinpath("issues.toml").read_text(encoding="utf-8")
    found = {}
    for family, reasons in tomllib.loads(text).items():
        for reason, entry in reasons.items():
            code = f"{family}.{reason}"
            found[code] = Kind(code, entry["severity"], entry["title"], entry["message"], entry["remedy"])
    return found


def errors() -> list[str]:
    """The codes that keep a row out."""
    return [code for code, kind in catalogue().items() if kind.severity == "error"]


def is_error(code: str) -> pl.Expr:
    """Whether the code in column `code` keeps a row out; a code the catalogue lacks does."""
    warnings = [c for c, kind in catalogue().items() if kind.severity == "warning"]
    return pl.col(code).is_not_null() & ~pl.col(code).is_in(warnings).fill_null(False)


def render(issues: pl.DataFrame) -> pl.DataFrame:
    """Add `severity`, `message` and `remedy` to a frame that has at least the columns of ISSUE_SCHEMA."""
    kinds = catalogue()
    said = {code: kinds[code] for code in issues["code"].unique().to_list() if code in kinds}
    words = {"column": "column", "field": "field", "value": "value", "detail": "detail", "suggestion": "suggestion"}

    def fill(texts: dict[str, str]) -> pl.Expr:
        text = pl.col("code").replace_strict(texts, default=pl.col("detail"), return_dtype=pl.String)
        for word, source in words.items():
            text = text.str.replace(f"{{{word}}}", pl.col(source).fill_null(""), literal=True)
        return text.str.strip_chars_end(" ")

    return issues.with_columns(
        pl.col("code").replace_strict({c: k.severity for c, k in said.items()}, default="error", return_dtype=pl.String)
        .alias("severity"),
        fill({c: k.message for c, k in said.items()}).alias("message"),
        fill({c: k.remedy for c, k in said.items()}).alias("remedy"),
    )  # fmt: skip
