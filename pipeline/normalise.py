"""Turn a mapped batch of texts into typed values, with every doubtful or wrong cell as an issue.

Each field's cells go to the normaliser of its kind (`columns`); the row's country comes first, because
phones, tax ids, states and currencies are read by it. Helper columns (`~city`) inform, but are no fields.
Depends on nothing but its arguments, so batches can be worked on anywhere.
"""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Mapping as Dict

import polars as pl
from pydantic import BaseModel

from pipeline import issues
from pipeline.columns import normaliser
from pipeline.columns.distinct import Kept
from pipeline.columns.repeated import Repeated
from pipeline.columns.sentence import sentence
from pipeline.handoff import ISSUE_SCHEMA, Around, Clean, Judged, Mapping, Settings
from pipeline.language import say
from pipeline.schema import Field, find

FIRST = ("country", "currency")
BAR = " | "
FEW = 4  # of so many rows less than one is changed: these are written alone
TYPES: dict[str, pl.DataType] = {"flag": pl.Boolean(), "cents": pl.Int64()}


def normalise(
    mapped: pl.DataFrame, mapping: Mapping, record: type[BaseModel], settings: Settings,
    cut: Collection[str] = (), split: Dict[str, str] | None = None,
) -> Clean:  # fmt: skip
    """Normalise `mapped` (one String column per field, helper columns with `~`) against `record`.

    Texts of the fields in `cut` that are longer than the target allows are cut there, with a warning. Of a list in
    one cell the first entry is taken where `split` names its separator, and nowhere else.

    Returns:
        The typed record columns, the issues, and for each row what was changed.
    """
    helpers = {name[1:]: mapped[name] for name in mapped.columns if name.startswith("~")}
    names = [name for name in mapped.columns if not name.startswith("~")]
    values: dict[str, pl.Series] = {}
    found: list[pl.DataFrame] = []
    changes: list[pl.Series] = []
    for name in sorted(names, key=lambda n: FIRST.index(n) if n in FIRST else len(FIRST)):
        field = find(record, name)
        assert field is not None, name
        others = {**helpers, **{n: mapped[n] for n in names if n != name}}
        cells = _first(mapped[name], split[name]) if split and name in split else mapped[name]
        judged = _judge(field, cells, values.get("country"), others, settings)
        raw = mapped[name]
        if name == "state" and name in mapping.defaults:
            silent = raw.is_null() & judged.value.is_null()  # no place of the row tells it
            if silent.any():
                cells, raw = (texts.set(silent, mapping.defaults[name]) for texts in (cells, raw))
                judged = _judge(field, cells, values.get("country"), others, settings)
        if name in cut and field.max_length:
            long = judged.value.str.len_chars().fill_null(0) > field.max_length
            found.append(_cut(name, mapping.label(name), mapped[name], judged.value, long, field.max_length))
            judged = judged._replace(value=judged.value.str.head(field.max_length).str.strip_chars_end())
        values[name] = judged.value.alias(name)
        if judged.code.null_count() < len(judged.code):
            found.append(_issues(name, mapping.label(name), raw, judged))
        changes += _changes(name, raw, judged, settings, as_they_are=cells is raw)
    ordered = pl.DataFrame([values[name] for name in names])
    everything = pl.concat([pl.DataFrame(schema=ISSUE_SCHEMA), *found])
    return Clean(ordered, everything, _said(changes, mapped.height))


def _judge(
    field: Field, cells: pl.Series, country: pl.Series | None, others: dict[str, pl.Series], settings: Settings
) -> Judged:
    if cells.null_count() == len(cells) and field.kind not in ("state", "tax_id"):
        blank = pl.Series("", [None], dtype=pl.String).new_from_index(0, len(cells))
        return Judged(blank.cast(TYPES.get(field.kind, pl.String())), blank, blank, blank)
    known = country if country is not None and country.null_count() < len(country) else None
    return normaliser(field.kind)(cells, Around(field, known, others, settings))


def _first(cells: pl.Series, separator: str) -> pl.Series:
    """The first entry of each cell that is not blank."""
    entries = pl.element().str.strip_chars()
    return cells.to_frame("cell").select(
        pl.col("cell").str.split(separator).list.eval(entries.filter(entries != "")).list.first()
    ).to_series()  # fmt: skip


