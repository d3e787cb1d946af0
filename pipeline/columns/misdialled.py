"""Turn phone cells that hold no valid number, or two, into the scalar rule's verdicts, whole columns at a time.

Too short, too long, without an area code, or of the right length in no known range: the length is all that decides,
where nothing could be taken off the number's front (a prefix, a calling code) and no old form fits. Words without a
digit are no number; two valid ones with a sign between them are two. What is not that plain stays undecided.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import polars as pl
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata

from pipeline.columns.numbering import (
    CHANGED,
    OLD_FORMS,
    begins_without,
    calling_code,
    e164,
    groups,
    only_digits,
    patterns,
    plainly_written,
)
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
_WORTH_IT = 40  # rows of one country, below which compiling its patterns takes longer than asking the library
_TWO = r"^(?<first>[0-9 ().+-]+)[;,|/](?<second>[0-9 ().+-]+)$"
_WORDED = r"^(?<number>[+(]*[0-9][0-9 ().-]*[0-9]) +(?<words>[A-Za-z. ]*[A-WYZa-wyz][A-Za-z. ]*)$"
_LONGER = ~pl.col("plus") & (pl.col("digits").str.len_bytes() > 9) & (pl.col("kind") != "possible")
_ENDLESS = 99  # digits; more than any number has
_FEWEST, _MOST = 4, 13  # digits; fewer are no phone number to the library, more may be two numbers


@dataclass(frozen=True)
class Lengths:
    """What a calling code's main region says about the length of its numbers; patterns are anchored."""

    code: str
    possible: tuple[int, ...]
    local: tuple[int, ...]
    known: str
    general: str
    international_prefix: str
    national_prefix: str | None
    earlier: str | None


@cache
def _lengths(region: str) -> Lengths | None:
    facts = PhoneMetadata.metadata_for_region(region, None)
    if facts is None or facts.country_code is None or facts.general_desc is None:
        return None
    sharing = COUNTRY_CODE_TO_REGION_CODE[facts.country_code]
    if sharing[0] != region or not facts.general_desc.possible_length:
        return None
    earlier = [table[facts.country_code] for table in (OLD_FORMS, CHANGED) if facts.country_code in table]
    return Lengths(
        code=str(facts.country_code),
        possible=tuple(facts.general_desc.possible_length),
        local=tuple(facts.general_desc.possible_length_local_only),
        known=f"^(?:{'|'.join(dict.fromkeys(p for each in sharing for p in patterns(each)))})$",
        general=f"^(?:{facts.general_desc.national_number_pattern})$",
        international_prefix=f"^(?:{facts.international_prefix})",
        national_prefix=f"^(?:{facts.national_prefix_for_parsing})" if facts.national_prefix_for_parsing else None,
        earlier=f"(?:{'|'.join(earlier)})" if earlier else None,
    )


def judge(text: pl.Series, country: pl.Series) -> tuple[pl.Series, Judged]:
    """Which of the numbers that are not valid are decided (Boolean), and the verdicts on those.

    `text` is tidy and never null; none of it is a number that `numbering.e164` decides.
    """
    frame = pl.DataFrame({"text": text, "country": country}).with_row_index("at")
    wordy = frame.filter(~pl.col("text").str.contains(r"\d")).select("at", code=pl.lit("phone.invalid"))
    plain = _plain(frame)
    lengths, two, worded = _by_length(plain), _two(frame), _worded(frame)
    longer = lengths.filter(_LONGER)
    meant = ("+" + longer["digits"]).alias("text")
    nowhere = pl.Series("country", [None], dtype=pl.String).new_from_index(0, len(meant))
    asked = [(two["first"], two["country"]), (two["second"], two["country"]), (worded["number"], worded["country"]),
             (meant, nowhere)]  # fmt: skip
    first, second, alone, meant = _numbers(asked)
    homeless = plain.filter(
        pl.col("country").is_null() & ~pl.col("plus") & ~pl.col("digits").str.starts_with("00")
    ).select("at", code=pl.lit("phone.no_country"))
    told = _told(_suggested(lengths, longer.with_columns(meant=meant)))
    found = pl.concat([wordy, homeless, _pairs(two, first, second), _named(worded, alone), told], how="diagonal")
    rows = frame.select("at").join(found, on="at", how="left", maintain_order="left")
    value, code, detail, suggestion = (
        rows[n] if n in rows.columns else rows["code"].clear().extend_constant(None, rows.height)
        for n in ("value", "code", "detail", "suggestion")
    )
    return code.is_not_null(), Judged(value, code, detail, suggestion)


