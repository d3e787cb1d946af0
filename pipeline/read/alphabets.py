"""Turn the bytes beyond ASCII of a text into the code page of Central Europe, Turkey or the Baltic that they are letters of.

A page is told by one alphabet that has nearly all letters which it makes of the bytes, while no alphabet of Western
Europe has those that the western pages make of them. Where both are possible, nothing is told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

ALPHABETS = {
    "Polish": "ąćęłńóśźż",
    "Czech": "áčďéěíňóřšťúůýž",
    "Slovak": "áäčďéíĺľňóôŕšťúýž",
    "Hungarian": "áéíóöőúüű",
    "Romanian": "ăâîşţ",
    "Croatian": "čćđšž",
    "Turkish": "çğıöşüâîû\u0307",  # in lower case İ has its dot behind it
    "Lithuanian": "ąčęėįšųūž",
    "Latvian": "āčēģīķļņšūž",
}
PAGES = {
    "cp1250": ("Polish", "Czech", "Slovak", "Hungarian", "Romanian", "Croatian"),
    "iso8859-2": ("Polish", "Czech", "Slovak", "Hungarian", "Romanian", "Croatian"),
    "cp1254": ("Turkish",),
    "cp1257": ("Lithuanian", "Latvian"),
}
WESTERN = {
    "Iberian": "áàâãçéèêíìïñóòôõúü",
    "French, Italian": "áàâæçéèêëíìîïóòôœúùûüÿ",
    "German, Swedish, Dutch": "áåäàéèëêíïóöôúüß",
    "Danish, Norwegian": "æøåäáàéèêëóòôöü",
    "Icelandic": "áðéíóúýþæö",
}
"""Families, as lists hold customers of neighbouring countries."""
WESTERN_PAGES = ("cp1252", "cp850", "cp437", "mac-roman")
BESIDE = frozenset("ºª°·’´–—“”«»€")
"""Signs that stand among western letters."""

LEAST, MOSTLY = 8, 0.75  # letters that tell anything; their share of all that is not ASCII
OWN, FOREIGN = 0.97, 0.93  # share of the letters that its alphabet has; that no western one may have
OTHERS = 3  # letters that the western page reads otherwise
HUNGARIAN = 2, 6  # of these, as it has no more; and of all its letters instead


def page(counts: Counter[int]) -> str | None:
    """The page of a text that has these bytes (beyond ASCII) so often; None where it may as well be western.

    >>> page(Counter("Tomáš Dvořák, Jiří Říha, Kateřina Černá, Žižkov, Plzeň".encode("cp1250")))
    'cp1250'
    >>> page(Counter("José Muñoz, Søren Kjær, Hélène Müller, Niccolò Calì, João".encode("cp1252"))) is None
    True
    """
    high = Counter({octet: count for octet, count in counts.items() if octet > 127})
    best: tuple[float, str | None] = 0.0, None
    for name, languages in PAGES.items():
        letters = {octet: char for octet in high if (char := _char(octet, name)).isalpha()}
        total = sum(high[octet] for octet in letters)
        if total < max(LEAST, MOSTLY * high.total()):
            continue
        others = sum(char != _char(octet, "cp1252") for octet, char in letters.items())
        for language in languages:
            has = _share(high, letters, (ALPHABETS[language],))
            few = language == "Hungarian" and others >= HUNGARIAN[0] and len(letters) >= HUNGARIAN[1]
            if (few or others >= OTHERS) and has >= OWN and _western(high, letters) < FOREIGN:
                best = max(best, (has, name), key=lambda found: found[0])
    return best[1]


def _western(counts: Counter[int], octets: Iterable[int]) -> float:
    """The largest share of these bytes that one western page makes letters of one family of."""
    pages = [{octet: _char(octet, name) for octet in octets} for name in WESTERN_PAGES]
    return max(_share(counts, chars, (letters, BESIDE)) for chars in pages for letters in WESTERN.values())


def _share(counts: Counter[int], chars: dict[int, str], known: Iterable[Iterable[str]]) -> float:
    """How many of these characters, in lower case, are known ones."""
    among = {letter for letters in known for letter in letters}
    fit = sum(counts[octet] for octet, char in chars.items() if among.issuperset(char.lower().removeprefix("i")))
    return fit / max(1, sum(counts[octet] for octet in chars))


def _char(octet: int, name: str) -> str:
    return bytes([octet]).decode(name, "replace")
