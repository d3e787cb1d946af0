"""Turn a piece of a sheet's XML into one line per cell, with regular expressions over whole columns (in Rust).

Most programs write a cell in one of two shapes, which are taken apart by cutting; the others that are known, by one
larger expression. A piece with any further shape is not taken apart here at all.
"""

from __future__ import annotations

import re

import polars as pl

from pipeline.read.sheetxml import LAST_ROW

ATTRIBUTES = r'(?: s="(?P<s1>[0-9]{1,6})")?(?: t="(?P<kind>[A-Za-z]+)")?(?: s="(?P<s2>[0-9]{1,6})")?'
HEAD = f"^{ATTRIBUTES}(?P<closed> ?/)?$"
KNOWN = (
    r'^(?P<letters>[A-Z]{1,3})[0-9]{1,8}"' + ATTRIBUTES
    + r"(?P<end> ?/>|>(?P<formula><f(?:>[^<]*</f>| [^<>]*/>| [^<>]*[^/<>]>[^<]*</f>))?"
    r'(?:(?P<v><v>)(?P<value>[^<]*)</v>|<is><t(?: xml:space="preserve")?>(?P<inline>[^<]*)</t></is>|(?P<no><v ?/>))?</c>)\s*$'
)  # fmt: skip
VALUE = "<v>", "</v></c>"
TEXT, SPACED, TEXT_END = "<is><t>", '<is><t xml:space="preserve">', "</t></is></c>"
AROUND_VALUE = sum(map(len, VALUE))
AROUND_TEXT = [len(TEXT + TEXT_END), len(SPACED + TEXT_END)]
_ALIKE = re.compile(f'[A-Z]+[0-9]+"({ATTRIBUTES}>)')
OPENING = r"^[^<>]*(?:>|/>)\s*(?:</row>\s*)?$"
DIGITS, MOST_DIGITS = "0123456789", 8  # of the row in a reference
KINDS = ("s", "n", "str", "b", "e", "inlineStr", "d")


def taken_apart(piece: bytes) -> tuple[pl.Series, int, pl.DataFrame] | None:
    """The numbers of all rows, how many are hidden, and one line per cell that is not empty.

    A line has `row`, `at` (position of the row in the piece), `col`, `kind`, `style`, `value` (raw) and
    `uncomputed` (a formula without value). None if some shape is not known.
    """
    try:
        text = pl.Series("cell", [piece], dtype=pl.Binary).cast(pl.String)
    except pl.exceptions.ComputeError:  # no UTF-8
        return None
    cells = text.str.split('<c r="').explode(empty_as_null=True)
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
    found = _cut(cells)
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


def _cut(cells: pl.Series) -> pl.DataFrame | None:
    """Cells such as `B7" s="1" t="s"><v>0</v></c>` and `B7" t="inlineStr"><is><t>Ana</t></is></c>`, and the others."""
    place, head, inside = _opened(cells)
    letters = place.str.strip_chars_end(DIGITS)
    value = _uncovered(inside)
    frame = _described(letters, head, pl.DataFrame({
        "value": value, "around": inside.str.len_bytes() - value.str.len_bytes(),
        "digits": place.str.len_bytes() - letters.str.len_bytes(),
    }))  # fmt: skip
    around, in_place = pl.col("around"), pl.col("kind") == "inlineStr"
    common = frame.select(
        pl.col("known") & pl.col("digits").is_between(1, MOST_DIGITS) & ~pl.col("value").str.contains("<", literal=True)
        & pl.when(pl.col("closed")).then((pl.col("value") == "") & (around == 0))
        .otherwise((around == AROUND_VALUE) | (in_place & around.is_in(AROUND_TEXT)))
    ).to_series().fill_null(False)  # fmt: skip
    if not frame.filter(common)["kind"].unique().is_in(KINDS).all():
        return None
    usual = frame.select(
        "col", "kind", "style", pl.when(~pl.col("closed")).then(pl.col("value")).alias("value"),
        pl.lit(False).alias("uncomputed"),
    )  # fmt: skip
    if common.all():
        return usual
    others = _cut_known(cells.filter(~common))
    if others is None:
        return None
    order = pl.concat([common.arg_true(), (~common).arg_true()]).arg_sort()
    return pl.concat([usual.filter(common), others])[order]