def _numbers(asked: list[tuple[pl.Series, pl.Series]]) -> list[pl.Series]:
    """The E.164 numbers of some texts and countries; all at once, as each plan is compiled for every call."""
    texts, countries = (pl.concat([pair[i].rename("") for pair in asked]) for i in (0, 1))
    numbers, at = e164(texts, countries), 0
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


def _plain(frame: pl.DataFrame) -> pl.DataFrame:
    """The plainly written numbers of a usual length: at, country, digits, plus, key (calling code or country)."""
    return (
        frame.filter(plainly_written(pl.col("text")))
        .select(
            "at", "country", digits=only_digits(pl.col("text")), plus=pl.col("text").str.contains("+", literal=True)
        )
        .filter(pl.col("digits").str.len_bytes().is_between(_FEWEST, _MOST))
        .with_columns(key=pl.when("plus").then(calling_code(pl.col("digits"))).otherwise("country"))
    )


def _by_length(plain: pl.DataFrame) -> pl.DataFrame:
    """What the length says: at, digits, plus, number (E.164), kind (a key of REASONS, or "possible")."""
    parts = [_group(rows, key, plus) for (key, plus), rows in groups(plain, _WORTH_IT)]
    return pl.concat([_nothing(), *parts])


def _nothing() -> pl.DataFrame:
    texts = dict.fromkeys(("number", "kind"), pl.String)
    return pl.DataFrame(schema={"at": pl.get_index_type(), "digits": pl.String, "plus": pl.Boolean, **texts})


def _group(frame: pl.DataFrame, key: str, plus: bool) -> pl.DataFrame:
    rules = _lengths(COUNTRY_CODE_TO_REGION_CODE[int(key)][0] if plus else key)
    if rules is None:
        return _nothing()
    number = pl.col("digits").str.slice(len(rules.code) if plus else 0).alias("number")
    frame = frame.select("at", "digits", "plus", number)
    written, size = pl.col("number"), pl.col("number").str.len_bytes()
    sure = (size > 1) & ~written.str.contains(rules.known)
    if not plus:
        as_it_is = written.str.contains(rules.general) & size.is_in(list(rules.possible))
        sure = sure & ~written.str.contains(rules.international_prefix)
        sure = sure & (~written.str.starts_with(rules.code) | as_it_is)
    if rules.national_prefix:
        sure = sure & begins_without(written, rules.national_prefix)
    if rules.earlier:
        sure = sure & ~written.str.contains(rules.earlier)
    kind = (
        pl.when(size.is_in(list(rules.local))).then(pl.lit("local"))
        .when(size.is_in(list(rules.possible))).then(pl.lit("possible"))
        .when(size < rules.possible[0]).then(pl.lit("short"))
        .when(size > rules.possible[-1]).then(pl.lit("long"))
        .otherwise(pl.lit("length"))
    )  # fmt: skip
    return frame.filter(sure).select(
        "at", "digits", "plus", pl.concat_str(pl.lit("+" + rules.code), written).alias("number"), kind.alias("kind")
    )


def _suggested(lengths: pl.DataFrame, longer: pl.DataFrame) -> pl.DataFrame:
    """Add `meant`: the number that more than nine digits are with a + in front; leave out what cannot be told."""
    text = ("+" + longer["digits"]).alias("text")
    nowhere = pl.Series("country", [None], dtype=pl.String).new_from_index(0, len(text))
    plain = _plain(pl.DataFrame({"text": text, "country": nowhere}).with_row_index("at"))
    sure = set(_by_length(plain)["at"]) | set(plain.filter(pl.col("key").is_null())["at"])
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
