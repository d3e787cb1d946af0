"""Turn what people write in a website column into a full web address: scheme, host in lower case, the rest as written.

Plain ASCII shapes are decided by one expression; the rest by the standard library's parser and, for names
with letters outside ASCII, by idna (UTS 46). A missing scheme becomes https. An e-mail address or the name
of an account at a social network is an error with the address that may be meant; an ending that is not in the
list of the internet's (`endings.txt`, which may be older than the ending) is only doubtful.
"""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from importlib import resources
from urllib.parse import urlsplit

import idna
import polars as pl

from pipeline.columns import cells as text_of
from pipeline.columns.distinct import Verdict, beside, settle
from pipeline.handoff import Around, Judged
from pipeline.language import say

__all__ = ["judge", "normalise"]

# No underscore, no doubled hyphen, no user, no port: those go to the scalar rule. At most 250 characters of host.
_HOST = r"(?:[A-Za-z0-9]{1,30}(?:-[A-Za-z0-9]{1,30})?\.){1,3}[A-Za-z]{2,20}"
_PATH = r"(?:/[A-Za-z0-9._~/%+=&?#-]*)?"
PLAIN = rf"^(?:https?://)?{_HOST}{_PATH}$"
_DOUBTFUL = r"(?i)^(?:https?://)?(?:https?\.|www\.[^./]+(?:/|$))"  # "https.//x", and an ending left out

_MANY = 500  # cells, below which compiling the list of endings takes longer than it saves

_LABEL = re.compile(r"^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$")
_EMAIL = re.compile(r"^(?:mailto:)?[^\s@/]+@(?P<host>[^\s@/]+\.[^\s@/]+)$", re.IGNORECASE)
_FREE_MAIL = re.compile(
    r"^(?:gmail|hotmail|outlook|yahoo|live|icloud|msn|ymail|aol|proton(?:mail)?|gmx|terra|uol|bol)\.", re.IGNORECASE
)
_NETWORKS = {"instagram": "instagram.com", "insta": "instagram.com", "ig": "instagram.com", "facebook": "facebook.com", "fb": "facebook.com",
             "face": "facebook.com", "twitter": "x.com", "x": "x.com", "tiktok": "tiktok.com", "linkedin": "linkedin.com/in",
             "youtube": "youtube.com"}  # fmt: skip
_ACCOUNT = re.compile(
    rf"^(?P<network>{'|'.join(_NETWORKS)})\s*(?:[:/\-]|\s)\s*@?(?P<name>[\w.]{{2,40}})$", re.IGNORECASE
)
_HANDLE = re.compile(r"^@(?P<name>[\w.]{2,40})$")
_TAGGED = re.compile(r"^@?(?P<name>[\w.]{2,40})\s*\((?P<network>" + "|".join(_NETWORKS) + r")\)$", re.IGNORECASE)
_SEVERAL = re.compile(r"\s*[;,|]\s*|\s+(?:y|o|e|and|or|/)\s+|\s+")
_SCHEME = re.compile(r"^(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*):(?P<slashes>//)?")
_SLIPS = tuple((re.compile(pattern, re.IGNORECASE), right) for pattern, right in (
    (r"\\", "/"),
    (r"^h?tt?tp?s?[:.;]?/*[:;]?/+(?=\w)|^htpp?s?://", "https://"),
    (r"^(?:https?:?//)+", "https://"),
    (r"^(https?://)?w{2,4}[,;:.]+", r"\g<1>www."),
    (r",(?=[a-z]{2,3}$)", "."),
    (r"\s+", ""),
    (r"[.,;]+$", ""),
    (r"\.\.+", "."),
))  # fmt: skip


def normalise(cells: pl.Series, around: Around) -> Judged:  # noqa: ARG001 - an address needs no neighbours
    """Web addresses (String): `website.syntax`, `website.handle`; warning `website.ending`."""
    if len(cells) < _MANY:
        return _normalise(cells)
    sure = cells.str.contains(_certain()) & ~cells.str.contains(_DOUBTFUL)
    cell = pl.col("cell")
    schemed = cell.str.starts_with("https://") | cell.str.starts_with("http://")
    full = cells.to_frame("cell").select(
        pl.when(schemed).then(cell).otherwise(pl.concat_str(pl.lit("https://"), cell))
    ).to_series()  # fmt: skip
    return beside(cells, sure, full, _normalise)


def _normalise(cells: pl.Series) -> Judged:
    """The same of any cells."""
    text = text_of.without_stand_ins(cells)
    column = pl.col("text")
    schemed = column.str.contains(r"(?i)^https?://")
    whole = pl.when(schemed).then(column).otherwise(pl.concat_str(pl.lit("https://"), column))
    frame = text.alias("text").to_frame().select(
        whole.str.splitn("/", 4).struct.rename_fields(["scheme", "nothing", "host", "rest"]).alias("pieces"),
        plain=column.str.contains(PLAIN) & ~column.str.contains(_DOUBTFUL),
    ).unnest("pieces").with_columns(pl.col("scheme", "host").str.to_lowercase())  # fmt: skip
    usual = pl.col("host").str.extract(r"\.([a-z]+)$").is_in(list(_endings()))
    address = pl.concat_str("scheme", pl.lit("//"), "host")
    full = pl.when(pl.col("rest").is_null()).then(address).otherwise(pl.concat_str(address, pl.lit("/"), "rest"))
    decided = frame.select(pl.when(pl.col("plain") & usual).then(full)).to_series()
    return settle(decided, decided.is_null() & text.is_not_null(), judge, text)


