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
    made = _blank(record.height)
    for identity in identities:
        rows = made.is_null().arg_true()
        needed = [n for n in record.columns if n in ("country", *identity.fields)]
        if len(rows) == record.height:
            made = _text(record, identity)
        elif len(rows):
            made = made.clone().scatter(rows, _text(record.select(pl.col(needed).gather(rows)), identity))
    return made.alias("identity")


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
        return _blank(record.height)
    parts: list[pl.Expr] = []
    for name in identity.fields:
        folded = pl.col(name).cast(pl.String).str.strip_chars().str.to_lowercase()
        folded = pl.lit(_tax_ids(record, identity)) if name == "tax_id" else pl.when(folded != "").then(folded)
        parts += [pl.lit(f"{'|' if parts else ''}{name}="), folded]
    return record.select(pl.concat_str(parts).alias("identity")).to_series()


def _tax_ids(record: pl.DataFrame, identity: Identity) -> pl.Series:
    """The tax ids of all rows as they are compared; null where one has no identity."""
    value = record["tax_id"].cast(pl.String)
    country = record["country"] if "country" in record.columns else None
    if country is None:
        return identity_series(_blank(record.height), value)
    if "country" in identity.fields and country.has_nulls():
        value = value.set(country.is_null(), None)  # it has no identity, whatever its number
    return identity_series(country, value)


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
