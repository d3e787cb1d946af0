"""Turn a text with `{}` in it, and a column for each, into a column of texts."""

from __future__ import annotations

import polars as pl


def sentence(template: str, *values: pl.Expr | pl.Series | str) -> pl.Expr:
    """The text with a value in the place of each `{}`; null where a value is. A str names a column.

    `polars.format` does the same, and in polars 2.1 panics where the chunks of its columns differ and one is empty,
    as they are in a frame that was filtered.
    """
    first, *others = (pl.lit(part) for part in template.split("{}"))
    if len(others) != len(values):
        raise ValueError(template)
    between = (part for value, text in zip(values, others, strict=True) for part in (_expression(value), text))
    return pl.concat_str(first, *between)


def _expression(value: pl.Expr | pl.Series | str) -> pl.Expr:
    if isinstance(value, str):
        return pl.col(value)
    return pl.lit(value) if isinstance(value, pl.Series) else value
