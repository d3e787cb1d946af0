"""Turn a VAT number of the European Union into its compact form, which is also its normal one: `DE - 113866163` -> `DE113866163`.

One rule for each member state but Spain and Portugal, which have modules of their own. Sources: Council Directive
2006/112/EC, art. 214 and 215 (the prefix is the ISO code, EL for Greece); the states' own forms and check digits
as python-stdnum has them. Numbers of the states that are no VAT numbers (a French SIREN, a German Steuernummer) are
taken as other documents.

>>> rule = members()["BE"]
>>> rule.compact("444.503.092"), rule.judge("BE0444503092"), rule.judge("BE0444503093")
('BE0444503092', None, 'check_digit')
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module

from stdnum.eu import vat
from stdnum.exceptions import ValidationError

from pipeline.language import later
from pipeline.taxids.interface import Reason, Remark
from pipeline.taxids.writing import bare, digits, reason

STATES = ("AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU", "LV",
          "MT", "NL", "PL", "RO", "SE", "SI", "SK")  # fmt: skip

OTHERS: dict[str, tuple[str, ...]] = {
    "AT": ("tin",),
    "BE": ("nn",),
    "DE": ("stnr", "idnr"),
    "DK": ("cpr",),
    "FI": ("hetu",),
    "FR": ("siren", "siret", "nif"),
    "IE": ("pps",),
    "IT": ("codicefiscale",),
    "NL": ("bsn",),
    "PL": ("pesel", "regon"),
    "RO": ("cnp",),
    "SE": ("orgnr", "personnummer"),
}
"""Modules of python-stdnum for the tax numbers of a state that are no VAT numbers."""

LABELS = ("VATNUMBER", "VATID", "VATREG", "VATNO", "VAT", "TVA", "IVA")
OWN_LABELS: dict[str, tuple[str, ...]] = {
    "AT": ("UIDNR", "UID", "USTID"),
    "BE": ("BTW", "NTVA"),
    "CZ": ("DIC", "ICO"),
    "DE": ("USTIDNR", "USTID", "UMSATZSTEUERID"),
    "DK": ("CVR", "MOMS"),
    "FI": ("YTUNNUS", "ALV"),
    "FR": ("NTVA", "TVAINTRACOMMUNAUTAIRE", "SIRET", "SIREN"),
    "GR": ("AFM", "ΑΦΜ"),
    "HR": ("OIB", "PDV"),
    "IT": ("PIVA", "PARTITAIVA", "CODICEFISCALE"),
    "LT": ("PVM",),
    "LV": ("PVN",),
    "NL": ("BTW",),
    "PL": ("NIP",),
    "RO": ("CUI", "CIF"),
    "SE": ("MOMS", "ORGNR"),
    "SK": ("ICDPH", "DIC", "ICO"),
}
"""What a member state calls its numbers; none is how one of them begins (an Italian's codice fiscale may begin with PVN)."""


@dataclass(frozen=True)
class Member:
    """The rule of one member state; `prefix` is how its VAT numbers begin."""

    country: str
    prefix: str
    NAME: str = later("VAT number")
    GENERIC: frozenset[str] = frozenset()

    def compact(self, text: str) -> str:
        """Prefix and number; a valid number of another member state keeps its own prefix."""
        number = self._bare(text)
        if self.remark(text):
            return self.prefix + number.zfill(11)
        if number.startswith(self.country) and self.country != self.prefix:
            number = self.prefix + number[len(self.country) :]
        if number[:2] != self.prefix and (self._other(number) or vat.is_valid(number)):
            return number
        try:
            return str(vat.compact(number if number[:2] == self.prefix else self.prefix + number))
        except ValidationError:
            return number

    def remark(self, text: str) -> Remark | None:
        """Whether leading zeros of an Italian number were restored, which a spreadsheet program took."""
        number = self._bare(text)
        short = self.country == "IT" and digits(number) and 8 <= len(number) <= 10
        return "zeros_restored" if short and vat.is_valid("IT" + number.zfill(11)) else None

    def judge(self, compacted: str) -> Reason | None:
        """What is wrong; a number of the state that is no VAT number is another document."""
        if self._other(compacted):
            return "other_document"
        if compacted[:2] != self.prefix and vat.is_valid(compacted):
            return "unusual"
        return reason(vat.validate, compacted)

    def present(self, compacted: str) -> str:
        """The compact form."""
        return compacted

    def _bare(self, text: str) -> str:
        return bare(text, OWN_LABELS.get(self.country, ()) + LABELS)

    def _other(self, number: str) -> bool:
        if digits(number) and vat.is_valid(self.prefix + number):
            return False
        names = OTHERS.get(self.country, ())
        return any(import_module(f"stdnum.{self.country.lower()}.{name}").is_valid(number) for name in names)


def members() -> dict[str, Member]:
    """The rules of the member states, by ISO 3166-1 alpha-2 code."""
    return {country: Member(country, "EL" if country == "GR" else country) for country in STATES}
