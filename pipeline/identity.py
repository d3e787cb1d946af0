"""Turn customers, ours and the target's, into the text that says who they are: equal text, same customer.

`tax_id=760864285|country=cl`: the fields of the first identity that are all there. Tax ids are compared in
their compact form, other texts without case and outer spaces. A generic tax id identifies nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import polars as pl

from pipeline.errors import Misuse
from pipeline.language import say
from pipeline.targets.interface import Identity, Record
from pipeline.taxids import identity_series


def of_rows(record: pl.DataFrame, identities: Sequence[Identity]) -> pl.Series:
    """The identity of each row (String), null where no identity has all its fields."""
    made = [_text(record, identity) for identity in identities]
    if not made:
        return pl.Series("identity", [None] * record.height, dtype=pl.String)
    return pl.DataFrame([s.alias(str(i)) for i, s in enumerate(made)]).select(
        pl.coalesce(pl.all()).alias("identity")
    ).to_series()  # fmt: skip


def of_records(views: Sequence[Record], identities: Sequence[Identity]) -> list[set[str]]:
    """Every identity that each of the target's own records answers to; `views` in the shape we send."""
    if not views:
        return []
    names = sorted({name for identity in identities for name in identity.fields})
    columns = {n: [None if v.get(n) in (None, "") else str(v[n]) for v in views] for n in names}
    frame = pl.DataFrame(columns, schema=dict.fromkeys(names, pl.String))
    found: list[set[str]] = [set() for _ in views]
    for identity in identities:
        for at, text in enumerate(_text(frame, identity).to_list()):
            if text is not None:
                found[at].add(text)
    return found


def readable(identity: str) -> str:
    """The identity as a person reads it: `tax_id 760864285, country CL`."""
    parts = (part.partition("=") for part in identity.split("|"))
    return ", ".join(f"{name}{mark and ' '}{text.upper() if name == 'country' else text}" for name, mark, text in parts)


def _text(record: pl.DataFrame, identity: Identity) -> pl.Series:
    if any(name not in record.columns for name in identity.fields):
        return pl.Series([None] * record.height, dtype=pl.String)
    parts: list[pl.Series] = []
    for name in identity.fields:
        value = record[name].cast(pl.String)
        if name == "tax_id":
            country = record["country"] if "country" in record.columns else None
            if country is not None and "country" in identity.fields:
                value = value.set(country.is_null(), None)  # it has no identity, whatever its number
            folded = identity_series(_blank(record.height) if country is None else country, value)
        else:
            folded = value.str.strip_chars().str.to_lowercase()
            folded = folded.set(folded == "", None) if folded.dtype == pl.String else folded
        parts.append(pl.select(pl.lit(f"{name}=") + folded).to_series().alias(name))
    return pl.DataFrame(parts).select(pl.concat_str(pl.all(), separator="|")).to_series()


def _blank(height: int) -> pl.Series:
    return pl.Series([None] * height, dtype=pl.String)


def parse(match: str | None, known: Iterable[str], default: tuple[Identity, ...]) -> tuple[Identity, ...]:
    """The identities that `--match FIELD[,FIELD]` asks for; the target's own without it.

    Raises:
        Misuse: a field is not one of `known`.
    """
    if not match:
        return default
    names = tuple(name.strip() for name in match.split(",") if name.strip())
    for name in names:
        if name not in known:
            raise Misuse(
                say("--match names {name!r}, which is no field", name=name),
                say("Choose from: {names}.", names=", ".join(known)),
            )
    return (Identity(names),)