def _issues(name: str, label: str, cells: pl.Series, judged: Judged) -> pl.DataFrame:
    parts = {"value": cells, "code": judged.code, "detail": judged.detail, "suggestion": judged.suggestion}
    told = pl.DataFrame(parts).with_row_index("at").filter(pl.col("code").is_not_null())
    same = (
        pl.Series(part, [text]).new_from_index(0, told.height) for part, text in (("field", name), ("column", label))
    )
    return pl.DataFrame([told["at"].cast(pl.UInt32), *same, *told.get_columns()[1:]])


def _cut(
    name: str, label: str, cells: pl.Series, value: pl.Series, long: pl.Series, limit: int
) -> pl.DataFrame:  # fmt: skip
    """A warning for every text of `value` that is `long`er than the limit."""
    frame = pl.DataFrame(
        {"at": pl.int_range(len(cells), dtype=pl.UInt32, eager=True), "value": cells, "size": value.str.len_chars()}
    ).filter(long)
    said = say("{size} characters; the target allows {limit}", size="{}", limit=limit)
    return frame.with_columns(
        field=pl.lit(name), column=pl.lit(label), code=pl.lit("text.truncated"), suggestion=pl.lit(None, dtype=pl.String),
        detail=sentence(said, "size"),
    ).select(list(ISSUE_SCHEMA))  # fmt: skip


def _changes(
    name: str, cells: pl.Series, judged: Judged, settings: Settings, *, as_they_are: bool
) -> list[pl.Series]:  # fmt: skip
    """Pieces of ` | field: before -> after` (String), null where a value is its cell's, or was refused.

    `as_they_are`: it was these cells that were judged.
    """
    shown = {str(e.id): f"{e.id} ({e.name})" for e in settings.catalogue.states or ()} if name == "state" else {}
    rest = judged.rest if isinstance(judged, Kept) else None
    known = judged.known if isinstance(judged, Repeated) else None
    rows = rest if known is None else known.rows
    if rows is None or not as_they_are:
        return _pieces(name, cells, judged, shown)
    some = _pieces(name, cells.gather(rows), Judged(*(part.gather(rows) for part in judged)), shown)
    if not some:
        return []
    text = _together(some)
    return [text.gather(known.place) if known else _placed(text, rows, len(cells))]


def _pieces(name: str, cells: pl.Series, judged: Judged, shown: dict[str, str]) -> list[pl.Series]:
    after = judged.value.cast(pl.String)
    changed = cells.ne_missing(after) & after.is_not_null()
    if judged.code.null_count() < len(cells):
        changed &= judged.code.to_frame("code").select(~issues.is_error("code")).to_series()
    count = changed.sum()
    if not count:
        return []
    after = after.replace(shown) if shown else after
    if count * FEW > len(cells):
        return [series.set(~changed, None) for series in _written(name, cells, after)]
    some = _together(_written(name, cells.filter(changed), after.filter(changed)))
    return [_placed(some, changed.arg_true(), len(cells))]


def _placed(texts: pl.Series, rows: pl.Series, height: int) -> pl.Series:
    return texts.clear().extend_constant(None, height).scatter(rows, texts)


def _written(name: str, before: pl.Series, after: pl.Series) -> list[pl.Series]:
    start, arrow = (pl.Series([sign]).new_from_index(0, len(before)) for sign in (f"{BAR}{name}: ", " -> "))
    return [start, before, arrow, after]


def _together(pieces: list[pl.Series]) -> pl.Series:
    """One text of the pieces of each row that are not null."""
    columns = [piece.alias(str(at)) for at, piece in enumerate(pieces)]
    return pl.DataFrame(columns).select(changes=pl.concat_str(pl.all(), ignore_nulls=True)).to_series()


def _said(changes: list[pl.Series], height: int) -> pl.Series:
    """The changes of each row, one behind the other; an empty text where there are none."""
    if not changes:
        return pl.repeat("", height, eager=True).alias("changes")
    return _together(changes).str.slice(len(BAR))  # all at once: what is put together takes its time for each column
