"""Turn whole columns of plainly written phone numbers into E.164, with the numbering plans of phonenumbers.

Only what phonenumbers itself would read the same way, and call valid, is decided: the plans' own patterns
(compiled from its metadata) must match the national number, no international prefix may begin it, and no
national prefix may be taken off. Everything else stays null and goes to the scalar rule.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

import polars as pl
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata

__all__ = [
    "CHANGED",
    "OLD_FORMS",
    "begins_without",
    "calling_code",
    "e164",
    "groups",
    "only_digits",
    "patterns",
    "plainly_written",
]

OLD_FORMS: dict[int, str] = {
    52: r"^(?:0?1|04[45])(\d{10})$",
    56: r"^0(\d{9})$",
}
"""National forms that are dialled no more, by calling code; the group is today's number.

Mexico gave up 01, 044, 045 and the 1 after +52 in August 2019 (IFT, Plan Técnico Fundamental de Numeración);
Chile gave up the trunk 0 in 2016 (Subtel, numeración de nueve dígitos).
"""

CHANGED: dict[int, str] = {
    55: r"^[0-9]{2}[6-9][0-9]{7}$",
    56: r"^[289][0-9]{7}$",
    57: r"^[1-8][0-9]{7}$",
}
"""National numbers from before a change of plan, by calling code, whose form of today can be told.

Brazil put a 9 before mobile numbers (Anatel, Resolução 553/2010), Chile a 2 or 9 before all (Subtel, 2012 and 2013),
Colombia 60 before fixed ones (CRC, Resolución 5826 de 2019).
"""

# A zero decimal (".0") is what a number cell leaves behind, not a digit of the number.
_PLAINLY = r"^[ (]*\+?[ (]*[0-9][0-9 ().-]*$"
_ZERO_DECIMAL = ".0"
_WORTH_IT = 10  # rows of one country, below which compiling its patterns takes longer than asking the library
_MOST_GROUPS = 32  # regions and calling codes in one batch; the rest of a very mixed one goes to the scalar rule


_ONE_PLAN = ("US", "CA", "DO", "PR")  # of the regions that share +1, those whose numbers are told from all others


@dataclass(frozen=True)
class Plan:
    """What decides about the numbers of a calling code's main region; patterns are anchored."""

    code: str
    valid: str
    general: str
    lengths: tuple[int, ...]
    international_prefix: str
    national_prefix: str | None
    trunk: str | None

    def accepts(self, number: pl.Expr) -> pl.Expr:
        """Whether the national `number` is valid as it stands."""
        good = (
            number.str.contains(self.valid)
            & number.str.contains(self.general)
            & number.str.len_bytes().is_in(list(self.lengths))
        )
        if self.national_prefix:
            good = good & begins_without(number, self.national_prefix)
        made_up = [digit * length for digit in "0123456789" for length in self.lengths]
        return good & ~number.is_in(made_up)


def begins_without(number: pl.Expr, prefix: str) -> pl.Expr:
    """Whether `number` does not begin with `prefix`; what a pattern matches without taking anything off does not count."""
    if re.match(prefix, "") is None:
        return ~number.str.contains(prefix)
    return number.str.extract(prefix, 0).fill_null("") == ""


@cache
def plan(region: str) -> Plan | None:
    """The plan of `region`; None where there is none, or where another region leads its calling code."""
    facts = PhoneMetadata.metadata_for_region(region, None)
    if facts is None or facts.country_code is None or facts.general_desc is None:
        return None
    if (COUNTRY_CODE_TO_REGION_CODE[facts.country_code][0] != region) and region not in _ONE_PLAN:
        return None
    sharing = _ONE_PLAN if region in _ONE_PLAN else (region,)
    known = dict.fromkeys(pattern for each in sharing for pattern in patterns(each))
    prefix = facts.national_prefix_for_parsing
    general = facts.general_desc
    return Plan(
        code=str(facts.country_code),
        valid=f"^(?:{'|'.join(known)})$",
        general=f"^(?:{general.national_number_pattern})$",
        lengths=tuple(general.possible_length),
        international_prefix=f"^(?:{facts.international_prefix})",
        national_prefix=f"^(?:{prefix})" if prefix else None,
        trunk=facts.national_prefix if facts.national_prefix == "0" else None,
    )


