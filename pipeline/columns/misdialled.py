"""Turn phone cells that hold no valid number, or two, into the scalar rule's verdicts, whole columns at a time.

Too short, too long, without an area code, or of the right length in no known range: the length is all that decides,
where nothing could be taken off the number's front (a prefix, a calling code) and no old form fits. Words without a
digit are no number; two valid ones with a sign between them are two. What is not that plain stays undecided.
"""

from __future__ import annotations

from functools import cache

import polars as pl
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata

from pipeline import sparse
from pipeline.columns.numbering import calling_code, is_worth_it, plain
from pipeline.handoff import Judged
from pipeline.language import later, say

__all__ = ["LOCAL", "REASONS", "judge"]

REASONS = {
    "short": later(": it is too short"),
    "long": later(": it is too long"),
    "length": later(": no number of its country has this length"),
    "local": later(": the area code is missing"),
}
"""Why a number cannot be, as the detail of `phone.invalid`."""

LOCAL = later("; the area code may be missing")
_WORTH_IT = 40  # numbers, below which asking the library takes no longer
_TWO = r"^(?<first>[0-9 ().+-]+)[;,|/](?<second>[0-9 ().+-]+)$"
_WORDED = r"^(?<number>[+(]*[0-9][0-9 ().-]*[0-9]) +(?<words>[A-Za-z. ]*[A-WYZa-wyz][A-Za-z. ]*)$"
_LONGER = ~pl.col("plus") & (pl.col("digits").str.len_bytes() > 9) & (pl.col("kind") != "possible")
_ENDLESS = 99  # digits; more than any number has
_FEWEST, _MOST = 4, 13  # digits; fewer are no phone number to the library, more may be two numbers


def judge(text: pl.Series, country: pl.Series) -> tuple[pl.Series, Judged]:
    """Which of the numbers that are not valid are decided (Boolean), and the verdicts on those.

    `text` is tidy and never null; none of it is a number that `numbering.e164` decides.
    """
    frame = pl.DataFrame({"text": text, "country": country}).with_row_index("at")
    if not is_worth_it(frame.height, _WORTH_IT):
        nothing = sparse.nulls(frame.height)
        return nothing.is_not_null(), Judged(nothing, nothing, nothing, nothing)
    wordy = frame.filter(~pl.col("text").str.contains(r"\d")).select("at", code=pl.lit("phone.invalid"))
    written = _of_usual_length(text, country)
    lengths, two, worded = _by_length(written), _two(frame), _worded(frame)
    longer = lengths.filter(_LONGER)
    if longer.height < _WORTH_IT:
        lengths, longer = lengths.filter(~_LONGER), longer.clear()
    meant = ("+" + longer["digits"]).alias("text")
    nowhere = sparse.nulls(len(meant), name="country")
    asked = [(two["first"], two["country"]), (two["second"], two["country"]), (worded["number"], worded["country"]),
             (meant, nowhere)]  # fmt: skip
    first, second, alone, meant = _numbers(asked)
    homeless = written.filter(pl.col("country").is_null() & ~pl.col("plus")).select(
        "at", code=pl.lit("phone.no_country")
    )
    told = _told(
        _suggested(lengths, longer.with_columns(meant=meant)) if longer.height else lengths.with_columns(meant=None)
    )
    found = pl.concat([wordy, homeless, _pairs(two, first, second), _named(worded, alone), told], how="diagonal")
    rows = frame.select("at").join(found, on="at", how="left", maintain_order="left")
    value, code, detail, suggestion = (
        rows[n] if n in rows.columns else sparse.nulls(rows.height) for n in ("value", "code", "detail", "suggestion")
    )
    return code.is_not_null(), Judged(value, code, detail, suggestion)


def _numbers(asked: list[tuple[pl.Series, pl.Series]]) -> list[pl.Series]:
    """The E.164 numbers of some texts and countries, all read at once."""
    from pipeline.columns import plans

    texts, countries = (pl.concat([pair[i].rename("") for pair in asked]) for i in (0, 1))
    written = plain(texts, countries)
    numbers, at = sparse.placed(plans.e164(written), written["at"], len(texts)), 0
    found = []
    for text, _ in asked:
        found.append(numbers.slice(at, len(text)))
        at += len(text)
    return found


def _two(frame: pl.DataFrame) -> pl.DataFrame:
    """The cells with one sign between two numbers: at, country, first, second."""
    two = frame.with_columns(pl.col("text").str.extract_groups(_TWO).alias("both")).unnest("both").drop_nulls("first")
    enough = pl.all_horizontal(pl.col(name).str.count_matches("[0-9]") > 5 for name in ("first", "second"))
    return two.filter(enough).with_columns(pl.col("first", "second").str.strip_chars())


