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

from pipeline import issues, sparse
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
    texts = {name: mapped[name] for name in mapped.columns if not name.startswith("~")}
    values: dict[str, pl.Series] = {}
    found: list[pl.DataFrame] = []
    changes = _Changes(mapped.height)
    for name in sorted(texts, key=lambda n: FIRST.index(n) if n in FIRST else len(FIRST)):
        field = find(record, name)
        assert field is not None, name
        others = {**helpers, **{other: series for other, series in texts.items() if other != name}}
        raw = texts[name]
        cells = _first(raw, split[name]) if split and name in split else raw
        judged = _judge(field, cells, values.get("country"), others, settings)
        if name == "state" and name in mapping.defaults:
            silent = raw.is_null() & judged.value.is_null()  # no place of the row tells it
            if silent.any():
                cells, raw = (series.set(silent, mapping.defaults[name]) for series in (cells, raw))
                judged = _judge(field, cells, values.get("country"), others, settings)
        if name in cut and field.max_length:
            long = judged.value.str.len_chars().fill_null(0) > field.max_length
            found.append(_cut(name, mapping.label(name), texts[name], judged.value, long, field.max_length))
            judged = judged._replace(value=judged.value.str.head(field.max_length).str.strip_chars_end())
        values[name] = judged.value.alias(name)
        if judged.code.null_count() < len(judged.code):
            found.append(_issues(name, mapping.label(name), raw, judged))
        _tell(changes, name, raw, judged, settings, as_they_are=cells is raw)
    ordered = pl.DataFrame([values[name] for name in texts])
    everything = pl.concat([pl.DataFrame(schema=ISSUE_SCHEMA), *found])
    return Clean(ordered, everything, changes.texts())


def _judge(
    field: Field, cells: pl.Series, country: pl.Series | None, others: dict[str, pl.Series], settings: Settings
) -> Judged:
    if cells.null_count() == len(cells) and field.kind not in ("state", "tax_id"):
        blank = sparse.nulls(len(cells))
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
    told = judged.code.is_not_null()
    at = told.arg_true().cast(pl.UInt32)
    same = (pl.Series([text]).new_from_index(0, len(at)) for text in (name, label))
    value, *said = (part.filter(told) for part in (cells, *judged[1:]))
    return pl.DataFrame(dict(zip(ISSUE_SCHEMA, (at, *same, value, *said), strict=True)))


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


class _Changes:
    """What the fields of some rows say of their changes: pieces of ` | field: before -> after`, put together all at once."""

    def __init__(self, height: int) -> None:
        self._height = height
        self._columns: list[pl.Series] = []
        self._pieces: list[pl.Expr] = []

    def add(self, texts: pl.Series) -> None:
        """Pieces that are whole, null or empty where nothing changed."""
        self._pieces.append(self._column(texts))

    def write(self, name: str, before: pl.Series, after: pl.Series, changed: pl.Series) -> None:
        """Tell what the field was and is, in the rows that are `changed`."""
        told = self._column(changed)
        parts = (pl.lit(f"{BAR}{name}: "), self._column(before), pl.lit(" -> "), self._column(after))
        self._pieces += [pl.when(told).then(part) for part in parts]

    def together(self) -> pl.Series | None:
        """The pieces of each row, one behind the other (String, empty where there is none); None without any."""
        if not self._pieces:
            return None
        text = pl.concat_str(self._pieces, ignore_nulls=True)
        return pl.DataFrame(self._columns).select(changes=text).to_series()

    def texts(self) -> pl.Series:
        """The changes of each row; an empty text where there are none."""
        text = self.together()
        return pl.repeat("", self._height, eager=True).alias("changes") if text is None else text.str.slice(len(BAR))

    def _column(self, series: pl.Series) -> pl.Expr:
        name = str(len(self._columns))
        self._columns.append(series.alias(name))
        return pl.col(name)


def _tell(
    changes: _Changes, name: str, cells: pl.Series, judged: Judged, settings: Settings, *, as_they_are: bool
) -> None:  # fmt: skip
    """Add what changed of a field: the rows whose value is not its cell's, and was not refused.

    `as_they_are`: it was these cells that were judged.
    """
    shown = {str(e.id): f"{e.id} ({e.name})" for e in settings.catalogue.states or ()} if name == "state" else {}
    rest = judged.rest if isinstance(judged, Kept) else None
    known = judged.known if isinstance(judged, Repeated) else None
    rows = rest if known is None else known.rows
    if rows is None or not as_they_are:
        return _tell_rows(changes, name, shown, cells, judged.value, judged.code)
    if not len(rows):
        return None
    some = _Changes(len(rows))
    parts = pl.DataFrame({"cell": cells, "value": judged.value, "code": judged.code})
    _tell_rows(some, name, shown, *parts.select(pl.all().gather(rows)))
    text = some.together()
    if text is not None:
        changes.add(text.gather(known.place) if known else sparse.placed(text, rows, len(cells)))
    return None


def _tell_rows(
    changes: _Changes, name: str, shown: dict[str, str], cells: pl.Series, value: pl.Series, code: pl.Series
) -> None:  # fmt: skip
    after = value.cast(pl.String)
    before, now = pl.col("before"), pl.col("after")
    differs = before.ne_missing(now) & now.is_not_null()
    refused = issues.is_error("code") if code.null_count() < len(code) else pl.lit(False)
    frame = pl.DataFrame({"before": cells, "after": after, "code": code})
    changed = frame.select(changed=differs & ~refused).to_series()
    count = changed.sum()
    if not count:
        return
    after = after.replace(shown) if shown else after
    if count * FEW > len(cells):
        changes.write(name, cells, after, changed)
        return
    rows = changed.arg_true()
    some = _Changes(len(rows))
    some.write(name, cells.filter(changed), after.filter(changed), changed.filter(changed))
    text = some.together()
    assert text is not None
    changes.add(sparse.placed(text, rows, len(cells)))
