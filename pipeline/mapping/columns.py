"""Turn a header row and its first cells into what each column means: words first, then the preset, then cells.

The preset overrules the general words, because it knows the system; the cells settle headers with two
meanings and take meanings away that they contradict. Nothing here chooses between columns.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import polars as pl
from pydantic import BaseModel

from pipeline.language import say
from pipeline.mapping.evidence import Evidence, evidence
from pipeline.mapping.presets import Preset
from pipeline.mapping.vocabulary import ADDRESS_ROLES, CONTEXTS, Meaning, vocabulary
from pipeline.mapping.words import fold
from pipeline.schema import fields

SETTLED_BY_CELLS = 0.6
_NEVER_FLAGS = frozenset(
    {"name", "company", "person", "first_name", "last_name", "address", "street", "line", "city"}
    | {"email", "website", "manager", "notes", "tax_id", "phone"}
)
_BANK = frozenset({"banco", "entidad", "entidad bancaria", "dc", "cuenta bancaria", "iban", "numero de cuenta"})
_CONTENT_ROLES = ("email", "tax_id", "website")


@dataclass(frozen=True)
class Source:
    """One column: where it is, what it is called, what its cells look like, what it means.

    `label`: its header is a template's own label.
    """

    index: int
    header: str
    meaning: Meaning
    seen: Evidence
    cells: pl.Series
    label: bool = False

    @property
    def role(self) -> str:
        """Its role, empty where it has none."""
        return self.meaning.role or ""


def read_columns(
    headers: tuple[str, ...], sample: pl.DataFrame, record: type[BaseModel], preset: Preset | None
) -> list[Source]:  # fmt: skip
    """What every column means; a header that is a template's own label means that field, whatever the cells."""
    labels = _template(headers, record)
    sources = []
    for index, header in enumerate(headers):
        cells = sample[f"c{index}"] if f"c{index}" in sample.columns else pl.Series([], dtype=pl.String)
        if labels:
            meaning = (
                Meaning(labels[fold(header)], "exact", reason=say("the template's own label"))
                if fold(header)
                else Meaning(None, reason=say("it has no header"))
            )
        else:
            meaning = _with_preset(header, record, preset)
        sources.append(Source(index, header, meaning, evidence(cells), cells, label=fold(header) in labels))
    if labels:
        # Everybody's list may have these headers too: cells still decide what `Estado` is.
        double = [replace(s, meaning=replace(s.meaning, role="estado")) for s in sources]
        return [
            replace(s, meaning=_settled(d, sources, record)) if fold(s.header) == "estado" and s.seen.known else s
            for s, d in zip(sources, double, strict=True)
        ]
    sources = [replace(s, meaning=_settled(s, sources, record)) for s in sources]
    return [replace(s, meaning=_content(s, sources, record)) for s in sources]


def _template(headers: tuple[str, ...], record: type[BaseModel]) -> dict[str, str]:
    """The labels of the language in which all headers are labels of the record; empty where they are not."""
    names = [fold(header) for header in headers if fold(header)]
    for pick in ("label", "label_es"):
        labels = {fold(getattr(field.column, pick)): name for name, field in fields(record).items()}
        required = {fold(getattr(field.column, pick)) for field in fields(record).values() if field.required}
        if len(names) >= 5 and len(set(names)) == len(names) and required <= set(names) <= set(labels):
            return labels
    return {}


def _with_preset(header: str, record: type[BaseModel], preset: Preset | None) -> Meaning:
    words = vocabulary(record)
    if preset is None:
        return words.meaning(header)
    text = fold(header)
    if text in preset.left_out:
        return Meaning(None, "none", context="excluded", reason=say(preset.left_out[text]))
    general = words.meaning(header)
    if text in preset.columns:
        role = preset.columns[text]
        how = general.how if general.role == role else "preset"
        return Meaning(role, how, -10, "billing" if role in ADDRESS_ROLES else "plain", number=_last_number(text))
    for word, kind in preset.qualifiers.items():
        if text.startswith(word + " "):
            inner = words.meaning(text[len(word) + 1 :])
            if kind == "excluded":
                return Meaning(None, context="excluded", reason=say("it belongs to another person or place"))
            if inner.role:
                context = kind if kind in CONTEXTS else "plain"
                return replace(inner, how="preset", context=context)
    return general


def _last_number(text: str) -> int:
    last = text.split()[-1] if text else ""
    return int(last) if last.isdigit() and len(last) < 3 else 0


