"""Turn the cells of a source into one text column for each mapped field, as the mapping says.

For every field the order is: value map, null words, default; a constant takes the place of all. Whole texts
are compared without case and surrounding space. Texts are otherwise passed on exactly as they are.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache

import polars as pl

from pipeline.columns.state import PLACES
from pipeline.handoff import Mapping
from pipeline.mapping.compose import join, parse
from pipeline.mapping.nulls import IN_PARTS, MEANINGFUL

LONGEST_PATTERN = 5_000  # characters; a list of words can be anything


def apply(cells: pl.DataFrame, mapping: Mapping) -> pl.DataFrame:
    """Columns named by field (and `metadata.x`, `~city`, `~district`, `~tax_id_check_digit`), all String, same height.

    A blank cell is null. A field that only a default feeds has that default in every row; a `state` that is
    to be derived from the town is there, and null: its default waits until the town has told nothing (`normalise`).
    """
    height = cells.height
    made = {}
    for field in _fields(mapping):
        if field in mapping.constants:
            made[field] = pl.Series(field, [mapping.constants[field]], dtype=pl.String).new_from_index(0, height)
            continue
        series = _value(cells, mapping, field, height).alias(field)
        if field in mapping.defaults and not (field == "state" and derives_state(mapping)):
            series = series.fill_null(mapping.defaults[field])
        made[field] = series
    return pl.DataFrame(made) if made else pl.DataFrame({"": pl.Series([None] * height)}).select([])


def derives_state(mapping: Mapping) -> bool:
    """Whether a place of the row may tell a state that is blank."""
    return any(f"~{place}" in (*mapping.compose, *(c.field for c in mapping.choices)) for place in PLACES)


def _fields(mapping: Mapping) -> list[str]:
    single = [choice.field for choice in mapping.choices if choice.field]
    return list(dict.fromkeys([*single, *mapping.compose, *mapping.constants, *mapping.defaults]))


def _value(cells: pl.DataFrame, mapping: Mapping, field: str, height: int) -> pl.Series:
    blank = pl.Series(field, [None] * height, dtype=pl.String)
    replaced = mapping.values.get(field, {})
    null_words = frozenset(word.casefold() for word in mapping.null_words) - frozenset(MEANINGFUL.get(field, ()))
    either = _either(mapping.null_words)  # of all fields: a pattern each would be more than are kept compiled
    if field not in mapping.compose:
        index = next((c.index for c in mapping.choices if c.field == field), None)
        if index is None:
            return blank
        return _text(cells[f"c{index}"], replaced, null_words, either)
    headers = [choice.header for choice in sorted(mapping.choices, key=lambda c: c.index)]
    if not mapping.compose[field]:
        return _of_place(cells, mapping.parts.get(field, ()), replaced, blank)
    pattern = parse(mapping.compose[field], headers)
    alone = pattern.alone
    if alone is not None and not replaced:
        return _without(cells[f"c{alone}"].str.strip_chars(), null_words, either)
    parts = {i: _text(cells[f"c{i}"].str.strip_chars(), {}, null_words - IN_PARTS, either) for i in pattern.indexes}
    value = blank
    for alternative in join(pattern, parts):
        text = _text(alternative, replaced, null_words, either)
        value = text if value.null_count() == height else value.zip_with(value.is_not_null(), text)
    return value


def _of_place(cells: pl.DataFrame, places: tuple[int, ...], replaced: object, blank: pl.Series) -> pl.Series:
    """What the value map says of the row's place, where it says anything: the rest of a derived field is null."""
    if not replaced or not places:
        return blank
    assert isinstance(replaced, dict)
    place = cells.select(pl.coalesce(pl.col(f"c{i}") for i in places).str.strip_chars().str.to_lowercase()).to_series()
    table = {text.strip().lower(): value or None for text, value in replaced.items()}
    return place.replace_strict(table, default=None, return_dtype=pl.String).alias(blank.name)


def _text(cells: pl.Series, replaced: dict[str, str] | object, null_words: Collection[str], either: str) -> pl.Series:
    """The cells with the value map applied; null where blank or a null word. Untouched cells stay as they are."""
    assert isinstance(replaced, dict)
    if not replaced:
        return _without(cells, null_words, either)
    frame = pl.DataFrame({"raw": cells})
    key = pl.col("raw").str.strip_chars().str.to_lowercase()
    frame = frame.with_columns(key.alias("key"))
    kept = (
        pl.when(pl.col("key").is_null() | (pl.col("key") == "") | pl.col("key").is_in(list(null_words)))
        .then(pl.lit(None, dtype=pl.String))
        .otherwise(pl.col("raw"))
    )
    table = {text.strip().lower(): value for text, value in replaced.items()}
    mapped = pl.col("key").replace_strict(table, default=None, return_dtype=pl.String)
    # An empty value in the map says that the cell is blank.
    known = pl.col("key").is_in(list(table)).fill_null(False)
    return frame.select(pl.when(known).then(pl.when(mapped == "").then(None).otherwise(mapped)).otherwise(kept))[:, 0]


def _without(cells: pl.Series, null_words: Collection[str], either: str) -> pl.Series:
    """The cells, null where blank or a null word: one look at each, and a second one at those that may be such a word.

    `either` is a pattern that fits all that may be.
    """
    rows = cells.str.contains(either).arg_true()
    if not len(rows):
        return cells
    doubtful = cells.gather(rows)
    key = doubtful.str.strip_chars().str.to_lowercase()
    nothing = (key == "") | key.is_in(list(null_words))
    return cells.clone().scatter(rows.filter(nothing), None) if nothing.any() else cells


@lru_cache(maxsize=64)
def _either(null_words: tuple[str, ...]) -> str:
    """A pattern that fits every blank cell and every cell that is one of the words, and hardly any other."""
    if sum(map(len, null_words)) > LONGEST_PATTERN:
        return "^"
    words = "|".join("".join(map(_sign, word)) for word in sorted({word.casefold() for word in null_words})).replace(
        "i\\x{307}", "(?:i\\x{307}|\u0130)"
    )
    return rf"^\s*(?i:{words})?\s*$"


def _sign(char: str) -> str:
    return char if char.isalnum() else f"\\x{{{ord(char):x}}}"
