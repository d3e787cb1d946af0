"""Turn what people write in an e-mail column into one bare address: local part as written, domain in lower case.

Plain ASCII shapes are decided by one expression; everything else by email-validator without DNS (RFC 5321,
5322, 6531). A display name, angle brackets, `mailto:` and a comment are taken off. The domains reserved for
examples and tests (RFC 2606, 6761, 6762) are accepted: sample files use them. Two addresses in one cell are
an error, as only a person knows which one gets the invoices.
"""

from __future__ import annotations

import re
from functools import partial

import polars as pl

from pipeline.columns import cells as text_of
from pipeline.columns import mistyped
from pipeline.columns.distinct import Verdict, beside, settle
from pipeline.columns.mistyped import CERTAIN, PLAIN, SPECIAL
from pipeline.columns.typos import corrected_domain, suspicious_domain, typos
from pipeline.columns.unmailable import clause
from pipeline.handoff import Around, Judged
from pipeline.language import say

__all__ = ["judge", "normalise"]

# Characters of a cell that is looked at: searching it, and the library, take time quadratic in its length.
LONGEST = 2_000

_RESERVED = re.compile(r"\.(local|invalid|test)$", re.IGNORECASE)
_ADDRESS = re.compile(r"[^\s<>()\[\],;:|/\"]+@[^\s<>()\[\],;:|/\"@]+")
_BRACKETS = re.compile(r"^(?P<name>[^<>]*)<\s*(?P<address>[^<>]*@[^<>]*?)\s*>$")
_COMMENT = re.compile(r"^(?P<address>\S+@\S+)\s*\([^()@]*\)$")
_ENCLOSED = re.compile(r"^[^()\[\]@<>]*[(\[]\s*(?P<address>[^()\[\]\s@<>]+@[^()\[\]\s@<>]+)\s*[)\]]$")
_LABEL = re.compile(r"^(?:e-?mail|mail|correo(?: electr[oó]nico)?)\s*:\s*(?=[^\s:]+@)", re.IGNORECASE)
_MAILTO = re.compile(r"^mailto:\s*([^?]*)(?:\?.*)?$", re.IGNORECASE)
_SLIPS = tuple((re.compile(pattern, re.IGNORECASE), right) for pattern, right in (
    (r"^[\s.,;:<>'\"]+|[\s.,;:<>'\"]+$", ""),
    (r"\s*([@.])\s*", r"\1"),
    (r"\.\.+", "."),
    (r"@@+", "@"),
    (r",(?=[a-z]+$)", "."),
    (r"\s*[(\[](?:at|a|arroba)[)\]]\s*|\s+(?:at|arroba)\s+", "@"),
))  # fmt: skip
# Words before an address are a name if they look like one; else nobody knows whether "ana soto@..." means "soto@...".
_WORDS = re.compile(r"^[^@<>()\[\],;:|/\"]*[^\s@<>()\[\],;:|/\"]\s[^\s@]+@")
_NAMED = re.compile(r"^(?:[^\W\d_a-zß-ÿ][\w.'-]*\s+){1,5}[^\sA-Z@]+@\S+$")
_SHAPE = re.compile(r"^[^\s@,;]+@[^\s@,;]+\.[^\s@,;]+$")
_NO_ENDING = (
    "The part after the @-sign is not valid. It is not within a valid top-level domain."  # the library's own words
)
_MARKERS = "'="  # a spreadsheet's mark for text, and for a formula


def normalise(cells: pl.Series, around: Around) -> Judged:  # noqa: ARG001 - an address needs no neighbours
    """Addresses (String): `email.syntax`, `email.several`; warnings `email.typo`, `email.international`."""
    cell = pl.col("cell")
    domain = cell.str.slice(cell.str.find("@", literal=True) + 1)
    sure = cells.to_frame("cell").select(cell.str.contains(CERTAIN) & ~domain.is_in(typos().implode())).to_series()
    return beside(cells, sure, cells, _normalise)


