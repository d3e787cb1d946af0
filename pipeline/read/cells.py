"""Turn a piece of a sheet's XML into one line per cell, with regular expressions over whole columns (in Rust).

Most programs write a cell in one of two shapes, which are taken apart by cutting; the others that are known, by one
larger expression. A piece with any further shape is not taken apart here at all.
"""

from __future__ import annotations

import polars as pl

from pipeline.read.sheetxml import LAST_ROW

ATTRIBUTES = r'(?: s="(?P<s1>[0-9]{1,6})")?(?: t="(?P<kind>[A-Za-z]+)")?(?: s="(?P<s2>[0-9]{1,6})")?'
COMMON = r'^[A-Z]{1,3}[0-9]{1,8}"(?: s="[0-9]{1,6}")?(?: t="[A-Za-z]+")?(?: s="[0-9]{1,6}")?(?:><v>[^<]*</v></c>| ?/>)$'
KNOWN = (
    r'^(?P<letters>[A-Z]{1,3})[0-9]{1,8}"' + ATTRIBUTES
    + r"(?P<end> ?/>|>(?P<formula><f(?:>[^<]*</f>| [^<>]*/>| [^<>]*[^/<>]>[^<]*</f>))?"
    r'(?:(?P<v><v>)(?P<value>[^<]*)</v>|<is><t(?: xml:space="preserve")?>(?P<inline>[^<]*)</t></is>|(?P<no><v ?/>))?</c>)\s*$'
)  # fmt: skip
HEAD = r'^"(?: s="(?P<s1>[0-9]+)")?(?: t="(?P<kind>[A-Za-z]+)")?(?: s="(?P<s2>[0-9]+)")?'
OPENING = r"^[^<>]*(?:>|/>)\s*(?:</row>\s*)?$"
INLINE = b't="inlineStr"><is><t>'
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
    lines = pl.Series("line", [text]).str.split('<row r="').explode(empty_as_null=True)
    if lines[0].strip():
        return None
    lines = lines.slice(1).str.strip_chars_end(" \t\r\n").str.strip_suffix("</row>")
    rows = lines.str.split('<c r="')
    numbers = lines.str.extract('^([0-9]{1,8})"').cast(pl.UInt32, strict=False).alias("row")
    openings = rows.list.first()
    if numbers.null_count() or not openings.str.contains(OPENING).all() or not _rises(numbers):
        return None
    hidden = openings.str.contains(' hidden="(?:1|true)"').sum()
    counts = rows.list.len() - 1
    cells = rows.list.slice(1).filter(counts > 0).explode(empty_as_null=True).alias("cell")
    at = (
        pl.int_range(rows.len(), dtype=pl.UInt32, eager=True).repeat_by(counts).explode(empty_as_null=True).drop_nulls()
    )
    common = cells.str.contains(COMMON)
    if not common.all() and (changed := _inline_as_values(piece)) != piece:
        return taken_apart(changed)
    found = _cut(cells, common)
    if found is None:
        return None
    frame = found.with_columns(at.alias("at"), numbers.gather(at).alias("row"))
    return numbers, int(hidden), frame.filter(pl.col("value").is_not_null() | pl.col("uncomputed"))


def _inline_as_values(piece: bytes) -> bytes:
    """Inline texts written as values, which they are to us, unless some are written in an unusual way."""
    if b"<is>" not in piece:
        return piece
    changed = piece.replace(b'<is><t xml:space="preserve">', b"<is><t>")
    if not changed.count(INLINE) == changed.count(b"<is>") == changed.count(b"</t></is></c>"):
        return piece
    return changed.replace(INLINE, b't="inlineStr"><v>').replace(b"</t></is></c>", b"</v></c>")


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
    """Cut cells such as `B7" s="1" t="s"><v>0</v></c>`."""
    after = cells.str.strip_chars_start("ABCDEFGHIJKLMNOPQRSTUVWXYZ").alias("after")
    frame = pl.DataFrame([cells, after]).select(
        pl.col("cell").str.head(pl.col("cell").str.len_bytes() - pl.col("after").str.len_bytes()).alias("letters"),
        pl.col("after").str.find('"', literal=True).alias("quote"),
        pl.col("after").str.strip_suffix("</v></c>").alias("rest"),
    )
    frame = frame.with_columns(pl.col("rest").str.find("><v>", literal=True).alias("start"))
    frame = frame.select(
        "letters",
        pl.col("rest").str.slice(pl.col("quote"), pl.col("start") - pl.col("quote")).alias("head"),
        pl.col("rest").str.slice(pl.col("start") + 4).alias("value"),
    )
    return _described(frame.with_columns(pl.lit(False).alias("uncomputed")))


def _cut_known(cells: pl.Series) -> pl.DataFrame | None:
    """Take apart the less common cells: formulas, texts in place."""
    found = cells.str.extract_groups(KNOWN).struct.unnest()
    if found["end"].null_count():
        return None
    blank = pl.coalesce("value", "inline").fill_null("") == ""
    told = (pl.col("kind") == "str").fill_null(False) & (pl.col("v").is_not_null() | pl.col("no").is_not_null())
    head = pl.concat_str(
        pl.lit('"'), pl.format(' s="{}"', pl.coalesce("s1", "s2")).fill_null(""),
        # A text in place is one, whatever the cell calls itself.
        pl.when(pl.col("inline").is_not_null()).then(pl.lit(' t="inlineStr"'))
        .otherwise(pl.format(' t="{}"', "kind").fill_null("")),
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
    known = letters.drop_nulls().unique()
    numbers = pl.Series([column_number(name) for name in known], dtype=pl.UInt32)
    return numbers.gather(letters.cast(pl.Enum(known)).to_physical())


def column_number(letters: str) -> int:
    """0 for A, 26 for AA."""
    total = 0
    for letter in letters:
        total = total * 26 + ord(letter) - 64
    return total - 1