def patterns(region: str) -> list[str]:
    """What the numbers of every kind look like in `region`."""
    facts = PhoneMetadata.metadata_for_region(region, None)
    assert facts is not None
    kinds = (facts.fixed_line, facts.mobile, facts.toll_free, facts.premium_rate, facts.shared_cost, facts.voip,
             facts.personal_number, facts.pager, facts.uan, facts.voicemail)  # fmt: skip
    return [kind.national_number_pattern for kind in kinds if kind is not None and kind.national_number_pattern]


@cache
def _calling_codes() -> str:
    return f"^({'|'.join(str(code) for code in COUNTRY_CODE_TO_REGION_CODE)})"


def calling_code(digits: pl.Expr) -> pl.Expr:
    """The calling code that `digits` begin with (String); null where there is none."""
    return digits.str.extract(_calling_codes())


def plainly_written(text: pl.Expr) -> pl.Expr:
    """Whether a tidy text holds only the digits of one number, and signs that part them."""
    return text.str.contains(_PLAINLY) & ~text.str.ends_with(_ZERO_DECIMAL)


def only_digits(text: pl.Expr) -> pl.Expr:
    """The digits of a plainly written number."""
    return text.str.replace_many(list(" +().-"), [""])


def e164(text: pl.Series, country: pl.Series) -> pl.Series:
    """The E.164 form (String) of each tidy `text` that is decided; null for the others.

    `country` holds ISO 3166-1 alpha-2 codes, null where unknown; it matters only where there is no `+`.
    """
    frame = (
        pl.DataFrame({"text": text, "country": country})
        .with_row_index("at")
        .filter(plainly_written(pl.col("text")))
        .select(
            "at",
            plus=pl.col("text").str.contains("+", literal=True),
            digits=only_digits(pl.col("text")),
            country="country",
        )
        .with_columns(
            key=pl.when("plus").then(calling_code(pl.col("digits"))).otherwise("country"),
        )
    )
    parts = [_decided(rows, key, plus) for (key, plus), rows in groups(frame, _WORTH_IT)]
    found = pl.concat([pl.DataFrame(schema={"at": pl.get_index_type(), "number": pl.String}), *parts])
    return (
        pl.Series("number", [None], dtype=pl.String).new_from_index(0, len(text)).scatter(found["at"], found["number"])
    )


def groups(frame: pl.DataFrame, least: int) -> list[tuple[tuple[str, bool], pl.DataFrame]]:
    """The rows by `key` and `plus`, the most frequent pairs that have at least `least` rows."""
    parts = frame.drop_nulls("key").partition_by("key", "plus", as_dict=True, maintain_order=True)
    sized = sorted(parts.items(), key=lambda part: (-part[1].height, part[0]))
    return [((str(key), bool(plus)), rows) for (key, plus), rows in sized[:_MOST_GROUPS] if rows.height >= least]


def _decided(frame: pl.DataFrame, key: str, plus: bool) -> pl.DataFrame:
    """The numbers of one group that are decided: `at`, `number`. The first form that the plan accepts is taken."""
    rules = plan(COUNTRY_CODE_TO_REGION_CODE[int(key)][0] if plus else key)
    if rules is None:
        return frame.clear().select("at", number="digits")
    rest = frame.select("at", whole=pl.col("digits").str.slice(len(rules.code) if plus else 0))
    if not plus:
        rest = rest.filter(~pl.col("whole").str.contains(rules.international_prefix))
    whole, *others = _forms(rules, plus)
    good = rest.select(rules.accepts(whole).fill_null(False)).to_series()
    code = pl.lit("+" + rules.code)
    found = rest.filter(good).select("at", number=pl.concat_str(code, whole))
    rest = rest.filter(~good)
    if rest.is_empty() or not others:
        return found
    picked = pl.coalesce(pl.when(rules.accepts(form)).then(form) for form in others)
    return pl.concat([found, rest.select("at", number=pl.concat_str(code, picked)).drop_nulls("number")])


def _forms(rules: Plan, plus: bool) -> list[pl.Expr]:
    """What the national number may be: all of `whole`, or without its calling code, its trunk, or an old prefix."""
    whole = pl.col("whole")
    forms = [whole]
    if not plus:
        unlike = ~whole.str.contains(rules.general)
        forms.append(pl.when(whole.str.starts_with(rules.code) & unlike).then(whole.str.slice(len(rules.code))))
        if rules.trunk:
            taken = whole.str.extract(rules.national_prefix or "", 0) == rules.trunk
            forms.append(pl.when(taken & unlike).then(whole.str.slice(1)))
    old = OLD_FORMS.get(int(rules.code))
    return [*forms, whole.str.extract(old, 1)] if old else forms
