"""Turn one header into what it means: a role, whose it is, and how good a name for that role it is.

A role is a field of the target, or a helper that feeds one ("first_name", "street", "city"). The words come
from the target's record (names, labels, aliases) and from `presets/aliases.toml`. Only listed names count,
whole, or after words that merely say whose they are ("billing", "del cliente") were taken off; so a header
that resembles a name means nothing.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib import resources
from typing import Any

from pydantic import BaseModel

from pipeline.columns.text import decoded_once
from pipeline.language import later, say
from pipeline.mapping.words import (
    LOST,
    alternatives,
    fold,
    guesses,
    nearest,
    numbers_apart,
    stripped,
    without_remarks,
)
from pipeline.schema import fields

CONTEXTS = ("plain", "billing", "neutral", "business", "contact", "mailing", "address")
ADDRESS_ROLES = (
    "address",
    "street",
    "line",
    "number",
    "unit",
    "district",
    "municipality",
    "city",
    "state",
    "zip_code",
    "country",
)
NAME_ROLES = ("name", "company", "person", "first_name", "second_name", "last_name", "second_last_name")
FAMILIES = (
    ("name", "company", "first_name", "person", "last_name"),
    ("address", "street"),
    ("city", "municipality", "district"),
    ("state", "estado"),
)
WHOSE = {
    "of the delivery": later("it is of the delivery, not of the invoice"),
    "a private": later("it is a private one"),
    "another": later("it is another one, not the main one"),
    "of another person or company": later("it is of another person or company"),
    "of a bank or card": later("it is of a bank or card"),
}
"""Why a known name with an excluded word is left out, by the word's group in `aliases.toml`."""
DEEPEST = 4
"""So many words are taken off at most: a header of fifty qualifiers is no header."""
_LINES = frozenset({"line", "linea", "addr"})  # of an address only with a number or beside words of one
_METADATA = re.compile(r"^(?P<key>.+) \(metadata\)$|^metadata\[(?P<bracket>.+)\]$", re.IGNORECASE)


@dataclass(frozen=True)
class Meaning:
    """What a header means. `role` is None where it means nothing to us, and `reason` then may say why.

    `level` is how far the name is from the best one (0); `context` is one of CONTEXTS, or "excluded";
    `number` is the number at its end ("Address line 2"), `group` one inside it ("Address 2 - City").
    """

    role: str | None
    how: str = "none"
    level: int = 0
    context: str = "plain"
    number: int = 0
    group: int = 0
    reason: str = ""


