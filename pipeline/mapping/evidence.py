"""Turn the first cells of a column into what they look like: e-mails, tax ids, words of a status, states.

Evidence never renames a column whose header is clear; it settles headers with two meanings (`Estado`), takes
away a meaning that the cells contradict (an "address" of True and False), and names a column that has no
telling header. All shares are of the distinct cells that are not blank.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import polars as pl
from stdnum.ar import cuit
from stdnum.br import cnpj, cpf
from stdnum.cl import rut
from stdnum.mx import rfc

from pipeline.columns.listed import table
from pipeline.mapping.words import fold

MOST = 300
MOSTLY = 0.6
STATUS = frozenset(
    {"active", "inactive", "blocked", "suspended", "archived", "closed", "enabled", "disabled", "on hold"}
    | {
        "activo",
        "inactivo",
        "bloqueado",
        "activa",
        "inactiva",
        "bloqueada",
        "suspendido",
        "suspendida",
        "vigente",
        "no vigente",
    }
    | {
        "ativo",
        "inativo",
        "ativa",
        "inativa",
        "habilitado",
        "deshabilitado",
        "archivado",
        "moroso",
        "cerrado",
        "cancelado",
        "cancelada",
    }
    | {"alta", "baja", "de baja", "s", "n", "si", "no", "yes", "true", "false", "verdadero", "falso", "1", "0", "x"}
)
FLAGS = frozenset(
    {
        "true",
        "false",
        "yes",
        "no",
        "si",
        "s",
        "n",
        "y",
        "verdadero",
        "falso",
        "sim",
        "nao",
        "1",
        "0",
        "x",
        "on",
        "off",
        "t",
        "f",
        "v",
    }
)
_EMAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>]{2,}")
_URL = re.compile(r"(?:https?://|www\.)\S+\.\S+", re.IGNORECASE)
_DATE = re.compile(r"\d{4}-\d{1,2}-\d{1,2}(?:[ T].*)?|\d{1,2}[/.-]\d{1,2}[/.-](?:\d{4}|\d{2})(?: .*)?")
_RUT = re.compile(r"\d{1,3}(?:\.?\d{3}){2}-[\dkK]")
_DIGITS = re.compile(r"[\d\s.,-]+")


@dataclass(frozen=True)
class Evidence:
    """Distinct cells of a column's sample (up to MOST), and how many cells of the sample are filled."""

    values: tuple[str, ...]
    filled: int
    rows: int

    @property
    def known(self) -> bool:
        """Whether there is a cell to look at."""
        return bool(self.values)

    def share(self, test: Callable[[str], bool]) -> float:
        """The share of the values that pass `test`; 0 where there are none."""
        return sum(map(test, self.values)) / len(self.values) if self.values else 0.0

    def emails(self) -> float:
        """The share that are e-mail addresses."""
        return self.share(lambda v: bool(_EMAIL.fullmatch(v)))

    def urls(self) -> float:
        """The share that are web addresses with their scheme or `www`."""
        return self.share(lambda v: bool(_URL.fullmatch(v)))

    def flags(self) -> float:
        """The share that are words for yes and no."""
        return self.share(lambda v: fold(v) in FLAGS)

    def dates(self) -> float:
        """The share that are dates."""
        return self.share(lambda v: bool(_DATE.fullmatch(v)))

    def digits(self) -> float:
        """The share without any letter."""
        return self.share(lambda v: bool(_DIGITS.fullmatch(v)))

    def states(self) -> float:
        """The share that are names or codes of ISO 3166-2."""
        return self.share(lambda v: fold(v) in _subdivisions())

    def departments(self) -> bool:
        """Whether they are states and no apartments: "A" and "PH" may be either, "ANT" and "Cundinamarca" are not."""
        return (
            self.digits() == 0
            and self.states() >= MOSTLY
            and any(len(word) > 2 and word in _subdivisions() for word in map(fold, self.values))
        )

    def statuses(self) -> float:
        """The share that are words of a status."""
        return self.share(lambda v: fold(v) in STATUS)

    def tax_ids(self) -> float:
        """The share that are RUT, RFC, CUIT, CNPJ or CPF with all their parts right."""
        return max(self.share(test) for test in _TAX_IDS)


_TAX_IDS: tuple[Callable[[str], bool], ...] = (
    lambda v: bool(_RUT.fullmatch(v)) and rut.is_valid(v),
    lambda v: v.upper() == v and rfc.is_valid(v, validate_check_digits=False),
    lambda v: len(v) >= 11 and (cnpj.is_valid(v) or cpf.is_valid(v)),
    lambda v: len(v) >= 11 and cuit.is_valid(v),
)


def evidence(cells: pl.Series) -> Evidence:
    """Look at a column's sample."""
    stripped = cells.cast(pl.String).str.strip_chars()
    filled = stripped.filter(stripped.str.len_chars() > 0)
    values = filled.unique(maintain_order=True).head(MOST).to_list()
    return Evidence(tuple(values), len(filled), len(cells))


@cache
def _subdivisions() -> frozenset[str]:
    return frozenset(_of_states())


@table
def _of_states() -> list[str]:
    """The folded names and codes of ISO 3166-2, and some that people write instead."""
    import pycountry

    words = {
        "region metropolitana",
        "metropolitana",
        "rm",
        "cdmx",
        "estado de mexico",
        "edomex",
        "o higgins",
        "biobio",
        "araucania",
        "bogota",
        "antofagasta",
    }
    for item in pycountry.subdivisions:
        words |= {fold(item.name), fold(item.code), fold(item.code.partition("-")[2])}
    return sorted(w for w in words if not w.isdigit())
