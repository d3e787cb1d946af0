"""Turn the cells of a source into one text column for each mapped field, as the mapping says.

For every field the order is: value map, null words, default; a constant takes the place of all. Whole texts
are compared without case and surrounding space. Texts are otherwise passed on exactly as they are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from collections.abc import Mapping as Dict

import polars as pl

from pipeline import sparse
from pipeline.columns.state import PLACES
from pipeline.handoff import Mapping
from pipeline.mapping.compose import Pattern, parse
from pipeline.mapping.doubts import Columns
from pipeline.mapping.joining import join
from pipeline.mapping.nulls import IN_PARTS, MEANINGFUL, compared

Feed = str | int | Pattern | tuple[int, ...]
"""What a field is made of: a constant, one column, a pattern of several, or the columns (perhaps none) of a place that
may tell it."""


def apply(cells: pl.DataFrame, mapping: Mapping) -> pl.DataFrame:
    """Columns named by field (and `metadata.x`, `~city`, `~district`, `~tax_id_check_digit`), all String, same height.

    A blank cell is null. A field that only a default feeds has that default in every row; a `state` that is
    to be derived from the town is there, and null: its default waits until the town has told nothing (`normalise`).
    """
    height = cells.height
    feeds = _feeds(mapping)
    columns = Columns(cells, _used(feeds.values()), mapping.null_words)
    made = {}
    for field, feed in feeds.items():
        if isinstance(feed, str):
            made[field] = pl.Series(field, [feed], dtype=pl.String).new_from_index(0, height)
            continue
        series = _value(columns, mapping, field, feed, height).alias(field)
        if field in mapping.defaults and not (field == "state" and derives_state(mapping)):
            series = series.fill_null(mapping.defaults[field])
        made[field] = series
    return pl.DataFrame(made) if made else pl.DataFrame({"": pl.Series([None] * height)}).select([])


def derives_state(mapping: Mapping) -> bool:
    """Whether a place of the row may tell a state that is blank."""
    return any(f"~{place}" in (*mapping.compose, *(c.field for c in mapping.choices)) for place in PLACES)


def _feeds(mapping: Mapping) -> dict[str, Feed]:
    """What feeds each field, in the order of the fields."""
    headers = [choice.header for choice in sorted(mapping.choices, key=lambda c: c.index)]
    single: dict[str, int] = {}
    for choice in mapping.choices:
        if choice.field:
            single.setdefault(choice.field, choice.index)
    feeds: dict[str, Feed] = {}
    for field in (*single, *mapping.compose, *mapping.constants, *mapping.defaults):
        if field in mapping.constants:
            feeds[field] = mapping.constants[field]
        elif pattern := mapping.compose.get(field):
            feeds[field] = parse(pattern, headers)
        elif field in mapping.compose or field not in single:
            feeds[field] = mapping.parts.get(field, ())
        else:
            feeds[field] = single[field]
    return feeds


def _used(feeds: Iterable[Feed]) -> list[int]:
    """The columns whose cells go into the fields."""
    found: list[int] = []
    for feed in feeds:
        if isinstance(feed, Pattern):
            found += feed.indexes
        elif isinstance(feed, int):
            found.append(feed)
    return list(dict.fromkeys(found))


def _value(
    columns: Columns, mapping: Mapping, field: str, feed: int | Pattern | tuple[int, ...], height: int
) -> pl.Series:
    blank = sparse.nulls(height, name=field)
    replaced = mapping.values.get(field, {})
    if isinstance(feed, tuple):
        return _of_place(columns, feed, replaced, blank)
    null_words = compared(mapping.null_words) - frozenset(MEANINGFUL.get(field, ()))
    if isinstance(feed, int):
        if replaced:
            return _replaced(columns[feed], replaced, null_words)
        return _without(columns[feed], columns.doubtful(feed), null_words)
    if feed.alone is not None and not replaced:
        return _without(columns.bare(feed.alone), columns.doubtful(feed.alone), null_words)
    in_parts = null_words - IN_PARTS
    parts = {i: _without(columns.bare(i), columns.doubtful(i), in_parts) for i in feed.indexes}
    value = blank
    for made in join(feed, parts):
        text = (
            _replaced(made, replaced, null_words) if replaced else _without(made, columns.doubtful_of(made), null_words)
        )
        value = text if value.null_count() == height else value.zip_with(value.is_not_null(), text)
    return value


def _of_place(columns: Columns, places: tuple[int, ...], replaced: Dict[str, str], blank: pl.Series) -> pl.Series:
    """What the value map says of the row's place, where it says anything: the rest of a derived field is null."""
    if not replaced or not places:
        return blank
    table = {text.strip().lower(): value or None for text, value in replaced.items()}
    return columns.places(places).replace_strict(table, default=None, return_dtype=pl.String).alias(blank.name)


def _replaced(cells: pl.Series, replaced: Dict[str, str], null_words: Collection[str]) -> pl.Series:
    """The cells with the value map applied; null where blank or a null word. Untouched cells stay as they are."""
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


def _without(cells: pl.Series, doubtful: pl.Series, null_words: Collection[str]) -> pl.Series:
    """The cells, null where blank or a null word: only the doubtful rows are looked at."""
    if not len(doubtful):
        return cells
    key = cells.gather(doubtful).str.strip_chars().str.to_lowercase()
    nothing = (key == "") | key.is_in(list(null_words))
    return cells.clone().scatter(doubtful.filter(nothing), None) if nothing.any() else cells
