"""Turn plainly mistyped e-mail addresses into the scalar rule's verdicts, whole columns at a time.

Each slip of the keyboard is a shape, and the address that is left when it is undone. The reason is the scalar rule's
own, of an example: what one cell of a shape gets, all get.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import polars as pl

from pipeline.columns.distinct import Verdict
from pipeline.columns.typos import corrected_domain, suspicious_domain
from pipeline.handoff import Judged
from pipeline.language import spoken

__all__ = ["LOCAL", "PLAIN", "SLIPS", "SPECIAL", "Slip", "judge"]

# Narrower than the standard on purpose: no doubled hyphen (punycode, R-LDH labels), at most 62 characters before
# the @ and 239 in all (the limits are 64 and 254); what is longer goes to the library.
LOCAL = r"[A-Za-z0-9_+&%-]{1,30}(?:\.[A-Za-z0-9_+&%-]{1,15}){0,2}"
_DOMAIN = r"(?:[A-Za-z0-9]{1,25}(?:-[A-Za-z0-9]{1,25})?\.){1,3}[A-Za-z]{2,20}"
PLAIN = rf"^{LOCAL}@{_DOMAIN}$"
SPECIAL = r"(?i)\.(?:arpa|localhost|onion)$"  # what the library refuses, beside the reserved ones we accept


class Slip(NamedTuple):
    """A mistake: the shape of a cell that has only this one, what undoes it (None: nothing), and an example."""

    shape: str
    undone: Callable[[pl.Expr], pl.Expr] | None
    example: str


def _without(sign: str, by: str = "") -> Callable[[pl.Expr], pl.Expr]:
    return lambda text: text.str.replace_all(sign, by)


SLIPS = (
    Slip(r"^[A-Za-z0-9_+.-]+(?: [A-Za-z0-9_+.-]+)*$", None, "ana.empresa.cl"),
    Slip(rf"^{LOCAL}@$", None, "ana@"),
    Slip(rf"^@{_DOMAIN}$", None, "@empresa.cl"),
    Slip(rf"^{LOCAL}@[A-Za-z0-9]{{1,25}}$", None, "ana@empresa"),
    Slip(rf"^{LOCAL}@{_DOMAIN}\.$", _without(r"\.$"), "ana@empresa.cl."),
    Slip(r"^[^@ ]+ +@[^@ ]+$", _without(r" *([@.]) *", "$1"), "ana @empresa.cl"),
    Slip(r"^[^@ ]+@[^@ ]* [^@]*$", _without(r" *([@.]) *", "$1"), "ana@ empresa.cl"),
    Slip(rf"^{LOCAL}@@{_DOMAIN}$", _without("@@", "@"), "ana@@empresa.cl"),
    Slip(r"^[^@,]+@[^@,]+,[A-Za-z]+$", _without(",", "."), "ana@empresa,cl"),
    Slip(r"^[^@]+@[^@]*[^@.]\.\.[^@.][^@]*$", _without(r"\.\.", "."), "ana@empresa..cl"),
    Slip(r"^[^@.]+(?:\.[^@.]+)?\.\.[^@.]+@[^@]+$", _without(r"\.\.", "."), "ana..soto@empresa.cl"),
)

# Names with messages of their own, and the sign written out.
_OTHERWISE = r"(?i)@(?:localhost|local|test|invalid|onion|arpa|example)$| (?:at|arroba) "


def judge(cells: pl.Series, rule: Callable[[str], Verdict]) -> tuple[pl.Series, Judged]:
    """Which of the cells (not blank) have one plain slip (Boolean), and the verdicts on those; `rule` is the scalar one."""
    frame = pl.DataFrame({"text": cells}).with_row_index("at")
    frame = frame.with_columns(pl.col("text").str.strip_chars())
    parts = [_provider(frame), *(_slipped(frame, slip, _verdict(rule, slip.example, spoken())) for slip in SLIPS)]
    found = pl.concat(parts).unique("at", keep="first")
    rows = frame.select("at").join(found, on="at", how="left", maintain_order="left")
    return rows["code"].is_not_null(), Judged(rows["value"], rows["code"], rows["detail"], rows["suggestion"])


@lru_cache(maxsize=64)
def _verdict(rule: Callable[[str], Verdict], example: str, language: str) -> Verdict:  # noqa: ARG001 - its words
    return rule(example)


def _slipped(frame: pl.DataFrame, slip: Slip, verdict: Verdict) -> pl.DataFrame:
    text = pl.col("text")
    fits = text.str.contains(slip.shape) & (text.str.len_bytes() < 200)
    if slip.undone is None:
        found = frame.filter(fits & ~text.str.contains(_OTHERWISE))
        meant = pl.lit(None, dtype=pl.String)
    else:
        found = frame.filter(fits).with_columns(meant=slip.undone(text))
        found = found.filter(pl.col("meant").str.contains(PLAIN) & ~pl.col("meant").str.contains(SPECIAL))
        meant = _lowered(pl.col("meant"))
    return found.select(
        "at",
        value=pl.lit(None, dtype=pl.String),
        code=pl.lit(verdict.code, dtype=pl.String),
        detail=pl.lit(verdict.detail, dtype=pl.String),
        suggestion=meant,
    )


def _provider(frame: pl.DataFrame) -> pl.DataFrame:
    """Addresses at a domain that is a slip of another one: they stand, with a suggestion."""
    text = pl.col("text")
    found = frame.filter(text.str.contains(PLAIN) & ~text.str.contains(SPECIAL)).select(
        "at",
        value=_lowered(text),
        domain=text.str.extract(r"@(.*)$").str.to_lowercase(),
        local=text.str.extract(r"^([^@]*)@"),
    )
    found = found.filter(suspicious_domain(pl.col("domain")))
    domains = found["domain"].unique().to_list()
    right = {domain: better for domain in domains if (better := corrected_domain(domain))}
    return found.select(
        "at",
        "value",
        code=pl.lit("email.typo"),
        detail=pl.lit(None, dtype=pl.String),
        suggestion=pl.concat_str(
            "local", pl.lit("@"), pl.col("domain").replace_strict(right, default=None, return_dtype=pl.String)
        ),
    ).filter(pl.col("suggestion").is_not_null())


def _lowered(address: pl.Expr) -> pl.Expr:
    """An address with its domain in lower case."""
    return pl.concat_str(
        address.str.extract(r"^([^@]*)@"), pl.lit("@"), address.str.extract(r"@(.*)$").str.to_lowercase()
    )
