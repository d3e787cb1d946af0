"""Turn a normalised batch into a judged one: what the target's schema asks of each value and each row.

Every check is derived from the fields of the target's record (see `schema`): required, length, range, and
the tax id that a regulated country requires. A property test holds that these checks and the pydantic model
give the same verdict.
"""

from __future__ import annotations

import re

import polars as pl
from pydantic import BaseModel

from pipeline import issues
from pipeline.columns.sentence import sentence
from pipeline.columns.state import PLACES
from pipeline.handoff import ISSUE_SCHEMA, Checked, Clean, Mapping, Settings
from pipeline.language import say, say_n
from pipeline.schema import Field, fields, find


def validate(
    clean: Clean, mapped: pl.DataFrame, mapping: Mapping, record: type[BaseModel], settings: Settings,
    reading: pl.DataFrame, regulated: tuple[str, ...],
) -> Checked:  # fmt: skip
    """Judge a batch; `reading` are the issues of reading it, `regulated` fields a regulated country requires.

    All problems of a row are reported; a field that is wrong already is not called missing as well.
    """
    told = _of_reading(reading, mapping, record)
    own = clean.issues
    if told.height:
        own = own.join(told, on=["at", "field"], how="anti")  # one bad cell gives one issue
    known, values = pl.concat([told, own]), clean.record
    longest = _longest(values)
    found = []
    for name in values.columns:
        field = find(record, name)
        assert field is not None
        for rows, code, detail in (
            *_missing(field, values, mapping),
            *_too_long(field, values, longest),
            *_range(field, values),
        ):
            problem = _problem(name, mapped[name], mapping, rows, code, detail)
            composed = mapping.compose.get(name, "-")
            found.append(_of_place(problem, mapped) if name == "state" and not composed else problem)
    for name in regulated:
        found += _regulated(name, values, mapped, mapping, settings)
    everything = _with_severity(known, found)
    errors = everything["at"].filter(everything["error"]).unique()
    valid = ~pl.int_range(values.height, dtype=pl.UInt32, eager=True).is_in(errors.implode())
    return Checked(values, valid.alias("valid"), everything.drop("error"), clean.changes)


Problem = tuple[pl.Series, str, pl.Series | str | None]
"""Rows, a code, and its detail: one for each of them, or one for all."""

CONSEQUENCES = ("state.no_country", "phone.no_country", "tax_id.unchecked")
"""What is said of other cells only because the row's country is not known."""


def _with_severity(known: pl.DataFrame, found: list[pl.DataFrame]) -> pl.DataFrame:
    """The problems that were known, and the found ones of other cells than those; `error` (Boolean) is whether one keeps its row out."""
    error = issues.is_error("code").alias("error")
    known = known.with_columns(error)
    if not found:
        return _without_consequences(known)
    more = pl.concat(found)
    wrong = known.filter("error")
    if wrong.height:
        more = more.join(wrong, on=["at", "field"], how="anti")
    return _without_consequences(pl.concat([known, more.with_columns(error)]))


def _without_consequences(found: pl.DataFrame) -> pl.DataFrame:
    """The problems without those that follow from a wrong or missing country, which is one itself: one bad cell, one issue."""
    wrong = found["at"].filter(found["error"] & (found["field"] == "country").fill_null(False))
    if wrong.is_empty():
        return found
    return found.filter(~(pl.col("code").is_in(CONSEQUENCES) & pl.col("at").is_in(wrong.implode())))


def _of_reading(reading: pl.DataFrame, mapping: Mapping, record: type[BaseModel]) -> pl.DataFrame:
    """The problems of reading, at the fields their columns feed; cells of columns that are left out do not count.

    A number with a fraction is a problem of codes alone. A tax id and a phone have their own rules, which know when a
    digit is missing; whether an entry of an object is a code or an amount is known to nobody.
    """
    if reading.is_empty():
        return pl.DataFrame(schema=ISSUE_SCHEMA)
    feeds = {c.index: c.field for c in mapping.choices if c.field}
    for name, indexes in mapping.parts.items():
        feeds.update({c.index: name for c in mapping.choices if c.index in indexes and not c.field})
    placed = reading.with_columns(field=_fed(feeds, mapping)).select(list(ISSUE_SCHEMA))
    codes = [name for name, field in fields(record).items() if field.kind == "text" and field.column.identifier]
    counts = (pl.col("code") != "cell.fraction") | pl.col("field").is_in(codes)
    return placed.filter((pl.col("field").is_not_null() | pl.col("column").is_null()) & counts)


def _fed(feeds: dict[int, str], mapping: Mapping) -> pl.Expr:
    """The field that a problem's column feeds: two columns may have one header, and only one of them be used.

    Where an older plan tells a problem that has no place, it is that of its field, or of the header alone.
    """
    if not feeds:
        return pl.lit(None, dtype=pl.String)
    headers = {c.header: feeds[c.index] for c in mapping.choices if c.index in feeds}
    at = pl.col("place").replace_strict(feeds, default=None, return_dtype=pl.String)
    still = pl.when(pl.col("field").is_in(sorted(set(feeds.values())))).then("field")
    named = pl.col("column").replace_strict(headers, default=None, return_dtype=pl.String)
    return pl.when(pl.col("place").is_not_null()).then(at).otherwise(pl.coalesce(still, named))