def _pairs(two: pl.DataFrame, first: pl.Series, second: pl.Series) -> pl.DataFrame:
    """Two valid numbers that differ: at, code, suggestion (the first one)."""
    return two.select("at", code=pl.lit("phone.several"), suggestion=first, other=second).filter(
        pl.col("suggestion") != pl.col("other")).select("at", "code", "suggestion")  # fmt: skip


def _worded(frame: pl.DataFrame) -> pl.DataFrame:
    """The cells in which words follow a number: at, country, number, count (how many letters the words have)."""
    worded = frame.with_columns(pl.col("text").str.extract_groups(_WORDED).alias("both")).unnest("both")
    return worded.drop_nulls("number").with_columns(count=pl.col("words").str.count_matches("[A-Za-z]"))


def _named(worded: pl.DataFrame, numbers: pl.Series) -> pl.DataFrame:
    """Valid numbers before words: at, code, value, suggestion. Too many letters follow for them to be dialled."""
    digits = pl.col("value").str.slice(1)
    whole = worded.select("at", "count", value=numbers).drop_nulls("value")
    coded = whole.with_columns(code=calling_code(digits), size=digits.str.len_bytes())
    longest = {code: _longest(code) for code in coded["code"].unique().drop_nulls()}
    most = pl.col("code").replace_strict(longest, default=_ENDLESS, return_dtype=pl.Int64)
    return coded.filter(pl.col("size").cast(pl.Int64) - pl.col("code").str.len_bytes() + pl.col("count") > most).select(
        "at", "value", code=pl.lit("phone.words"), suggestion="value"
    )


@cache
def _longest(code: str) -> int:
    """How many digits the longest national number of a calling code has."""
    regions = COUNTRY_CODE_TO_REGION_CODE.get(int(code), ())
    facts = [PhoneMetadata.metadata_for_region(region, None) for region in regions]
    sizes = [f.general_desc.possible_length for f in facts if f is not None and f.general_desc is not None]
    return max(max(each) for each in sizes) if sizes and len(sizes) == len(regions) else _ENDLESS


def _of_usual_length(text: pl.Series, country: pl.Series) -> pl.DataFrame:
    """The plainly written numbers of a usual length: at, country, digits, plus; not those with 00, which may be a + ."""
    written = plain(text, country).filter(pl.col("digits").str.len_bytes().is_between(_FEWEST, _MOST))
    return written.filter(pl.col("plus") | ~pl.col("digits").str.starts_with("00"))


def _by_length(written: pl.DataFrame) -> pl.DataFrame:
    """What the length says: at, digits, plus, number (E.164), kind (a key of REASONS, or "possible")."""
    from pipeline.columns import plans

    return plans.by_length(written)


def _suggested(lengths: pl.DataFrame, longer: pl.DataFrame) -> pl.DataFrame:
    """Add `meant`: the number that more than nine digits are with a + in front; leave out what cannot be told."""
    text = ("+" + longer["digits"]).alias("text")
    nowhere = sparse.nulls(len(text), name="country")
    written = _of_usual_length(text, nowhere)
    codeless = written.filter(calling_code(pl.col("digits")).is_null())
    sure = set(_by_length(written)["at"]) | set(codeless["at"])
    told = pl.Series([meant is not None or at in sure for at, meant in enumerate(longer["meant"])], dtype=pl.Boolean)
    return pl.concat([lengths.filter(~_LONGER).with_columns(meant=pl.lit(None, pl.String)), longer.filter(told)])


def _told(lengths: pl.DataFrame) -> pl.DataFrame:
    """The verdicts: at, value, code, detail, suggestion."""
    kind = pl.col("kind")
    stands = (kind == "possible") | ((kind == "local") & pl.col("plus"))
    reason = kind.replace_strict(
        {name: say(text) for name, text in REASONS.items()}, default=None, return_dtype=pl.String
    )
    return lengths.select(
        "at",
        value=pl.when(stands).then("number"),
        code=pl.when(stands).then(pl.lit("phone.doubtful")).otherwise(pl.lit("phone.invalid")),
        detail=pl.when(kind == "possible").then(pl.lit("")).when(stands).then(pl.lit(say(LOCAL))).otherwise(reason),
        suggestion=pl.when(stands).then("number").otherwise("meant"),
    )