class Vocabulary:
    """The names of one target's fields."""

    def __init__(self, record: type[BaseModel]) -> None:
        """Collect the names: `exact` are the fields' own, `names` all others with their role and level."""
        data = _data()
        self.exact = {fold(name): name for name in fields(record)}
        self.names: dict[str, tuple[str, int]] = {}
        for name, field in fields(record).items():
            for alias in (*field.column.aliases, field.column.label, field.column.label_es):
                self.names.setdefault(fold(alias), (name, 0))
        for role, levels in data["roles"].items():
            for level, aliases in enumerate(levels):
                for alias in aliases:
                    self.names[fold(alias)] = (role, level)
        self.bare = frozenset(data["bare"])
        self.left_out = {fold(text): reason for text, reason in data["left_out"].items()}
        self.qualifiers = _by_length(data["qualifiers"])
        self.excluded = _by_length(data["excluded"])

    def meaning(self, header: str) -> Meaning:
        """What `header` means, from its words alone."""
        header = decoded_once(header)
        if LOST.search(header):
            return self._guessed(header)
        found = _METADATA.match(header.strip())
        if found:
            return Meaning("metadata." + (found["key"] or found["bracket"]).strip(), "alias")
        if header.strip().startswith(("metadata.", "tax_settings.")):
            return Meaning(header.strip(), "exact")
        text = fold(header)
        short = fold(without_remarks(header))
        whole = text in self.exact or text in self.names or text in self.left_out
        written_as_one = text.replace("e mail", "email")
        for attempt in dict.fromkeys((*((text, short) if whole else (short, text)), written_as_one)):
            meaning = self._words(attempt)
            if meaning.role or meaning.reason:
                return meaning
        return self._side_by_side(header) or self._unknown(text)

    def _guessed(self, header: str) -> Meaning:
        """Read "Direcci?n": what every letter that could stand there makes of it, if that is one and the same."""
        found = []
        for whole in guesses(header):
            meaning = self.meaning(whole)
            if meaning.role or meaning.context == "excluded" or fold(whole) in self.left_out:
                found.append(meaning)
        return found[0] if len({(m.role, m.context) for m in found}) == 1 else self._unknown(fold(header))

    def _words(self, text: str) -> Meaning:
        if text in self.left_out:
            return Meaning(None, reason=say(self.left_out[text]))
        if text in self.exact:
            return Meaning(self.exact[text], "exact", context=self._context(text))
        if text in self.names and text not in _LINES:
            return self._named(text, text)
        plain, number, group = numbers_apart(text)
        if plain != text:
            meaning = Meaning("line", "alias") if plain in _LINES and number else self._words(plain)
            return replace(meaning, how="alias" if meaning.role else "none", number=number, group=group)
        return self._stripped(text)

    def _stripped(self, text: str, rest: str = "", context: str = "", depth: int = 0) -> Meaning:
        """Take words off that say whose it is, until a known name is left; longer words are tried first."""
        rest = rest or text
        if depth == DEEPEST:
            return Meaning(None)
        for shorter, kind in stripped(rest, self.excluded):
            inner = self._known(shorter, shorter, "address") or self._stripped(shorter, depth=depth + 1)
            if inner.role or inner.reason:
                return Meaning(None, context="excluded", reason=inner.reason or say(WHOSE[kind]))
        for shorter, kind in stripped(rest, self.qualifiers):
            whose = kind if context in ("", "neutral", "address") else context
            meaning = self._known(shorter, text, whose) or self._stripped(text, shorter, whose, depth + 1)
            if meaning.role or meaning.reason:
                return meaning
        return Meaning(None)

    def _known(self, rest: str, text: str, context: str) -> Meaning | None:
        """What `rest` of `text` means after words of `context` were taken off; None if it is no known name."""
        if rest in self.left_out:
            return Meaning(None, reason=say(self.left_out[rest]))
        plain, number, group = numbers_apart(rest)
        for name in dict.fromkeys((rest, plain)):
            role = self.exact.get(name) or (self.names[name][0] if name in self.names else None)
            if role is None or (role in self.bare and not _fits(role, context)):
                continue
            meaning = self._named(name, text) if name in self.names else Meaning(role, "alias")
            ends = number if name == plain else 0
            return replace(meaning, context=self._context(text, context), number=ends, group=group)
        return None

    def _named(self, name: str, text: str) -> Meaning:
        role, level = self.names[name]
        return Meaning(role, "alias", level, self._context(text))

    def _context(self, text: str, found: str = "plain") -> str:
        """A word of billing anywhere makes it the billing one."""
        words = f" {text} "
        if any(f" {word} " in words for word, kind in self.qualifiers if kind == "billing"):
            return "billing"
        return "plain" if found == "address" else found

    def _side_by_side(self, header: str) -> Meaning | None:
        """Read "Province/State": all names must mean the same, or near relatives."""
        meanings = [self._words(piece) for piece in alternatives(header)]
        roles = {m.role for m in meanings}
        if not meanings or None in roles:
            return None
        family = next((f for f in FAMILIES if roles <= set(f)), None)
        if len(roles) > 1 and family is None:
            return None
        role = meanings[0].role if family is None else next(r for r in family if r in roles)
        return replace(min(meanings, key=lambda m: m.level), role=role, how="alias")

    def _unknown(self, text: str) -> Meaning:
        if not text:
            return Meaning(None, reason=say("it has no header"))
        names = [name for name, (role, _) in self.names.items() if len(name) > 4 and role not in self.bare]
        close = nearest(text, [*self.exact, *names], 86)
        if close:
            return Meaning(None, reason=say("no known name; did you mean {name!r}?", name=close))
        return Meaning(None, reason=say("no field is known by this name"))


@lru_cache(maxsize=8)
def vocabulary(record: type[BaseModel]) -> Vocabulary:
    """The vocabulary of `record`, built once."""
    return Vocabulary(record)


@lru_cache(maxsize=1)
def _data() -> dict[str, Any]:
    text = resources.files("pipeline").joinpath("presets", "aliases.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def _by_length(groups: dict[str, list[str]]) -> list[tuple[str, str]]:
    pairs = [(fold(word), kind) for kind, words in groups.items() for word in words]
    return sorted(pairs, key=lambda pair: -len(pair[0]))


def _fits(role: str, context: str) -> bool:
    """Whether a name too short to stand beside others may stand beside words of this context."""
    if role in ("number", "unit", "line"):
        return context == "address" or (role == "line" and context != "neutral")
    return False


def left_out_reasons() -> Iterator[str]:
    """Why headers of the vocabulary are left out, each once."""
    yield from dict.fromkeys(_data()["left_out"].values())