def _missing(field: Field, record: pl.DataFrame, mapping: Mapping) -> list[Problem]:
    if not field.required or not record[field.name].null_count():
        return []
    blank = record.select(pl.arg_where(pl.col(field.name).is_null())).to_series()
    return [(blank, "field.required", _decisive(field.name, mapping))]


def _of_place(missing: pl.DataFrame, mapped: pl.DataFrame) -> pl.DataFrame:
    """The same problems of a state that only a place can tell: where the row names one, it is that place that says nothing."""
    places = [f"~{place}" for place in PLACES if f"~{place}" in mapped.columns]
    if not places:
        return missing
    named = mapped.select(pl.coalesce(places).str.strip_chars()).to_series().gather(missing["at"])
    silent = (pl.col("code") == "field.required") & named.is_not_null()
    return missing.with_columns(
        code=pl.when(silent).then(pl.lit("state.not_derived")).otherwise("code"),
        value=pl.when(silent).then(named).otherwise("value"),
    )


def _decisive(name: str, mapping: Mapping) -> str | None:
    """Which of several columns decide that a composed field is blank, where the others alone do not fill it."""
    needed = re.findall(r"\{([^{}]*)\}(?:/100)?!", mapping.compose.get(name, ""))
    if not needed or len(needed) == len(mapping.parts.get(name, ())):
        return None
    numbers = {f"#{c.index + 1}": c.header for c in mapping.choices}
    named = say(" and ").join(numbers.get(part) or part for part in needed)
    return say_n("{columns} is blank", "{columns} are blank", len(needed), columns=named)


def _longest(record: pl.DataFrame) -> dict[str, int | None]:
    """The octets of the longest text of each column of texts; a text has no more characters than octets."""
    texts = [name for name, dtype in record.schema.items() if dtype == pl.String]
    return record.select(pl.col(name).str.len_bytes().max() for name in texts).row(0, named=True) if texts else {}


def _too_long(field: Field, record: pl.DataFrame, longest: dict[str, int | None]) -> list[Problem]:
    if field.max_length is None or (longest.get(field.name) or 0) <= field.max_length:
        return []
    length = record[field.name].str.len_chars()
    rows = (length > field.max_length).arg_true()
    template = say("{size} characters; the target allows {limit}", size="{}", limit=field.max_length)
    said = pl.select(sentence(template, length.gather(rows))).to_series()
    return [(rows, "text.too_long", said)]


def _range(field: Field, record: pl.DataFrame) -> list[Problem]:
    value = record[field.name]
    if (field.ge is None and field.le is None) or not value.dtype.is_integer():
        return []
    low = field.ge if field.ge is not None else -(2**63)
    high = field.le if field.le is not None else 2**63 - 1
    rows = (~value.is_between(low, high)).arg_true()
    return [(rows, "number.range", say("{low} to {high}", low=low, high=high))] if len(rows) else []


def _regulated(
    name: str, record: pl.DataFrame, mapped: pl.DataFrame, mapping: Mapping, settings: Settings
) -> list[pl.DataFrame]:
    known = {str(e.id) for e in settings.catalogue.countries or () if e.regulated}
    account = settings.account_country
    codes = sorted(known & {account} if account else known)
    if not codes or "country" not in record.columns:
        return []
    blank = record[name].is_null() if name in record.columns else pl.repeat(True, record.height, eager=True)
    rows = (blank & record["country"].is_in(codes)).arg_true()
    if not len(rows):
        return []
    code = f"{name}.required" if account else f"{name}.may_be_required"
    raw = mapped[name] if name in mapped.columns else pl.Series([None] * mapped.height, dtype=pl.String)
    return [_problem(name, raw, mapping, rows, code, record["country"].gather(rows))]


def _problem(
    name: str, cells: pl.Series, mapping: Mapping, rows: pl.Series, code: str, detail: pl.Series | str | None
) -> pl.DataFrame:
    """The problem `code` of a field in these rows, with a detail for each or one for all."""
    size = len(rows)
    parts = {
        "at": rows.cast(pl.UInt32),
        "field": _same(name, size),
        "column": _same(mapping.label(name), size),
        "value": cells.gather(rows),
        "code": _same(code, size),
        "detail": detail if isinstance(detail, pl.Series) else _same(detail, size),
        "suggestion": _same(None, size),
    }
    return pl.DataFrame([parts[part].alias(part) for part in ISSUE_SCHEMA])


def _same(text: str | None, height: int) -> pl.Series:
    return pl.Series([text], dtype=pl.String).new_from_index(0, height)
