"""Turn an e-mail domain that looks mistyped into the one that was probably meant.

Only domains whose slip is plain are listed: a letter left out, doubled, swapped or hit beside the right key
in the names of the large mail providers, and endings that no registry has (`.con`). Besides, names in which a
Cyrillic or Greek letter stands among Latin ones and looks like one of them. A suggestion is never applied.

Source of the letters: Unicode Technical Standard 39, confusables.
"""

from __future__ import annotations

from functools import lru_cache

import polars as pl

__all__ = ["corrected_domain", "suspicious_domain", "typos"]

_PROVIDERS = ("gmail.com", "hotmail.com", "outlook.com", "yahoo.com", "icloud.com")

# Other people's real domains that are one slip away from a provider's.
_REAL = {
    "gail.com",
    "mail.com",
    "cloud.com",
    "email.com",
    "ymail.com",
    "otmail.com",
    "mail.co",
    "hotmail.co",
    "outlook.co",
}

_ENDINGS = {"con": "com", "cmo": "com", "ocm": "com", "comm": "com", "coom": "com", "ccom": "com", "vom": "com", "xom": "com",
            "c0m": "com", "cim": "com", "cpm": "com", "clm": "com", "comn": "com", "como": "com", "comcl": "com", "met": "net",
            "nte": "net", "ogr": "org", "orf": "org",
            "coml": "com", "comcom": "com", "comk": "com", "comj": "com", "conm": "com", "coim": "com", "ocom": "com",
            "comd": "com", "coms": "com", "cocm": "com", "clc": "cl", "cll": "cl", "ccl": "cl", "mxx": "mx", "nett": "net",
            "ney": "net", "ner": "net", "orgg": "org"}  # fmt: skip

_LOOK_ALIKE = str.maketrans("асԁеһіјӏорԛѕуԝхαεικνορυχ", "acdehijlopqsywxaeiknopux")

_KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")


def _neighbours(letter: str) -> set[str]:
    """The keys left, right, above and below on a QWERTY keyboard."""
    for i, row in enumerate(_KEYS):
        at = row.find(letter)
        if at >= 0:
            around = [(i, at - 1), (i, at + 1), (i - 1, at), (i - 1, at + 1), (i + 1, at), (i + 1, at - 1)]
            return {_KEYS[r][c] for r, c in around if 0 <= r < len(_KEYS) and 0 <= c < len(_KEYS[r])}
    return set()


def _slips(name: str) -> set[str]:
    """Every form of `name` with one slip; its first letter is never another one."""
    cuts = range(len(name))
    left_out = {name[:i] + name[i + 1 :] for i in cuts if i}
    doubled = {name[: i + 1] + name[i:] for i in cuts}
    swapped = {name[:i] + name[i + 1] + name[i] + name[i + 2 :] for i in cuts[:-1]}
    beside = {name[:i] + key + name[i + 1 :] for i in cuts if i for key in _neighbours(name[i])}
    return (left_out | doubled | swapped | beside) - {name}


@lru_cache(maxsize=1)
def _typos() -> dict[str, str]:
    """Mistyped domain -> provider."""
    found = {}
    for provider in _PROVIDERS:
        name, _, ending = provider.partition(".")
        for slip in _slips(name):
            found[f"{slip}.{ending}"] = provider
        for bad in ("co", "cm", "om", "comm", "con.ar", "com.com", *_ENDINGS):
            found[f"{name}.{bad}"] = provider
        found[f"{name}{ending}.{ending}"] = found[f"www.{provider}"] = provider
    return {typo: meant for typo, meant in found.items() if typo not in _REAL and typo not in _PROVIDERS}


def corrected_domain(domain: str) -> str | None:
    """The domain that `domain` (lower case) is probably a slip of; None where it looks right."""
    if not domain.isascii():
        return _without_look_alikes(domain)
    head, _, ending = domain.rpartition(".")
    meant = _ENDINGS.get(ending)
    repaired = f"{head}.{meant}" if meant else domain
    better = _typos().get(repaired, repaired)
    return better if better != domain else None


def _without_look_alikes(domain: str) -> str | None:
    """A domain with Latin letters for those that look like them and stand among others; None where none does."""
    names = domain.split(".")
    plain = [name.translate(_LOOK_ALIKE) for name in names]
    mixed = [a != b and b.isascii() and any("a" <= c <= "z" for c in a) for a, b in zip(names, plain, strict=True)]
    return ".".join(b if m else a for a, b, m in zip(names, plain, mixed, strict=True)) if any(mixed) else None


@lru_cache(maxsize=1)
def typos() -> pl.Series:
    """The domains (lower case, String) that are a slip of a provider's."""
    return pl.Series("typo", list(_typos()), dtype=pl.String)


def suspicious_domain(domain: pl.Expr) -> pl.Expr:
    """Whether a domain (lower case) is one that `corrected_domain` corrects; false where it is null."""
    listed = domain.is_in(typos().implode())
    ending = domain.str.extract(r"\.([^.]*)$").is_in(list(_ENDINGS))
    return listed.fill_null(False) | ending.fill_null(False)
