"""Turn the name or code of a state into its ISO 3166-2 code, inside one country.

The names are those of ISO 3166-2 (pycountry), their English forms (`subdivision_names.csv`) and what people really
write (`state_aliases.csv`). A name may belong to several states; then all of them are found.

>>> find("MX", "Edo. Méx."), find("CL", "XIII Región"), sorted(find("PE", "Lima"))
({'MX-MEX'}, {'CL-RM'}, ['PE-LIM', 'PE-LMA'])
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from pipeline.columns.cells import fold
from pipeline.columns.listed import parted
from pipeline.columns.naming import key, parts, read, repaired, short_key

__all__ = ["everywhere", "find", "innermost", "inside", "joined", "known", "matches", "name", "names", "parent"]

_NAME_AND_CODE = re.compile(r"^(\S.{2,}?)\s+([A-Za-z]{2,3})\.?$")  # "Nuevo León NL"
_REGION = re.compile(
    r"^(?:region (?:n |no |nro )?(?P<last>\d{1,2})|(?P<first>\d{1,2}) ?(?:[rdtmvn]?[ao])? region)(?: (?P<name>.+))?$"
)
_NUMBER_AND_NAME = re.compile(r"^(?P<number>\d{1,2}) (?P<name>\D{3,})$")
_BRACKETS = re.compile(r"^(.*?)\s*[\[(](.*)[\])]$")


@dataclass
class _Names:
    """The names of one country's states: by `key` and by `short_key`."""

    whole: dict[str, set[str]] = field(default_factory=dict)
    short: dict[str, set[str]] = field(default_factory=dict)

    def add(self, text: str, code: str) -> None:
        for form, index in ((key(text), self.whole), (short_key(text), self.short)):
            if form:
                index.setdefault(form, set()).add(code)


@parted
def _official() -> dict[str, dict[str, list[str | None]]]:
    """By country: the name and the parent's code of every subdivision, by its own code."""
    import pycountry

    found: dict[str, dict[str, list[str | None]]] = {}
    for entry in pycountry.subdivisions:
        found.setdefault(entry.code[:2], {})[entry.code] = [entry.name, getattr(entry, "parent_code", None)]
    return found


@parted
def _index() -> dict[str, list[dict[str, str]]]:
    """By country: the codes, with spaces between, by `key` and by `short_key` of the names."""
    found: dict[str, _Names] = {}
    for country, states in _official().items():
        names_ = found.setdefault(country, _Names())
        for code, (official_name, _) in states.items():
            assert official_name is not None
            for form in _forms(official_name):
                names_.add(form, code)
            names_.whole.setdefault(key(code[3:]), set()).add(code)
            names_.whole.setdefault(key(code), set()).add(code)
    for source in ("subdivision_names.csv", "state_aliases.csv"):
        for code, forms in read(source):
            for form in forms:
                found.setdefault(code[:2], _Names()).add(form, code)
    return {country: [joined(names_.whole), joined(names_.short)] for country, names_ in found.items()}


def joined(index: dict[str, set[str]]) -> dict[str, str]:
    """The sets of codes as texts: one is quick to read, and most have one code."""
    return {form: " ".join(sorted(codes)) for form, codes in index.items()}


def _forms(text: str) -> list[str]:
    """The names in an official name: "Ourense [Orense]", "Murcia, Región de"."""
    bracketed = _BRACKETS.match(text)
    texts = [bracketed[1], bracketed[2]] if bracketed else [text]
    turned = [" ".join(reversed(text.split(", ", 1))) for text in texts if ", " in text]
    return texts + turned


def known(country: str) -> bool:
    """Whether ISO 3166-2 divides the country."""
    return country in _index()


def name(code: str) -> str:
    """The official name of a state; the code itself where there is none."""
    return _official().get(code[:2], {}).get(code, [code])[0] or code


def parent(code: str) -> str | None:
    """The code of the state that this one is a part of."""
    return _official().get(code[:2], {}).get(code, [code, None])[1]


