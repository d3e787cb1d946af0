"""Turn the ways people write a currency into the ISO 4217 codes it can mean.

Codes come from ISO 4217 (pycountry), names from CLDR (babel) in Spanish, Portuguese and English, and the
signs and short forms of the Americas are listed here. A sign such as `$` means several currencies; who knows
the row's country picks one of them, nobody guesses.
"""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache

from pipeline.columns.cells import fold
from pipeline.columns.listed import parted, table

__all__ = ["LOCAL", "codes", "decimals", "meanings", "of_country"]

LOCAL = frozenset({"*"})
"""What "national currency" (M.N., moneda nacional) means where the country is not known: any."""

_SIGNS: dict[str, tuple[str, ...]] = {
    "us$": ("USD",), "u$s": ("USD",), "u$d": ("USD",), "usd$": ("USD",), "u.s.$": ("USD",), "r$": ("BRL",), "s/": ("PEN",), "s/.": ("PEN",),
    "mx$": ("MXN",), "mex$": ("MXN",), "col$": ("COP",), "ar$": ("ARS",), "ca$": ("CAD",), "can$": ("CAD",), "a$": ("AUD",),
    "au$": ("AUD",), "nz$": ("NZD",), "hk$": ("HKD",), "s$": ("SGD",), "nt$": ("TWD",), "rd$": ("DOP",), "$u": ("UYU",), "ch$": ("CLP",),
    "c$": ("NIO", "CAD"), "b/.": ("PAB",), "b/": ("PAB",), "bs": ("BOB", "VES"), "bs.": ("BOB", "VES"), "bs.s": ("VES",), "gs": ("PYG",),
    "gs.": ("PYG",), "₲": ("PYG",), "₡": ("CRC",), "q": ("GTQ",), "q.": ("GTQ",), "l.": ("HNL",), "€": ("EUR",), "¥": ("JPY", "CNY"), "円": ("JPY",),
    "元": ("CNY",), "₹": ("INR",), "₩": ("KRW",), "₽": ("RUB",), "₴": ("UAH",), "грн": ("UAH",), "грн.": ("UAH",), "руб": ("RUB",), "руб.": ("RUB",),
    "₺": ("TRY",), "₪": ("ILS",), "₫": ("VND",), "฿": ("THB",), "₱": ("PHP",), "zł": ("PLN",), "kč": ("CZK",), "ft": ("HUF",), "lei": ("RON",),
    "kr": ("SEK", "NOK", "DKK", "ISK"), "kr.": ("SEK", "NOK", "DKK", "ISK"), "rp": ("IDR",), "rm": ("MYR",), "rs": ("INR", "PKR", "LKR"),
    "fr": ("CHF",), "fr.": ("CHF",), "sfr": ("CHF",), "£": ("GBP", "EGP", "FKP", "GIP", "SHP", "SSP"),
    "₤": ("GBP", "EGP", "FKP", "GIP", "SHP", "SSP"),
    "uf": ("CLF",), "u.f.": ("CLF",), "l": ("HNL",), "lps": ("HNL",), "lps.": ("HNL",),
}  # fmt: skip

# Names as people shorten them; CLDR has the full ones.
_NAMES: dict[str, tuple[str, ...]] = {
    "dolar americano": ("USD",), "dolares americanos": ("USD",), "dolar eeuu": ("USD",), "dolar usa": ("USD",), "dolares eeuu": ("USD",),
    "us dollar": ("USD",), "us dollars": ("USD",), "american dollar": ("USD",), "dolar estadounidense": ("USD",), "usd dolar": ("USD",),
    "soles": ("PEN",), "sol": ("PEN",), "nuevo sol": ("PEN",), "nuevos soles": ("PEN",), "real": ("BRL",), "reais": ("BRL",), "reales": ("BRL",),
    "euro": ("EUR",), "euros": ("EUR",), "boliviano": ("BOB",), "bolivianos": ("BOB",), "quetzal": ("GTQ",), "quetzales": ("GTQ",),
    "lempira": ("HNL",), "lempiras": ("HNL",), "guarani": ("PYG",), "guaranies": ("PYG",), "balboa": ("PAB",), "balboas": ("PAB",),
    "colon": ("CRC",), "colones": ("CRC",), "cordoba": ("NIO",), "cordobas": ("NIO",), "bolivar": ("VES",), "bolivares": ("VES",),
    "yen": ("JPY",), "yenes": ("JPY",), "franco suizo": ("CHF",), "libra esterlina": ("GBP",), "libras esterlinas": ("GBP",),
    "dls": ("USD",), "dlls": ("USD",), "dlls usd": ("USD",), "yuan": ("CNY",), "yuanes": ("CNY",), "renminbi": ("CNY",), "rmb": ("CNY",),
    "unidad de fomento": ("CLF",), "unidades de fomento": ("CLF",),
}  # fmt: skip