def _normalise(cells: pl.Series) -> Judged:
    """The same of any cells."""
    text = text_of.without_stand_ins(cells)
    frame = pl.DataFrame({"cell": cells, "text": text}).with_columns(
        # Of the raw cell: an invisible character is not plain, so that its removal is said.
        plain=pl.col("cell").str.strip_chars().str.contains(PLAIN) & ~pl.col("text").str.contains(SPECIAL),
        local=pl.col("text").str.extract(r"^([^@]*)@"),
        domain=pl.col("text").str.extract(r"@([^@]*)$").str.to_lowercase(),
    )
    frame = frame.with_columns(
        plain=pl.col("plain") & ~suspicious_domain(pl.col("domain")),
        decided=pl.concat_str("local", "domain", separator="@"),
    )
    open_ = ~frame["plain"] & frame["text"].is_not_null()
    return settle(
        frame["decided"].set(frame["text"].is_null(), None),
        open_,
        judge,
        frame["cell"],
        also=partial(mistyped.judge, rule=judge),
    )


def judge(raw: str | None) -> Verdict:
    """The scalar rule: one cell that is not blank."""
    text = text_of.visible(raw or "")
    if len(text) > LONGEST:
        return Verdict(code="email.syntax", detail=say("it is too long"))
    inner = _unwrapped(text)
    try:
        address, international = _validated(inner)
    except ValueError as problem:
        return _refused(inner, str(problem))
    typo = corrected_domain(address.rpartition("@")[2])
    if inner[0] in _MARKERS:
        return Verdict(
            code="email.syntax", detail=say("it begins with {sign}", sign=inner[0]), suggestion=address.lstrip(_MARKERS)
        )
    if typo:
        return Verdict(address, "email.typo", suggestion=f"{address.rpartition('@')[0]}@{typo}")
    if international:
        return Verdict(address, "email.international")
    return Verdict(address, "text.invisible" if text_of.visible(text) != (raw or "").strip() else None)


def _unwrapped(text: str) -> str:
    """Take off a display name, brackets, `mailto:` or `E-mail:`, quotes around the whole, a comment and a sign of lists behind."""
    text = _LABEL.sub("", text.rstrip(";, ") or text)
    for pattern in (_BRACKETS, _COMMENT, _ENCLOSED):
        match = pattern.match(text)
        if match and "@" not in match.groupdict().get("name", ""):
            text = match["address"]
    mailto = _MAILTO.match(text)
    text = mailto[1].strip() if mailto else text
    if len(text) > 2 and text[0] == text[-1] and text[0] in "'\"":
        text = text[1:-1].strip()
    return text


def _validated(text: str) -> tuple[str, bool]:
    """The address with its local part as written and its domain normalised; whether it needs SMTPUTF8.

    Raises:
        ValueError: the library refuses it.
    """
    if mistyped.is_plain(text):
        return mistyped.lowered(text), False
    if mistyped.is_international(text):
        return mistyped.lowered(text), True
    reserved = _RESERVED.search(text)
    # The library knows no switch for these three; a stand-in of the same length gets all its other checks.
    checked = text if not reserved else text[: reserved.start(1)] + "x" * len(reserved[1])
    from email_validator import EmailNotValidError, validate_email  # most columns need none, and it takes long to load

    found = validate_email(checked, check_deliverability=False)
    if len(found.ascii_domain.rpartition(".")[2]) == 1:  # ".c" of ".cl" or ".com": no registry has one letter
        raise EmailNotValidError(_NO_ENDING)
    local = text.rpartition("@")[0] if found.local_part.isascii() else found.local_part
    domain = found.domain if not reserved else found.domain[: -len(reserved[1])] + reserved[1].lower()
    return f"{local}@{domain}", found.smtputf8


def _refused(text: str, reason: str) -> Verdict:
    """Say that `text` holds several addresses or none, with the address they may have meant."""
    found = [address for address in (_tried(part) for part in _ADDRESS.findall(text)) if address]
    if len({address.lower() for address in found}) > 1:
        return Verdict(code="email.several", suggestion=found[0])
    if found and len(found) > 1:
        return Verdict(found[0])
    repaired = (slip.sub(right, text) for slip, right in _SLIPS)
    meant = next((address for repair in repaired if repair != text and (address := _tried(repair))), None)
    if _WORDS.match(text) and not _NAMED.match(text):
        found = []
    return Verdict(code="email.syntax", detail=clause(reason), suggestion=meant or next(iter(found), None))


def _tried(text: str) -> str | None:
    if not _SHAPE.match(text):  # spares the library's long way to a refusal
        return None
    try:
        return _validated(text)[0]
    except ValueError:
        return None