def inside(country: str) -> tuple[str, ...]:
    """The codes of the states of a country."""
    return tuple(_official().get(country, ()))


@lru_cache(maxsize=512)
def names(country: str) -> dict[str, str]:
    """Keys of the country's states that are names (four letters or more), and the code of each."""
    whole = _index().get(country, [{}])[0]
    return {form: codes for form, codes in whole.items() if len(form) > 3 and " " not in codes}


def find(country: str, text: str) -> set[str]:
    """The codes that `text` means in `country`; none where it is not known there."""
    index = _index().get(country)
    if index is None:
        return set()
    whole, short = index

    def look(part: str) -> set[str]:
        local = key(part)
        if local.isdigit() and len(local) == 1 and country != "CL":
            local = local.zfill(2) if local.zfill(2) in whole else local
        return set((whole.get(local) or short.get(short_key(part)) or "").split())

    return innermost(matches(text, look) or _numbered(country, text, look))


_folded = lru_cache(maxsize=4096)(fold)  # several countries are asked about the same text


def _numbered(country: str, text: str, look: Callable[[str], set[str]]) -> set[str]:
    """The state of "5ª Región", in Chile, or of "05 Valparaíso", anywhere: the number and the name must agree."""
    words = _folded(text)
    region = _REGION.match(words) if country == "CL" else None
    found = region or _NUMBER_AND_NAME.match(words)
    if found is None:
        return set()
    numbered = look((found["first"] or found["last"] if region else found["number"]).zfill(2))
    return numbered & look(found["name"]) if found["name"] else numbered


def matches(text: str, look: Callable[[str], set[str]]) -> set[str]:
    """What `look` finds for `text`, for all its parts alike, or for its repaired form."""
    for together in _readings(text):
        found = [look(part) for part in together]
        if all(found) and (common := set.intersection(*found)):
            return common
    return set()


def _readings(text: str) -> Iterator[Sequence[str]]:
    """The parts of `text` that must mean the same, one way to part it after the other; then those of its repaired form."""
    for candidate in (text, repaired(text)):
        if candidate is None:
            continue
        yield (candidate,)
        coded = _NAME_AND_CODE.match(candidate)
        if pieces := coded.groups() if coded else parts(candidate):
            yield pieces


def innermost(codes: set[str]) -> set[str]:
    """The codes without those of which another one is a part: Madrid is the province, not the community."""
    outer = {parent(code) for code in codes}
    return {code for code in codes if code not in outer} or codes


@lru_cache(maxsize=4096)
def everywhere(text: str) -> tuple[str, ...]:
    """The countries that have a state with this name (codes and abbreviations do not count), in order."""
    if len(key(text)) < 4 or key(text).isdigit() or short_key(text).isdigit():
        return ()
    return tuple(sorted(country for country in _possible(text) if find(country, text)))


def _possible(text: str) -> set[str]:
    """The countries of which `find` may know `text`, and few others: it takes too long to ask each about each text."""
    found = set[str]().union(*(set.intersection(*map(_having, together)) for together in _readings(text)))
    words = _folded(text)
    if numbered := _NUMBER_AND_NAME.match(words):
        found |= _having(numbered["name"])
    if _REGION.match(words):
        found.add("CL")
    return found


def _having(part: str) -> set[str]:
    """The countries in which `part` alone is a name or code of a state; of "1", where "01" is, too."""
    whole, short = _countries()
    local = key(part)
    return {*whole.get(local, ()), *whole.get(local.zfill(2), ()), *short.get(short_key(part), ())}


@lru_cache(maxsize=1)
def _countries() -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """The countries that have a state of this name, by `key` and by `short_key` of all names."""
    whole: dict[str, list[str]] = {}
    short: dict[str, list[str]] = {}
    for country, forms in _index().items():
        for found, own in zip((whole, short), forms, strict=True):
            for form in own:
                found.setdefault(form, []).append(country)
    return whole, short