_NATIONAL = {"mn", "m n", "moneda nacional", "moeda nacional", "moneda local", "local currency", "m cte", "mcte", "moneda corriente",
             "moneda legal", "moneda legal colombiana"}  # fmt: skip


@lru_cache(maxsize=1)
def codes() -> frozenset[str]:
    """The codes of ISO 4217 in force."""
    return frozenset(_in_force())


@table
def _in_force() -> list[str]:
    import pycountry

    # X.. are metals, tests and accounts between banks, except for the unions that share a currency.
    unions = {"XAF", "XCD", "XCG", "XDR", "XOF", "XPF"}
    return sorted(c.alpha_3 for c in pycountry.currencies if c.alpha_3[0] != "X" or c.alpha_3 in unions)


@table
def _withdrawn() -> dict[str, None]:
    from babel import Locale

    return dict.fromkeys(sorted(frozenset(Locale("en").currencies) - codes()))


@table
def _named() -> dict[str, list[str]]:
    """Folded name -> codes. Names of money that is no more are left out; short names are collected."""
    from babel.numbers import get_currency_name

    found: dict[str, set[str]] = {}
    for code in sorted(codes()):
        for language in ("es", "pt", "en"):
            for count in (None, 1, 2):
                found.setdefault(fold(get_currency_name(code, count=count, locale=language)), set()).add(code)
    generic = {"peso": "peso", "pesos": "peso", "dollar": "dollar", "dollars": "dollar", "dolar": "dollar", "dolares": "dollar",
               **{f"pesos {national}": "peso" for national in sorted(_NATIONAL)},
               "libra": "pound", "libras": "pound", "pound": "pound", "pounds": "pound"}  # fmt: skip
    for word, noun in generic.items():
        found[word] = {c for c in codes() if fold(get_currency_name(c, locale="en")).endswith(noun)}
    found |= {name: set(meant) for name, meant in _NAMES.items()}
    return {name: sorted(meant) for name, meant in found.items()}


@table
def _dollar_signs() -> list[str]:
    """Every currency whose own sign at home is `$`: the pesos and the dollars."""
    from babel.numbers import get_currency_symbol

    local = {code for code in codes() if get_currency_symbol(code, locale="es").endswith("$")}
    return sorted(local.union(_named()["peso"], _named()["dollar"]) - {"PHP"})


@lru_cache(maxsize=4096)
def meanings(text: str) -> frozenset[str]:
    """The ISO 4217 codes that `text` can mean; empty where it means none, `LOCAL` for "national currency".

    >>> sorted(meanings("US$")), sorted(meanings("pesos chilenos"))
    (['USD'], ['CLP'])
    """
    sign = re.sub(r"\s+", "", text).casefold()
    if sign in ("$", "$$", "＄"):
        return frozenset(_dollar_signs())
    if sign in _SIGNS:
        return frozenset(_SIGNS[sign])
    bare = sign.strip("$").upper()
    if bare in codes():
        return frozenset({bare})
    if bare in _withdrawn():
        return frozenset({f"{bare}?"})
    name = fold(text)
    if name in _NATIONAL:
        return LOCAL
    return frozenset(_named().get(name, ()))


@parted
def _tender() -> dict[str, list[list[str | None]]]:
    """The legal tender of each country, with its first and last day (ISO 8601) where there is one."""
    from babel.core import get_global

    def day(told: tuple[int, int, int] | None) -> str | None:
        return date(*told).isoformat() if told else None

    listed = get_global("territory_currencies").items()
    return {c: [[code, day(first), day(last)] for code, first, last, legal in all_ if legal] for c, all_ in listed}


@lru_cache(maxsize=512)
def of_country(country: str, today: str = "") -> frozenset[str]:
    """The currencies that are legal tender in a country (ISO 3166-1 alpha-2), by CLDR, today or on another day (ISO 8601)."""
    today = today or date.today().isoformat()
    told = _tender().get(country, ())
    return frozenset(c for c, first, last in told if c and (first or today) <= today <= (last or today))


@table
def _fractions() -> dict[str, int]:
    """The decimals of each currency that differs from most, and of those ("DEFAULT")."""
    from babel.core import get_global

    return {code: rule[0] for code, rule in get_global("currency_fractions").items()}


@lru_cache(maxsize=512)
def decimals(code: str) -> int:
    """How many decimals amounts of a currency have, by CLDR: none for CLP, PYG and JPY, three for KWD.

    >>> decimals("CLP"), decimals("MXN"), decimals("KWD")
    (0, 2, 3)
    """
    return _fractions().get(code, _fractions()["DEFAULT"])