def _opened(cells: pl.Series) -> tuple[pl.Series, pl.Series, pl.Series]:
    """The reference, the attributes and what is inside of each cell; where all attributes are alike, one cut is enough."""
    alike = _ALIKE.match(cells[0]) if len(cells) else None
    if alike is not None:
        place, rest = _parted(cells, '"')
        if rest.str.starts_with(alike[1]).all():
            head = pl.Series([alike[1][:-1]]).new_from_index(0, len(cells))
            return place, head, rest.str.strip_prefix(alike[1])
    opening, inside = _parted(cells, ">")
    return *_parted(opening, '"'), inside


def _parted(texts: pl.Series, sign: str) -> tuple[pl.Series, pl.Series]:
    """What is before the first `sign`, and behind it."""
    before, behind = texts.str.splitn(sign, 2).struct.unnest().get_columns()
    return before, behind


def _uncovered(inside: pl.Series) -> pl.Series:
    """What is within the elements of a cell; what is written otherwise keeps some of them."""
    inline = inside.str.starts_with(TEXT[:4])
    value = inside
    if inline.any():
        value = value.str.strip_prefix(TEXT).str.strip_suffix(TEXT_END)
        if value.str.starts_with(SPACED).any():
            value = value.str.strip_prefix(SPACED)
    if not inline.all():
        value = value.str.strip_prefix(VALUE[0]).str.strip_suffix(VALUE[1])
    return value


def _cut_known(cells: pl.Series) -> pl.DataFrame | None:
    """Take apart the less common cells: formulas, texts in place."""
    found = cells.str.extract_groups(KNOWN).struct.unnest()
    if found["end"].null_count():
        return None
    blank = pl.coalesce("value", "inline").fill_null("") == ""
    told = (pl.col("kind") == "str").fill_null(False) & (pl.col("v").is_not_null() | pl.col("no").is_not_null())
    head = pl.concat_str(
        pl.concat_str(pl.lit(' s="'), pl.coalesce("s1", "s2"), pl.lit('"')).fill_null(""),
        # A text in place is one, whatever the cell calls itself.
        pl.when(pl.col("inline").is_not_null()).then(pl.lit(' t="inlineStr"'))
        .otherwise(pl.concat_str(pl.lit(' t="'), "kind", pl.lit('"')).fill_null("")),
    )  # fmt: skip
    taken = found.select(
        pl.coalesce("value", "inline").alias("value"),
        (pl.col("formula").is_not_null() & blank & ~told).alias("uncomputed"),
    )
    frame = _described(found["letters"], found.select(head.alias("head"))["head"], taken)
    return frame.select("col", "kind", "style", "value", "uncomputed") if frame["kind"].is_in(KINDS).all() else None


def _described(letters: pl.Series, head: pl.Series, rest: pl.DataFrame) -> pl.DataFrame:
    """`rest` with the column of each cell and its attributes, of which there are few kinds; `known` where these are."""
    names, heads = letters.drop_nulls().unique(), head.drop_nulls().unique()
    found = heads.str.extract_groups(HEAD).struct.unnest()
    told = found.select(
        pl.col("kind").fill_null("n"), pl.coalesce("s1", "s2").fill_null("0").cast(pl.UInt32).alias("style"),
        pl.col("closed").is_not_null(),
    ).with_columns(heads.str.contains(HEAD).alias("known"))  # fmt: skip
    fits = names.str.contains("^[A-Z]{1,3}$")
    numbers = [column_number(name) if fit else None for name, fit in zip(names, fits, strict=True)]
    column = pl.Series(numbers, dtype=pl.UInt32).gather(letters.cast(pl.Enum(names)).to_physical())
    each = told[head.cast(pl.Enum(heads)).to_physical()]
    return rest.with_columns(column.alias("col"), *each.with_columns(pl.col("known") & column.is_not_null()))


def column_number(letters: str) -> int:
    """0 for A, 26 for AA."""
    total = 0
    for letter in letters:
        total = total * 26 + ord(letter) - 64
    return total - 1
