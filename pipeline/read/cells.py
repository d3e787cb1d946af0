"""Turn a piece of a sheet's XML into one line per cell, with regular expressions over whole columns (in Rust).

Most programs write a cell in one of two shapes, which are taken apart by cutting; the others that are known, by one
larger expression. A piece with any further shape is not taken apart here at all.
"""

from __future__ import annotations

import polars as pl

from pipeline.read.sheetxml import LAST_ROW

ATTRIBUTES = r'(?: s="(?P<s1>[0-9]{1,6})")?(?: t="(?P<kind>[A-Za-z]+)")?(?: s="(?P<s2>[0-9]{1,6})")?'
STYLE = r'(?: s="[0-9]{1,6}")?'
INLINE = "</t></is></c>"
COMMON = (
    r'^[A-Z]{1,3}[0-9]{1,8}"' + STYLE
    + r'(?:(?: t="[A-Za-z]+")?' + STYLE + r"(?:><v>[^<]*</v></c>| ?/>)"
    + r'| t="inlineStr"' + STYLE + r'><is><t(?: xml:space="preserve")?>[^<]*' + INLINE + ")$"
)  # fmt: skip
KNOWN = (
    r'^(?P<letters>[A-Z]{1,3})[0-9]{1,8}"' + ATTRIBUTES
    + r"(?P<end> ?/>|>(?P<formula><f(?:>[^<]*</f>| [^<>]*/>| [^<>]*[^/<>]>[^<]*</f>))?"
    r'(?:(?P<v><v>)(?P<value>[^<]*)</v>|<is><t(?: xml:space="preserve")?>(?P<inline>[^<]*)</t></is>|(?P<no><v ?/>))?</c>)\s*$'
)  # fmt: skip
HEAD = r'^"(?: s="(?P<s1>[0-9]+)")?(?: t="(?P<kind>[A-Za-z]+)")?(?: s="(?P<s2>[0-9]+)")?'
OPENING = r"^[^<>]*(?:>|/>)\s*(?:</row>\s*)?$"
LETTERS = 3  # that a column has at most
KINDS = ("s", "n", "str", "b", "e", "inlineStr", "d")


def taken_apart(piece: bytes) -> tuple[pl.Series, int, pl.DataFrame] | None:
    """The numbers of all rows, how many are hidden, and one line per cell that is not empty.

    A line has `row`, `at` (position of the row in the piece), `col`, `kind`, `style`, `value` (raw) and
    `uncomputed` (a formula without value). None if some shape is not known.
    """
    try:
        text = piece.decode("utf-8")
    except UnicodeDecodeError:
        return None
    cells = pl.Series("cell", [text]).str.split('<c r="').explode(empty_as_null=True)
    before, cells = cells.head(1), cells.slice(1)
    # Behind its last cell a row ends, and the next ones begin.
    last = (~cells.str.ends_with("</c>")).arg_true()
    last = last.filter(cells.gather(last).str.contains("</row>", literal=True))
    if cells.len() and (not last.len() or last[-1] != cells.len() - 1):
        return None
    ends = cells.gather(last).str.splitn("</row>", 2).struct.unnest()
    between = pl.concat([before, ends["field_1"]]).str.split('<row r="')
    opened = between.list.len() - 1
    rows = between.list.slice(1).filter(opened > 0).explode(empty_as_null=True)
    numbers = rows.str.extract('^([0-9]{1,8})"').cast(pl.UInt32, strict=False).alias("row")
    if (
        between.list.first().str.strip_chars().ne("").any()
        or (opened.head(last.len()) == 0).any()
        or not rows.str.contains(OPENING).all()
        or numbers.null_count()
        or not _rises(numbers)
    ):
        return None
    cells = cells.scatter(last, ends["field_0"])
    found = _cut(cells, cells.str.contains(COMMON))
    if found is None:
        return None
    at = _rows_of(opened, last)
    frame = found.with_columns(at.alias("at"), numbers.gather(at).alias("row"))
    hidden = rows.str.contains(' hidden="(?:1|true)"').sum()
    return numbers, int(hidden), frame.filter(pl.col("value").is_not_null() | pl.col("uncomputed"))


def _rows_of(opened: pl.Series, last: pl.Series) -> pl.Series:
    """The position of each cell's row; `opened` counts the rows that begin before each `last` cell of one, and behind all."""
    row = (opened.cum_sum().cast(pl.Int64) - 1).head(last.len()).cast(pl.UInt32)
    cells = pl.concat([pl.Series([-1]), last.cast(pl.Int64)]).diff().drop_nulls()
    return row.repeat_by(cells).explode(empty_as_null=True)