def _settled(source: Source, sources: list[Source], record: type[BaseModel]) -> Meaning:
    """Decide `Estado`, and take away what the cells contradict."""
    meaning, seen = source.meaning, source.seen
    if (
        fold(source.header) == "departamento"
        and seen.known
        and seen.digits() > SETTLED_BY_CELLS
        and _has(sources, "state", source)
    ):
        return replace(meaning, role="unit", how="content")
    if meaning.role == "unit" and seen.departments() and not _has(sources, "state"):
        return replace(meaning, role="state", how="content")  # Colombia, Peru, Uruguay: "Depto" is a department
    if fold(source.header) == "provincia" and {"departamento", "distrito"} <= {fold(s.header) for s in sources}:
        # Peru: a department (ISO 3166-2) has provinces, which have districts.
        return replace(meaning, role="city")
    if meaning.role in ("estado", "state", "status"):
        return _state_or_status(source, sources, record)
    if fold(source.header) in ("oficina", "sucursal") and _BANK & {fold(s.header) for s in sources}:
        return Meaning(None, reason=say("it stands among bank details"))
    if fold(source.header) == "clientes" and {"proveedores", "suppliers"} & {fold(s.header) for s in sources}:
        return Meaning(None, reason=say("it says whether the row is a customer"))
    if not seen.known or meaning.role is None:
        return meaning
    if meaning.role in _NEVER_FLAGS and seen.flags() >= 0.9 and not (meaning.role == "phone" and seen.digits() == 1):
        return Meaning(None, reason=say("its cells say yes or no; that is no {said}", said=_said(meaning.role)))
    if meaning.role in _NEVER_FLAGS - {"notes"} and seen.dates() >= 0.9:
        return Meaning(None, reason=say("its cells are dates; that is no {said}", said=_said(meaning.role)))
    if meaning.role in ("name", "company", "first_name", "last_name") and seen.digits() == 1:
        return Meaning(None, reason=say("its cells are numbers; that is no {said}", said=_said(meaning.role)))
    if meaning.role == "check_digit" and seen.share(lambda v: len(v) == 1) < 0.9:
        return Meaning(None, reason=say("its cells are no check digits"))
    if (
        meaning.role == "reference"
        and meaning.how == "alias"
        and seen.tax_ids() == 1
        and len(seen.values) > 2
        and not _has(sources, "tax_id")
    ):
        return replace(meaning, role="tax_id", how="content")
    return meaning


def _state_or_status(source: Source, sources: list[Source], record: type[BaseModel]) -> Meaning:
    meaning, seen = source.meaning, source.seen
    states, statuses = seen.states(), seen.statuses()
    if not seen.known:
        role = meaning.role
        if role == "estado":
            near = any(s.role in ADDRESS_ROLES and s.index != source.index for s in sources)
            role = (
                "state"
                if meaning.context != "neutral"
                and not _has(sources, "state")
                and (near or "status" not in fields(record))
                else "status"
            )
        return replace(meaning, role=role)
    if statuses >= SETTLED_BY_CELLS and statuses > states:
        return replace(meaning, role="status", how=meaning.how if meaning.role == "status" else "content")
    if meaning.role == "state" or (meaning.role == "estado" and states > 0.2):
        return replace(meaning, role="state", how=meaning.how if meaning.role == "state" else "content")
    if meaning.role == "status" and statuses >= 0.5:
        return meaning
    if meaning.role == "estado":
        return Meaning(None, reason=say("its cells are neither states nor words of a status"))
    return Meaning(None, reason=say("its cells are no words of a customer's status"))


def _content(source: Source, sources: list[Source], record: type[BaseModel]) -> Meaning:
    """Name a column without a telling header by its cells, if nothing else feeds that field."""
    meaning, seen = source.meaning, source.seen
    known = vocabulary(record)
    if meaning.role or meaning.context == "excluded" or fold(source.header) in known.left_out or not seen.known:
        return meaning
    tests = {"email": seen.emails, "tax_id": seen.tax_ids, "website": seen.urls}
    for role in _CONTENT_ROLES:
        least = 3 if role == "tax_id" else 1
        if role in fields(record) and not _has(sources, role) and len(seen.values) >= least and tests[role]() >= 0.9:
            return Meaning(role, "content", 5, reason=say("its cells look like {said} values", said=_said(role)))
    return meaning


def _has(sources: list[Source], role: str, but: Source | None = None) -> bool:
    return any(s.role == role and s is not but for s in sources)


def _said(role: str) -> str:
    return role.replace("_", " ")