def judge(text: str) -> Verdict:
    """The scalar rule: one tidy cell."""
    account = _account(text)
    if account is not None:
        return account
    address, reason = _address(text)
    if address is not None:
        ending = _ending(address)
        known = ending in _endings() or ending.isdigit()
        return Verdict(address) if known else Verdict(address, "website.ending", ending)
    pieces = [piece for piece in _SEVERAL.split(text) if piece]
    found = [address for address in (_address(piece)[0] for piece in pieces if "." in piece) if address]
    if len(pieces) > 1 and len(set(found)) > 1:
        return Verdict(code="website.syntax", detail=say(": it holds several addresses"), suggestion=found[0])
    return Verdict(code="website.syntax", detail=reason, suggestion=_repaired(text) or (found[0] if found else None))


@lru_cache(maxsize=1)
def _endings() -> frozenset[str]:
    """The top-level domains, and the names reserved for examples and tests (RFC 2606, 6762)."""
    text = resources.files("pipeline.columns").joinpath("endings.txt").read_text(encoding="utf-8")
    listed = (line for line in text.splitlines() if not line.startswith("#"))
    return frozenset(" ".join(listed).split()) | {"example", "test", "invalid", "local"}


@lru_cache(maxsize=1)
def _certain() -> str:
    """The plain addresses that need a scheme at most, as a pattern: in lower case, with a short ending that there is."""
    endings = "|".join(sorted(ending for ending in _endings() if re.fullmatch("[a-z]{2,3}|info|example", ending)))
    host = _HOST.replace("A-Za-z", "a-z").replace("[a-z]{2,20}", f"(?:{endings})")
    return rf"^(?:https?://)?{host}{_PATH}$"


def _ending(address: str) -> str:
    """The top-level domain of a full address, as the DNS has it; digits for a numeric host."""
    label = (urlsplit(address).hostname or "").rpartition(".")[2]
    return label if label.isascii() else idna.alabel(label).decode("ascii")


def _account(text: str) -> Verdict | None:
    """An e-mail address or a social network's account, with the web address that may be meant."""
    mail = _EMAIL.match(text)
    if mail:
        own = None if _FREE_MAIL.match(mail["host"]) else _address(mail["host"])[0]
        return Verdict(code="website.handle", detail=say("an e-mail address"), suggestion=own)
    named = _ACCOUNT.match(text) or _TAGGED.match(text)
    if named and not (re.fullmatch(r"(?i)(?:com|net|org)\b.*", named["name"])):
        address = f"https://{_NETWORKS[named['network'].lower()]}/{named['name']}"
        return Verdict(code="website.handle", detail=say("an account of a social network"), suggestion=address)
    handle = _HANDLE.match(text)
    if handle:
        address = f"https://instagram.com/{handle['name']}"
        return Verdict(code="website.handle", detail=say("an account of a social network"), suggestion=address)
    return None


def _address(text: str) -> tuple[str | None, str]:
    """The full web address, or None and the reason."""
    if re.search(r"\s|[<>\"\\^`{}|]", text):
        return None, say(": it holds a space or a sign that no address has")
    scheme = _SCHEME.match(text)
    if scheme and scheme["slashes"] and scheme["scheme"].lower() not in ("http", "https"):
        return None, say(": {scheme} is not a scheme of the web", scheme=scheme["scheme"])
    full = text if scheme and scheme["slashes"] else f"https://{text.removeprefix('//')}"
    try:
        parts = urlsplit(full)
        port = parts.port
    except ValueError:
        return None, say(": the host or the port cannot be")
    if parts.username is not None or parts.password is not None:
        return None, say(": it holds a user name")
    if port == 0 or (port is None and parts.netloc.endswith(":")):
        return None, say(": the port cannot be")
    host = _host(parts.hostname or "")
    if host is None:
        return None, say(": the host cannot be")
    after = full[full.index("//") + 2 :][len(parts.netloc) :]
    return f"{parts.scheme}://{host}{f':{port}' if port else ''}{after}", ""


def _host(host: str) -> str | None:
    """The host in lower case and composed letters; None where it cannot be one."""
    if re.fullmatch(r"[0-9.]+", host):
        try:
            return str(ipaddress.IPv4Address(host))
        except ValueError:
            return None
    try:
        named = idna.uts46_remap(host, std3_rules=False, transitional=False) if not host.isascii() else host.lower()
        labels = [label if label.isascii() else idna.alabel(label).decode("ascii") for label in named.split(".")]
        for label in labels:
            if label.startswith("xn--"):
                idna.ulabel(label)
    except (idna.IDNAError, UnicodeError):
        return None
    if len(labels) < 2 or not all(_LABEL.match(label) for label in labels) or sum(map(len, labels)) + len(labels) > 254:
        return None
    if not re.fullmatch(r"[a-z]{2,63}|xn--[a-z0-9-]+", labels[-1]) or labels[0] in ("http", "https"):
        return None
    return named if labels[0] != "www" or len(labels) > 2 else None


def _repaired(text: str) -> str | None:
    """The address with the usual slips of the keyboard undone, if that gives one."""
    repaired = text
    for pattern, right in _SLIPS:
        repaired = pattern.sub(right, repaired)
    return _address(repaired)[0] if repaired != text and "@" not in repaired else None