def _rises(numbers: pl.Series) -> bool:
    steps = numbers.cast(pl.Int64).diff().drop_nulls()
    return not numbers.len() or (int(numbers[-1]) < LAST_ROW and int(numbers[0]) > 0 and bool((steps > 0).all()))


def _cut(cells: pl.Series, common: pl.Series) -> pl.DataFrame | None:
    if common.all():
        return _cut_common(cells)
    usual, others = _cut_common(cells.filter(common)), _cut_known(cells.filter(~common))
    if usual is None or others is None:
        return None
    order = pl.concat([common.arg_true(), (~common).arg_true()]).arg_sort()
    return pl.concat([usual, others])[order]


def _cut_common(cells: pl.Series) -> pl.DataFrame | None:
    """Cut cells such as `B7" s="1" t="s"><v>0</v></c>` and `B7" t="inlineStr"><is><t>Ana</t></is></c>`."""
    cell, end = pl.col("cell"), pl.col("end")
    frame = pl.DataFrame([cells]).with_columns(
        cell.str.find('"', literal=True).alias("quote"),
        # Where the opening of a cell that has a value ends.
        pl.when(cell.str.ends_with("</c>")).then(cell.str.find(">", literal=True)).alias("end"),
    )
    rest, before = cell.str.strip_suffix("</v></c>"), pl.lit(len("><v>"), dtype=pl.UInt32)
    inline = cells.str.ends_with(INLINE)
    if inline.any():
        rest = rest.str.strip_suffix(INLINE)
        plain, spaced = len("><is><t>"), len('><is><t xml:space="preserve">')
        opening = pl.when(cell.str.contains('<t xml:space="preserve">', literal=True)).then(spaced).otherwise(plain)
        before = pl.when(inline).then(opening.cast(pl.UInt32)).otherwise(before)
    return _described(frame.select(
        cell.str.head(LETTERS).alias("letters"),
        cell.str.slice(pl.col("quote"), end - pl.col("quote")).alias("head"),
        rest.str.slice(end + before).alias("value"),
        pl.lit(False).alias("uncomputed"),
    ))  # fmt: skip


def _cut_known(cells: pl.Series) -> pl.DataFrame | None:
    """Take apart the less common cells: formulas, texts in place."""
    found = cells.str.extract_groups(KNOWN).struct.unnest()
    if found["end"].null_count():
        return None
    blank = pl.coalesce("value", "inline").fill_null("") == ""
    told = (pl.col("kind") == "str").fill_null(False) & (pl.col("v").is_not_null() | pl.col("no").is_not_null())
    head = pl.concat_str(
        pl.lit('"'), pl.concat_str(pl.lit(' s="'), pl.coalesce("s1", "s2"), pl.lit('"')).fill_null(""),
        # A text in place is one, whatever the cell calls itself.
        pl.when(pl.col("inline").is_not_null()).then(pl.lit(' t="inlineStr"'))
        .otherwise(pl.concat_str(pl.lit(' t="'), "kind", pl.lit('"')).fill_null("")),
    )  # fmt: skip
    return _described(found.select(
        "letters", head.alias("head"), pl.coalesce("value", "inline").alias("value"),
        (pl.col("formula").is_not_null() & blank & ~told).alias("uncomputed"),
    ))  # fmt: skip


def _described(frame: pl.DataFrame) -> pl.DataFrame | None:
    """The attributes of each cell as columns; there are few kinds of them."""
    heads = frame["head"].drop_nulls().unique()
    attributes = heads.str.extract_groups(HEAD).struct.unnest()
    kinds = attributes["kind"].fill_null("n")
    if not kinds.is_in(KINDS).all():
        return None
    styles = attributes.select(pl.coalesce("s1", "s2").fill_null("0").cast(pl.UInt32)).to_series()
    at = frame["head"].cast(pl.Enum(heads)).to_physical()
    return frame.select(
        _column_numbers(frame["letters"]).alias("col"),
        kinds.gather(at).alias("kind"),
        styles.gather(at).alias("style"),
        "value",
        "uncomputed",
    )


def _column_numbers(letters: pl.Series) -> pl.Series:
    """The columns of cells whose references begin so; what is behind the letters does not count."""
    known = letters.drop_nulls().unique()
    numbers = pl.Series([column_number(name.rstrip('0123456789"')) for name in known], dtype=pl.UInt32)
    return numbers.gather(letters.cast(pl.Enum(known)).to_physical())


def column_number(letters: str) -> int:
    """0 for A, 26 for AA."""
    total = 0
    for letter in letters:
        total = total * 26 + ord(letter) - 64
    return total - 1
