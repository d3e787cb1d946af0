"""Turn postal codes that a spreadsheet program took for numbers back into what they were: `6700` in Mexico is `06700`.

Only in countries whose codes have one length and may begin with a zero; there a code that is too short by what can be zeros
has no other reading. That it was restored is said. The `.0` of a number cell is no part of a code.
Source: Universal Postal Union, Postal addressing systems (the countries' sheets).
"""

from __future__ import annotations

import polars as pl

from pipeline.handoff import Judged

__all__ = ["LENGTHS", "restored"]

LENGTHS: dict[str, int] = {
    "BR": 8,
    "DE": 5,
    "EC": 6,
    "ES": 5,
    "FR": 5,
    "GT": 5,
    "IT": 5,
    "MX": 5,
    "PE": 5,
    "PR": 5,
    "US": 5,
}
"""How many digits a code has. Colombia is left out: its codes of municipalities are written there, and one digit shorter."""

_TWO_ZEROS = ("IT", "PR")  # 00184 Roma, 00901 San Juan
_LEAST_OF_US = "601"  # 00601 to 00988 are of Puerto Rico and the Virgin Islands, which many rows call United States
_SHORTEST = min(LENGTHS.values())
_LONGER = [country for country, size in LENGTHS.items() if size > _SHORTEST]
_BEFORE_THE_DASH = {"BR": 5}  # 01310-100; the others' extensions stand behind a whole code
_DIGITS = r"^([0-9]{3,8})(?:-[0-9]{3,4})?$"
_SHORTEST_WITH_DASH = 7


def restored(judged: Judged, country: pl.Series | None) -> Judged:
    """The codes with their zeros back, and the warning `zip_code.zeros_restored` where nothing else is said of the cell."""
    plain = judged.value
    if plain.str.ends_with(".0").any():
        plain = plain.str.replace(r"^([0-9]+)\.0$", "$1")
        judged = judged._replace(value=plain)
    if country is None:
        return judged
    rows, zeros = _lost(plain, country, judged.code)
    if not len(rows):
        return judged
    full = zeros + plain.gather(rows)
    code = pl.Series(["zip_code.zeros_restored"]).new_from_index(0, len(rows))
    return judged._replace(
        value=plain.clone().scatter(rows, full),
        code=judged.code.clone().scatter(rows, code),
        suggestion=judged.suggestion.clone().scatter(rows, full),
    )


def _lost(code: pl.Series, country: pl.Series, said: pl.Series) -> tuple[pl.Series, pl.Series]:
    """The rows whose postal code lacks zeros in front, and those zeros (String)."""
    value, where = pl.col("value"), pl.col("country")
    # Most codes are as long as they must be, which their octets tell at once: the others alone are looked at closely.
    octets, dash = value.str.len_bytes(), value.str.contains("-", literal=True)
    odd = (octets < _SHORTEST) | (octets >= _SHORTEST_WITH_DASH) | pl.any_horizontal(where == of for of in _LONGER)
    odd = odd & ~((value >= "0") & (value < "1"))
    frame = pl.DataFrame({"value": code, "country": country, "said": said}).with_row_index("at").filter(odd)
    frame = frame.filter(where.is_in(list(LENGTHS)))
    short = pl.any_horizontal((where == of) & octets.is_between(size - 2, size - 1) for of, size in LENGTHS.items())
    frame = frame.filter(short | dash)
    if frame.is_empty():
        return frame["at"], frame["value"]
    dashed = dash & where.is_in(list(_BEFORE_THE_DASH))
    size, front = (
        where.replace_strict(table, default=None, return_dtype=pl.Int64) for table in (LENGTHS, _BEFORE_THE_DASH)
    )
    lost = pl.when(dashed).then(front).otherwise(size) - value.str.extract(_DIGITS).str.len_bytes().cast(pl.Int64)
    two = where.is_in(_TWO_ZEROS) | ((where == "US") & (value >= _LEAST_OF_US))
    most = pl.when(two).then(2).otherwise(1)
    found = frame.select("at", lost=lost, short=lost.is_between(1, most) & pl.col("said").is_null()).filter("short")
    return found["at"], pl.Series("value", ["0" * size for size in found["lost"]], dtype=pl.String)
